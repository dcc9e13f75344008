"""What the world knows of everybody's takeouts, see takeout.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.doubles.telegram.world import Account


@dataclass
class Takeouts:
    """What the world knows of everybody's takeouts."""

    open: dict[int, int] = field(default_factory=dict)  # account id -> takeout id
    begun: int = 0
    asked: list[Any] = field(default_factory=list)  # initTakeoutSession requests, refused ones too
    finished: list[bool] = field(default_factory=list)  # what each that was finished said of its success
    invalid: int = 0  # calls with an id that is not open
    refuse: dict[int, tuple[int, str]] = field(default_factory=dict)  # channel id -> the error within a takeout
    waits: dict[int, float] = field(default_factory=dict)  # account id -> seconds that its next init has to wait
    until: dict[int, float] = field(default_factory=dict)  # account id -> when it may begin

    def delay(self, account: Account, seconds: float) -> None:
        """The next init sends a service message to the account's devices, and has to wait from then on."""
        self.waits[account.id] = seconds

    def allow(self, account: Account) -> None:
        self.waits.pop(account.id, None)
        self.until.pop(account.id, None)

    def end(self, account: Account) -> None:
        self.open.pop(account.id, None)
