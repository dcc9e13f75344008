"""Charts as numbers, which templates draw as SVG: a bar for each day or month, or a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from archiver.web.times import Times, next_month

MOST_DAYS: Final = 92
"""Maximum number of days with a bar for each; longer charts have a bar for each month."""
HEIGHT: Final = 64
_FEWEST: Final = 14
"""Bars for which there is always room, so that one alone is not as wide as all."""
PARTS: Final = 200
"""Parts of the time of a line, each with its lowest and highest value."""


class Bar(NamedTuple):
    """One bar."""

    value: str
    """The day or month, as `--on` takes it."""
    label: str
    number: int
    x: float
    y: float
    width: float
    height: float


class Chart(NamedTuple):
    """All bars; their sizes are in units of the viewBox, 1000 wide."""

    bars: Sequence[Bar]
    most: int


def draw_chart(times: Times, days: Mapping[str, int]) -> Chart:
    """Bars from the first to the last of the days; of months if they are far apart. Without days, no bars."""
    if not days:
        return Chart((), 0)
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    by_day = (last - first).days < MOST_DAYS
    found: dict[str, int] = {}
    labels: dict[str, str] = {}
    for day in _steps(first, last, by_day=by_day):
        key = day.isoformat() if by_day else day.isoformat()[:7]
        found[key] = 0
        labels[key] = times.weekday(day) if by_day else times.month(day)
    for one, count in days.items():
        found[one if by_day else one[:7]] += count
    return _bars(found, labels)


def _steps(first: date, last: date, *, by_day: bool) -> Iterator[date]:
    day, end = (first, last) if by_day else (first.replace(day=1), last.replace(day=1))
    while day < end:
        yield day
        day = day + timedelta(1) if by_day else next_month(day)
    yield end


def _bars(found: Mapping[str, int], labels: Mapping[str, str]) -> Chart:
    most = max(found.values(), default=0)
    step = 1000 / max(len(found), _FEWEST)
    bars = []
    for at, (value, count) in enumerate(found.items()):
        height = max(round(HEIGHT * count / most, 1), 1.5) if count and most else 0
        wide = round(max(step * 0.86, 0.6), 2)
        bars.append(Bar(value, labels[value], count, round(at * step, 2), HEIGHT - height, wide, height))
    return Chart(bars, most)


class Line(NamedTuple):
    """Values over time, as points of a polyline in a box of 1000 by HEIGHT."""

    points: str
    low: int
    high: int


def _thinned(values: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Enough values for the same line: the lowest and the highest of each part of the time."""
    if len(values) <= 2 * PARTS:
        return values
    size = -(-len(values) // PARTS)
    parts = [values[at : at + size] for at in range(0, len(values), size)]
    ends = [(min(part, key=_value), max(part, key=_value)) for part in parts]
    kept = {values[0], values[-1], *(one for pair in ends for one in pair)}
    return sorted(kept)


def _value(one: tuple[int, int]) -> int:
    return one[1]


def draw_line(values: Sequence[tuple[int, int]]) -> Line | None:
    """The line of (time, value) in order; None for fewer than two."""
    if len(values) < 2:
        return None
    first, last = values[0][0], values[-1][0]
    low, high = min(value for _, value in values), max(value for _, value in values)
    across, up = max(last - first, 1), max(high - low, 1)
    values = _thinned(values)
    places = [(1000 * (at - first) / across, HEIGHT - 2 - (HEIGHT - 4) * (value - low) / up) for at, value in values]
    return Line(" ".join(f"{x:.1f},{y:.1f}" for x, y in places), low, high)
