"""Whether mirroring is really going on: the one verdict of `telekeep health` and of the service's /health. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from archiver.row import iso

SILENT = 60.0
"""Seconds without a sign of life after which the service hangs, or cannot write."""


class Load(NamedTuple):
    """An account's channels."""

    channels: int
    aside: int
    """Those of them that are set aside at present."""


def find_troubles(
    accounts: Mapping[str, Mapping[str, Any]], loads: Mapping[str, Load], *, beat_age: float
) -> tuple[str, ...]:
    """What keeps channels from being mirrored, a sentence each; empty: all is well.

    `accounts`: what each account at work is at, as the service says it; `beat_age`: how many seconds ago it said so.
    """
    if beat_age > SILENT:
        return (f"the service gave no sign for {beat_age:.0f} s: it hangs, or cannot write into the archive.",)
    if not accounts and not loads:
        return ("no account is at work.",)
    return tuple(_look(accounts, loads))


def _look(accounts: Mapping[str, Mapping[str, Any]], loads: Mapping[str, Load]) -> Iterator[str]:
    for name in sorted({*accounts, *loads}):
        load, account = loads.get(name, Load(0, 0)), accounts.get(name)
        if account is None:
            yield f"account {name} is not at work, and {_channels(load.channels)} wait for it."
        elif account.get("state") != "mirroring":
            yield _say_state(name, account)
        elif load.channels and load.aside == load.channels:
            yield f"account {name} can read none of its {_channels(load.channels)} at present."


def _say_state(name: str, account: Mapping[str, Any]) -> str:
    since = f" since {iso(int(account['offline_since']))}" if account.get("offline_since") else ""
    why = f": {str(account['trouble']).rstrip('.')}" if account.get("trouble") else ""
    if account.get("state") == "waiting":
        why = f": the server ordered a flood wait, {account.get('flood_wait', 0):.0f} s of which are left"
    return f"account {name} is {account.get('state') or 'starting'}{since}{why}."


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"
