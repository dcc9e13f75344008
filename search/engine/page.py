"""Cursors: the end of a page of hits, from which the next page continues. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from search.errors import SearchError
from search.query.dates import Bounds


class Position(NamedTuple):
    """Sort key of hits by date."""

    date: int
    """Unix seconds."""
    channel_id: int
    message_id: int


_POSITION = re.compile(r"([0-9]{1,11})\.([0-9]{1,18})\.([0-9]{1,18})")
_RANK = re.compile(r"r([0-9]{1,9})")


def format_position(position: Position) -> str:
    """Return the cursor after a hit sorted by date."""
    return ".".join(str(part) for part in position)


def parse_position(cursor: str) -> Position:
    """Return the position of the hit before a cursor. Raises SearchError for a cursor of another kind."""
    found = _POSITION.fullmatch(cursor)
    if found is None:
        raise _foreign()
    return Position(int(found[1]), int(found[2]), int(found[3]))


def format_rank(rank: int) -> str:
    """Return the cursor after `rank` hits sorted by relevance."""
    return f"r{rank}"


def parse_rank(cursor: str) -> int:
    """Return the number of hits before a cursor. Raises SearchError for a cursor of another kind."""
    found = _RANK.fullmatch(cursor)
    if found is None:
        raise _foreign()
    return int(found[1])


def bounds_after(position: Position, *, newest: bool) -> Bounds:
    """Date bounds of the hits after a position."""
    instant = datetime.fromtimestamp(position.date, UTC)
    return Bounds(until=instant + timedelta(seconds=1)) if newest else Bounds(since=instant)


def _foreign() -> SearchError:
    return SearchError("That cursor is not valid for this query.", hint="Search again without --after.")
