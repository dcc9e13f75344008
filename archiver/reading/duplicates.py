"""Hits gathered by what they are copies of: `search --collapse`.

Two messages are copies of each other when one was forwarded from the other, when both were forwarded from the same
message, when their texts are the same, or read alike (`normalize.fold`) and are long enough to mean something; and so
are copies of copies. A *group* is all copies among the hits of a question; it stands where its earliest message
stands. What does not satisfy the question (another channel, another day) is not counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

import orjson

from archiver.store.database import Connection, read
from archiver.store.rows import list_originals
from search.engine.page import Position, format_position, parse_position
from search.engine.protocol import Engine, Hit, Question
from search.text.normalize import fold

LONG_ENOUGH = 24
"""Letters and digits of a text: below, different people write alike by chance."""
_PAGE = 1000

Mark: TypeAlias = Hashable
"""What copies have in common: a message by its key, or a text."""


@dataclass(slots=True)
class Group:
    """Copies of one another."""

    hits: list[Hit] = field(default_factory=list)
    """The earliest first, when they are `ordered`."""

    @property
    def place(self) -> Position:
        """Where it stands: that of its earliest message."""
        return self.hits[0].position


async def gather(conn: Connection, engine: Engine, question: Question) -> list[Group]:
    """All groups, in the order of the question: by their earliest messages, or by their best ones."""
    marks = _Sets()
    found: dict[Hit, Mark] = {}
    asked = replace(question, limit=_PAGE, cursor=None)
    while True:
        answer = await engine.search(asked)
        held = await read(conn, list_originals, [hit.key for hit in answer.hits])
        for hit in answer.hits:
            if hit.key in held:
                found[hit] = marks.join([hit.key, *_marks(*held[hit.key])])
        if answer.cursor is None:
            break
        asked = replace(asked, cursor=answer.cursor)
    groups: dict[Mark, Group] = {}
    for hit, mark in found.items():
        groups.setdefault(marks.find(mark), Group()).hits.append(hit)
    for group in groups.values():
        group.hits.sort(key=attrgetter("position"))
    ordered = list(groups.values())  # by their best hits
    if question.sort != "relevance":
        ordered.sort(key=lambda group: group.place, reverse=question.sort == "newest")
    return ordered


def behind(groups: list[Group], cursor: str) -> list[Group]:
    """Those behind the group that a cursor names; none when it has gone. Raises SearchError for another's cursor."""
    place = parse_position(cursor)
    at = next((at for at, group in enumerate(groups) if group.place == place), len(groups))
    return groups[at + 1 :]


def write_cursor(group: Group) -> str:
    """The cursor behind a group."""
    return format_position(group.place)


def _marks(text: str, fwd_from: str | None) -> Iterable[Mark]:
    if fwd_from is not None:
        origin = orjson.loads(fwd_from)
        peer = origin.get("from_id") or {}
        if peer.get("type") == "channel" and origin.get("channel_post"):
            yield (peer["id"], origin["channel_post"])
    if text:
        yield f"={text}"
    folded = fold(text)
    if len(folded) - folded.count(" ") >= LONG_ENOUGH:
        yield " ".join(folded.split())


class _Sets:
    """Which marks mean the same: a union of sets, each known by one of its marks."""

    def __init__(self) -> None:
        self._above: dict[Mark, Mark] = {}

    def find(self, mark: Mark) -> Mark:
        """The mark by which the set of this one is known."""
        way = [mark]
        while (above := self._above.get(way[-1], way[-1])) != way[-1]:
            way.append(above)
        for one in way:
            self._above[one] = way[-1]
        return way[-1]

    def join(self, marks: Iterable[Mark]) -> Mark:
        """Make one set of the sets of all these."""
        first, *others = (self.find(mark) for mark in marks)
        for other in others:
            self._above[other] = first
        return first
