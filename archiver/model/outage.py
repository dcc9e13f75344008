"""What is said of accounts that lose the server, and find it again. Pure."""

from __future__ import annotations

from collections.abc import Mapping

LONG = 20.0
"""Seconds without a connection before it is worth a word; one that was never made is told at once."""


class Outages:
    """Which accounts were said to be offline: each outage is told once, and so is its end."""

    def __init__(self) -> None:
        """None so far."""
        self._told: dict[str, float] = {}

    def note(self, accounts: Mapping[str, Mapping[str, object]], now: float) -> list[str]:
        """What to say of the accounts as `Service.describe` has them."""
        said = []
        for name, account in accounts.items():
            since, trouble = account["offline_since"], account["trouble"]
            if not isinstance(since, (int, float)):
                if name in self._told:
                    said.append(f"account {name} is connected again, after {now - self._told.pop(name):.0f} s")
            elif trouble and name not in self._told and (account["heard_at"] is None or now - since >= LONG):
                self._told[name] = since
                said.append(f"account {name} is offline: {trouble} Mirroring resumes once it is connected.")
        return said
