"""The end of a sync: complete partial rich messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.view.channel_status import describe_parts
from archiver.ids import ChannelId
from archiver.mirror.complete_rich import AccountChannels, Completer
from archiver.store.database import read
from archiver.store.messages.rich import PartCount, count_parts

if TYPE_CHECKING:
    from archiver.compose.accounts import OpenAccount
    from archiver.store.channels.channel import Mirrored
    from archiver.store.database import Database


async def complete_parts(account: OpenAccount, channels: Sequence[Mirrored]) -> None:
    """Fetch the rest of each partial message once, and report it. Raises FloodWait, and what stops the account."""
    conn = account.database.connection
    before = {channel.channel_id: await read(conn, count_parts, channel.channel_id) for channel in channels}
    waiting = [channel for channel in channels if _is_waiting(before[channel.channel_id])]
    if not waiting:
        return
    completer = Completer(
        account.source,
        account.database,
        account.ingest,
        AccountChannels(account.name, account.mirror.access),
        clock=account.scheduler.clock,
    )
    try:
        while await completer.step(only=[channel.channel_id for channel in waiting]):
            pass
    finally:
        for channel in waiting:
            now = await read(conn, count_parts, channel.channel_id)
            if completed := before[channel.channel_id].partial - now.partial:
                output.note(f"{channel.name}: {completed:,} partial completed.")
            if now.partial:
                output.note(f"{channel.name}: {describe_parts(now)}.")


async def list_waiting(database: Database, channel_ids: Iterable[ChannelId]) -> list[ChannelId]:
    """The channels with partial messages that the server has not refused to complete."""
    return [one for one in channel_ids if _is_waiting(await database.read(count_parts, one))]


def _is_waiting(count: PartCount) -> bool:
    return count.partial > count.refused
