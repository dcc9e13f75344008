"""Progress of a job, as a line on a terminal, a plain line, or JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rich.cells import cell_len as cells

from archiver.cli.view import figures

_BARS = (24, 12, 6)
"""Widths of the bar, in cells: as wide as fits."""
_LONG = 5_280.0
"""Seconds whose words are as long as most."""
_LABEL = 12
"""Cells that a label may always have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Progress of a job."""

    what: str
    """sync, media, export, verify, index, rebuild or repair."""
    label: str
    """What the line is about: the channel, or the job."""
    done: int
    total: int | None
    """None: not known."""
    unit: str
    """What `done` and `total` count."""
    counted: str
    """The count in words: `12,345 messages`."""
    rate: float | None = None
    """Per second, in the unit of `counted`; None: not known yet."""
    seconds_left: float | None = None
    """At the present rate."""
    waiting: float = 0.0
    """Seconds to wait before the next request, as ordered by the server."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Additional JSON keys of this job."""

    @property
    def percent(self) -> str | None:
        """`17 %`; None if the total is not known."""
        return figures.percent(self.done, self.total) if self.total else None

    def as_object(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "what": self.what,
            "done": self.done,
            "total": self.total,
            "unit": self.unit,
            "rate": None if self.rate is None else round(self.rate, 1),
            "seconds_left": None if self.seconds_left is None else round(self.seconds_left),
            "waiting_seconds": round(self.waiting),
            **self.more,
        }


def sentence(measure: Measure) -> str:
    """One plain line: `atlas_desk: 45 %, 12,345 messages, 120/s, about 3 min at this rate`."""
    return f"{measure.label}: {', '.join(filter(None, (measure.percent, measure.counted, *_speed(measure))))}"


def fit(measure: Measure, width: int, *, level: int = 0, ascii_only: bool = False) -> tuple[str, str, str, int]:
    """The most detailed form that fits: text before the bar, the bar, text after it, and the level of the form.

    Forms below `level` are left out: a form that once was too wide does not come back, so that nothing jumps. For the
    same reason there is room for the time left before it is known.
    """
    forms = list(_forms(measure, ascii_only=ascii_only))
    is_unknown = measure.total is not None and measure.seconds_left is None and measure.done < measure.total
    widest = list(_forms(replace(measure, seconds_left=_LONG), ascii_only=ascii_only)) if is_unknown else forms
    for at, (form, room) in enumerate(zip(forms[level:], widest[level:], strict=True), level):
        if max(sum(map(cells, form)), sum(map(cells, room))) <= width:
            return *form, at
    before, bar, after = forms[-1]
    return _cut(before + bar + after, width), "", "", len(forms) - 1


def _forms(measure: Measure, *, ascii_only: bool) -> Iterator[tuple[str, str, str]]:
    """Forms of the line, from the richest to the poorest; their number is always the same."""
    rate, left = _speed(measure)
    short = left.replace(" at this rate", " left").replace("waiting for the server", "waiting")
    percent = f"{measure.percent:>6}" if measure.percent else ""
    full = ", ".join(filter(None, (measure.counted, rate, left)))
    for width, text in (
        (_BARS[0], full),
        (_BARS[1], full),
        (_BARS[1], ", ".join(filter(None, (measure.counted, rate, short)))),
        (_BARS[1], ", ".join(filter(None, (measure.counted, short)))),
        (_BARS[1], short or measure.counted),
        (_BARS[2], short or measure.counted),
    ):
        bar = _bar(measure, width, ascii_only=ascii_only)
        yield f"{measure.label}  ", bar, f"{percent}  {text}".rstrip() if bar else text
    label = _cut(measure.label, _LABEL)
    yield f"{label} ", "", f"{percent} {short or measure.counted}".strip()
    yield f"{label} ", "", (percent or measure.counted).strip()


def _speed(measure: Measure) -> tuple[str, str]:
    """The rate and the time left at that rate, or the wait that the server ordered."""
    if measure.waiting >= 1:
        return "", f"waiting for the server: {figures.duration(measure.waiting)}"
    rate = figures.rate(measure.rate) if measure.rate else ""
    about = figures.about(measure.seconds_left)
    return rate, f"{about} at this rate" if about else ""


def _bar(measure: Measure, width: int, *, ascii_only: bool) -> str:
    if not measure.total:
        return ""
    full = min(width * measure.done // measure.total, width)
    done, rest = ("#", "-") if ascii_only else ("━", "╌")
    return done * full + rest * (width - full)


def _cut(text: str, width: int) -> str:
    """The text, cut to that many cells."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[:-1]
    return f"{text}…" if width > 1 else text
