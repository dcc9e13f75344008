"""One row of a search as it is handed to whoever prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from archiver.model.row import Row
from archiver.model.versions import Version
from search.engine.protocol import Hit


class Shown(NamedTuple):
    """A row, and why it is shown."""

    row: Row
    is_hit: bool = True
    """False: it only stands beside a hit."""
    matched: tuple[str, ...] = ()
    """Terms by which it was found, besides those of the question."""
    block: int = 0
    """What stands together has one number, from 1 on."""
    revision: int | None = None
    """The number of the earlier content that was found, where the present one was not."""
    earlier: Version | None = None
    """That content."""
    copies: Sequence[str] | None = None
    """Where else the same was posted, `channel/id` each, oldest first; None when nobody asked."""

    @classmethod
    def of(cls, row: Row, hit: Hit) -> Self:
        """A row that was found."""
        return cls(row, matched=hit.matched, revision=hit.revision)
