"""Which files the words of a `telekeep media` command mean: those of channels, or of single messages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId

if TYPE_CHECKING:
    from archiver.store.channels.channel import Mirrored
    from archiver.store.database import Database


class ChosenMedia(NamedTuple):
    """Channels, and if single messages were given, these."""

    channels: list[Mirrored]
    messages: dict[ChannelId, list[MessageId]] | None
    """None: all messages of the channels."""


async def choose_media(database: Database, typed: Sequence[str], *, removed: bool = False) -> ChosenMedia:
    """Read CHANNEL and CHANNEL/ID words; none: all mirrored channels. Raises UsageError, NotFound."""
    from archiver.address import names_message
    from archiver.cli.commands.addressed import get_message
    from archiver.cli.commands.pick import pick_channels
    from archiver.cli.view.moments import Moments
    from archiver.compose.read_archive import get_mirrored

    single = [word for word in typed if names_message(word)]
    if single and len(single) < len(typed):
        raise UsageError("channels and messages cannot be combined.", hint="Give either CHANNEL... or CHANNEL/ID...")
    if not single:
        return ChosenMedia(await pick_channels(database.connection, typed, removed=removed), None)
    messages: dict[ChannelId, list[MessageId]] = {}
    for word in single:
        channel, (message, _) = await get_message(database, word, Moments(now=time.time()))
        messages.setdefault(channel.channel_id, []).append(MessageId(message.message_id))
    return ChosenMedia([await get_mirrored(database.connection, one) for one in messages], messages)
