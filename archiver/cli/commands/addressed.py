"""The message that an address means, or why it is not in the archive: for `show` and `history`."""

from __future__ import annotations

from archiver.address import parse_message
from archiver.cli import output
from archiver.cli.view.channel_status import how_to_fetch
from archiver.compose.named_channel import find_named
from archiver.compose.read_archive import get_mirrored
from archiver.errors import NotFound
from archiver.model.row import ChannelName, iso
from archiver.reading.coverage_report import list_runs
from archiver.store.database import Database
from archiver.store.rows import HeldMessage, get_messages, list_names


async def get_message(database: Database, address: str) -> tuple[ChannelName, HeldMessage]:
    """The message with its media, and its channel. Raises NotFound, which says what is known of the id."""
    conn, wanted = database.connection, parse_message(address)
    channel = await find_named(conn, wanted.channel, await list_names(conn), remarks=output)
    key = (channel.channel_id, wanted.message_id)
    held = (await get_messages(conn, [key])).get(key)
    if held is None:
        raise NotFound(await _why_not(database, channel, wanted.message_id))
    return channel, held


async def _why_not(database: Database, channel: ChannelName, message_id: int) -> str:
    conn, directory = database.connection, database.path.parent
    mirrored = await get_mirrored(conn, channel.channel_id)
    what = f"{channel.name}/{message_id} is not in the archive"
    if message_id > mirrored.top_id:
        newer = how_to_fetch(mirrored, directory, certain=False)
        return f"{what}: the highest id known of the channel is {mirrored.top_id}. {newer}"
    run = (await list_runs(conn, mirrored, lo=message_id, hi=message_id))[0]
    if run.state == "absent":
        noticed = f" (noticed {iso(run.noticed)}, {run.how})" if run.noticed else ""
        return f"{what}: there was no such message in the channel{noticed}."
    if run.state == "outside":
        return f"{what}: it is older than the window that is mirrored."
    return f"{what}: it was not fetched yet. {how_to_fetch(mirrored, directory)}"
