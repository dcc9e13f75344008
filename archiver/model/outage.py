"""What to log about accounts that lose their connection, and about their return. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from archiver.model.account_status import AccountStatus

LONG = 20.0
"""Seconds offline before an outage is reported; a connection that never succeeded is reported at once."""


class Outages:
    """Reports each outage once, and its end once."""

    def __init__(self) -> None:
        self._reported: dict[str, float] = {}

    def note(self, accounts: Mapping[str, AccountStatus], now: float) -> list[str]:
        """Return the lines to log."""
        lines = []
        for name, account in accounts.items():
            since, trouble = account.offline_since, account.trouble
            if since is None:
                if name in self._reported:
                    lines.append(f"account {name} is connected again, after {now - self._reported.pop(name):.0f} s")
            elif trouble and name not in self._reported and (account.heard_at is None or now - since >= LONG):
                self._reported[name] = since
                lines.append(f"account {name} is offline: {trouble} Mirroring resumes once it is connected.")
        return lines
