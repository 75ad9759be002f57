"""Named pretraining runs, each for both starts.

>>> pretraining("roberta-small").start, pretraining("roberta-small", "scratch").distil_weight
('transfer', 0.0)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from carl.pretraining.config import PretrainingConfig
from harness.errors import UsageError

#: Configuration → what it changes of the defaults.
_NAMED: dict[str, dict[str, Any]] = {
    # A few CPU hours.
    "roberta-small": {},
    # The whole corpus many times over on one large GPU.
    "roberta-small-gpu": {
        **{"rows": 2048, "steps": 3000, "distil_share": 0.5, "learning_rate": 3e-4, "held_out_rows": 1024},
        **{"evaluate_every": 250, "save_every": 500},
    },
}

#: What a start from random weights changes: masked-LM alone, on every row.
_SCRATCH: dict[str, Any] = {
    **{"start": "scratch", "distil_weight": 0.0, "warmup": 0.06},
    **{"learning_rate": 1e-3, "embedding_rate": 1.0},
}

#: Published objectives that help sentiment probes, together.
_SENTIMENT: dict[str, Any] = {"affect_weight": 3.0, "rating_weight": 1.0}


def pretraining_names() -> tuple[str, ...]:
    """Names of the configurations."""
    return tuple(name + suffix for name in _NAMED for suffix in ("", "-sentiment"))


def pretraining(name: str, start: str | None = None) -> PretrainingConfig:
    """Look up a named configuration.

    Args:
        name: of `pretraining_names`; with `-sentiment` behind it words of the affect lexicon are masked more often and
            ratings are predicted.
        start: `transfer` (default) or `scratch`.

    Raises:
        UsageError: there is none of that name.
    """
    base = name.removesuffix("-sentiment")
    if base not in _NAMED:
        raise UsageError(f"unknown configuration {name!r}; there are {', '.join(pretraining_names())}")
    config = PretrainingConfig(name="roberta-small", **_NAMED[base])
    if start == "scratch":
        config = replace(config, **_SCRATCH)
    if name != base:
        config = replace(config, name="roberta-small-sentiment", **_SENTIMENT)
    return replace(config, start=start or config.start)
