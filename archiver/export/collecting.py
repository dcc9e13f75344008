"""Look for cycles of objects less often: rows are many small objects without any, looked through again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 50_000
"""Newly made ones before it looks through them: some ten chunks of rows."""


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Look for cycles only now and then: a twentieth of its processor time."""
    before = gc.get_threshold()
    gc.freeze()  # what was imported stays anyway
    gc.set_threshold(max(_OBJECTS, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
