"""The table of channels of `telekeep status`: for a terminal of any width, with all columns, and as TSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archiver.cli.view import figures
from archiver.cli.view.channel_status import state_name, state_word
from archiver.cli.view.grid import Column, draw, name_cell
from archiver.cli.view.moments import Moments
from archiver.cli.view.status_data import ChannelReport
from archiver.model.iso_time import iso

_ALIAS = Column("alias", drop_order=4)
_SHORT = (
    Column("channel"),
    _ALIAS,
    Column("state", drop_order=7),
    Column("archived", right=True, drop_order=6),
    Column("deleted", right=True, drop_order=3),
    Column("not\nfetched", right=True, drop_order=5),
    Column("fetched", right=True),
    Column("newest", drop_order=1),
    Column("synced", drop_order=2),
)
_WIDE = (
    *(Column(one) for one in ("channel", "alias", "state")),
    *(Column(one, right=True) for one in ("archived", "deleted", "absent", "not fetched", "fetched")),
    *(Column(one) for one in ("newest", "window", "synced", "account")),
    *(Column(one, right=True) for one in ("unreadable", "partial", "server count")),
)
_NARROW = 10
"""Columns of TSV without --wide, in addition to the alias."""
_UNITS = (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800))


def draw_table(channels: Sequence[ChannelReport], moments: Moments, *, wide: bool) -> Iterator[str]:
    """The lines of the table on a terminal."""
    rows = [(_wide if wide else _short)(one, moments) for one in channels]
    columns = _WIDE if wide else _SHORT
    if not any(one.mirrored.alias for one in channels):
        rows = [(row[0], *row[2:]) for row in rows]
        columns = (columns[0], *columns[2:])
    return draw(columns, rows, wide=wide)


def list_tsv(channels: Iterable[ChannelReport], moments: Moments, *, wide: bool) -> list[tuple[object, ...]]:
    """The rows for a pipe; the alias and the title are the last columns."""
    exact = ((one, _exact(one, moments.now)) for one in channels)
    return [(*(cells if wide else cells[:_NARROW]), one.mirrored.alias, one.mirrored.title) for one, cells in exact]


def _short(one: ChannelReport, moments: Moments) -> tuple[str, ...]:
    mirrored, tally = one.mirrored, one.tally
    return (
        name_cell(mirrored),
        mirrored.alias or "",
        state_name(mirrored, moments.now),
        figures.number(tally.held),
        figures.number(tally.missing),
        "-" if one.not_fetched is None else figures.number(one.not_fetched),
        percent(one),
        _age(one.newest[1] if one.newest else None, moments) or "-",
        _age(mirrored.last_sync_at, moments) or "never",
    )


def _wide(one: ChannelReport, moments: Moments) -> tuple[str, ...]:
    mirrored, tally = one.mirrored, one.tally
    counted = mirrored.server_count
    return (
        *_short(one, moments)[:5],
        figures.number(tally.absent),
        *_short(one, moments)[5:7],
        moments.at(one.newest[1]) if one.newest else "-",
        moments.date(mirrored.window_start) if mirrored.window_start is not None else "all",
        moments.at(mirrored.last_sync_at) if mirrored.last_sync_at is not None else "never",
        mirrored.account,
        figures.number(one.stubs),
        figures.number(one.parts.partial),
        "" if counted is None else figures.number(counted),
    )


def _exact(one: ChannelReport, now: float) -> tuple[object, ...]:
    """The columns of TSV, which keep their order and form."""
    mirrored, counts = one.mirrored, one.tally
    return (
        one.name,
        state_word(mirrored, now),
        counts.held,
        counts.missing,
        counts.absent,
        "-" if one.not_fetched is None else one.not_fetched,
        f"{int(counts.covered * 1000) / 10:.1f}%" if one.is_fetched else "-",
        iso(one.newest[1]) if one.newest else "-",
        (iso(mirrored.window_start) or "")[:10] or "all",
        iso(mirrored.last_sync_at) or "never",
        mirrored.account,
        one.stubs,
        one.parts.partial,
        mirrored.server_count,
    )


def percent(one: ChannelReport) -> str:
    """The share of the window's ids that are archived, or known to be absent."""
    return figures.percent(one.known, one.tally.wanted) if one.is_fetched else "-"


def _age(unix: int | None, moments: Moments) -> str | None:
    """`3 min ago`, or the day."""
    if unix is None:
        return None
    seconds = int(moments.now - unix)
    for unit, size, most in _UNITS:
        if 0 <= seconds < most:
            return f"{seconds // size} {unit} ago"
    return moments.date(unix)
