"""When a client has read an order to wait, where calls go out side by side: only what it sends later is disobedience.

An answer with the order may lie behind megabytes, and its reader may be busy: neither its time of sending nor that of
the next call says whether the client knew. So behind each such answer it is asked for the state of that message
(`msgs_state_req`). It answers at once, behind whatever it had handed to the line before, and the id of its answer is
the moment of reading by its own clock. A client that never answers is judged by the time of the order.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

V = TypeVar("V")

SLACK = 0.25
"""Seconds that a busy client may need between reading an order and its next decision."""


@dataclass(eq=False)
class Order(Generic[V]):
    """One order to wait, and the calls that came before its end."""

    when: float  # world's time
    name: str
    read: float = math.inf  # when the client had read it
    unanswered: int = 0  # lines that brought it, are open and have not said that it was read
    early: list[tuple[float, float, V]] = field(default_factory=list)  # when sent, how long after the order, what it is

    def note_early(self, sent: float, since: float, what: V) -> None:
        if sent > self.read + SLACK or math.isinf(self.read):
            self.early.append((sent, since, what))

    def note_read(self, moment: float) -> None:
        self.read = min(self.read, moment)
        self.early = [one for one in self.early if one[0] > self.read + SLACK]

    def blamed(self, grace: float) -> list[V]:
        """What was sent although the order was known; of a silent client, what came more than `grace` seconds later."""
        if not math.isinf(self.read):
            return [what for _, _, what in self.early]
        return [what for _, since, what in self.early if since > grace and self.unanswered]


class Receipts:
    """What the client of one connection says that it has read, and when it sent what, as our clock has it."""

    def __init__(self) -> None:
        self._behind = math.inf  # least seconds between the id of a message and its arrival
        self._asked: dict[int, Order[Any]] = {}
        self._closed = False

    def sent_at(self, msg_id: int) -> float:
        moment = (msg_id >> 32) + min((msg_id & 0xFFFFFFFF) / 4e9, 1.0)  # nanoseconds in the upper 30 bits
        self._behind = min(self._behind, time.time() - moment)
        return moment + self._behind

    def expect(self, asked: int, order: Order[Any]) -> None:
        if not self._closed:
            self._asked[asked] = order
            order.unanswered += 1

    def note(self, msg_id: int, asked: int) -> None:
        """The client answers for what it was asked by this message."""
        if (order := self._asked.pop(asked, None)) is not None:
            order.unanswered -= 1
            order.note_read(self.sent_at(msg_id))

    def close(self) -> None:
        self._closed = True
        for order in self._asked.values():
            order.unanswered -= 1
        self._asked.clear()
