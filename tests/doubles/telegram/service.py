"""Messages of the protocol itself: acknowledgements, the state of messages, sending again, dropped answers.

https://core.telegram.org/mtproto/service_messages and
https://core.telegram.org/mtproto/service_messages_about_messages
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from telethon.tl import functions as fn
from telethon.tl import types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.doubles.telegram.conn import Connection

_KEPT = 64  # messages of each side, by session
_UNKNOWN, _MISSED, _TO_COME, _RECEIVED = 1, 2, 3, 4
_ACKNOWLEDGED, _NEEDS_NO_ACK, _IS_QUERY, _IS_ANSWERED = 8, 16, 32, 64


class Sent(NamedTuple):
    """A message as it went out, that it may go out again."""

    msg_id: int
    seqno: int
    body: bytes


@dataclass
class Memory:
    """What one session remembers of its messages."""

    received: OrderedDict[int, int] = field(default_factory=OrderedDict)  # of the client: id -> its state
    sent: OrderedDict[int, Sent] = field(default_factory=OrderedDict)  # of ours, until they are acknowledged
    dropped: set[int] = field(default_factory=set)  # queries whose answer is not wanted any more

    def note_received(self, msg_id: int, *, content: bool) -> None:
        self.received[msg_id] = _RECEIVED | (0 if content else _NEEDS_NO_ACK)
        if len(self.received) > _KEPT:
            self.received.popitem(last=False)

    def note_query(self, msg_id: int) -> None:
        self.received[msg_id] = self.received.get(msg_id, _RECEIVED) | _IS_QUERY

    def note_answered(self, msg_id: int) -> None:
        if msg_id in self.received:
            self.received[msg_id] |= _IS_ANSWERED | _ACKNOWLEDGED

    def note_sent(self, sent: Sent) -> None:
        self.sent[sent.msg_id] = sent
        if len(self.sent) > _KEPT:
            self.sent.popitem(last=False)

    def is_running(self, msg_id: int) -> bool:
        """Whether it is a query that has no answer yet."""
        return self.received.get(msg_id, 0) & (_IS_QUERY | _IS_ANSWERED) == _IS_QUERY

    def states(self, msg_ids: Iterable[int]) -> bytes:
        """A byte for each of the client's messages."""
        lowest, highest = min(self.received, default=0), max(self.received, default=0)

        def state(msg_id: int) -> int:
            if msg_id in self.received:
                return self.received[msg_id]
            return _TO_COME if msg_id > highest else _UNKNOWN if msg_id < lowest else _MISSED

        return bytes(map(state, msg_ids))


def handle(conn: Connection, msg_id: int, request: Any) -> bool:
    """Answer a message of the protocol itself. True when this was one."""
    memory = conn.memory
    if isinstance(request, types.MsgsAck):
        for one in request.msg_ids:
            memory.sent.pop(one, None)
    elif isinstance(request, types.MsgsStateInfo):
        conn.receipts.note(msg_id, request.req_msg_id)
    elif isinstance(request, types.MsgsAllInfo | types.HttpWait):
        pass  # nothing was asked, and http_wait means something over HTTP only
    elif isinstance(request, fn.PingRequest | fn.PingDelayDisconnectRequest):
        conn.send(types.Pong(msg_id, request.ping_id)._bytes(), content=False)
    elif isinstance(request, fn.GetFutureSaltsRequest):
        conn.send(conn.future_salts(msg_id, request.num)._bytes(), content=False)
    elif isinstance(request, fn.DestroySessionRequest):
        _destroy(conn, request.session_id)
    elif isinstance(request, types.MsgsStateReq):
        conn.send(types.MsgsStateInfo(msg_id, memory.states(request.msg_ids))._bytes(), content=False)
    elif isinstance(request, types.MsgResendReq):
        _send_again(conn, msg_id, request.msg_ids)
    elif isinstance(request, fn.RpcDropAnswerRequest):
        _drop_answer(conn, msg_id, request.req_msg_id)
    else:
        return False
    return True


def _destroy(conn: Connection, session_id: int) -> None:
    others = [c for c in conn.server.connections if c is not conn and c.session_id == session_id]
    kind = types.DestroySessionOk if others else types.DestroySessionNone
    conn.send(kind(session_id)._bytes(), content=False)
    for other in others:
        other.wants_updates = False


def _send_again(conn: Connection, msg_id: int, wanted: list[int]) -> None:
    """The messages themselves; where one is forgotten, or the client's own, the state of all."""
    memory = conn.memory
    if all(one in memory.sent for one in wanted):
        for one in wanted:
            conn.send_again(memory.sent[one])
    else:
        conn.send(types.MsgsStateInfo(msg_id, memory.states(wanted))._bytes(), content=False)


def _drop_answer(conn: Connection, msg_id: int, asked: int) -> None:
    """A query that is still worked at is answered that it was dropped, too."""
    if not conn.memory.is_running(asked):
        conn.answer(msg_id, types.RpcAnswerUnknown()._bytes())
        return
    conn.answer(asked, types.RpcAnswerDroppedRunning()._bytes())
    conn.memory.dropped.add(asked)
    conn.answer(msg_id, types.RpcAnswerDroppedRunning()._bytes())
