"""The archive at a glance: its channels, how complete they are, and what delays mirroring."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from archiver.ids import ChannelId
from archiver.lock import find_holder
from archiver.model.completeness import Tally
from archiver.model.row import ChannelName
from archiver.reading.coverage_report import count_ids
from archiver.store.accounts.waits import list_waits
from archiver.store.channels.channel import Mirrored, list_channels
from archiver.store.channels.extent import NewestMessage, find_newest
from archiver.store.database import ARCHIVE_NAME, Reader, read
from archiver.store.imports.imported_channel import is_compared, is_unaccounted
from archiver.store.index.outbox import measure
from archiver.store.messages.rows import list_names
from archiver.store.reading_pool import OutOfTime
from archiver.web.site import Asked, Site, Tallies
from archiver.web.view import ViewAnswer
from search.meili.routing import node_name

SECONDS = 3.0
"""Limit for counting the ids of all channels; where that takes longer, the page says so."""
WAIT = 1.0
"""Requests that waited longer than this for another one to count do not count themselves."""
FRESH = 20.0
"""Seconds after which a channel is counted again."""
KEPT = 60.0
"""Seconds for which a count is shown if there is no time to count again."""
PAGE: Final = 200
"""Channels on a page."""


class ChannelLine(NamedTuple):
    """A channel in the table."""

    name: ChannelName
    mirrored: Mirrored
    newest: NewestMessage | None
    tally: Tally | None
    """None: counting took too long."""

    @property
    def covered(self) -> float | None:
        """The share of ids that are accounted for; None where nothing is known of what is missing."""
        begun = self.mirrored.top_id > 0 and not is_unaccounted(self.mirrored)
        return self.tally.covered if begun and self.tally is not None else None


async def show_home(site: Site, asked: Asked) -> ViewAnswer:
    """All channels."""
    page = (asked.number("page") or 1) if asked.format == "html" else None
    async with site.reading() as conn:
        names = {one.channel_id: one for one in await read(conn, list_names)}
        known = await read(conn, list_channels, removed=True)
        channels = known if page is None else known[(page - 1) * PAGE : page * PAGE]
        waits = await read(conn, list_waits, now=time.time())
        nodes = [node_name(url) for url in site.settings.meilisearch.addresses]
        waiting = sum([(await read(conn, measure, node)).messages for node in nodes])
        newest = await read(conn, _find_all_newest, channels)
    tallies = await count_channels(site, channels)
    lines = [
        ChannelLine(names[one.channel_id], one, newest[one.channel_id], tallies[one.channel_id]) for one in channels
    ]
    path = site.directory / ARCHIVE_NAME
    return ViewAnswer(
        template="home.html",
        values={
            "lines": lines,
            "page": page,
            "pages": -(-len(known) // PAGE),
            "waits": waits,
            "waiting": waiting,
            "holder": find_holder(site.directory),
            "size": path.stat().st_size,
            "free": shutil.disk_usage(site.directory).free,
        },
        data={"channels": [_object(line) for line in lines]},
    )


def _find_all_newest(conn: Reader, channels: Sequence[Mirrored]) -> dict[ChannelId, NewestMessage | None]:
    return {one.channel_id: find_newest(conn, one.channel_id, shown=is_compared(one)) for one in channels}


async def count_channels(site: Site, channels: Sequence[Mirrored]) -> Mapping[ChannelId, Tally | None]:
    """The ids of each channel by state, as of a minute ago at most; None where counting takes long.

    One request counts at a time, for `SECONDS` in all; the next one continues with the channels that it did not reach.
    """
    came = time.monotonic()
    async with site.tallying:
        now = time.monotonic()
        counted_at = {channel_id: at for channel_id, (at, _) in site.tallies.items()}
        due = [one for one in channels if counted_at.get(one.channel_id, -math.inf) < now - FRESH]
        if due and now - came < WAIT:
            # Small channels first: they are shown although there is no time for a large one.
            due.sort(key=lambda one: (counted_at.get(one.channel_id, -math.inf), one.top_id))
            site.tallies.update(await _count_within_time(site, due))
    oldest = time.monotonic() - KEPT
    usable = {channel_id: tally for channel_id, (at, tally) in site.tallies.items() if at > oldest}
    return {one.channel_id: usable.get(one.channel_id) for one in channels}


async def _count_within_time(site: Site, channels: Sequence[Mirrored]) -> Tallies:
    """Count as many of these as there is time for. None: that channel alone takes longer."""
    counted: Tallies = {}
    try:
        async with site.reading(SECONDS) as conn:
            await read(conn, _count_each, channels, counted)
    except OutOfTime:
        return counted.copy() or {channels[0].channel_id: (time.monotonic(), None)}
    return counted


def _count_each(conn: Reader, channels: Sequence[Mirrored], counted: Tallies) -> None:
    for one in channels:
        counted[one.channel_id] = time.monotonic(), count_ids(conn, one)


def _object(line: ChannelLine) -> dict[str, Any]:
    tally = line.tally
    return {
        "channel_id": line.mirrored.channel_id,
        "channel": line.mirrored.name,
        "title": line.mirrored.title,
        "state": line.mirrored.shown_state,
        "held": tally and tally.held,
        "imported_alone": tally and tally.imported,
        "missing": tally and tally.missing,
        "missing_if_posted": tally and tally.if_posted,
        "absent": tally and tally.absent,
        "not_fetched": tally and tally.not_fetched,
        "coverage": None if line.covered is None else round(line.covered, 6),
        "last_sync_at": line.mirrored.last_sync_at,
    }
