"""Resolve the channels given to a command."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.cli import output
from archiver.compose.named_channel import find_typed
from archiver.errors import NotFound
from archiver.ids import ChannelId
from archiver.model.imported import how_to_mirror
from archiver.model.row import ChannelName
from archiver.store.channels.channel import Mirrored, find_channel, list_channels
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names


async def pick_channels(conn: Connection, typed: Sequence[str], *, removed: bool = False) -> list[Mirrored]:
    """The channels given, in that order and without repetitions; all mirrored ones if none was given.

    Raises NotFound, for removed channels too unless `removed`, and UsageError.
    """
    mirrored = await read(conn, list_channels, removed=removed)
    if not typed:
        return mirrored
    by_id = {channel.channel_id: channel for channel in mirrored}
    known = await read(conn, list_names)
    chosen = [by_id[await _find(conn, word, set(by_id), known)] for word in typed]
    return list(dict.fromkeys(chosen))


async def _find(conn: Connection, word: str, mirrored: set[ChannelId], known: Sequence[ChannelName]) -> ChannelId:
    names = [name for name in known if name.channel_id in mirrored]
    try:
        return (await find_typed(conn, word, names, remarks=output)).channel_id
    except NotFound:
        removed = await find_typed(conn, word, known, remarks=output)
        channel = await read(conn, find_channel, removed.channel_id)
        if channel is not None and channel.imported_only:
            raise NotFound(
                f"{removed.label} is known only from imports, and not mirrored.",
                hint=f"{how_to_mirror(removed.username)}.",
            ) from None
        raise NotFound(
            f"{removed.label} was removed; its archive is kept.",
            hint=f"`telekeep add {removed.name}` resumes mirroring.",
        ) from None
