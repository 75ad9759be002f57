"""Telling a lack of memory from other errors: libraries have several ways of saying it."""

from __future__ import annotations

#: What they say, in lower case; on a CPU torch has no class of its own for it.
_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that there was too little memory, of the machine or of a GPU.

    >>> is_shortage(MemoryError()), is_shortage(RuntimeError("CUDA out of memory.")), is_shortage(RuntimeError("odd"))
    (True, True, False)
    """
    # Torch's class is known by its name: whoever did not import torch did not raise it.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)
