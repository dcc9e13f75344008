"""Unite what two archives know of a message's views, forwards, replies and reactions over time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

Counted: TypeAlias = tuple[int | None, int | None, int | None, str | None]
"""Views, forwards, replies, reactions (JSON text)."""
CounterRow: TypeAlias = tuple[int, int | None, int | None, int | None, str | None]
"""The same, with the time (unix seconds) from which they were seen."""


class CounterSeries(NamedTuple):
    """The counters of a message in one archive."""

    first_seen: int
    present: Counted
    rows: Sequence[CounterRow] = ()
    """By time; none if the counters never changed."""

    def points(self) -> list[CounterRow]:
        """The rows, at least one."""
        return list(self.rows) or [(self.first_seen, *self.present)]


def unite_counters(ours: CounterSeries, theirs: CounterSeries) -> list[CounterRow]:
    """The rows that ours lacks: of both series in the order of time, those with values other than before.

    Rows that are there stay as they are.
    """
    stored = {row[0] for row in ours.rows}
    points = {row[0]: row for row in (*theirs.points(), *ours.points())}  # ours of the same second stay
    missing: list[CounterRow] = []
    before: Counted | None = None
    changes = 0
    for at, *counted in (points[at] for at in sorted(points)):
        values: Counted = (counted[0], counted[1], counted[2], counted[3])  # type: ignore[assignment]
        if at not in stored and values != before:
            missing.append((at, *values))
        changes += values != before
        before = values
    return missing if changes > 1 or stored else []
