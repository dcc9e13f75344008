"""What may come of an attempt to connect, beside a client; and what lets an account in elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from archiver.errors import Unreachable
from archiver.telegram.data_centres import Place

FRESH = 60.0
"""Seconds for which a ticket is good at least; nobody says how long it is."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Lets the account in at another data centre, once; from auth.exportAuthorization."""

    id: int
    bytes: bytes
    given_at: float = field(default_factory=time.monotonic)

    @property
    def is_old(self) -> bool:
        """Whether it may have run out, so that its refusal says nothing about another one."""
        return time.monotonic() > self.given_at + FRESH


class NoWay(Unreachable):
    """No other address would help."""


class UnknownKey(Unreachable):
    """-404."""


class Moved(NoWay):
    """The account is at home elsewhere."""

    def __init__(self, dc: int) -> None:
        super().__init__(
            f"the servers send this from one data centre to the other and back (last to {dc}).",
            hint="Nothing is lost; try again later.",
        )
        self.dc = dc


class AnotherDc(Unreachable):
    """What answers at a place says that it is another data centre."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"{place} says that it is another one.")
        self.place = place
