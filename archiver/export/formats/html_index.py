"""The first page of an HTML export: its scope, a calendar that leads to each day, and the list of pages. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from archiver.export.formats.html_page import document, headline
from archiver.export.formats.local_clock import LocalClock
from archiver.export.request import Request
from archiver.formatting.html_writer import escaped


@dataclass(slots=True)
class MessagesOfDay:
    """The messages of one day."""

    place: str
    """The address of the first of them."""
    rows: int = 0


@dataclass(slots=True)
class PageList:
    """What has been written."""

    rows: int = 0
    days: dict[str, MessagesOfDay] = field(default_factory=dict)
    pages: list[tuple[str, str, str, int]] = field(default_factory=list)
    """Name, first day, last day and rows of each page."""
    remarks: tuple[str, ...] = ()
    """Remarks on the export as a whole."""


def index_page(request: Request, listed: PageList) -> str:
    """The whole page."""
    names = list(request.titles.values())
    body = f"<main>{_facts(request, listed)}{_calendar(listed.days)}{_pages(listed.pages)}</main>"
    return document(request.heading, f"<header>{headline(names)}</header>{body}")


def _facts(request: Request, listed: PageList) -> str:
    bounds, clock = request.bounds, LocalClock(request.zone)
    facts: list[tuple[str, str]] = [
        ("Messages", f"{listed.rows:,}"),
        ("From", clock.bound(bounds.since_unix) or "the first archived message"),
        ("Before", clock.bound(bounds.until_unix) or "the time of the export"),
        ("Times", request.zone if request.zone == "UTC" else f"{request.zone}; point at one to see it in UTC"),
        *([("Query", request.shown_query)] if request.shown_query is not None else []),
        *(("Note", remark) for remark in listed.remarks),
        (
            "Proof",
            "manifest.json has the SHA-256 of each file and says how complete this is; check it with telekeep verify",
        ),
    ]
    lines = "".join(f"<dt>{name}</dt><dd><bdi>{escaped(said)}</bdi></dd>" for name, said in facts)
    for channel in request.channels:
        names = f"<bdi>{escaped(channel.title or channel.name)}</bdi> (<bdi>{escaped(channel.name)}</bdi>)"
        lines += f"<dt>Channel</dt><dd>{names}</dd>"
    return f"<dl>{lines}</dl>"


def _calendar(days: Mapping[str, MessagesOfDay]) -> str:
    if not days:
        return "<p>No message is in the range.</p>"
    months = "".join(_month(month, dict(of_month)) for month, of_month in groupby(sorted(days.items()), _month_of))
    return f'<h2>Calendar</h2><div class="months">{months}</div>'


def _month_of(day: tuple[str, MessagesOfDay]) -> str:
    return day[0][:7]


def _month(month: str, days: Mapping[str, MessagesOfDay]) -> str:
    if len(month) != 7 or not month[:4].isdigit():
        return ""
    rows = sum(day.rows for day in days.values())
    weeks = calendar.Calendar().monthdayscalendar(int(month[:4]), int(month[5:]))
    names = "".join(f'<th scope="col">{name}</th>' for name in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"))
    lines = "".join(f"<tr>{''.join(_cell(month, day, days) for day in week)}</tr>" for week in weeks)
    return f"<table><caption>{month} · {rows:,}</caption><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(month: str, day: int, days: Mapping[str, MessagesOfDay]) -> str:
    if not day:
        return "<td></td>"
    found = days.get(f"{month}-{day:02d}")
    return (
        f"<td>{day}</td>"
        if found is None
        else f'<td><a href="{found.place}">{day}<small>{found.rows:,}</small></a></td>'
    )


def _pages(pages: Sequence[tuple[str, str, str, int]]) -> str:
    return f"<h2>Pages</h2><ol>{''.join(_lines(pages))}</ol>" if pages else ""


def _lines(pages: Sequence[tuple[str, str, str, int]]) -> Iterator[str]:
    for name, first, last, rows in pages:
        days = first if first == last else f"{first} to {last}"
        yield f'<li><a href="{name}">{days}</a> · {rows:,}</li>'
