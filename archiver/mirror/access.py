"""Look up a channel whose access hash an account has lost, or never had."""

from __future__ import annotations

from archiver.errors import ChannelGone, ChannelInaccessible
from archiver.ids import AccessHash
from archiver.mirror.ingest import Ingest
from archiver.mirror.source import Source
from archiver.store.channels.channel import Mirrored


async def look_up_again(source: Source, ingest: Ingest, channel: Mirrored) -> AccessHash:
    """Look the channel up by its username, and return its access hash.

    Raises ChannelInaccessible if it has none, or if the name is free or belongs to another channel now.
    """
    if channel.username is None:
        raise ChannelInaccessible("this account has no access to it, and it has no public name to look it up by.")
    try:
        seen = await source.resolve_username(channel.username)
    except ChannelGone as exc:
        raise ChannelInaccessible(
            f"this account has no access to it, and no channel is called @{channel.username} any more."
        ) from exc
    if seen.channel_id != channel.channel_id:
        raise ChannelInaccessible(
            f"@{channel.username} belongs to another channel now ({seen.channel_id}), which is not mirrored instead."
        )
    await ingest.note_access(seen)
    return seen.access_hash
