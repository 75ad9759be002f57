"""How a checkpoint was made, as JSON holds it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from harness.transformer.checkpoint import TRAINING_TEXTS

if TYPE_CHECKING:
    import torch

    from carl.backbone import Start
    from carl.label_source import LabelSource


@dataclass
class Progress:
    """Where a run is."""

    step: int = 0
    """Optimiser steps done."""
    seconds: float = 0.0
    best_step: int | None = None
    best_score: float = float("-inf")
    scores: dict[str, float] | None = None
    """Development scores of the best step."""

    def check(self, steps: int) -> None:
        """Refuse what no run of so many steps wrote.

        Raises:
            ValueError: says what it is.
        """
        if type(self.step) is not int or not 0 <= self.step <= steps:
            raise ValueError(f"it is at step {self.step} of {steps}")
        if not isinstance(self.seconds, int | float) or not isinstance(self.best_score, int | float):
            raise ValueError("its seconds or its best score are no numbers")
        if not isinstance(self.best_step, int | None) or not isinstance(self.scores, dict | None):
            raise ValueError("its best step is none")


class Described(Protocol):
    """A configuration, of whatever kind of run."""

    @property
    def name(self) -> str: ...  # noqa: D102

    def as_dict(self) -> dict[str, Any]:
        """Field → value, as JSON holds it."""
        ...


def run_record(
    config: Described,
    start: Start,
    sources: Sequence[LabelSource],
    progress: Progress,
    *,
    steps: int,
    device: torch.device,
) -> dict[str, Any]:
    """Describe a run: what went in, what was done, with what, and how it scored on development data.

    Args:
        config: the run's configuration.
        start: its backbone.
        sources: its labelled texts.
        progress: where it ended.
        steps: of the whole schedule.
        device: it ran on.
    """
    import numpy as np
    import tokenizers
    import torch

    gpu = device.type == "cuda"
    card = start.card
    return {
        "name": config.name,
        "config": config.as_dict(),
        "backbone": {
            "name": card.name,
            "title": card.shown,
            "weights": card.weights,
            "licence": card.licence,
            "training_data": None if card.training_data is None else list(card.training_data),
        },
        "sources": [
            {
                "name": source.name,
                "title": source.title,
                "licence": source.licence,
                "rows": len(source),
                "left_out": source.left_out,
            }
            for source in sources
        ],
        "hash_file": TRAINING_TEXTS,
        "dimensions": start.shape.hidden,
        "step": progress.step,
        "steps": steps,
        "best_step": progress.best_step,
        "scores": progress.scores or {},
        "seconds": round(progress.seconds, 1),
        "device": torch.cuda.get_device_name(device) if gpu else f"a CPU (threads: {torch.get_num_threads()})",
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "tokenizers": tokenizers.__version__,
            "numpy": np.__version__,
        },
    }
