"""torch.compile for the layers of the encoders."""

from __future__ import annotations

from typing import Any

import torch

from carl.model import Carl

#: torch's own compiler.
INDUCTOR = "inductor"


def compile_layers(model: Carl, backend: str = INDUCTOR) -> None:
    """Let torch compile the layers of both branches, in place; names of tensors stay as they are.

    Layer by layer, since all layers share one compiled code, and for any number of tokens, since every batch has
    another. Random numbers stay those of uncompiled code: the attack's passes must drop what the clean pass dropped.
    What a compiler fuses it rounds otherwise: a run that is resumed with it is not bit by bit the same.

    Args:
        model: the networks.
        backend: of torch.compile; `eager` only traces.
    """
    options: dict[str, Any] = {"options": {"fallback_random": True}} if backend == INDUCTOR else {}
    # One entry each for training, the attack's passes, the target and looks at development data, twice for widths of 1.
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 32)
    for branch in (model.online, model.target):
        for layer in branch.backbone.encoder.layer:
            layer.compile(backend=backend, dynamic=True, **options)
