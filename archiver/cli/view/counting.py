"""Progress on stderr: a line that updates on a terminal, occasional plain lines otherwise, nothing with --quiet."""

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
    """Yield a function to call with the number of rows so far."""
    moving = output.is_terminal(sys.stderr) and not output.is_quiet()
    began = shown_at = time.monotonic()

    def show(count: int) -> None:
        nonlocal shown_at
        now = time.monotonic()
        if output.is_quiet() or now - shown_at < (_MOVING_EVERY if moving else _PLAIN_EVERY):
            return
        shown_at = now
        line = f"{what}: {count} rows, {count / (now - began):.0f}/s"
        sys.stderr.write(f"\r{line}\x1b[K" if moving else f"{line}\n")
        sys.stderr.flush()

    try:
        yield show
    finally:
        if moving and shown_at != began:
            sys.stderr.write("\r\x1b[K")
