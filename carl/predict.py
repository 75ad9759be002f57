"""From texts to valence, arousal and emotion probabilities: an encoder and the heads that lie beside its weights.

>>> predict = load_predictor("carl-minilm")  # doctest: +SKIP
>>> predict(["What a day!"]).valence  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carl.heads import read_heads
from harness.errors import UsageError
from harness.registry import find_encoder
from harness.transformer import TransformerEncoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Affect:
    """What is predicted of some texts."""

    valence: NDArray[np.float64]
    """(n,), from −1 (unpleasant) to 1 (pleasant); 0 is the middle of the rating scale."""
    arousal: NDArray[np.float64]
    """(n,), from −1 (calm) to 1 (excited)."""
    probabilities: NDArray[np.float64]
    """(n, emotions), of each emotion given that the text has exactly one of them; rows sum to 1."""
    emotions: tuple[str, ...]
    """Names of its columns."""


def load_predictor(
    model: str, *, device: str | None = None, dtype: str | None = None
) -> Callable[[Sequence[str]], Affect]:
    """Find an encoder with heads; what is returned predicts texts, each independent of the others.

    Weights are read when the first text is predicted.

    Args:
        model: a name (`carl-minilm`), or the directory of a checkpoint that `carl ship` wrote.
        device: `cpu`, `cuda`, ...; a GPU is taken when there is one.
        dtype: `float32` (default), `bfloat16` or `float16`.

    Raises:
        UsageError: no such model, or one of another kind or pooling.
        WeightsMissing: no checkpoint, or one without heads.
        WeightsInvalid: the heads are damaged or belong to other weights.
    """
    plugin = find_encoder(f"hf:{model}" if Path(model).is_dir() else model)
    encoder = plugin.create(device=device, dtype=dtype)
    if not isinstance(encoder, TransformerEncoder) or encoder.pooling != plugin.card.pooling:
        raise UsageError(f"{model} has no heads; give a CARL encoder without @POOLING, or a shipped folder")
    heads = read_heads(encoder.adapter_dir or encoder.files(fetch=False).config.parent)

    def predict(texts: Sequence[str]) -> Affect:
        vectors = encoder.encode(texts)
        valence, arousal = heads.valence_arousal(vectors).T
        return Affect(valence, arousal, heads.probabilities(vectors), heads.emotion.facts.outputs)

    return predict
