"""Which mirrored channels the words of a command mean."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.address import parse_channel
from archiver.naming import find_channel
from archiver.store.channel import Mirrored, list_channels
from archiver.store.database import Connection
from archiver.store.rows import list_names


async def pick_channels(conn: Connection, typed: Sequence[str], *, removed: bool = False) -> list[Mirrored]:
    """The channels that were typed, in that order and each once; all mirrored ones when none was."""
    mirrored = await list_channels(conn, removed=removed)
    if not typed:
        return mirrored
    by_id = {channel.channel_id: channel for channel in mirrored}
    names = [name for name in await list_names(conn) if name.channel_id in by_id]
    chosen = [find_channel(parse_channel(word), names).channel_id for word in typed]
    return [by_id[channel_id] for channel_id in dict.fromkeys(chosen)]
