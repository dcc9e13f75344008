"""Which mirrored channels the words of a command mean."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.address import ChannelRef, parse_channel
from archiver.errors import NotFound
from archiver.naming import find_channel
from archiver.row import ChannelName
from archiver.store.channel import Mirrored, list_channels
from archiver.store.database import Connection
from archiver.store.rows import list_names


async def pick_channels(conn: Connection, typed: Sequence[str], *, removed: bool = False) -> list[Mirrored]:
    """The channels that were typed, in that order and each once; all mirrored ones when none was.

    Raises NotFound, also for a channel that was removed unless `removed` lets it in, and UsageError.
    """
    mirrored = await list_channels(conn, removed=removed)
    if not typed:
        return mirrored
    by_id = {channel.channel_id: channel for channel in mirrored}
    known = await list_names(conn)
    names = [name for name in known if name.channel_id in by_id]
    chosen = [_find(parse_channel(word), names, known) for word in typed]
    return [by_id[channel_id] for channel_id in dict.fromkeys(chosen)]


def _find(ref: ChannelRef, names: Sequence[ChannelName], known: Sequence[ChannelName]) -> int:
    try:
        return find_channel(ref, names).channel_id
    except NotFound:
        try:
            removed = find_channel(ref, known)
        except NotFound:
            removed = None
        if removed is None:
            raise
        raise NotFound(
            f"{removed.name} was removed; what is archived stays.",
            hint=f"`telekeep add {removed.name}` takes it up again.",
        ) from None
