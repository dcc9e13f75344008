"""Describe how far this machine's clock is off from the server's. Pure."""

from __future__ import annotations

TOLERATED = 30.0
"""Offset in seconds that is not reported."""
_LARGE = 7200
"""Offset, in seconds, at which it is given in hours."""


def describe_offset(ahead: float | None) -> str | None:
    """A sentence about a wrong clock; None if it is right, or the offset unknown."""
    if ahead is None or abs(ahead) <= TOLERATED:
        return None
    size = f"{abs(ahead) / 3600:.1f} hours" if abs(ahead) >= _LARGE else f"{abs(ahead):.0f} s"
    side = "ahead of" if ahead > 0 else "behind"
    return (
        f"this machine's clock is {size} {side} the server's; observation times are off by that much."
        " Set the clock, preferably with NTP."
    )
