"""Whether the archive is being mirrored, and what prevents it."""

from __future__ import annotations

import shutil
import time

from archiver.lock import find_holder
from archiver.model.account_status import read_statuses
from archiver.model.iso_time import iso
from archiver.store.accounts.account import list_accounts
from archiver.store.accounts.waits import list_waits
from archiver.store.channels.channel import list_channels
from archiver.store.channels.channel_details import list_statuses
from archiver.store.database import ARCHIVE_NAME, read
from archiver.store.index.index_node import get_node_status
from archiver.store.index.outbox import measure
from archiver.store.service import find_service
from archiver.web.site import Asked, Site
from archiver.web.view import ViewAnswer
from search.meili.routing import node_name

_SCARCE = 1_000_000_000
"""Free bytes on the disk below which the page warns."""


async def show_health(site: Site, asked: Asked) -> ViewAnswer:
    """The service, accounts, channels that cannot be read, ordered waits, the index, the disk."""
    now = time.time()
    holder = find_holder(site.directory)
    async with site.reading() as conn:
        life = await read(conn, find_service)
        accounts = await read(conn, list_accounts)
        channels = await read(conn, list_channels)
        details = await read(conn, list_statuses)
        waits = await read(conn, list_waits, now=now)
        index = site.settings.meilisearch.index
        nodes = [
            (name, await read(conn, get_node_status, name, index), await read(conn, measure, name))
            for name in map(node_name, site.settings.meilisearch.addresses)
        ]
    runs = life is not None and life.is_held_by(holder)
    troubled = [
        (one, details[one.channel_id])
        for one in channels
        if one.state != "active" or (one.retry_at is not None and one.retry_at > now)
    ]
    free = shutil.disk_usage(site.directory).free
    statuses = read_statuses(life.detail) if runs and life is not None else {}
    return ViewAnswer(
        template="health.html",
        data={
            "running": runs,
            "mirroring": holder.command if holder else None,
            "free_bytes": free,
            "channels": [{"channel": one.name, "state": one.state, "error": more.last_error} for one, more in troubled],
            "waits": [{"account": one.account, "method": one.method, "until": iso(int(one.until))} for one in waits],
        },
        values={
            "holder": holder,
            "life": life,
            "runs": runs,
            "hangs": runs and life is not None and not life.is_fresh(now),
            "accounts": accounts,
            "statuses": statuses,
            "troubled": troubled,
            "channels": channels,
            "waits": waits,
            "nodes": nodes,
            "free": free,
            "scarce": free < _SCARCE,
            "size": (site.directory / ARCHIVE_NAME).stat().st_size,
        },
    )
