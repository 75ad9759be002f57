"""One batch through CARL: sentence loss, attack, token loss, the terms beside them, and what is measured on the way.

Texts are read in groups of similar length; the sentence loss compares all texts of the batch. Gradients are added to
the parameters by `Objective.backward`; the optimiser's step belongs to the loop (`carl.train`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from carl.config import Config
from carl.method.schedule import momentum, move_target
from carl.method.sentences import embedding_similarity, label_logits, label_similarity, label_weights, mccl
from carl.method.tokens import Ball, attack_step, auc, focal_loss, random_scores, salience, select_tokens
from carl.networks import Encoder, Networks, Tokens
from harness.errors import UsageError

Measures = dict[str, float | None]


@dataclass(frozen=True)
class Batch:
    """The texts of one step, in groups of similar length; rows of the other fields are in the order of the groups."""

    groups: tuple[Tokens, ...]
    labels: Tensor
    """(B, 3): valence, arousal and dominance in [−1, 1], NaN where nobody rated them."""
    words: Tensor | None = None
    """(B, k), shares of the listed words that each text has; rows of zeros for texts without any."""
    teacher: Tensor | None = None
    """(B, d), the teacher's vectors, centred."""

    @property
    def labelled(self) -> Tensor:
        """Bool (B,)."""
        return ~self.labels[:, 0].isnan()


def sentence_loss(online: Tensor, target: Tensor, labels: Tensor, config: Config) -> Tensor:
    """L_MCCL of a batch from vectors and labels, CARL equations (3) to (6), in float32.

    Args:
        online: z (N, size), behind the predictor.
        target: z' (N, size).
        labels: (N, 3), of which the paper's similarities read the first two coordinates.
        config: similarity, temperatures, form.
    """
    similarity = embedding_similarity(online.float(), target.float())
    log_labels = label_logits(label_similarity(labels, config.similarity, config.norm_floor), config.label_temperature)
    weights = label_weights(labels, config.similarity, config.norm_floor)
    return mccl(
        similarity,
        log_labels,
        config.temperature,
        forward=config.forward,
        reverse=config.reverse,
        weights=weights,
    )


def word_loss(logits: Tensor, words: Tensor) -> Tensor:
    """Cross entropy between the words that a text has and those that its vector tells; 0 without any such text.

    Args:
        logits: (B, k).
        words: (B, k), rows that sum to 1, or to 0 for texts that do not count.
    """
    losses = -(words * logits.float().log_softmax(dim=1)).sum(1)
    return losses.sum() / words.sum().clamp_min(1)


def distillation_loss(predicted: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """How far a student's vectors are from a teacher's: 4 (1 − cosine) and half the cross entropy between neighbours.

    The second term compares, for every text, the softmax over the other texts of the batch of the teacher's and of
    the student's cosines (Tian et al. 2020 call such terms relational).

    Args:
        predicted: (B, d), the student's, mapped to the teacher's width.
        teacher: (B, d), centred.
        temperature: τ of both softmaxes.
    """
    student, teacher = functional.normalize(predicted.float(), dim=1), functional.normalize(teacher.float(), dim=1)
    own = torch.eye(len(student), dtype=torch.bool, device=student.device)
    logits = ((student @ student.T) / temperature).masked_fill(own, float("-inf")).log_softmax(1)
    shares = ((teacher @ teacher.T) / temperature).masked_fill(own, float("-inf")).softmax(1)
    return 4 * (1 - (student * teacher).sum(1)).mean() - 0.5 * (shares * logits.masked_fill(own, 0.0)).sum(1).mean()


@dataclass
class _Read:
    """A batch as the online network reads it, with what later passes need."""

    words: list[Tensor] = field(default_factory=list)
    states: list[Tensor] = field(default_factory=list)
    pooled: list[Tensor] = field(default_factory=list)
    target: Tensor | None = None
    """z' of the labelled texts; an attack does not move it. None without a target network."""


class Objective:
    """CARL's loss on a batch, and the terms beside it.

    Args:
        networks: what is trained.
        config: weights, temperatures, attack.
        batches: gives the batch with a number.
        device: where the networks are.
    """

    def __init__(
        self, networks: Networks, config: Config, batches: Callable[[int], Batch], device: torch.device
    ) -> None:
        self.networks, self.config, self.batches, self.device = networks, config, batches, device
        self._seed = 0

    @property
    def encoder(self) -> Encoder:
        """The online network's encoder, which is what ships."""
        return self.networks.online.encoder

    def moving(self) -> dict[str, Tensor]:
        """Everything that training moves; resting weights are read from the backbone again."""
        return self.networks.moving()

    def stepped(self, step: int, steps: int) -> Measures:
        """Let the target network follow, CARL equation (1)."""
        m = momentum(step, steps, self.config.momentum)
        move_target(self.networks.target, self.networks.online, m)
        return {"momentum": m}

    def backward(self, number: int, generator: torch.Generator, *, measure: bool = False) -> Measures:
        """Add the gradient of (11), and of the other terms, to the parameters.

        Args:
            number: of the batch.
            generator: on the CPU; draws whatever is random beside dropout.
            measure: compute what the curves show, too.
        """
        config, batch = self.config, self.batches(number)
        self._seed = int(torch.randint(2**62, (), generator=generator))
        read = self._read(batch)
        pooled = torch.cat(read.pooled)
        losses = self._sentence_level(batch, read, pooled)
        total = torch.stack([losses[name] * getattr(config, f"lambda_{name}") for name in losses]).sum()
        if not total.isfinite():
            raise UsageError("the loss is not finite; lower `learning_rate`")
        gradients: Sequence[Tensor] = ()
        if config.lambda_ptd:  # of (7): those of L_MCCL alone, whatever it weighs in the total
            gradients = torch.autograd.grad(losses["mccl"], read.words, retain_graph=True)
        total.backward()  # type: ignore[no-untyped-call]
        found: Measures = {name: float(loss.detach()) for name, loss in losses.items()} if measure else {}
        if config.lambda_ptd:
            token_loss, facts = self._token_level(batch, read, gradients, generator, measure)
            (config.lambda_ptd * token_loss).backward()  # type: ignore[no-untyped-call]
            found |= {"ptd": float(token_loss.detach()), **facts} if measure else {}
            total = total + config.lambda_ptd * token_loss.detach()
        if measure:
            vectors = pooled.detach()
            found |= {
                "loss": float(total.detach()),
                "spread": spread(vectors),
                "effective_rank": effective_rank(vectors),
            }
        return found

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16")

    def _states(self, words: Tensor, tokens: Tokens, place: int) -> Tensor:
        """Token vectors of a group; all passes over it drop the same values, so that attacks alone make differences."""
        torch.manual_seed(self._seed + place)
        with self._autocast():
            states: Tensor = self.networks.online.encoder(words, tokens.mask)
        return states

    def _read(self, batch: Batch) -> _Read:
        read, encoder = _Read(), self.networks.online.encoder
        for place, tokens in enumerate(batch.groups):
            words = encoder.words(tokens.ids)
            if self.config.lambda_ptd:
                words = words.detach().requires_grad_()  # word embeddings rest, so nothing is lost
            states = self._states(words, tokens, place)
            read.words.append(words)
            read.states.append(states)
            read.pooled.append(encoder.pool(states, tokens.mask))
        return read

    def _sentence_level(self, batch: Batch, read: _Read, pooled: Tensor) -> dict[str, Tensor]:
        networks, config = self.networks, self.config
        losses: dict[str, Tensor] = {}
        if config.lambda_mccl or config.lambda_ptd:
            if config.target == "momentum":
                with torch.no_grad():
                    with self._autocast():
                        vectors = torch.cat([networks.target.encoder.encode(tokens) for tokens in batch.groups])
                    read.target = networks.target.project(vectors[batch.labelled])
            losses["mccl"] = self._mccl(batch, read, pooled)
        if networks.words is not None and batch.words is not None:
            losses["words"] = word_loss(networks.words(pooled), batch.words)
        if networks.taught is not None and batch.teacher is not None:
            losses["teacher"] = distillation_loss(networks.taught(pooled), batch.teacher, config.teacher_temperature)
        return losses

    def _mccl(self, batch: Batch, read: _Read, pooled: Tensor) -> Tensor:
        networks, rows = self.networks, batch.labelled
        online = networks.predictor(networks.online.project(pooled[rows]))
        target = read.target
        if target is None:
            with torch.no_grad():
                target = networks.online.project(pooled[rows].detach())
        return sentence_loss(online, target, batch.labels[rows], self.config)

    # Token level

    def _token_level(
        self, batch: Batch, read: _Read, gradients: Sequence[Tensor], generator: torch.Generator, measure: bool
    ) -> tuple[Tensor, Measures]:
        """L_PTD of (10) over a share of the groups, and how the attack went."""
        config, detector = self.config, self.networks.detector
        clean = [words.detach() for words in read.words]
        selected = [
            self._selected(tokens, gradient, generator)
            for tokens, gradient in zip(batch.groups, gradients, strict=True)
        ]
        ball = Ball(config.epsilon, config.alpha, config.relative)
        attacked = clean
        for step in range(config.attack_steps):
            if step:  # the first step re-uses the gradient that (7) needed anyway
                gradients = self._gradients(batch, read, attacked)
            attacked = [attack_step(*parts, ball) for parts in zip(attacked, clean, gradients, selected, strict=True)]
        count = max(round(config.token_groups * len(clean)), 1)
        chosen = torch.randperm(len(clean), generator=generator)[:count].tolist()
        real = torch.cat([~batch.groups[place].special.flatten() for place in chosen])
        truth = torch.cat([selected[place].flatten() for place in chosen])[real]
        states = [self._states(attacked[place], batch.groups[place], place) for place in chosen]
        logits = torch.cat([detector(rows.float()).flatten() for rows in states])[real]
        loss = focal_loss(logits, truth, torch.ones_like(truth), config.gamma)
        if not measure:
            return loss, {}
        with torch.no_grad():
            before = torch.cat([detector(read.states[place].float()).flatten() for place in chosen])[real]
        moved = [
            float((a - c).norm() / (c * s[..., None]).norm().clamp_min(1e-12))
            for a, c, s in zip(attacked, clean, selected, strict=True)
        ]
        change = max(
            float((rows - read.states[place]).detach().abs().max()) for rows, place in zip(states, chosen, strict=True)
        )
        return loss, {
            "auc_attacked": auc(logits, truth),
            "auc_clean": auc(before, truth),
            "perturbation": sum(moved) / len(moved),
            "states_changed": change,
        }

    def _selected(self, tokens: Tokens, gradient: Tensor, generator: torch.Generator) -> Tensor:
        """The tokens to perturb, bool (B, T)."""
        config, candidates = self.config, ~tokens.special
        scores = salience(gradient) if config.selection == "salient" else random_scores(candidates, generator)
        wanted = torch.rand(len(tokens.ids), generator=generator) < config.attacked_texts
        return select_tokens(scores, candidates, config.share) & wanted[:, None].to(self.device)

    def _gradients(self, batch: Batch, read: _Read, words: list[Tensor]) -> list[Tensor]:
        """Gradient of L_MCCL at perturbed embeddings."""
        moved = [embedded.detach().requires_grad_() for embedded in words]
        pooled = [
            self.networks.online.encoder.pool(self._states(embedded, tokens, place), tokens.mask)
            for place, (embedded, tokens) in enumerate(zip(moved, batch.groups, strict=True))
        ]
        return list(torch.autograd.grad(self._mccl(batch, read, torch.cat(pooled)), moved))


def spread(vectors: Tensor) -> float:
    """Mean over dimensions of the standard deviation of unit-length embeddings, times √d.

    About 1 for directions spread evenly, 0 after collapse (the indicator of SimSiam, Chen and He 2021).

    Args:
        vectors: (N, d).
    """
    unit = functional.normalize(vectors.detach().float(), dim=1)
    return float(unit.std(dim=0, correction=0).mean() * math.sqrt(vectors.shape[1]))


def effective_rank(vectors: Tensor) -> float:
    """Effective rank: exponential of the entropy of the centred embeddings' singular values (Roy and Vetterli 2007).

    Args:
        vectors: (N, d).

    Returns:
        1 for embeddings on a line, at most min(N − 1, d); 0 where all are the same.
    """
    centred = vectors.detach().float() - vectors.detach().float().mean(dim=0)
    values = torch.linalg.svdvals(centred.double())
    total = values.sum()
    if not float(total) > 1e-12:
        return 0.0
    shares = values[values > 0] / total
    return float((-(shares * shares.log()).sum()).exp())
