"""How far this machine's clock is from the server's, and what to say of it. Pure."""

from __future__ import annotations

TOLERATED = 30.0
"""Seconds that nobody has to be told of."""
_LARGE = 7200
"""Seconds from which hours are named."""


def describe_offset(ahead: float | None) -> str | None:
    """A sentence about a clock that is wrong; None where it is right, or not known."""
    if ahead is None or abs(ahead) <= TOLERATED:
        return None
    size = f"{abs(ahead) / 3600:.1f} hours" if abs(ahead) >= _LARGE else f"{abs(ahead):.0f} s"
    side = "ahead of" if ahead > 0 else "behind"
    return (
        f"this machine's clock is {size} {side} the server's; times of observation are wrong by that."
        " Set the clock, best by NTP."
    )
