"""How long anything is waited for: what a command can bear, and what a service must."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits and further tries; all in seconds of real time."""

    delays: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
    """Before each further try; with the time limits a dead line is given up after about five minutes."""
    first_delays: tuple[float, ...] = (0.5, 1.5)
    """Before each try of a command's first connection: a wrong address should be said soon."""
    connect: float = 20.0
    call: float = 10.0
    """For the first try of a call; each further try may take as much longer, up to `call_max`. Asking again is free
    of harm, so a lost answer should not be waited for long."""
    call_max: float = 60.0
    forever: bool = False
    """Whether a lost line is mended for ever, with back-off, instead of given up: what the service needs."""
    backoff: tuple[float, float] = (0.5, 60.0)
    """Of mending for ever: the first delay, which doubles each time, and the longest; both jittered."""
    max_hung: int = 20
    """Calls that may hang on one client before it is replaced; Telethon keeps them for as long as it lives."""
    free_losses: int = 0
    """So many lost lines under a call are not counted as its tries: other calls may have broken them."""


COMMAND = Timeouts()
"""A command ends with an error when there is no line."""
SERVICE = Timeouts(delays=(0.5, 2.0), call_max=15.0, forever=True, free_losses=8)
"""One channel's trouble is set aside soon; the line is mended for ever."""
