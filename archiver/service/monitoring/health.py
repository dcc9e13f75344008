"""Whether mirroring is really going on: the one verdict of `telekeep health` and of the service's /health. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from archiver.model.row import iso

SILENT = 60.0
"""Seconds without a sign of life after which the service hangs, or cannot write."""


_NAMED = 5
"""Channels that a sentence names."""
_STATES = {"inaccessible": "private", "banned": "banned or gone", "needs_newer_layer": "of a newer layer"}


class UnreadableChannel(NamedTuple):
    """A channel that cannot be read at present."""

    name: str
    state: str
    since: int | None
    """Of the state, unix seconds."""
    aside_until: int | None

    def __str__(self) -> str:
        if self.state in _STATES:
            return f"{self.name} {_STATES[self.state]}{f' since {iso(self.since)}' if self.since else ''}"
        return f"{self.name} set aside until {iso(self.aside_until)}"


class Verdict(NamedTuple):
    """How mirroring is: what keeps it from going on, and what is missing although it goes on."""

    troubles: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 all is well, 3 not all channels are mirrored, 2 mirroring does not go on."""
        return 2 if self.troubles else 3 if self.partly else 0

    @property
    def state(self) -> str:
        """In a word."""
        return {0: "well", 2: "failing", 3: "partly"}[self.exit_status]


class ChannelCounts(NamedTuple):
    """An account's channels."""

    channels: int
    aside: int
    """Those of them that cannot be read at present."""


def judge(
    accounts: Mapping[str, Mapping[str, Any]],
    counts: Mapping[str, ChannelCounts],
    unread: Sequence[UnreadableChannel],
    *,
    beat_age: float,
) -> Verdict:
    """The verdict on all: on the accounts as `find_troubles` knows them, and on each channel."""
    return Verdict(find_troubles(accounts, counts, beat_age=beat_age), describe_unreadable(counts, unread))


def describe_unreadable(counts: Mapping[str, ChannelCounts], unread: Sequence[UnreadableChannel]) -> tuple[str, ...]:
    """The sentence about channels that are not mirrored although others are; empty: there are none."""
    if not unread:
        return ()
    channels = sum(count.channels for count in counts.values())
    more = f", and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
    named = ", ".join(str(one) for one in unread[:_NAMED])
    return (f"{channels - len(unread)} of {_channels(channels)}; {named}{more}.",)


def find_troubles(
    accounts: Mapping[str, Mapping[str, Any]], counts: Mapping[str, ChannelCounts], *, beat_age: float
) -> tuple[str, ...]:
    """What keeps channels from being mirrored, a sentence each; empty: all is well.

    `accounts`: what each account at work is at, as the service says it; `beat_age`: how many seconds ago it said so.
    """
    if beat_age > SILENT:
        return (f"the service gave no sign for {beat_age:.0f} s: it hangs, or cannot write into the archive.",)
    if not accounts and not counts:
        return ("no account is at work.",)
    return tuple(_look(accounts, counts))


def _look(accounts: Mapping[str, Mapping[str, Any]], counts: Mapping[str, ChannelCounts]) -> Iterator[str]:
    for name in sorted({*accounts, *counts}):
        count, account = counts.get(name, ChannelCounts(0, 0)), accounts.get(name)
        if account is None:
            yield f"account {name} is not at work, and {_channels(count.channels)} wait for it."
        elif account.get("state") != "mirroring":
            yield _say_state(name, account)
        elif count.channels and count.aside == count.channels:
            yield f"account {name} can read none of its {_channels(count.channels)} at present."


def _say_state(name: str, account: Mapping[str, Any]) -> str:
    since = f" since {iso(int(account['offline_since']))}" if account.get("offline_since") else ""
    why = f": {str(account['trouble']).rstrip('.')}" if account.get("trouble") else ""
    if account.get("state") == "waiting":
        why = f": the server ordered a flood wait, {account.get('flood_wait', 0):.0f} s of which are left"
    return f"account {name} is {account.get('state') or 'starting'}{since}{why}."


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"
