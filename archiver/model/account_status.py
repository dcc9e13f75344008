"""What an account is doing, as the running service reports it in the archive, to systemd and over HTTP. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import orjson

ACTIVITIES: Final = ("starting", "mirroring", "offline", "waiting", "silent")
"""Values of `AccountStatus.state`. waiting: the server ordered a flood wait; silent: connected, but no answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatus:
    """One account's status; the fields are the keys of the JSON. Times are unix seconds."""

    state: str = "starting"
    """One of ACTIVITIES."""
    offline_since: float | None = None
    trouble: str | None = None
    """Why it is offline."""
    flood_wait: float = 0.0
    """Seconds left of the longest flood wait."""
    clock_ahead: float | None = None
    """Seconds by which this machine's clock is ahead of the server's."""
    heard_at: float | None = None
    """When the server last reported the state of channels."""
    filling: int = 0
    """Channels with history to fetch."""
    due: int = 0
    """Channels with changes to fetch."""


def write_statuses(statuses: Mapping[str, AccountStatus]) -> str:
    """Write the status of each account, by label, as JSON."""
    return orjson.dumps(statuses).decode()


def read_statuses(text: str) -> dict[str, AccountStatus]:
    """Read what `write_statuses` wrote; another version may have written other fields."""
    known = {field.name for field in fields(AccountStatus)}
    return {
        label: AccountStatus(**{key: value for key, value in status.items() if key in known})
        for label, status in orjson.loads(text).items()
    }
