"""Let the cyclic garbage collector run less often: it takes a tenth of the time on rows, which have no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def few_collections(objects: int = 200_000) -> Iterator[None]:
    """Collect only after this many new objects (a few pages of messages), and never walk older ones."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(max(objects, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
