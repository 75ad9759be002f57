"""Arrays in `.npy` files as memory maps that hold no file open.

Python's `mmap`, and NumPy's maps with it, keep a descriptor for as long as they live, and a process may have a thousand
or so. A map itself needs none: torch closes its file once it is mapped. What is mapped can be read when the file has
long been removed.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mapped(path: Path) -> NDArray[Any]:
    """Map a file that `numpy.save` wrote; the array cannot be written to.

    Args:
        path: of an array in the order of its rows, without Python objects.

    Raises:
        OSError: the file is gone, or cannot be read or mapped.
        ValueError: it holds no such array, or fewer or more bytes than it says.
    """
    import numpy as np
    import torch

    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"{path}: version {version} of the format is not one that is written here")
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
        start, size = file.tell(), os.fstat(file.fileno()).st_size
    if by_columns or dtype.hasobject or size != start + math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{path} holds {size:,} bytes, which are no array {shape} of {dtype} by rows")
    try:
        content = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8)
    except (RuntimeError, UnicodeError):  # NumPy says why, or can
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    array: NDArray[Any] = content.numpy()[start:].view(dtype).reshape(shape)
    array.flags.writeable = False
    return array
