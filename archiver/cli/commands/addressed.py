"""Find the message at an address, or explain why it is not archived: for `show` and `history`."""

from __future__ import annotations

from archiver.address import parse_message
from archiver.cli import output
from archiver.cli.view.channel_status import how_to_fetch
from archiver.cli.view.heading import called
from archiver.cli.view.moments import Moments
from archiver.compose.named_channel import find_posted
from archiver.compose.read_archive import get_mirrored
from archiver.errors import KnownAbsent, NotFound
from archiver.ids import MessageId
from archiver.model.row import ChannelName
from archiver.reading.coverage_report import list_runs
from archiver.store.database import Database, read
from archiver.store.rows import HeldMessage, get_messages, list_names


async def get_message(database: Database, address: str, moments: Moments) -> tuple[ChannelName, HeldMessage]:
    """The channel, and the message with its media. Raises NotFound, which says what is known about the id."""
    conn, wanted = database.connection, parse_message(address)
    channel = await find_posted(conn, wanted, await read(conn, list_names), remarks=output)
    key = (channel.channel_id, wanted.message_id)
    held = (await read(conn, get_messages, [key])).get(key)
    if held is None:
        raise await _explain(database, channel, wanted.message_id, moments)
    return channel, held


async def _explain(database: Database, channel: ChannelName, message_id: MessageId, moments: Moments) -> NotFound:
    """The error for an id that is not archived: KnownAbsent if there was no such message."""
    conn, directory = database.connection, database.path.parent
    mirrored = await get_mirrored(conn, channel.channel_id)
    what = f"{called(channel)}/{message_id} is not archived"
    if message_id > mirrored.top_id:
        newer = how_to_fetch(mirrored, directory, certain=False)
        synced = f" at {moments.at(mirrored.last_sync_at)}" if mirrored.last_sync_at else ""
        return NotFound(f"{what}: the highest known id of the channel{synced} is {mirrored.top_id}.", hint=newer)
    run = (await list_runs(conn, mirrored, lo=message_id, hi=message_id))[0]
    if run.state == "absent":
        noticed = f" when it was read ({moments.at(run.noticed)})" if run.noticed else ""
        return KnownAbsent(
            f"{what}: the channel had no such message{noticed}; it never existed, or was deleted before it was seen."
        )
    if run.state == "outside":
        start = f", which begins {moments.date(mirrored.window_start)}" if mirrored.window_start else ""
        return NotFound(
            f"{what}: it is older than the mirrored window{start}.",
            hint=f"`telekeep add {called(channel)} --since DATE` moves its start.",
        )
    return NotFound(f"{what}: it is not fetched yet.", hint=how_to_fetch(mirrored, directory))
