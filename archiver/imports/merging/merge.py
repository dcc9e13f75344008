"""Take over another archive of telekeep: its messages with all that it knows of them, a page a transaction.

Killed in the middle and run again, it ends the same; run twice, it changes nothing. What may be claimed of a channel,
which ids it accounts for and up to which pts, is written last, and only if all of its messages could be taken.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeAlias

from archiver.imports.merging.merge_channel import ChannelMerge, MergeRun
from archiver.imports.merging.merge_source import describe_source
from archiver.imports.merging.merged import MergedChannel
from archiver.store.database import Database
from archiver.store.garbage import few_collections
from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_channel import ForeignChannel, list_foreign_channels
from archiver.store.merging.foreign_page import count_messages
from archiver.store.merging.merged_channel import SourceFile

Progress: TypeAlias = Callable[[int, int], None]
"""Given the number of messages read, and of all."""


async def merge_channels(
    database: Database,
    archive: ForeignArchive,
    *,
    only: Callable[[ForeignChannel], bool] = lambda _: True,
    dry_run: bool = False,
    progress: Progress = lambda *_: None,
    clock: Callable[[], float] = time.time,
) -> tuple[SourceFile, list[MergedChannel]]:
    """Take over another archive's channels; return what identifies it, and what each brought. `only`: which ones."""
    source = await asyncio.to_thread(archive.read, describe_source)
    counted = await asyncio.to_thread(archive.read, count_messages)
    found = await asyncio.to_thread(archive.read, list_foreign_channels)
    wanted = [channel for channel in found if only(channel)]
    total, read = sum((counted or {}).get(channel.channel_id, 0) for channel in wanted), 0

    def advance(count: int) -> None:
        nonlocal read
        read += count
        progress(read, max(total, read))

    run = MergeRun(database, archive, source, dry_run, now=lambda: int(clock()), advance=advance)
    with few_collections():
        return source, [
            await _merge(run, channel, None if counted is None else counted.get(channel.channel_id, 0))
            for channel in wanted
        ]


async def _merge(run: MergeRun, channel: ForeignChannel, counted: int | None) -> MergedChannel:
    """Take over one channel. `counted`: its messages; None if they cannot be counted."""
    done = MergedChannel(channel.channel_id, channel.name, channel.title)
    merge = ChannelMerge(run, channel, done)
    await merge.prepare(counted)
    if done.added and counted == 0 and not merge.was_read:
        return done  # it was added there, and never read
    await merge.copy_log()
    await merge.read_pages()
    await merge.finish()
    return done
