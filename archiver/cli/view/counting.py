"""Progress on stderr: a moving line on a terminal, a plain line now and then otherwise, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archiver.cli import output

_PLAIN_EVERY = 10.0
_MOVING_EVERY = 0.2


@contextmanager
def count_rows(what: str) -> Iterator[Callable[[int], None]]:
    """A function to call with the number of rows so far."""
    moving = output.is_terminal(sys.stderr) and not output.is_quiet()
    began = told = time.monotonic()

    def tell(count: int) -> None:
        nonlocal told
        now = time.monotonic()
        if output.is_quiet() or now - told < (_MOVING_EVERY if moving else _PLAIN_EVERY):
            return
        told = now
        line = f"{what}: {count} rows, {count / (now - began):.0f} a second"
        sys.stderr.write(f"\r{line}\x1b[K" if moving else f"{line}\n")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if moving and told != began:
            sys.stderr.write("\r\x1b[K")
