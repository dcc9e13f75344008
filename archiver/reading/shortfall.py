"""What the archive lacks of the channels of a question, cheap enough to compute for every search."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archiver.ids import ChannelId
from archiver.model import coverage
from archiver.model.shortfall import FAR_SIDE, Around, Shortfall, is_outside
from archiver.store.channels import extent
from archiver.store.channels.channel import Mirrored, list_channels
from archiver.store.channels.coverage import list_all_coverage
from archiver.store.database import Connection, Reader, read
from archiver.store.imports.imported_channel import is_unaccounted
from archiver.store.medium import is_extract
from archiver.store.messages.rich import count_parts_between

if TYPE_CHECKING:
    from search.engine.protocol import Question


class SearchScope(NamedTuple):
    """The channels that a question searches. Times are unix seconds."""

    channel_ids: frozenset[ChannelId]
    incomplete: list[tuple[Mirrored, Shortfall]]
    """Channels with messages that are not archived; removed ones are left out, as nothing more is fetched."""
    synced_at: int | None
    """The oldest last sync of the channels; None: one was never synced."""
    is_extract: bool
    """Whether the archive is an export, into which nothing is fetched."""


async def read_scope(conn: Connection, question: Question) -> SearchScope:
    """Return the channels of a question, and what is not archived of them within its bounds."""
    return await read(conn, _find_scope, question)


def _find_scope(conn: Reader, question: Question) -> SearchScope:
    only, since, until = _only_channels(question), question.bounds.since_unix, question.bounds.until_unix
    channels = [channel for channel in list_channels(conn, removed=True) if only is None or channel.channel_id in only]
    covered = list_all_coverage(conn)
    incomplete = []
    for channel in channels:
        if is_unaccounted(channel):
            incomplete.append((channel, Shortfall(imported_only=True)))
        if channel.state == "removed" and (is_unaccounted(channel) or not channel.imported_only):
            continue
        found = _find(conn, channel, covered.get(channel.channel_id, []), since=since, until=until)
        if found.reasons:
            incomplete.append((channel, found))
    synced = [channel.last_sync_at for channel in channels]
    oldest = None if None in synced or not synced else min(at for at in synced if at is not None)
    return SearchScope(frozenset(channel.channel_id for channel in channels), incomplete, oldest, is_extract(conn))


def _only_channels(question: Question) -> frozenset[int] | None:
    """The channels that the question is restricted to; None for all."""
    from search.query.tree import And, InChannel

    conditions = question.tree.parts if isinstance(question.tree, And) else (question.tree,)
    named = [part.ids for part in conditions if isinstance(part, InChannel)]
    if question.channels is not None:
        named.append(frozenset(question.channels))
    return frozenset.intersection(*named) if named else None


async def count_archived(conn: Connection, scope: SearchScope) -> int:
    """Count the archived messages of these channels."""
    return await read(conn, extent.count_archived, scope.channel_ids)


async def is_outside_range(
    conn: Connection, channel: Mirrored, gap: coverage.Interval, *, since: int | None, until: int | None
) -> bool:
    """Whether the messages around a gap prove that its ids do not belong to [since, until)."""
    return await read(conn, _is_outside_range, channel, gap, since=since, until=until)


def _is_outside_range(
    conn: Reader, channel: Mirrored, gap: coverage.Interval, *, since: int | None, until: int | None
) -> bool:
    if since is None and until is None:
        return False
    lo, hi = gap
    below, above = extent.find_dates_around(conn, channel.channel_id, lo, hi, limit=FAR_SIDE)
    return is_outside(Around(below, above, first=lo == 1, last=hi >= channel.top_id), since=since, until=until)


def _find(
    conn: Reader, channel: Mirrored, covered: list[coverage.Interval], *, since: int | None, until: int | None
) -> Shortfall:
    channel_id, lowest = channel.channel_id, channel.lowest_wanted
    not_fetched = missing = 0
    open_gaps = []
    for lo, hi in coverage.gaps(covered, lowest, channel.top_id):
        captured = extent.count_kept(conn, channel_id, lo, hi) - extent.count_claimed(conn, channel_id, lo, hi)
        lacking = hi - lo + 1 - captured
        missing += lacking
        if lacking and not _is_outside_range(conn, channel, (lo, hi), since=since, until=until):
            not_fetched += lacking
            open_gaps.append((lo, hi))
    ids = channel.top_id - lowest + 1 if not_fetched else 0
    start = channel.window_start
    outside = channel.floor_id or 0 if start is not None and (since is None or since < start) else 0
    return Shortfall(
        never_fetched=channel.pts is None and channel.top_id == 0,
        being_reread=channel.pts is None and channel.top_id > 0,
        ids=ids,
        not_fetched=not_fetched,
        fetched=ids - missing if ids else 0,
        older_than=_find_begin(conn, channel, open_gaps),
        outside=outside,
        partial=count_parts_between(conn, channel_id, since=since, until=until),
    )


def _find_begin(conn: Reader, channel: Mirrored, gaps: list[coverage.Interval]) -> int | None:
    """The time from which on messages are archived, if the only gap is below them; None if that is not proven.

    Dates do not always ascend with ids, so the latest of several messages next to the gap counts.
    """
    if len(gaps) != 1 or gaps[0][0] > channel.lowest_wanted:
        return None
    lo, hi = gaps[0]
    _, above = extent.find_dates_around(conn, channel.channel_id, lo, hi, limit=FAR_SIDE)
    return max(above) if len(above) == FAR_SIDE else None
