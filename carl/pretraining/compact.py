"""A state in about a sixth of the bytes, to carry a run from one machine to another.

Weights lie in float16; AdamW's running mean of gradients is left out and starts at 0; its running mean of squares is
kept as row and column means (Shazeer and Stern 2018, Adafactor), whose outer product stands for a matrix. A run goes on
from it well, and not bit by bit: what a whole state gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harness.errors import WeightsInvalid

_MEAN, _SQUARE = "exp_avg", "exp_avg_sq"


def compact(model: Mapping[str, Tensor], optimiser: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Shrink a model's and an optimiser's state.

    Args:
        model: name → tensor.
        optimiser: `state_dict` of AdamW.

    Raises:
        WeightsInvalid: a weight does not fit float16.
    """
    narrow = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in model.items()}
    if broken := [name for name, tensor in narrow.items() if not bool(tensor.isfinite().all())]:
        raise WeightsInvalid(f"the weights do not fit float16 ({', '.join(broken[:3])}): training diverged")
    states = {}
    for number, state in optimiser["state"].items():
        square = state[_SQUARE]
        kept = {name: value for name, value in state.items() if name not in (_MEAN, _SQUARE)}
        if square.ndim == 2:
            states[number] = {**kept, "rows": square.mean(1), "columns": square.mean(0)}
        else:
            states[number] = {**kept, _SQUARE: square}
    return narrow, {**optimiser, "state": states}


def expand(model: Mapping[str, Tensor], optimiser: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The inverse of `compact`, as far as there is one.

    Args:
        model: name → tensor.
        optimiser: of `compact`.
    """
    wide = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in model.items()}
    states = {}
    for number, state in optimiser["state"].items():
        rest = {name: value for name, value in state.items() if name not in ("rows", "columns")}
        if "rows" in state:
            rows, columns = state["rows"], state["columns"]
            rest[_SQUARE] = torch.outer(rows, columns) / rows.mean().clamp_min(1e-30)
        states[number] = {**rest, _MEAN: torch.zeros_like(rest[_SQUARE])}
    return wide, {**optimiser, "state": states}
