"""Control how much freed memory glibc's allocator keeps; without effect where there is no glibc."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_ARENA_MAX: Final = -8
"""`M_ARENA_MAX` of <malloc.h>."""


def trim() -> None:
    """Return free memory to the system."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def share_arena() -> None:
    """Let threads started from now on share one arena, so that each uses what another freed.

    For work of several threads that take turns: those that allocate at the same moment would wait for each other.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
