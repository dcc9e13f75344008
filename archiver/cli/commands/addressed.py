"""Find the message at an address, or explain why it is not archived: for `show` and `history`."""

from __future__ import annotations

from archiver.address import ChannelRef, MessageRef, fold_name
from archiver.cli import output
from archiver.cli.view.channel_status import how_to_fetch
from archiver.cli.view.heading import called
from archiver.cli.view.moments import Moments
from archiver.compose.named_channel import find_posted, read_post
from archiver.compose.read_archive import get_mirrored
from archiver.errors import KnownAbsent, NotFound
from archiver.model.row import ChannelName
from archiver.reading.not_archived import find_why_not_archived
from archiver.store.database import Database, read
from archiver.store.messages.rows import HeldMessage, get_messages, list_names


async def get_message(database: Database, address: str, moments: Moments) -> tuple[ChannelName, HeldMessage]:
    """The channel, and the message with its media. Raises NotFound, which says what is known about the id."""
    conn = database.connection
    known = await read(conn, list_names)
    wanted = read_post(address, known)
    channel = await find_posted(conn, wanted, known, remarks=output)
    key = (channel.channel_id, wanted.message_id)
    held = (await read(conn, get_messages, [key])).get(key)
    if held is None:
        raise await _explain(database, channel, wanted, moments)
    return channel, held


async def _explain(database: Database, channel: ChannelName, wanted: MessageRef, moments: Moments) -> NotFound:
    """The error for an id that is not archived: KnownAbsent if there was no such message."""
    conn, directory, message_id = database.connection, database.path.parent, wanted.message_id
    mirrored = await get_mirrored(conn, channel.channel_id)
    state, why = await find_why_not_archived(conn, mirrored, message_id, moment=moments.at, day=moments.date)
    name = _as_typed(wanted.channel, channel)
    what = f"{name}/{message_id} is not archived: {why}"
    if state == "absent":
        return KnownAbsent(what)
    if state == "outside":
        return NotFound(what, hint=f"`telekeep add {name} --since DATE` sets an earlier start.")
    return NotFound(what, hint=how_to_fetch(mirrored, directory, certain=state == "not fetched"))


def _as_typed(ref: ChannelRef, channel: ChannelName) -> str:
    """The channel by the name that was typed, if it still has that name."""
    own = (channel.alias, channel.username, *channel.usernames)
    return next((name for name in own if name and ref.name and fold_name(name) == fold_name(ref.name)), called(channel))
