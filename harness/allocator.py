"""glibc's allocator, told to keep freed memory for the next array.

By default it maps each array of tens of megabytes by itself and gives it back when it is freed, and the kernel zeroes
every page again for the next one. Probes take and free such arrays by the hundred: it was an eighth of their time.
"""

from __future__ import annotations

import ctypes
import os

#: Options of `mallopt` (glibc's malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

#: Variables by which somebody has told glibc otherwise.
_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed(largest: int, idle: int) -> bool:
    """Serve arrays from memory that was freed before, in this process, from now on.

    Args:
        largest: bytes of the largest array that is served so; a larger one is mapped and given back as before.
        idle: most bytes to keep at the end of the heap that nothing uses.

    Returns:
        Whether it was done: not with another C library, and not where the environment already says how glibc
        is to do it.
    """
    if any(name in os.environ for name in _VARIABLES):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_MMAP_THRESHOLD, ctypes.c_int(min(largest, 2**31 - 1)))) and bool(
        mallopt(_TRIM_THRESHOLD, ctypes.c_int(min(idle, 2**31 - 1)))
    )
