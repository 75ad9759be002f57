"""The part of the encoder contract that is checked on every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import EncoderFault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def checked_vectors(vectors: object, count: int, name: str) -> NDArray[np.float32]:
    """Vectors as the contract wants them, or an error that says what is wrong.

    Args:
        vectors: what `encode` returned.
        count: number of texts it was given.
        name: the encoder, for the message.

    Raises:
        EncoderFault: not a float32 array of shape (count, d ≥ 1), or not finite.
    """
    import numpy as np

    advice = f"`bench check {name}` shows every broken rule of the contract"
    if not isinstance(vectors, np.ndarray):
        raise EncoderFault(f"{name}.encode returned a {type(vectors).__name__}, not a NumPy array; {advice}")
    if vectors.ndim != 2 or vectors.shape[0] != count or vectors.shape[1] < 1:
        raise EncoderFault(
            f"{name}.encode returned shape {vectors.shape} for {count} texts, not ({count}, d); {advice}"
        )
    if vectors.dtype != np.float32:
        raise EncoderFault(f"{name}.encode returned {vectors.dtype}, not float32; {advice}")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise EncoderFault(
            f"{name}.encode returned NaN or infinity for {int((~finite).sum())} of {count} texts (first: row {row}); "
            f"{advice}"
        )
    return vectors
