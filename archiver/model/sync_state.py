"""Decide what of another archive's completeness may be taken over when a channel's messages were taken. Pure.

Coverage says that no event since was lost. It is taken as current only if the other archive knows of events as late as
we do: what we know of later events may have named messages that we did not hold then, and was dropped. Otherwise it
counts like that of an earlier generation, as proof of what was absent, and the ids are read again. Our pts moves on
only if all that we cover is covered by the other as well: for the rest, the events in between are not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archiver.model.coverage import Interval, gaps


class SyncState(NamedTuple):
    """How far an archive has followed a channel."""

    pts: int | None
    covered: Sequence[Interval]
    """Its coverage in the current generation."""
    synced_at: int | None
    """When it was last caught up, unix seconds."""


class TakenState(NamedTuple):
    """What may be taken over from the other archive."""

    proves: bool
    """Whether the other's answers prove what was absent: only if all of its messages could be taken."""
    current: bool = False
    """Whether its coverage counts as ours now; otherwise like that of an earlier generation."""
    pts: int | None = None
    """The pts to continue from; None: ours stays."""
    synced_at: int | None = None
    """Since when nothing is known to be newer; None: ours stays."""


def take_state(ours: SyncState, theirs: SyncState, *, whole: bool) -> TakenState:
    """Decide for one channel. `whole`: every message of the other archive was taken, or is held."""
    if not whole or theirs.pts is None:
        return TakenState(proves=whole)
    if ours.pts is not None and theirs.pts < ours.pts:
        return TakenState(proves=True)
    if any(gaps(theirs.covered, lo, hi) for lo, hi in ours.covered):
        return TakenState(proves=True, current=True)
    synced = [one.synced_at for one in (ours, theirs) if one.synced_at is not None]
    pts = None if theirs.pts == ours.pts else theirs.pts
    later = max(synced, default=None)
    return TakenState(proves=True, current=True, pts=pts, synced_at=None if later == ours.synced_at else later)
