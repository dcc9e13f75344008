"""The verdict on whether the service really mirrors, for `telekeep health` and for the /health page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archiver.duration import in_words
from archiver.model.account_status import AccountStatus
from archiver.model.iso_time import iso

SILENT = 60.0
"""Seconds without a heartbeat after which the service counts as hung, or unable to write."""
_NAMED = 5
"""Maximum number of channels that a sentence names."""
_STATES = {"inaccessible": "private", "banned": "banned or gone", "needs_newer_layer": "of a newer layer"}


class UnreadableChannel(NamedTuple):
    """A channel that currently cannot be read."""

    name: str
    state: str
    since: int | None
    """When it entered the state, unix seconds."""
    aside_until: int | None
    """When it is retried, unix seconds."""

    def __str__(self) -> str:
        if self.state in _STATES:
            return f"{self.name} {_STATES[self.state]}{f' since {iso(self.since)}' if self.since else ''}"
        return f"{self.name} retrying at {iso(self.aside_until)}"


class Verdict(NamedTuple):
    """What prevents mirroring, and which channels are left out although mirroring continues."""

    troubles: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """0: every channel is mirrored; 3: not every channel; 2: mirroring has stopped."""
        return 2 if self.troubles else 3 if self.partly else 0

    @property
    def state(self) -> str:
        """The verdict in one word."""
        return {0: "well", 2: "failing", 3: "partly"}[self.exit_status]


class ChannelCounts(NamedTuple):
    """Number of an account's channels."""

    channels: int
    aside: int
    """How many of them currently cannot be read."""


def judge(
    accounts: Mapping[str, AccountStatus],
    counts: Mapping[str, ChannelCounts],
    unread: Sequence[UnreadableChannel],
    *,
    beat_age: float,
) -> Verdict:
    """Judge the accounts (see `find_troubles`) and every channel."""
    return Verdict(find_troubles(accounts, counts, beat_age=beat_age), describe_unreadable(counts, unread))


def describe_unreadable(counts: Mapping[str, ChannelCounts], unread: Sequence[UnreadableChannel]) -> tuple[str, ...]:
    """Name the unreadable channels in one sentence; empty: every channel can be read."""
    if not unread:
        return ()
    channels = sum(count.channels for count in counts.values())
    more = f", and {len(unread) - _NAMED:,} more" if len(unread) > _NAMED else ""
    named = ", ".join(str(one) for one in unread[:_NAMED])
    return (f"{channels - len(unread)} of {_channels(channels)}; {named}{more}.",)


def find_troubles(
    accounts: Mapping[str, AccountStatus], counts: Mapping[str, ChannelCounts], *, beat_age: float
) -> tuple[str, ...]:
    """List what prevents channels from being mirrored, one sentence each; empty: nothing does.

    `accounts`: the last reported status of each active account; `beat_age`: seconds since that report.
    """
    if beat_age > SILENT:
        return (
            f"the service has had no heartbeat for {in_words(beat_age)}: it hangs, or cannot write to the archive.",
        )
    if not accounts and not counts:
        return ("no account is active.",)
    return tuple(_list_troubles(accounts, counts))


def _list_troubles(accounts: Mapping[str, AccountStatus], counts: Mapping[str, ChannelCounts]) -> Iterator[str]:
    for name in sorted({*accounts, *counts}):
        count, account = counts.get(name, ChannelCounts(0, 0)), accounts.get(name)
        if account is None:
            yield f"account {name} is not active, and {_channels(count.channels)} wait for it."
        elif account.state != "mirroring":
            yield _describe_state(name, account)
        elif count.channels and count.aside == count.channels:
            yield f"account {name} currently cannot read any of its {_channels(count.channels)}."


def _describe_state(name: str, account: AccountStatus) -> str:
    since = f" since {iso(int(account.offline_since))}" if account.offline_since else ""
    why = f": {account.trouble.rstrip('.')}" if account.trouble else ""
    if account.state == "waiting":
        why = f": the server ordered a flood wait, {in_words(account.flood_wait)} left"
    return f"account {name} is {account.state}{since}{why}."


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count:,} channels"
