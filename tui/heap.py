"""One heap for all threads.

glibc gives every thread that asks for memory a heap of its own, and what is free in one is of no
use to the others. The app's threads draw a chart now and then, or look into a network, and take
turns anyway: in hours of use, shortened (`bench/soak.py`), their heaps came to a hundred megabytes,
and were still growing. With one heap the app takes 195 MB where it took 235.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

M_ARENA_MAX = -8
"""The parameter's number in glibc's malloc.h."""


def share_one() -> None:
    """To be called before the first thread is started."""
    if sys.platform == "linux":
        # Another C library than glibc shares one as it is, and has no such function.
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
