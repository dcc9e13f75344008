"""Getting an account's access to a channel that it has lost, or never had."""

from __future__ import annotations

from archiver.errors import ChannelGone, ChannelInaccessible
from archiver.mirror.ingest import Ingest
from archiver.mirror.source import Source
from archiver.store.channel import Mirrored


async def look_up_again(source: Source, ingest: Ingest, channel: Mirrored) -> int:
    """Ask for the channel by its name; a name that another channel holds now is never followed."""
    if channel.username is None:
        raise ChannelInaccessible("this account has no access to it, and it has no public name to ask by.")
    try:
        seen = await source.resolve_username(channel.username)
    except ChannelGone as exc:
        raise ChannelInaccessible(
            f"this account has no access to it, and @{channel.username} leads to no channel any more."
        ) from exc
    if seen.channel_id != channel.channel_id:
        raise ChannelInaccessible(
            f"the name @{channel.username} belongs to another channel now ({seen.channel_id}); it is not followed."
        )
    await ingest.note_access(seen)
    return seen.access_hash
