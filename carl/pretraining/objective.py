"""The losses of a batch, their gradients, and what is measured on held-out rows."""

from __future__ import annotations

import importlib.util
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from carl.pretraining.config import PretrainingConfig
from carl.pretraining.masking import Masked, mask_tokens
from carl.pretraining.network import ApplyLayer, PackedEncoder, Pretrained, packed_layer, text_vectors
from carl.pretraining.packing import Rows

Measures = dict[str, float]


@dataclass(frozen=True)
class PretrainingBatch:
    """Rows to compare with the teacher, and rows to mask."""

    clean: Rows | None
    teacher: Rows | None
    """The same texts as `clean` in the teacher's vocabulary."""
    masked: Rows | None
    clean_ratings: Tensor
    """float32 (texts of `clean`,), NaN where there is none."""
    masked_ratings: Tensor

    def to(self, device: torch.device) -> PretrainingBatch:
        """The same batch on another device."""

        def moved(rows: Rows | None) -> Rows | None:
            return None if rows is None else rows.to(device)

        ratings = (part.to(device) for part in (self.clean_ratings, self.masked_ratings))
        return PretrainingBatch(moved(self.clean), moved(self.teacher), moved(self.masked), *ratings)


def relative_distance(student: Tensor, teacher: Tensor, whole: Tensor) -> Tensor:
    """Mean over texts of ‖s − t‖² / ‖t‖²: 0 for the teacher's vectors, 1 for zeros.

    Args:
        student: (count, d).
        teacher: (count, d).
        whole: bool (count,): texts that count, those that both read to the end.
    """
    each = (student - teacher).square().sum(-1) / teacher.square().sum(-1).clamp_min(1e-12)
    return each.where(whole, 0).sum() / whole.sum().clamp_min(1)


def rating_loss(scores: Tensor, ratings: Tensor) -> Tensor:
    """Cross entropy of predicted ratings, as log odds (n,), with true ones from 0 to 1 (n,), NaN ones left out."""
    known = ~ratings.isnan()
    each = functional.binary_cross_entropy_with_logits(scores, ratings.nan_to_num(0.5), reduction="none")
    return each.where(known, 0).sum() / known.sum().clamp_min(1)


class PretrainingObjective:
    """Computes losses and gradients.

    Args:
        model: what is trained.
        teacher: packed encoder whose vectors are the goal; None without distillation.
        weights: (vocabulary,) of the choice of masked tokens (`masking.affect_weights`).
        config: weights of the losses, precision.
        device: where the model is.
    """

    def __init__(
        self,
        model: Pretrained,
        teacher: PackedEncoder | None,
        weights: Tensor,
        config: PretrainingConfig,
        device: torch.device,
    ) -> None:
        self.model = model
        self.teacher = teacher
        self.weights = weights.to(device)
        self.config = config
        self.device = device
        gpu = device.type == "cuda"
        self.half = config.precision == "bfloat16" or (config.precision == "auto" and gpu)
        self.compiled = config.compile == "yes" or (config.compile == "auto" and gpu and _can_compile())
        self._apply: ApplyLayer = torch.compile(packed_layer, dynamic=False) if self.compiled else packed_layer

    def backward(self, batch: PretrainingBatch, generator: torch.Generator, *, scale: float) -> dict[str, Tensor]:
        """Add the gradients of a batch to the parameters.

        Args:
            batch: on the device.
            generator: on the device; decides the masks.
            scale: factor on the loss, for accumulation.

        Returns:
            Detached measures: the losses, and the accuracy of masked-LM.
        """
        with self._precision():
            losses, measures = self._losses(batch, generator, self._apply)
        config = self.config
        weights = {"mlm": config.mlm_weight, "distil": config.distil_weight, "rating": config.rating_weight}
        total = sum((weights[name] * loss for name, loss in losses.items()), torch.zeros((), device=self.device))
        (total * scale).backward()  # type: ignore[no-untyped-call]
        return {"loss": total.detach(), **{name: loss.detach() for name, loss in losses.items()}, **measures}

    @torch.no_grad()
    def held_out(self, batches: list[PretrainingBatch], generator: torch.Generator) -> Measures:
        """Measure held-out rows without dropout; the model's mode is restored.

        Args:
            batches: of the same rows once as `clean` and once as `masked`.
            generator: on the device.

        Returns:
            Losses, accuracy of masked-LM, cosines to the teacher's first-token and mean vectors of the last compared
            layer, and the correlation of predicted with true ratings; means over batches.
        """
        was_training = self.model.training
        self.model.eval()
        found: dict[str, list[float]] = {}
        predicted, true = [], []
        for batch in batches:
            moved = batch.to(self.device)
            with self._precision():
                losses, measures = self._losses(moved, generator, packed_layer, cosines=True)
                if self.config.rating_weight and moved.clean is not None:
                    rows = moved.clean
                    states = self.model.encoder(rows.ids, rows.texts, rows.positions)[-1]
                    predicted.append(self.model.rating(text_vectors(states, rows)[0])[:, 0].float())
                    true.append(moved.clean_ratings)
            for name, value in {**losses, **measures}.items():
                found.setdefault(name, []).append(float(value))
        self.model.train(was_training)
        means = {name: sum(values) / len(values) for name, values in found.items()}
        if predicted:
            scores, ratings = torch.cat(predicted), torch.cat(true)
            known = ~ratings.isnan()
            if int(known.sum()) > 2:
                pair = torch.stack([scores[known].sigmoid(), ratings[known]])
                means["rating_r"] = float(torch.corrcoef(pair)[0, 1].nan_to_num(0.0))
        return means

    def _losses(
        self,
        batch: PretrainingBatch,
        generator: torch.Generator,
        apply: ApplyLayer,
        *,
        cosines: bool = False,
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        config, clean = self.config, batch.clean
        hidden = self._masked(batch.masked, generator) if batch.masked is not None else None
        ids, texts, positions = _together(clean, batch.masked, hidden)
        states = self.model.encoder(ids, texts, positions, apply)
        split = 0 if clean is None else len(clean.ids)
        losses: dict[str, Tensor] = {}
        measures: dict[str, Tensor] = {}
        if hidden is not None:
            scores = self.model.masked(states[-1][split:].flatten(0, 1)[hidden.places], self._words())
            losses["mlm"] = functional.cross_entropy(scores.float(), hidden.targets, ignore_index=-100)
            chosen = hidden.targets >= 0
            right = (scores.argmax(-1) == hidden.targets) & chosen
            measures["mlm_accuracy"] = right.sum() / chosen.sum().clamp_min(1)
        if clean is not None and batch.teacher is not None and self.teacher is not None:
            mine = [text_vectors(layer[:split], clean) for layer in states[:-1]]
            theirs = self._goals(self.teacher, batch.teacher, apply)
            whole = batch.teacher.whole & clean.whole
            each = [
                relative_distance(student, teacher, whole)
                for pair, goal in zip(mine, theirs, strict=True)
                for student, teacher in zip(pair, goal, strict=True)
            ]
            losses["distil"] = torch.stack(each).mean()
            if cosines:
                for name, student, teacher in zip(("first", "mean"), mine[-1], theirs[-1], strict=True):
                    cosine = functional.cosine_similarity(student, teacher, dim=-1)
                    measures[f"cosine_{name}"] = cosine[whole].mean()
        if config.rating_weight:
            parts = (
                (clean, states[-1][:split], batch.clean_ratings),
                (batch.masked, states[-1][split:], batch.masked_ratings),
            )
            vectors = [text_vectors(part, rows)[0] for rows, part, _ in parts if rows is not None]
            ratings = torch.cat([values for rows, _, values in parts if rows is not None])
            losses["rating"] = rating_loss(self.model.rating(torch.cat(vectors))[:, 0].float(), ratings)
        return losses, measures

    def _masked(self, rows: Rows, generator: torch.Generator) -> Masked:
        return mask_tokens(
            rows.ids,
            self.weights,
            share=self.config.masked,
            vocabulary=len(self.weights),
            generator=generator,
        )

    def _words(self) -> Tensor:
        weight: Tensor = self.model.backbone.embeddings.word_embeddings.weight
        return weight

    @torch.no_grad()
    def _goals(self, teacher: PackedEncoder, rows: Rows, apply: ApplyLayer) -> list[tuple[Tensor, Tensor]]:
        states = teacher(rows.ids, rows.texts, rows.positions, apply)
        return [text_vectors(layer, rows) for layer in states[:-1]]

    def _precision(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half)


def _can_compile() -> bool:
    """Whether this machine has what torch's compiler for GPUs needs: Triton and a C compiler."""
    return importlib.util.find_spec("triton") is not None and any(map(shutil.which, ("cc", "gcc", "clang")))


def _together(clean: Rows | None, masked: Rows | None, hidden: Masked | None) -> tuple[Tensor, Tensor, Tensor]:
    parts = []
    if clean is not None:
        parts.append((clean.ids, clean.texts, clean.positions))
    if masked is not None and hidden is not None:
        parts.append((hidden.ids, masked.texts, masked.positions))
    ids, texts, positions = (torch.cat(columns) for columns in zip(*parts, strict=True))
    return ids, texts, positions
