"""How the index stands, for people and as JSON: what `status` and `index status` say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from archiver.row import iso
from archiver.store.database import Database, Writer
from archiver.store.indexing import Standing, count_aside, count_walk, get_standing
from archiver.store.outbox import Waiting, measure
from config.settings import Meilisearch


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStanding:
    """What the archive knows of its index."""

    name: str
    standing: Standing
    waiting: Waiting
    again: int
    """Messages that it lost, or of channels that it lost, and that are sent again."""
    left: int
    """Messages that a rebuild has still to send."""
    aside: int

    def describe(self, now: float) -> str:
        """One line."""
        standing, parts = self.standing, []
        if self.waiting.messages:
            age = max(0, int(now - (self.waiting.since or now)))
            parts.append(f"{self.waiting.messages:,} messages wait, the oldest for {age} s")
        if self.again:
            parts.append(f"{self.again:,} are sent again")
        if standing.rebuild:
            parts.append(f"it is built anew ({standing.rebuild}, {self.left:,} left)")
        if self.aside:
            parts.append(f"{self.aside:,} set aside (`telekeep index status` names them)")
        if standing.success_at:
            parts.append(f"last success {iso(standing.success_at)}")
        reason = f": {standing.reason}" if standing.reason else ""
        since = f" since {iso(standing.since)}" if standing.state != "following" and standing.since else ""
        state = "never filled yet" if standing.state == "unused" else f"{standing.state}{since}"
        return f"index {self.name}: {'; '.join([state, *parts])}{reason}"

    def as_object(self, now: float) -> dict[str, Any]:
        """The same as JSON."""
        standing, since = self.standing, self.waiting.since
        return {
            "name": self.name,
            "state": standing.state,
            "reason": standing.reason,
            "since": iso(standing.since),
            "waiting": self.waiting.messages,
            "oldest_waiting_at": iso(since),
            "oldest_age": None if since is None else max(0, int(now - since)),
            "again": self.again,
            "set_aside": self.aside,
            "rebuild": standing.rebuild,
            "rebuild_left": self.left if standing.rebuild else None,
            "last_success_at": iso(standing.success_at),
        }


async def read_index(database: Database, settings: Meilisearch) -> IndexStanding | None:
    """How the index stands; None when no Meilisearch is set up."""
    if not settings.url:
        return None

    def act(conn: Writer) -> IndexStanding:
        return IndexStanding(
            name=settings.index,
            standing=get_standing(conn),
            waiting=measure(conn),
            again=count_walk(conn, settings.index),
            left=count_walk(conn, f"{settings.index}_next"),
            aside=sum(count_aside(conn).values()),
        )

    return await database.read(act)
