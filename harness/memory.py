"""How much memory a process may take, and room on disk for the arrays that do not fit.

The limit is of anonymous memory: what the system cannot drop and read again. A process has one limit, so it is set
once, where a run begins (`limit_to`), and whoever makes large arrays asks for a share of it. Under the default no data
set of a usual size meets a limit: the ways round one only run where memory would otherwise grow with the corpus.
"""

from __future__ import annotations

import math
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

#: Bytes that a process plans with where nobody says another number.
DEFAULT = 2 * 2**30

#: Below this a limit is of no use: the libraries alone take a few hundred megabytes.
LEAST = 256 * 2**20

#: An array of this share of the limit or more lies in a file.
_LARGE = 8

_ZEROS = bytes(2**20)


@dataclass(frozen=True)
class _Limit:
    most: int = DEFAULT
    scratch: Path | None = None


_limit = _Limit()


def limit_to(most: int | None, scratch: Path | None = None) -> None:
    """State what this process may take.

    Args:
        most: bytes of anonymous memory; None for the default. Less than `LEAST` counts as `LEAST`.
        scratch: folder for arrays that do not fit, made when it is needed; None for the system's temporary folder.
    """
    global _limit
    _limit = _Limit(DEFAULT if most is None else max(most, LEAST), scratch)


def share(parts: int) -> int:
    """Bytes of one of so many equal parts of the limit.

    >>> share(8) == DEFAULT // 8
    True
    """
    return _limit.most // parts


def large(size: int) -> bool:
    """Whether an array of so many bytes had better lie in a file."""
    return size >= share(_LARGE)


def array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of undefined content: in memory, or in a file where it would take much of the limit.

    The file has no name and goes with the array. Its room is taken at once, so that a full disk is found here and not
    in the middle of a computation; where there is none, the array lies in memory after all, and a warning says so.

    Args:
        shape: of the array.
        dtype: of the array.
    """
    import numpy as np

    size = math.prod(shape) * np.dtype(dtype).itemsize
    if not large(size):
        return np.empty(shape, dtype)
    try:
        if _limit.scratch is not None:
            _limit.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=_limit.scratch, prefix=".partial-") as file:
            _reserve(file, size)
            mapped = np.memmap(file, dtype=dtype, mode="r+", shape=shape)
    except OSError as error:
        warnings.warn(
            f"no room for {size:,} bytes beside the cache ({error.strerror or error}): they are held in memory, "
            f"which may then take more than {_limit.most:,} bytes",
            stacklevel=2,
        )
        return np.empty(shape, dtype)
    return mapped.view(np.ndarray)


def _reserve(file: IO[bytes], size: int) -> None:
    """Take room on the disk: writing to a map of a file with holes would kill the process on a full one."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for start in range(0, size, len(_ZEROS)):
        file.write(_ZEROS[: size - start])
    file.flush()
