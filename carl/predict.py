"""From texts to valence, arousal and emotion probabilities: an encoder and the heads that lie beside its weights.

>>> predict = load_predictor("carl-minilm")  # doctest: +SKIP
>>> predict(["What a day!"]).valence  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carl.heads import Heads, read_heads
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


class Predictor:
    """An encoder with its heads.

    Args:
        encoder: reads the checkpoint that the heads belong to.
        heads: `heads.read_heads` of that checkpoint.
    """

    def __init__(self, encoder: TransformerEncoder, heads: Heads) -> None:
        self.encoder = encoder
        self.heads = heads

    def __call__(self, texts: Sequence[str]) -> Affect:
        """Predict texts; each text's numbers do not depend on the others.

        Raises:
            WeightsInvalid: the checkpoint does not fit.
        """
        vectors = self.encoder.encode(texts)
        affect = self.heads.valence_arousal(vectors)
        return Affect(affect[:, 0], affect[:, 1], self.heads.probabilities(vectors), self.heads.emotion.facts.outputs)


def load_predictor(
    model: str, *, device: str | None = None, dtype: str | None = None, batch_tokens: int | None = None
) -> Predictor:
    """Find an encoder with heads. Weights are read when the first text is predicted.

    Args:
        model: a name (`carl-minilm`), or the directory of a checkpoint that `carl ship` wrote.
        device: `cpu`, `cuda`, ...; a GPU is taken when there is one.
        dtype: `float32` (default), `bfloat16` or `float16`.
        batch_tokens: most tokens in one batch.

    Raises:
        UsageError: no such model, or one of another kind or pooling.
        WeightsMissing: no checkpoint, or one without heads.
        WeightsInvalid: the heads are damaged or belong to other weights.
    """
    plugin = find_encoder(f"hf:{model}" if Path(model).is_dir() else model)
    encoder = plugin.create(device=device, dtype=dtype, batch_tokens=batch_tokens)
    if not isinstance(encoder, TransformerEncoder):
        raise UsageError(f"{model} has no heads; `carl predict` takes a CARL encoder or a shipped folder")
    if encoder.pooling != plugin.card.pooling:
        raise UsageError(f"{model}: heads belong to its own vector; leave out @{encoder.pooling}")
    return Predictor(encoder, read_heads(encoder.adapter_dir or encoder.files(fetch=False).config.parent))
