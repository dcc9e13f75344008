"""Reasons why a channel may not be completely archived within some bounds. Pure.

They qualify "complete" and "nothing found": each reason is one thing that is not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What is unknown about one channel within some bounds; nothing if all fields have their defaults."""

    never_fetched: bool = False
    """Nothing of the channel has been fetched yet."""
    imported_only: bool = False
    """The channel is known only from imports; what they lack is not known."""
    being_reread: bool = False
    """The server lost track of events, and the history is being read again."""
    ids: int = 0
    """Number of ids that are, or may be, within the bounds."""
    not_fetched: int = 0
    fetched: int = 0
    """Number of ids, within the bounds or not, that are fetched or known to be absent."""
    older_than: int | None = None
    """If only older messages are not fetched: the time from which on all are archived (unix seconds)."""
    unchecked: int = 0
    """Archived messages not checked since the server lost track of events."""
    imported: int = 0
    """Messages that only imports have, and no answer of Telegram accounts for."""
    outside: int = 0
    """Ids older than the channel's own start date (`add --since`), which are never fetched."""
    partial: int = 0
    """Messages archived in part."""
    unreadable: int = 0
    """Messages that need a newer version."""
    damaged: int = 0
    """Messages that cannot be read because the archive's file is damaged."""
    surplus: int = 0
    """How many more messages the server counts than are archived."""
    read_until: int | None = None
    """When the channel was last caught up (unix seconds), if the bounds extend beyond that."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Each unknown, in words."""
        return tuple(self._reasons())

    @property
    def can_be_fetched(self) -> bool:
        """Whether the next sync can fetch what is missing."""
        return self.never_fetched or self.being_reread or self.not_fetched > 0 or self.partial > 0

    def _reasons(self) -> Iterator[str]:
        if self.never_fetched:
            yield "never fetched"
        if self.imported_only:
            yield "known only from imports: what is missing is not known"
        if self.being_reread:
            yield "being read again from its newest message"
        if self.not_fetched:
            yield f"{self.not_fetched:,} of {self.ids:,} ids not fetched"
        if self.unchecked:
            yield f"{_count(self.unchecked, 'archived message')} not checked since the server lost track"
        if self.imported:
            yield f"{_count(self.imported, 'message')} known only from imports"
        if self.outside:
            yield f"{_count(self.outside, 'id')} older than its start date (add --since)"
        yield from self._unread()
        if self.surplus:
            more = "more" if self.surplus > 0 else "fewer"
            verb = "is" if abs(self.surplus) == 1 else "are"
            yield f"the server counts {_count(abs(self.surplus), f'{more} message')} than {verb} archived"
        if self.read_until is not None:
            yield f"read until {datetime.fromtimestamp(self.read_until, UTC):%Y-%m-%dT%H:%M:%SZ} only"

    def _unread(self) -> Iterator[str]:
        """Archived messages that are incomplete or cannot be read."""
        if self.partial:
            yield f"{_count(self.partial, 'message')} archived in part"
        if self.unreadable:
            need = "needs" if self.unreadable == 1 else "need"
            yield f"{_count(self.unreadable, 'message')} {need} a newer telekeep"
        if self.damaged:
            yield f"{_count(self.damaged, 'message')} cannot be read: the archive's file is damaged"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def find_read_until(read_at: int | None, *, since: int | None, until: int | None) -> int | None:
    """`read_at` if a bound is later than that. Bounds without an end mean: as far as was read."""
    if read_at is None or not any(bound is not None and bound > read_at for bound in (since, until)):
        return None
    return read_at


SEVERAL = 5
"""Number of consecutive archived messages on each side of a gap that prove the gap to be out of bounds."""
FAR_SIDE = 2 * SEVERAL
"""The same, if there are no ids on the other side."""


@dataclass(frozen=True, slots=True)
class Around:
    """Dates (unix seconds) of up to FAR_SIDE archived messages on each side of a gap, nearest first."""

    below: Sequence[int]
    above: Sequence[int]
    first: bool = False
    """Whether the gap starts at the lowest id."""
    last: bool = False
    """Whether the gap ends at the highest id."""


def is_outside(around: Around, *, since: int | None, until: int | None) -> bool:
    """Whether no id of the gap can belong to [since, until).

    Dates usually ascend with ids, but not always, so neither a single message nor a single side proves anything. At the
    first or last id the other side needs no proof if dates lead away from the bounds: below the oldest messages nothing
    is newer, but much may be older than `until`.
    """
    return _prove(
        around.above, around.below, lambda date: since is not None and date < since, open_end=around.first
    ) or (_prove(around.below, around.above, lambda date: until is not None and date >= until, open_end=around.last))


def _prove(near: Sequence[int], far: Sequence[int], is_beyond: Callable[[int], bool], *, open_end: bool) -> bool:
    """`near`: the side towards the bounds, `far`: the other side; `open_end`: whether the far side has no ids."""
    return _hold(near, is_beyond, FAR_SIDE if open_end else SEVERAL) and (open_end or _hold(far, is_beyond, SEVERAL))


def _hold(dates: Sequence[int], is_beyond: Callable[[int], bool], needed: int) -> bool:
    return len(dates) >= needed and all(is_beyond(date) for date in dates[:needed])
