"""The state of the index, as text and as JSON, for `status` and `index status`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from archiver.cli.view import figures
from archiver.cli.view.moments import Moments
from archiver.index.expectation import Expectation, read_expectation
from archiver.model.iso_time import iso
from archiver.store.database import Database, Reader
from archiver.store.index.index_home import list_channels_at
from archiver.store.index.index_node import NodeState, NodeStatus, get_node_status
from archiver.store.index.index_rejected import count_rejected
from archiver.store.index.index_walk import count_walk
from archiver.store.index.outbox import Waiting, measure
from search.meili.routing import node_name

if TYPE_CHECKING:
    from config.settings import MeilisearchSettings
    from search.errors import ServerError
    from search.meili.node import Node
    from search.meili.tally import DocumentTally

CHECK_TIMEOUT: Final = 1.0
"""Timeout in seconds for a server's answer to `status`."""
_SUMS: Final = (
    "waiting", "again", "lacking", "rejected", "set_aside", "channels_coming", "channels_going", "documents",
    "tasks_waiting",
)  # fmt: skip


_SEEN: Final[Mapping[str, str]] = {"unreachable": "not reachable now", "refused": "it refuses the request now"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """The state of the index on one node, as noted in the archive and as its server answers."""

    name: str
    node: str
    alone: bool
    """Whether it is the only node."""
    coming: int
    """Channels that it does not serve yet."""
    going: int
    """Channels to be removed from it."""
    standing: NodeStatus
    waiting: Waiting
    again: int
    """Messages sent again, because it lost them or their channels."""
    reached: bool | None = None
    """Whether the server answers now; None: not asked."""
    trouble: str | None = None
    """The error of the server, or why it is unreachable."""
    seen: NodeState | None = None
    """The state implied by that error, if it is news."""
    left: int
    """Messages that a rebuild still has to send."""
    rejected: int
    expected: Expectation
    documents: int | None = None
    """Documents that its server counts now; None: not asked."""
    tally: DocumentTally | None = None
    """Expected documents on the server by channel and by day; None if not counted."""

    @property
    def reason(self) -> str | None:
        """Why it is in this state; what was noted counts unless its server says otherwise now."""
        return self.trouble or (None if self.seen else self.standing.reason)

    @property
    def lacking(self) -> int | None:
        """Documents that it lost: it was emptied, or deleted and made again."""
        return None if self.documents is None else self.expected.count_lacking(self.documents, self.tally)

    @property
    def compared(self) -> str | None:
        """How its documents were counted; None if they were not."""
        if self.documents is None or self.tally is None:
            return None if self.documents is None else "total"
        return "channels, days" if self.expected.days and self.tally.days else "channels"

    def with_trouble(self, error: ServerError) -> IndexStatus:
        """A copy updated by the error that the server gives now."""
        from archiver.index.node_state import node_state_after
        from search.errors import IndexMissing, ServerUnreachable

        if isinstance(error, IndexMissing) and self.standing.success_at is None:  # it is created on the first batch
            return replace(self, reached=True, seen=None if self.standing.state == "unused" else "unused")
        noted, now = self.standing.state, node_state_after(error)
        outranks = noted in ("following", "unused") or now in ("unreachable", "refused")
        seen = now if outranks and now != noted else None
        return replace(self, reached=not isinstance(error, ServerUnreachable), trouble=str(error), seen=seen)

    def oldest_age(self, now: float) -> float:
        """Seconds that the oldest waiting message has waited."""
        return max(0.0, now - self.waiting.since) if self.waiting.since is not None else 0.0

    def describe(self, moments: Moments) -> str:
        """Describe the state in one line."""
        reason = f": {self.reason}" if self.reason else ""
        where = "" if self.alone else f" at {self.node}"
        parts = [self._describe_state(moments), *self._describe_work(moments)]
        return f"index {self.name}{where}: {'; '.join(parts)}{reason}"

    def _describe_work(self, moments: Moments) -> Iterator[str]:
        standing = self.standing
        if waiting := self.waiting.messages:
            wait = "waits" if waiting == 1 else "wait"
            age = figures.duration(self.oldest_age(moments.now))
            yield f"{figures.count(waiting, 'message')} {wait}, the oldest for {age}"
        if self.again:
            yield f"{figures.count(self.again, 'message')} sent again"
        if self.lacking:
            yield f"{figures.count(self.lacking, 'message')} missing in it (`telekeep index verify` sends them again)"
        if self.coming or self.going:
            yield f"{figures.count(self.coming, 'channel')} moving in, {self.going:,} out"
        if standing.rebuild:
            yield f"rebuild in progress ({standing.rebuild}, {self.left:,} left)"
        if self.rejected:
            yield f"{figures.count(self.rejected, 'message')} rejected (`telekeep index status` lists them)"
        if standing.success_at:
            yield f"last {'reached' if self.reached is False else 'success'} {moments.at(standing.success_at)}"

    def _describe_state(self, moments: Moments) -> str:
        """The state noted when the index was last filled, unless the server says otherwise now."""
        state, since = self.standing.state, self.standing.since
        if (self.seen or state) == "unused":
            return "not filled yet"
        if self.seen:
            return _SEEN.get(self.seen, "it answers with an error")
        noted = f"{state} since {moments.at(since)}" if state != "following" and since else state
        again = state in ("unreachable", "refused") and self.reached and not self.trouble
        return f"{noted}, answers again" if again else noted

    def as_object(self, now: float) -> dict[str, Any]:
        """As JSON."""
        standing, since = self.standing, self.waiting.since
        state = self.seen or standing.state
        return {
            "name": self.name,
            "node": self.node,
            "state": state,
            "reason": self.reason,
            "reached": self.reached,
            "since": iso(standing.since) if state == standing.state != "unused" else None,
            "waiting": self.waiting.messages,
            "oldest_waiting_at": iso(since),
            "oldest_age": None if since is None else max(0, int(now - since)),
            "again": self.again,
            "lacking": self.lacking,
            "compared": self.compared,
            "rejected": self.rejected,
            "set_aside": self.rejected,
            "channels_coming": self.coming,
            "channels_going": self.going,
            "rebuild": standing.rebuild,
            "rebuild_left": self.left if standing.rebuild else None,
            "last_success_at": iso(standing.success_at),
        }


def sum_up(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Summarise the index: sums, the oldest waiting message and the worst state; every node is in `nodes`."""
    worst = min(found, key=lambda one: (one["state"] == "following", one["reached"] is not False))
    whole = dict(worst) | {name: sum(one[name] or 0 for one in found) for name in _SUMS if name in worst}
    waits = [one["oldest_waiting_at"] for one in found if one["oldest_waiting_at"]]
    ages = [one["oldest_age"] for one in found if one["oldest_age"] is not None]
    rebuilding = next((one for one in found if one["rebuild"]), worst)
    whole |= {
        "oldest_waiting_at": min(waits, default=None),
        "oldest_age": max(ages, default=None),
        "rebuild": rebuilding["rebuild"],
        "rebuild_left": sum(one["rebuild_left"] or 0 for one in found) if rebuilding["rebuild"] else None,
    }
    whole["states"] = dict(Counter(one["state"] for one in found))
    del whole["node"]
    return {**whole, "nodes": list(found)}


async def read_index(database: Database, settings: MeilisearchSettings, *, by_day: bool = False) -> list[IndexStatus]:
    """Read the state of the index by node; empty if no Meilisearch is configured.

    `by_day`: count messages per day too, where that is cheap.
    """
    names = [node_name(url) for url in settings.addresses]

    def act(conn: Reader) -> list[IndexStatus]:
        return [
            IndexStatus(
                name=settings.index,
                node=node,
                alone=len(names) == 1,
                coming=len(list_channels_at(conn, node, "wanted", "filling")),
                going=len(list_channels_at(conn, node, "leaving")),
                standing=get_node_status(conn, node, settings.index),
                waiting=_add(measure(conn, node), measure(conn, "") if node == names[0] else None),
                again=count_walk(conn, node, settings.index),
                left=count_walk(conn, node, f"{settings.index}_next"),
                rejected=sum(count_rejected(conn, node).values()),
                expected=read_expectation(conn, node, settings.index, by_day=by_day),
            )
            for node in names
        ]

    return await database.read(act)


async def check_servers(found: Sequence[IndexStatus], settings: MeilisearchSettings) -> list[IndexStatus]:
    """Copies updated by whether each server answers now."""
    if not found:
        return []
    from archiver.compose.index import closing
    from search.meili.node import Node

    key = settings.api_key or settings.search_key
    secret = key.get_secret_value() if key else None
    opened = [Node(url, secret, index=settings.index, seconds=CHECK_TIMEOUT) for url in settings.addresses]
    async with closing(opened) as nodes:
        return list(await asyncio.gather(*map(_check, found, nodes)))


async def _check(one: IndexStatus, node: Node) -> IndexStatus:
    """A copy with the server's counts, or with the reason why there are none."""
    from search.errors import ServerError

    try:
        return await with_counts(replace(one, reached=True), node, (await node.stats()).documents)
    except ServerError as error:
        return one.with_trouble(error)


async def with_counts(one: IndexStatus, node: Node, documents: int) -> IndexStatus:
    """A copy with the number of documents on the server, by channel where the server supports it."""
    from search.meili.tally import count_documents

    return replace(one, documents=documents, tally=await count_documents(node, one.expected.channels))


def _add(one: Waiting, other: Waiting | None) -> Waiting:
    """Add up what waits for the first node and what waits for no node yet."""
    if other is None or not other.messages:
        return one
    return Waiting(one.messages + other.messages, min(since for since in (one.since, other.since) if since is not None))
