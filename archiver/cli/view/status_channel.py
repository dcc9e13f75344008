"""`telekeep status CHANNEL` on a terminal: everything about one channel."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.cli.view import figures, prose
from archiver.cli.view.channel_status import describe_start
from archiver.cli.view.gap_sums import describe_deleted
from archiver.cli.view.moments import Moments
from archiver.cli.view.status_data import ChannelReport
from archiver.cli.view.status_table import percent
from archiver.store.imports.imported_channel import is_unaccounted

_INDENT = 14
"""Cells before the text of a line."""


def draw_channel(one: ChannelReport, moments: Moments) -> Iterator[str]:
    """The lines of the card of a channel."""
    yield from prose.fold("", first=_heading(one), then="", style=prose.BOLD)
    for label, text in _lines(one, moments):
        yield from prose.fold(text, first=f"  {label}".ljust(_INDENT), style=prose.DIM)


def _heading(one: ChannelReport) -> str:
    mirrored = one.mirrored
    name = f"@{mirrored.username}" if mirrored.username else mirrored.name
    alias = f" (alias {mirrored.alias})" if mirrored.alias and mirrored.alias != mirrored.name else ""
    return f"{name}{alias}"


def _lines(one: ChannelReport, moments: Moments) -> Iterator[tuple[str, str]]:
    mirrored, tally = one.mirrored, one.tally
    yield "title", mirrored.title
    kind = "group" if mirrored.megagroup else "channel"
    reader = "not mirrored" if mirrored.imported_only else f"read by account {mirrored.account}"
    yield "kind", f"{kind}, id {mirrored.channel_id}, {reader}"
    yield "state", mirrored.shown_state.replace("_", " ")
    deleted = f" (and {describe_deleted(tally)})" if tally.missing else ", none known to be deleted"
    yield "archived", f"{figures.count(tally.held, 'message')}{deleted if tally.held or tally.missing else ''}"
    yield "fetched", _describe_ids(one)
    if one.files is not None:
        yield "files", one.files.describe()
    if one.newest:
        yield "newest", f"{mirrored.alias or one.name}/{one.newest[0]}, {moments.at(one.newest[1])}"
    window = mirrored.window_start
    start = "from its first message on" if window is None else f"from {describe_start(window, moments)} on"
    outside = f"; {figures.count(tally.outside, 'id')} before that" if tally.outside else ""
    if not is_unaccounted(mirrored):
        yield "window", f"{start}{outside}"
    yield "synced", "never" if mirrored.last_sync_at is None else _when(mirrored.last_sync_at, moments)
    yield "imported" if mirrored.imported_only else "added", moments.at(mirrored.added_at)
    yield from _counted(one, moments)
    if one.standing.participants is not None:
        yield "members" if mirrored.megagroup else "subscribers", figures.number(one.standing.participants)


def _describe_ids(one: ChannelReport) -> str:
    if is_unaccounted(one.mirrored):
        return "nothing: it is known only from imports, so what is missing is not known"
    tally = one.tally
    if not one.is_begun:
        alone = f"; {figures.count(tally.claimed, 'message')} known only from imports" if tally.claimed else ""
        return f"nothing yet{alone}"
    known, whole = one.known, tally.wanted
    left = f", {figures.number(tally.not_fetched)} not fetched" if tally.not_fetched else ""
    left += f", {figures.number(tally.imported)} known only from imports" if tally.imported else ""
    has = "has" if tally.absent == 1 else "have"
    absent = f" ({figures.number(tally.absent)} {has} no message)" if tally.absent else ""
    return f"{percent(one)}: {figures.number(known)} of {figures.count(whole, 'id')}{absent}{left}"


def _counted(one: ChannelReport, moments: Moments) -> Iterator[tuple[str, str]]:
    counted, at = one.mirrored.server_count, one.standing.server_count_at
    if counted is None:
        return
    when = f" on {moments.at(at)}" if at is not None else ""
    agrees = {None: "", 0: ": as many as are archived and not deleted"}.get(one.surplus, "")
    yield "server", f"counted {figures.count(counted, 'message')}{when}{agrees}"


def _when(unix: int, moments: Moments) -> str:
    ago = moments.ago(unix)
    return f"{ago} ({moments.at(unix)})" if ago.endswith(" ago") else moments.at(unix)
