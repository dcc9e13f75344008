"""What becomes of a channel that cannot be read: its state, and how long it is left in peace. Pure but for the dice."""

from __future__ import annotations

import random

from archiver.errors import ChannelGone, ChannelInaccessible, Error, LoginNeeded, StaleAccess, UsageError
from archiver.store.channel import ChannelState

_HOUR = 3600.0
_DAY = 24 * _HOUR

_BACKOFF: tuple[tuple[type[Error], float, float, float], ...] = (
    # error, seconds after the first failure, how much longer after each further one, at most
    (ChannelGone, _HOUR, 5.0, 7 * _DAY),
    (ChannelInaccessible, 300.0, 3.0, _DAY),
    (StaleAccess, 300.0, 3.0, _DAY),
    (Error, 30.0, 2.0, 120.0),  # the server's own trouble passes, and nobody tells us when
)
_MOST_STEPS = 20
_SPREAD = 1.2


ACCOUNT_ERRORS = (LoginNeeded, UsageError)
"""Failures that stop an account; all others are one channel's own, and the others go on."""


def channel_state_after(error: Error) -> ChannelState | None:
    """The state that a channel is in after this failure; None when the failure says nothing about the channel."""
    if isinstance(error, ChannelGone):
        return "banned"
    if isinstance(error, ChannelInaccessible | StaleAccess):
        return "inaccessible"
    return None


def longest_retry_delay(state: ChannelState, failures: int) -> float:
    """For how many seconds at most a channel in this state, after so many failures in a row, is left in peace."""
    known = {"banned": ChannelGone, "inaccessible": ChannelInaccessible}.get(state, Error)
    return _seconds(known, max(failures - 1, 0)) * _SPREAD


def retry_delay(error: Error, failures: int) -> float:
    """For how many seconds to leave the channel in peace. `failures`: how many came before this one, in a row.

    Up to a fifth is added at random, so that channels which failed together do not come back together.
    """
    return _seconds(type(error), failures) * random.uniform(1.0, _SPREAD)  # noqa: S311 - no secret


def _seconds(kind: type[Error], failures: int) -> float:
    first, factor, most = next(row[1:] for row in _BACKOFF if issubclass(kind, row[0]))
    return min(first * factor ** min(failures, _MOST_STEPS), most)
