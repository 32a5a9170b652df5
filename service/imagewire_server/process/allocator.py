"""Configures glibc's malloc to keep the blocks that are used for pictures.

By default, malloc may map a block over 128 KiB each time and return it when it is freed. Then the kernel clears every
page of every frame, and reading an 8 MB picture takes three times as long.
"""

import contextlib
import ctypes

# <malloc.h>
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# Above the largest frame and the largest piece that is read.
_KEPT_BLOCK = 4 * 1024 * 1024
_KEPT_FREE = 32 * 1024 * 1024


def keep_blocks() -> None:
    """Configure it for this process. Other allocators do not have this function and do not need it."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _KEPT_BLOCK)
        mallopt(_TRIM_THRESHOLD, _KEPT_FREE)
        # Each thread that reads kept pictures would keep blocks of its own.
        mallopt(_ARENA_MAX, 1)
