"""What per-example predictions may be: checked before anything is made of a file that somebody else may have written.

A few kilobytes can claim terabytes: an archive unpacks to more than memory holds, one class number of 10¹² makes a
table with as many columns.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING
from zipfile import ZipFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Bytes that the arrays of one file may take: ten million rows of everything that a task keeps, with room.
LARGEST = 2**30

#: Class numbers lie below this.
CLASSES = 1000

#: Arrays that hold classes, where they hold integers.
_CLASSES = ("gold", "predicted", "class", "cluster")


def check_archive(packed: bytes) -> None:
    """Refuse an `.npz` that is larger than it may be, before it is unpacked.

    Raises:
        ValueError: it states more than `LARGEST` bytes, or states them wrongly.
        BadZipFile: it is no archive.
    """
    with ZipFile(io.BytesIO(packed)) as archive:
        stated = sum(entry.file_size for entry in archive.infolist())
        if stated > LARGEST:
            raise ValueError(f"its arrays take {stated:,} bytes, more than the {LARGEST:,} that are read")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a header that NumPy reads in an older way is none that we write
            for entry in archive.infolist():
                with archive.open(entry) as member:
                    _check_header(member.read(256), entry.file_size)


def _check_header(start: bytes, size: int) -> None:
    """Compare what an array's header claims with the bytes that are there: the claim is what memory is taken for."""
    import math

    import numpy as np
    from numpy.lib import format as npy

    stream = io.BytesIO(start)
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream, max_header_size=len(start))
    if dtype.kind not in "biufU" or math.prod(shape) * np.dtype(dtype).itemsize > size:
        raise ValueError(f"an array of {shape} {dtype} in {size:,} bytes")


def check_predictions(arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Refuse arrays that are no predictions.

    Args:
        arrays: as a task keeps them: numbers, one row an evaluated example.

    Raises:
        ValueError: not numbers, not finite, of different lengths, of more than two dimensions, or class numbers out of
            range.
    """
    import numpy as np

    rows = {len(array) if array.ndim else -1 for array in arrays.values()}
    if len(rows) > 1:
        raise ValueError("its arrays are of different lengths")
    for name, array in arrays.items():
        if array.ndim not in (1, 2) or array.dtype.kind not in "biuf" or array.size == 0:
            raise ValueError(f"{name[:40]!r} is an array of {array.shape} {array.dtype}, not a number for each row")
        if not np.isfinite(array).all():
            raise ValueError(f"{name[:40]!r} holds NaN or infinite values")
        if array.dtype.kind in "iu" and name in _CLASSES and not 0 <= array.min() <= array.max() < CLASSES:
            raise ValueError(f"{name!r} holds classes from {array.min()} to {array.max()}; they are 0 to {CLASSES - 1}")
