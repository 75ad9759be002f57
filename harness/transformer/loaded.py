"""A model in memory, and what runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

DTYPES = ("float32", "bfloat16", "float16")


class Engine(Protocol):
    """Something that runs token ids through a model."""

    @property
    def bytes_per_token(self) -> int:
        """Memory that one token of a batch takes at the widest point of the network."""
        ...

    def pooled(self, items: Sequence[NDArray[np.int32]], pooling: str, batch_tokens: int) -> NDArray[np.float32]:
        """One vector per item, float32 (len(items), hidden)."""
        ...

    def states(self, items: Sequence[NDArray[np.int32]], batch_tokens: int) -> list[Tensor]:
        """Last-layer token vectors of each item, float32 (tokens, hidden)."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A model in memory."""

    engine: Engine
    tokenizer: Any
    """The Rust tokeniser, or what a class that overrides `inputs` has in its place."""
    max_length: int
    dimensions: int
    parameters: int
    tensors: dict[str, Tensor]
    """Tensors beyond the encoder's own (`TransformerEncoder.extra_tensors`)."""
    left_out: tuple[str, ...] = ()
    """Names of the checkpoint's heads, which no vector depends on."""
