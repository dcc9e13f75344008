"""A loopback server that remembers what it has told, and of that what the client must have stored.

Of flood waits too: one that never arrived, because the line broke or the client died at that moment, binds nobody.

A client asks for the differences of a channel one after the other, and each from the pts that it has stored. So when it
asks from the pts with which an answer ended, it has stored that answer, whatever happened to it in between: crashes,
answers that were lost on the way, restarts.
"""

from __future__ import annotations

import time
import weakref
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from telethon.tl import types

from tests.doubles.telegram.conn import Connection
from tests.doubles.telegram.faults import Plan
from tests.doubles.telegram.post import Post, Snapshot
from tests.doubles.telegram.rpc import Call
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import World

PAGE = 100
MOMENT = 0.3
"""Real seconds that an order is on its way until the client has written it down, at most."""
Content = tuple[int, str]
"""A message's id, and what it said."""


@dataclass(frozen=True)
class _Answer:
    pts: int
    contents: frozenset[Content]


class TellingServer(Server):
    """`stored`: channel -> the contents that the client has acknowledged by asking for what comes after them."""

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(world, **options)
        self.stored: dict[int, set[Content]] = defaultdict(set)
        self._told: dict[int, _Answer | None] = {}
        self._spoiled = False
        self._ordered: dict[tuple[int | None, str], float] = {}
        """Account and method -> when a flood wait was last ordered, in real time."""
        self._broken: weakref.WeakSet[Connection] = weakref.WeakSet()
        """Connections on which a client has been told, or left to see, that nothing more comes."""

    def forgive(self, moment: float | None = None) -> None:
        """Whoever should have heard of the orders that were on their way then has not."""
        since = (time.monotonic() if moment is None else moment) - MOMENT
        for key, ordered in self._ordered.items():
            if ordered > since:
                self.faults.until.pop(key, None)

    async def _planned(self, conn: Connection, msg_id: int, seqno: int, call: Call, plan: Plan) -> None:
        if plan.flood is not None:
            self._ordered[call.account, call.method] = time.monotonic() + plan.delay
        await super()._planned(conn, msg_id, seqno, call, plan)
        if plan.flood is not None and conn in self._broken:
            self.faults.until.pop((call.account, call.method), None)
        broken = plan.drop or plan.transport is not None or plan.half is not None or plan.cut is not None
        if broken:
            self._broken.add(conn)
        told = plan.error is not None and plan.error[1].startswith("FLOOD_WAIT") and plan.refuse is None
        if broken or (plan.flood is not None and (plan.hang or not told)):
            self.forgive()

    def _run(self, conn: Connection, call: Call, plan: Plan | None = None) -> bytes:
        if call.method == "updates.getChannelDifference":
            channel_id = getattr(call.request.channel, "channel_id", 0)
            told = self._told.get(channel_id)
            if told is not None and told.pts == call.request.pts:
                self.stored[channel_id] |= told.contents
        self._spoiled = plan is not None and (plan.unknown == "vector" or plan.empty)
        return super()._run(conn, call, plan)

    def _invoke(self, conn: Connection, auth: Any, call: Call) -> Any:
        result = super()._invoke(conn, auth, call)
        if isinstance(result, types.updates.ChannelDifference):
            shown = [*result.new_messages, *(getattr(update, "message", None) for update in result.other_updates)]
            self._told[call.request.channel.channel_id] = self._answer(result.pts, shown)
        elif call.method == "updates.getChannelDifference":
            self._told[call.request.channel.channel_id] = None
        elif call.method == "messages.getHistory" and call.request.offset_id == 0:
            # The first page of a walk: it is stored with its pts. Any other look at the newest messages is none.
            whole = call.request.limit == PAGE and isinstance(result, types.messages.ChannelMessages)
            answer = self._answer(result.pts, result.messages) if whole else None
            self._told[call.request.peer.channel_id] = answer
        return result

    def _answer(self, pts: int, shown: list[Any]) -> _Answer | None:
        """None for an answer with something in it that cannot be read: it is stored in part, or not at all."""
        if self._spoiled or any(isinstance(one, Post) and one.newer_layer for one in shown):
            return None
        messages = [one.message for one in shown if isinstance(one, Post | Snapshot)]
        return _Answer(pts, frozenset((m.id, m.message) for m in messages if isinstance(m, types.Message)))
