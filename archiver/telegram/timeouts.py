"""Time limits and retries of connections and calls: what a command tolerates, and what a service needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits and retries; all times are seconds of real time."""

    delays: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
    """Before each retry; with the time limits, a dead connection is given up after about five minutes."""
    first_delays: tuple[float, ...] = (0.5, 1.5)
    """Before each retry of a command's first connection: a wrong address should be reported soon."""
    connect: float = 20.0
    call: float = 10.0
    """For the first attempt of a call; each retry may take this much longer, up to `call_max`. Repeating a call is
    harmless, so a lost answer is not waited for long."""
    call_max: float = 60.0
    forever: bool = False
    """Whether to reconnect forever, with backoff, instead of giving up: for the service."""
    backoff: tuple[float, float] = (0.5, 60.0)
    """Delays of endless reconnecting: the first, which doubles each time, and the longest; both jittered."""
    max_hung: int = 20
    """Unanswered calls on one client after which it is replaced; Telethon keeps them for as long as it lives."""
    free_losses: int = 0
    """Number of lost connections under a call that do not count as attempts: other calls may have caused them."""


COMMAND = Timeouts()
"""A command ends with an error when it cannot connect."""
SERVICE = Timeouts(delays=(0.5, 2.0), call_max=15.0, forever=True, free_losses=8)
"""One channel's failure is backed off soon; the service keeps reconnecting."""
