"""One batch through CARL: sentence loss, attack, token loss, and what is measured on the way, equation (11)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from carl.batches import Batch
from carl.collapse import effective_rank, spread
from carl.config import Config
from carl.contrastive import embedding_similarity, mccl
from carl.detection import auc, focal_loss
from carl.distributed import Part, Team
from carl.labels import label_logits, label_similarity, label_weights
from carl.model import Carl, Randomness
from carl.perturbation import Ball, attack, random_scores, salience, select_tokens
from carl.teaching import teaching_loss

Measures = dict[str, float | None]


def sentence_loss(online: Tensor, target: Tensor, labels: Tensor, config: Config, rows: slice | None = None) -> Tensor:
    """L_MCCL of a batch from vectors and labels, CARL equations (3) to (6).

    Computed in the vectors' precision, but at least in float32.

    Args:
        online: z (N, size), behind the predictor.
        target: z' (N, size).
        labels: (N, 2).
        config: similarity, temperatures, form.
        rows: where the rows of `online` stand, when it holds only some of them; the loss is then the part that they
            contribute, so that the parts of a batch add up to the whole.
    """
    online = online.float() if online.dtype in (torch.bfloat16, torch.float16) else online
    similarity = embedding_similarity(online, target.to(online.dtype))
    log_labels = label_logits(
        label_similarity(labels, config.similarity, config.norm_floor), config.label_temperature
    ).to(online.dtype)
    weights = label_weights(labels, config.similarity, config.norm_floor).to(online.dtype)
    if rows is None:
        return mccl(similarity, log_labels, config.temperature, form=config.form, weights=weights)
    part = mccl(similarity, log_labels[rows], config.temperature, form=config.form, weights=weights[rows])
    return part * (weights[rows].sum() / weights.sum().clamp_min(1e-12))


@dataclass(frozen=True)
class Perturbed:
    """An attack on a batch."""

    words: Tensor
    """Word embeddings before it, float32 (B, T, d), detached."""
    attacked: Tensor
    """Perturbed embeddings, the same shape."""
    selected: Tensor
    """Bool (B, T)."""

    def rows(self, chosen: Tensor) -> Perturbed:
        """Some of the texts, int64 (n,)."""
        return Perturbed(self.words[chosen], self.attacked[chosen], self.selected[chosen])

    @property
    def share_changed(self) -> float:
        """Share of the selected values that are not what they were: 1 unless rounding swallowed the attack."""
        chosen = self.selected[..., None].expand_as(self.words)
        changed = (self.attacked != self.words) & chosen
        return float(changed.sum() / chosen.sum().clamp_min(1))

    @property
    def size(self) -> float:
        """Mean over attacked texts: Frobenius norm of the perturbation over that of the selected embeddings."""
        chosen = self.selected[..., None]
        moved = torch.linalg.vector_norm((self.attacked - self.words) * chosen, dim=(1, 2))
        before = torch.linalg.vector_norm(self.words * chosen, dim=(1, 2))
        attacked = self.selected.any(dim=1)
        return float((moved / before.clamp_min(1e-12)).sum() / attacked.sum().clamp_min(1))


class Objective:
    """CARL's loss on a batch.

    Args:
        model: the networks.
        config: weights, temperatures, attack.
        device: where the model is.
        team: processes that share a batch.
    """

    def __init__(self, model: Carl, config: Config, device: torch.device, team: Team | None = None) -> None:
        self.model = model
        self.config = config
        self.device = device
        self.team = team or Team()

    def _narrow(self) -> AbstractContextManager[None]:
        """Autocast of training passes, where the configuration asks for bfloat16."""
        precision = self.config.precision
        enabled = precision == "bfloat16" or (precision == "auto" and self.device.type == "cuda")
        context: AbstractContextManager[None] = torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)
        return context

    def backward(self, batch: Batch, generator: Generator, *, scale: float = 1.0, measure: bool = True) -> Measures:
        """Add the gradient of L = λ1 L_MCCL + λ2 L_PTD, CARL equation (11), to the parameters.

        The backward pass of λ1 L_MCCL also gives the gradient by the word embeddings that (7) and the first step
        of (8) need: λ1 changes neither the order of the tokens nor a sign. The paper does not say which loss (7)
        means; it is L_MCCL, since L_PTD does not exist before the attack.

        Args:
            batch: on the model's device; the whole of it where several processes share it, each of which adds the
                gradient of its own rows' part of L.
            generator: draws random tokens, on the CPU; of the same state in all processes.
            scale: factor of the loss, 1 / accumulated batches.
            measure: compute what the curves show; without it a GPU is never waited for.

        Returns:
            If asked for: `loss`, `mccl`, `ptd`, `auc_attacked`, `auc_clean`, `hidden_change`
            (largest change of a hidden value), `share_changed`, `perturbation`, `spread`, `effective_rank`; what
            concerns the attack on this process's rows.
        """
        config, model = self.config, self.model
        part = self.team.part(batch)
        batch = part.own
        randomness = Randomness(self.device)
        words = model.online.backbone.words(batch.ids)
        with self._narrow():
            target = self.team.gather(model.target_vectors(batch))
            with randomness.again():
                states = model.online.backbone(batch, words)
                online = model.predict(states)
        sentence = sentence_loss(online, target, part.whole.labels, config, part.rows)
        measures: Measures = {}
        losses = {"mccl": sentence.detach()}
        gradient = None
        if config.lambda_mccl:
            words.retain_grad()
            (config.lambda_mccl * scale * sentence).backward()  # type: ignore[no-untyped-call]
            gradient = words.grad
        elif config.lambda_ptd:
            (gradient,) = torch.autograd.grad(sentence, words)
        clean = states.detach()
        if config.lambda_ptd and gradient is not None:
            perturbed = self.perturb(batch, words.detach(), gradient, target, randomness, generator, part=part)
            token, found = self._detect(part, perturbed, clean, randomness, generator, scale=scale, measure=measure)
            losses["ptd"] = token
            measures |= found
        if measure:
            values = self.team.sum(torch.stack(list(losses.values()))).tolist()
            measures |= dict(zip(losses, values, strict=True))
            measures["loss"] = config.lambda_mccl * values[0] + config.lambda_ptd * sum(values[1:])
            first = self.team.gather(clean[:, 0])
            measures |= {"spread": spread(first), "effective_rank": effective_rank(first)}
        return measures

    def teach(self, batch: Batch, *, scale: float = 1.0, measure: bool = True) -> Measures:
        """Add the gradient of λ L_teacher, see `carl.teaching`; whatever CARL's own loss does is not touched.

        Args:
            batch: on the model's device, the teacher's numbers in place of labels; the whole of it where several
                processes share it.
            scale: factor of the loss.
            measure: whether to measure.

        Returns:
            If asked for: `teacher`, the loss.
        """
        part, model = self.team.part(batch), self.model
        assert model.pupil is not None
        with self._narrow():
            predicted = model.pupil(model.online.backbone(part.own)[:, 0])
        found = teaching_loss(predicted, part.own.labels) / self.team.size
        (self.config.lambda_teacher * scale * found).backward()  # type: ignore[no-untyped-call]
        return {"teacher": float(self.team.sum(found.detach()))} if measure else {}

    def _detect(
        self,
        part: Part,
        perturbed: Perturbed,
        clean: Tensor,
        randomness: Randomness,
        generator: Generator,
        *,
        scale: float,
        measure: bool,
    ) -> tuple[Tensor, Measures]:
        """Add the gradient of λ2 L_PTD; gives L_PTD, this process's part of it, and what is measured of the attack.

        Args:
            part: the texts.
            perturbed: the attack on them.
            clean: their token vectors without it, detached.
            randomness: state before the clean pass.
            generator: draws the texts that are judged, where `Config.token_texts` is below 1.
            scale: factor of the loss.
            measure: whether to measure.
        """
        config, model, batch, judged = self.config, self.model, part.own, part.whole
        if config.token_texts < 1:
            count = max(round(config.token_texts * len(part.whole)), 1)
            chosen = torch.randperm(len(part.whole), generator=generator)[:count].to(self.device)
            judged, own = part.whole.rows(chosen), part.places(chosen)
            batch, perturbed, clean = batch.rows(own), perturbed.rows(own), clean[own]
            if not len(own):
                return clean.new_zeros(()), {}
        with self._narrow(), randomness.again():
            # Added to fresh embeddings, so that the token loss trains the table as well.
            fresh = model.online.backbone.words(batch.ids)
            attacked = model.online.backbone(batch, fresh + (perturbed.attacked - fresh.detach()))
            logits = model.detector(attacked).float()
        token = focal_loss(logits, perturbed.selected, batch.candidates, config.gamma)
        if part.rows is not None:
            token = token * (batch.candidates.sum() / judged.candidates.sum().clamp_min(1))
        (config.lambda_ptd * scale * token).backward()  # type: ignore[no-untyped-call]
        measures = self._attack_measures(batch, perturbed, clean, attacked.detach(), logits.detach()) if measure else {}
        return token.detach(), measures

    def perturb(
        self,
        batch: Batch,
        words: Tensor,
        gradient: Tensor,
        target: Tensor,
        randomness: Randomness,
        generator: Generator,
        *,
        part: Part | None = None,
    ) -> Perturbed:
        """Select tokens and attack them, CARL equations (7) to (9), in float32 and under the clean pass's dropout.

        While training, only a share of the texts is attacked (`Config.attacked_texts`).

        Args:
            batch: the texts.
            words: their word embeddings (B, T, d), detached.
            gradient: of L_MCCL by them, up to a positive factor.
            target: z' of the batch; the attack moves the online branch away from it.
            randomness: state before the clean pass.
            generator: draws random tokens.
            part: where the texts stand, when they are a part of a batch.
        """
        config, part = self.config, part or Part(batch)
        salient = config.selection == "salient"
        scores = salience(gradient) if salient else part.pick(random_scores(part.whole.candidates, generator))
        selected = select_tokens(scores, batch.candidates, config.share)
        if self.model.training:
            attacked_texts = torch.rand(len(part.whole), generator=generator) < config.attacked_texts
            selected &= part.pick(attacked_texts).to(self.device)[:, None]

        def gradient_at(embeddings: Tensor) -> Tensor:
            embeddings = embeddings.requires_grad_()
            with torch.enable_grad(), torch.autocast(self.device.type, enabled=False), randomness.again():
                online = self.model.predict(self.model.online.backbone(batch, embeddings))
                loss = sentence_loss(online, target.float(), part.whole.labels, config, part.rows)
            (found,) = torch.autograd.grad(loss, embeddings)
            return found

        ball = Ball(config.epsilon, config.alpha, config.relative)
        attacked = attack(words, selected, gradient, gradient_at, ball, config.attack_steps)
        return Perturbed(words.float(), attacked, selected)

    def _attack_measures(
        self, batch: Batch, perturbed: Perturbed, clean: Tensor, attacked: Tensor, logits: Tensor
    ) -> Measures:
        with torch.no_grad(), self._narrow():
            unattacked = self.model.detector(clean).float()
        counted = batch.candidates
        labels = perturbed.selected[counted]
        return {
            "auc_attacked": auc(logits[counted], labels),
            "auc_clean": auc(unattacked[counted], labels),
            "hidden_change": float((attacked - clean).abs().max()),
            "share_changed": perturbed.share_changed,
            "perturbation": perturbed.size,
        }

    def held_out(self, batches: Iterable[Batch], seed: int = 0) -> Measures:
        """Losses and the detector's AUC on texts that were not trained on, without dropout.

        `auc_attacked` minus `auc_clean` (the same labels, but clean input) is what the detector sees of the attack;
        the clean part is how well salient tokens can be guessed from the words alone. With the printed radius
        there is no difference.

        Returns:
            `mccl`, `auc_attacked`, `auc_clean`, `hidden_change` over all batches.
        """
        was_training = self.model.training
        self.model.eval()
        generator = torch.Generator().manual_seed(seed)
        attacked_scores, clean_scores, labels, losses = [], [], [], []
        change = 0.0
        try:
            for cpu_batch in batches:
                batch = cpu_batch.to(self.device)
                randomness = Randomness(self.device)
                words = self.model.online.backbone.words(batch.ids).detach().requires_grad_()
                target = self.model.target_vectors(batch)
                states = self.model.online.backbone(batch, words)
                loss = sentence_loss(self.model.predict(states), target, batch.labels, self.config)
                (gradient,) = torch.autograd.grad(loss, words)
                perturbed = self.perturb(batch, words.detach(), gradient, target, randomness, generator)
                with torch.no_grad():
                    attacked = self.model.online.backbone(batch, perturbed.attacked)
                    counted = batch.candidates
                    attacked_scores.append(self.model.detector(attacked)[counted].cpu())
                    clean_scores.append(self.model.detector(states)[counted].cpu())
                labels.append(perturbed.selected[counted].cpu())
                losses.append(float(loss.detach()))
                change = max(change, float((attacked - states.detach()).abs().max()))
        finally:
            self.model.train(was_training)
        if not labels:
            return {}
        truth = torch.cat(labels)
        return {
            "mccl": sum(losses) / len(losses),
            "auc_attacked": auc(torch.cat(attacked_scores), truth),
            "auc_clean": auc(torch.cat(clean_scores), truth),
            "hidden_change": change,
        }
