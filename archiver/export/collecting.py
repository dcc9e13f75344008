"""Run the cyclic garbage collector less often: rows are many small objects without cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 50_000
"""New objects between two collections: about ten chunks of rows."""


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Collect rarely, at a twentieth of the processor time."""
    before = gc.get_threshold()
    gc.freeze()  # imported modules stay anyway
    gc.set_threshold(max(_OBJECTS, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
