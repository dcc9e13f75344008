"""The end of a sync: the whole of rich messages that are held in part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.view.channel_status import describe_parts
from archiver.mirror.complete_rich import AccountChannels, Completer
from archiver.store.rich import PartCount, count_parts

if TYPE_CHECKING:
    from archiver.compose.accounts import Account
    from archiver.store.channel import Mirrored
    from archiver.store.database import Database


async def complete_parts(account: Account, channels: Sequence[Mirrored]) -> None:
    """Ask for the whole of each part once, and say what came of it. Raises FloodWait and what stops the account."""
    conn = account.database.connection
    before = {channel.channel_id: await count_parts(conn, channel.channel_id) for channel in channels}
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
            now = await count_parts(conn, channel.channel_id)
            if completed := before[channel.channel_id].partial - now.partial:
                output.note(f"{channel.name}: {completed:,} partial completed.")
            if now.partial:
                output.note(f"{channel.name}: {describe_parts(now)}.")


async def list_waiting(database: Database, channel_ids: Iterable[int]) -> list[int]:
    """Those of the channels that hold messages in part whose whole may still be had."""
    return [one for one in channel_ids if _is_waiting(await count_parts(database.connection, one))]


def _is_waiting(count: PartCount) -> bool:
    return count.partial > count.refused
