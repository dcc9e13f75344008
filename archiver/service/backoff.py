"""How to back off from a channel that cannot be read: its state, and the delay before a retry. Pure but for jitter."""

from __future__ import annotations

import random

from archiver.errors import ChannelGone, ChannelInaccessible, Error, LoginNeeded, StaleAccess, UsageError
from archiver.store.channels.channel import ChannelState

_HOUR = 3600.0
_DAY = 24 * _HOUR

_BACKOFF: tuple[tuple[type[Error], float, float, float], ...] = (
    # error, seconds after the first failure, factor for each further one, maximum
    (ChannelGone, _HOUR, 5.0, 7 * _DAY),
    (ChannelInaccessible, 300.0, 3.0, _DAY),
    (StaleAccess, 300.0, 3.0, _DAY),
    (Error, 30.0, 2.0, 120.0),  # a server fault passes, but there is no telling when
)
_MOST_STEPS = 20
_JITTER = 1.2

ACCOUNT_ERRORS = (LoginNeeded, UsageError)
"""Errors that stop an account; any other concerns one channel, and the rest continue."""


def channel_state_after(error: Error) -> ChannelState | None:
    """Return the channel's state after this error; None if the error says nothing about the channel."""
    if isinstance(error, ChannelGone):
        return "banned"
    if isinstance(error, ChannelInaccessible | StaleAccess):
        return "inaccessible"
    return None


def longest_retry_delay(state: ChannelState, failures: int) -> float:
    """Return the longest `retry_delay` in seconds of a channel in this state, after `failures` in a row."""
    known = {"banned": ChannelGone, "inaccessible": ChannelInaccessible}.get(state, Error)
    return _seconds(known, max(failures - 1, 0)) * _JITTER


def retry_delay(error: Error, failures: int) -> float:
    """Return the seconds before the next attempt. `failures`: failures in a row before this one.

    Adds up to a fifth at random, so that channels that failed together are not retried together.
    """
    return _seconds(type(error), failures) * random.uniform(1.0, _JITTER)  # noqa: S311 - no secret


def _seconds(kind: type[Error], failures: int) -> float:
    first, factor, most = next(row[1:] for row in _BACKOFF if issubclass(kind, row[0]))
    return min(first * factor ** min(failures, _MOST_STEPS), most)
