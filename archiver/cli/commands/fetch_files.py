"""Fetch the files of an account's channels, with progress: for `sync --media` and `media fetch`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.commands.blocked_paths import name_blocked
from archiver.cli.view.figures import count, duration
from archiver.cli.view.media_progress import describe_files, show_media_progress
from archiver.compose.media_fetch import make_fetcher, make_walk
from archiver.errors import Error
from archiver.ids import ChannelId
from archiver.media.fetch_counts import DiskTrouble, FetchCounts
from archiver.media.file_walk import FileSelection, FileWalk
from archiver.model.media_file import FileKey
from archiver.store.faults import FULL, find_fault
from archiver.store.media.media_policy import list_overrides, note_rate

MEASURE = 1.0
"""Time limit in seconds for counting what is to be fetched; without a count, progress shows no total."""
TAKEN = 2_000
"""Files counted at once."""

if TYPE_CHECKING:
    from archiver.compose.accounts import Accounts, OpenAccount
    from config.settings import Settings


async def fetch_files(
    settings: Settings, accounts: Accounts, account: OpenAccount, selection: FileSelection
) -> FetchCounts:
    """Fetch the wanted files of the selection. Raises FloodWait, and what stops the account.

    A full disk is reported, and what was fetched is kept.
    """
    began = time.monotonic()
    fetcher = await make_fetcher(settings, account, accounts.disk)
    walk = make_walk(settings, account, selection)
    total = await _measure(account, make_walk(settings, account, selection))
    await account.connection.ready()
    try:
        async with show_media_progress(lambda: fetcher.counts, total=total, wait=lambda: account.files.flood_wait):
            await fetcher.run(walk, asyncio.Event())
    except DiskTrouble as exc:
        output.warn(str(exc))
        fetcher.counts.stopped = exc
    finally:
        counts, seconds = fetcher.counts, time.monotonic() - began
        await _note_rate(account, counts, seconds)
        _note_fetched(counts, seconds)
    _report_channels(fetcher.counts.channels)
    await _note_left(counts, walk, has_request=selection.adapt is not None)
    return counts


def _note_fetched(counts: FetchCounts, seconds: float) -> None:
    """Report what was fetched, and which stored files could not be recorded or written."""
    if counts.is_anything:
        output.note(f"{describe_files([counts], seconds)}.")
    if counts.unrecorded:
        output.note(
            f"{count(counts.unrecorded, 'more file')} arrived but could not be recorded: the next run does so when"
            " the disk has room, without fetching them again."
        )
    name_blocked(counts.blocked)


async def _note_left(counts: FetchCounts, walk: FileWalk, *, has_request: bool) -> None:
    """Count and report the wanted files that are left. `has_request`: they were selected, not only wanted by policy."""
    counts.waiting, counts.retry_at = await walk.count_waiting()
    if (earlier := counts.waiting - counts.failed) > 0:
        wait = "" if counts.retry_at is None else f" (the next in {duration(max(counts.retry_at - time.time(), 1))})"
        output.note(
            f"{count(earlier, 'file')} that failed earlier {'waits' if earlier == 1 else 'wait'} to be retried{wait};"
            " `telekeep media retry` ends the wait."
        )
    counts.lost, counts.over_quota = await walk.count_lost(), walk.count_over_quota()
    if counts.lost:
        output.note(
            f"{count(counts.lost, 'file')} whose stored copy is missing {'is' if counts.lost == 1 else 'are'} fetched"
            " again only if you ask: `telekeep media retry`, then `telekeep media fetch`."
        )
    if counts.over_quota and has_request:
        output.note(
            f"{count(counts.over_quota, 'file')} left out: the channel's quota has no room"
            " (`telekeep media policy CHANNEL --quota SIZE` changes it)."
        )


async def _note_rate(account: OpenAccount, counts: FetchCounts, seconds: float) -> None:
    """Record the download rate. A full disk is not an error here: `fetch_files` reports it."""
    try:
        await account.database.write(
            note_rate, account.name, files=counts.files, size=counts.size, seconds=seconds, now=int(time.time())
        )
    except Exception as exc:
        if find_fault(exc) is not FULL:
            raise


async def _measure(account: OpenAccount, walk: FileWalk) -> int | None:
    """Bytes of the files of a walk, if they are counted soon enough and their sizes are known.

    Connects to their data centres at the same time.
    """
    total, end, seen, now = 0, time.monotonic() + MEASURE, set[FileKey](), time.time()
    while tasks := await walk.take(TAKEN, now=now, skip=seen):
        for dc in {task.dc_id for task in tasks if task.dc_id is not None}:
            account.files.warm(dc)
        total += sum(task.size or 0 for task in tasks)
        seen.update(task.key for task in tasks)
        if time.monotonic() > end:
            return None
    return total or None


def _report_channels(failed: dict[ChannelId, Error]) -> None:
    for channel_id, error in failed.items():
        output.error(f"channel {channel_id}: its files cannot be fetched now: {error}")


class FileSync:
    """The files of a sync: those that the channels' policies want."""

    def __init__(self, settings: Settings, accounts: Accounts) -> None:
        self._settings = settings
        self._accounts = accounts
        self.is_complete = True
        """Whether none is left to be tried again."""

    async def fetch(self, account: OpenAccount, channels: Collection[ChannelId]) -> None:
        """Fetch the files of an account's channels. Raises FloodWait, and what stops the account."""
        if self._settings.media.download == "none" and not await account.database.read(list_overrides):
            output.note("no channel wants files: set media.download, or use `telekeep media policy` for one channel.")
            return
        selection = FileSelection(channels=channels)
        counts = await fetch_files(self._settings, self._accounts, account, selection)
        self.is_complete &= counts.is_complete
