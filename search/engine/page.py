"""Where a page of hits ends, and how the next one is asked for. Pure; `exact` answers with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from search.errors import SearchError
from search.query.dates import Bounds

Place: TypeAlias = tuple[int, int, int]
"""(date, channel_id, message_id): the order of hits by date."""

_PLACE = re.compile(r"([0-9]{1,11})\.([0-9]{1,18})\.([0-9]{1,18})")
_RANK = re.compile(r"r([0-9]{1,9})")


def write_place(place: Place) -> str:
    """The cursor behind a hit by date."""
    return ".".join(str(part) for part in place)


def read_place(cursor: str) -> Place:
    """The hit that a cursor stands behind. Raises `SearchError` for a cursor of another kind."""
    found = _PLACE.fullmatch(cursor)
    if found is None:
        raise _foreign()
    return int(found[1]), int(found[2]), int(found[3])


def write_rank(rank: int) -> str:
    """The cursor behind so many hits by relevance."""
    return f"r{rank}"


def read_rank(cursor: str) -> int:
    """How many hits a cursor stands behind. Raises `SearchError` for a cursor of another kind."""
    found = _RANK.fullmatch(cursor)
    if found is None:
        raise _foreign()
    return int(found[1])


def beyond(place: Place, *, newest: bool) -> Bounds:
    """Where the hits behind a place can be."""
    instant = datetime.fromtimestamp(place[0], UTC)
    return Bounds(until=instant + timedelta(seconds=1)) if newest else Bounds(since=instant)


def _foreign() -> SearchError:
    return SearchError("This cursor continues another kind of question.", hint="Ask without it.")
