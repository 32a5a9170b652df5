"""glibc's malloc, told to keep the blocks that pictures pass through.

By default a block over 128 KiB may be mapped anew each time and given back when it is freed, so that the kernel clears
every page of every frame: reading an 8 MB picture then takes three times as long.
"""

import contextlib
import ctypes

# <malloc.h>
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# Above the largest frame and the largest piece that is read.
_KEPT_BLOCK = 4 * 1024 * 1024
_KEPT_FREE = 32 * 1024 * 1024


def keep_blocks() -> None:
    """Set it for this process. Other allocators know no such call and need none."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _KEPT_BLOCK)
        mallopt(_TRIM_THRESHOLD, _KEPT_FREE)
