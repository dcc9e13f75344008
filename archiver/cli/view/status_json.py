"""`telekeep status` as JSON."""

from __future__ import annotations

from typing import Any

from archiver.cli.view import waits
from archiver.cli.view.index_status import sum_up
from archiver.cli.view.moments import Moments
from archiver.cli.view.status_data import ChannelReport, StatusReport
from archiver.cli.view.status_problems import find_problems
from archiver.model.iso_time import iso
from archiver.store.imports.imported_channel import is_unaccounted, name_origin


def status_object(status: StatusReport) -> dict[str, Any]:
    """Everything."""
    return {
        "archive": {"path": str(status.path), "bytes": status.size, "free_bytes": status.free},
        "service": status.service.as_object(status.now),
        "accounts": [
            {
                **one._asdict(),
                "state_since": iso(one.since),
                "since": iso(one.since),
                "clock_at": iso(one.clock_at),
            }
            for one in status.accounts
        ],
        "reading": status.speed.as_object(status.ids_left) if status.speed and status.ids_left else None,
        "waits": [waits.as_object(wait) for wait in status.waits],
        "floods": [waits.as_object(wait) for wait in status.waits],
        "index": sum_up([one.as_object(status.now) for one in status.index]) if status.index else None,
        "problems": [
            {"what": one.what, "advice": one.advice or None, "command": one.command or None}
            for one in find_problems(status, Moments(now=status.now))
        ],
        "channels": [channel_object(channel) for channel in status.channels],
    }


def channel_object(channel: ChannelReport) -> dict[str, object]:
    """One channel."""
    mirrored, counts, standing = channel.mirrored, channel.tally, channel.standing
    return {
        "channel_id": mirrored.channel_id,
        "channel": mirrored.name,
        "alias": mirrored.alias,
        "title": mirrored.title,
        "account": mirrored.account,
        "name_origin": name_origin(mirrored),
        "state": mirrored.shown_state,
        "state_reason": mirrored.state_reason,
        "state_since": iso(standing.state_since),
        "retry_at": iso(mirrored.retry_at),
        "failures": mirrored.failures,
        "last_error": standing.last_error,
        "held": counts.held,
        "stubs": channel.stubs,
        "partial": channel.parts.partial,
        "partial_refused": channel.parts.refused,
        "missing": counts.missing,
        "missing_if_posted": counts.if_posted,
        "absent": counts.absent,
        "not_fetched": counts.not_fetched,
        "outside": counts.outside,
        "imported_alone": counts.imported,
        "coverage": None
        if is_unaccounted(mirrored) or (mirrored.pts is None and counts.held <= counts.claimed)
        else round(counts.covered, 6),
        "top_id": mirrored.top_id,
        "newest_id": channel.newest[0] if channel.newest else None,
        "newest_date": iso(channel.newest[1]) if channel.newest else None,
        "window_start": iso(mirrored.window_start),
        "last_sync_at": iso(mirrored.last_sync_at),
        "server_count": mirrored.server_count,
        "server_count_at": iso(standing.server_count_at),
        "count_differs": channel.count_differs,
        "accepted_count": mirrored.accepted_count,
        "files": None if channel.files is None else channel.files.as_object(),
    }
