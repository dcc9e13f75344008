"""Groups hits that are copies of one another: `search --collapse`.

Two messages are copies if one was forwarded from the other, if both were forwarded from the same message, or if their
texts are equal, or equal after folding (`normalize.fold`) and long enough for that not to be chance. Copies of copies
belong together. A *group* is all copies among the hits of a question, at the position of its earliest message; copies
that do not match the question (another channel, another day) are not counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

import orjson

from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_originals
from search.engine.page import Position, format_position, parse_position
from search.engine.protocol import Engine, Hit, Question
from search.text.normalize import fold

LONG_ENOUGH = 24
"""Minimum letters and digits of a text; shorter ones are equal by chance."""
_PAGE = 1000

CopyKey: TypeAlias = Hashable
"""What copies share: the key of a message, or a text."""


@dataclass(slots=True)
class CopyGroup:
    """Messages that are copies of one another."""

    hits: list[Hit] = field(default_factory=list)
    """Earliest first."""

    @property
    def position(self) -> Position:
        """The position of its earliest message."""
        return self.hits[0].position


async def group_copies(conn: Connection, engine: Engine, question: Question) -> list[CopyGroup]:
    """Return all groups in the order of the question: by their earliest hit, or by their best one."""
    keys = _Sets()
    found: dict[Hit, CopyKey] = {}
    asked = replace(question, limit=_PAGE, cursor=None)
    while True:
        answer = await engine.search(asked)
        held = await read(conn, list_originals, [hit.key for hit in answer.hits])
        for hit in answer.hits:
            if hit.key in held:
                found[hit] = keys.join([hit.key, *copy_keys(*held[hit.key])])
        if answer.cursor is None:
            break
        asked = replace(asked, cursor=answer.cursor)
    groups: dict[CopyKey, CopyGroup] = {}
    for hit, key in found.items():
        groups.setdefault(keys.find(key), CopyGroup()).hits.append(hit)
    for group in groups.values():
        group.hits.sort(key=attrgetter("position"))
    ordered = list(groups.values())  # by their best hits
    if question.sort != "relevance":
        ordered.sort(key=lambda group: group.position, reverse=question.sort == "newest")
    return ordered


def list_after(groups: list[CopyGroup], cursor: str) -> list[CopyGroup]:
    """List the groups after the cursor's; none if that is gone. Raises SearchError for the cursor of another query."""
    place = parse_position(cursor)
    at = next((at for at, group in enumerate(groups) if group.position == place), len(groups))
    return groups[at + 1 :]


def write_cursor(group: CopyGroup) -> str:
    """Return the cursor that continues after a group."""
    return format_position(group.position)


def copy_keys(text: str, fwd_from: str | None) -> Iterable[CopyKey]:
    """Yield what a message shares with its copies."""
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
    """Disjoint sets of equivalent keys (union-find), each represented by one of its keys."""

    def __init__(self) -> None:
        self._above: dict[CopyKey, CopyKey] = {}

    def find(self, key: CopyKey) -> CopyKey:
        """The representative of the item's set."""
        way = [key]
        while (above := self._above.get(way[-1], way[-1])) != way[-1]:
            way.append(above)
        for one in way:
            self._above[one] = way[-1]
        return way[-1]

    def join(self, keys: Iterable[CopyKey]) -> CopyKey:
        """Make one set of the sets of all these."""
        first, *others = (self.find(key) for key in keys)
        for other in others:
            self._above[other] = first
        return first
