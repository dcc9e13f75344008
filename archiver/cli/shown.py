"""One row of a search as it is handed to whoever prints it."""

from __future__ import annotations

from typing import NamedTuple

from archiver.row import Row


class Shown(NamedTuple):
    """A row, and why it is shown."""

    row: Row
    is_hit: bool = True
    """False: it only stands beside a hit."""
    matched: tuple[str, ...] = ()
    """Terms by which it was found, besides those of the question."""
    block: int = 0
    """What stands together has one number, from 1 on."""
