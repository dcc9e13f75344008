"""The archive at a glance: its channels, how complete they are, and what delays mirroring."""

from __future__ import annotations

import shutil
import time
from typing import Any, NamedTuple

from archiver.lock import find_holder
from archiver.model.completeness import Tally
from archiver.model.row import ChannelName
from archiver.reading.coverage_report import tally_channel
from archiver.store.channel import Mirrored, list_channels
from archiver.store.database import ARCHIVE_NAME, read
from archiver.store.extent import NewestMessage, find_newest
from archiver.store.outbox import measure
from archiver.store.reading_pool import OutOfTime
from archiver.store.rows import list_names
from archiver.store.waits import list_waits
from archiver.web.site import Asked, Site
from archiver.web.view import ViewAnswer
from search.meili.routing import node_name

SECONDS = 3.0
"""Limit for counting one channel; where that takes longer, the page says so."""
_FRESH = 20.0
"""Seconds for which counts are kept."""


class ChannelLine(NamedTuple):
    """A channel in the table."""

    name: ChannelName
    mirrored: Mirrored
    newest: NewestMessage | None
    tally: Tally | None
    """None: counting took too long."""


async def show_home(site: Site, asked: Asked) -> ViewAnswer:
    """All channels."""
    async with site.reading() as conn:
        names = {one.channel_id: one for one in await read(conn, list_names)}
        channels = await read(conn, list_channels, removed=True)
        waits = await read(conn, list_waits, now=time.time())
        nodes = [node_name(url) for url in site.settings.meilisearch.addresses]
        waiting = sum([(await read(conn, measure, node)).messages for node in nodes])
        newest = {one.channel_id: await read(conn, find_newest, one.channel_id) for one in channels}
    lines = [
        ChannelLine(names[one.channel_id], one, newest[one.channel_id], await count_channel(site, one))
        for one in channels
    ]
    path = site.directory / ARCHIVE_NAME
    return ViewAnswer(
        template="home.html",
        values={
            "lines": lines,
            "waits": waits,
            "waiting": waiting,
            "holder": find_holder(site.directory),
            "size": path.stat().st_size,
            "free": shutil.disk_usage(site.directory).free,
        },
        data={"channels": [_object(line) for line in lines]},
    )


async def count_channel(site: Site, channel: Mirrored) -> Tally | None:
    """The channel's ids by state, as of some seconds ago at most; None if counting takes long."""
    known = site.tallies.get(channel.channel_id)
    if known is None or time.monotonic() - known[0] > _FRESH:
        try:
            async with site.reading(SECONDS) as conn:
                known = time.monotonic(), await tally_channel(conn, channel)
        except OutOfTime:
            known = time.monotonic(), None
        site.tallies[channel.channel_id] = known
    return known[1]


def _object(line: ChannelLine) -> dict[str, Any]:
    tally = line.tally
    return {
        "channel_id": line.mirrored.channel_id,
        "channel": line.mirrored.name,
        "title": line.mirrored.title,
        "state": line.mirrored.state,
        "held": tally and tally.held,
        "missing": tally and tally.missing,
        "absent": tally and tally.absent,
        "not_fetched": tally and tally.not_fetched,
        "last_sync_at": line.mirrored.last_sync_at,
    }
