"""Messages whose day is known but not their time, and which date filters outside UTC can miss.

Telegram Desktop's HTML gives service messages no time, so they are stored with one that lies within their day in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from archiver.model.particulars import find_posted_day
from archiver.model.row import StoredMessage
from archiver.store.database import Connection, Reader, read
from archiver.store.messages.rows import get_messages
from search.engine.protocol import Question
from search.query.dates import Bounds
from search.query.tree import And, Is, PostedWithin

_REACH: Final = timedelta(hours=14)
"""No time zone is further from UTC."""
_MOST: Final = 1000
"""Maximum number of service messages that are looked at on each side of the dates."""


async def list_missed_by_day(conn: Connection, question: Question, zone: tzinfo) -> list[StoredMessage]:
    """The messages whose day in this zone belongs to the dates, although their stored time does not.

    Dates in the query count if they limit all of it.
    """
    parts = question.tree.parts if isinstance(question.tree, And) else (question.tree,)
    within = question.bounds
    for part in parts:
        within = within.intersect(part.bounds) if isinstance(part, PostedWithin) else within
    beside = list(_beside(within))
    if not beside or not await read(conn, _has_imports):
        return []
    from search.exact.reader import ExactEngine  # most exports of a range need no search

    tree = And((*(part for part in parts if not isinstance(part, PostedWithin)), Is("service")))
    found: list[StoredMessage] = []
    for bounds in beside:
        asked = replace(question, tree=tree, bounds=bounds, limit=_MOST, cursor=None, sort="oldest", fuzzy=False)
        hits = (await ExactEngine(conn).search(asked)).hits
        held = await read(conn, get_messages, [hit.key for hit in hits])
        found += [one for one, _ in held.values() if _is_within(find_posted_day(one.extra), zone, within)]
    return found


def _beside(bounds: Bounds) -> Iterator[Bounds]:
    """What lies just before and just after the bounds."""
    if bounds.since is not None:
        yield Bounds(bounds.since - _REACH, bounds.since)
    if bounds.until is not None:
        yield Bounds(bounds.until, bounds.until + _REACH)


def _is_within(day: date | None, zone: tzinfo, bounds: Bounds) -> bool:
    if day is None:
        return False
    begin, end = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return (bounds.since is None or begin >= bounds.since) and (bounds.until is None or end <= bounds.until)


def _has_imports(conn: Reader) -> bool:
    return conn.execute("SELECT 1 FROM import_source LIMIT 1").fetchone() is not None
