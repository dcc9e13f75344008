"""Build what fetches the files of an account, from the settings and the archive."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from archiver.compose.media import settings_policy
from archiver.media.blob_store import BlobStore
from archiver.media.call_budget import CallBudget, small_calls
from archiver.media.disk import Disk
from archiver.media.download import FileDownloader
from archiver.media.fetch import FileFetcher
from archiver.media.fetch_ways import FetchWays
from archiver.media.file_walk import FileSelection, FileWalk
from archiver.media.handover import Handover
from archiver.media.recover import recover
from archiver.media.references import References
from archiver.media.settle_queue import SettleQueue
from archiver.media.worker import MediaWorker
from archiver.pacing.scheduler import Priority
from archiver.store.database import Database
from config.accounts import account_settings

if TYPE_CHECKING:
    from archiver.compose.accounts import OpenAccount
    from config.settings import Settings

THREADS = 8
"""Threads that write and sync: file systems sync several files at once nearly as fast as one."""


class MediaDisk:
    """Where the files of all accounts of a process go; what an earlier process left is put in order at first use."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._disk: Disk | None = None
        self._opening = asyncio.Lock()
        """Accounts begin at the same time; what one is fetching would look like a leftover to the next."""

    async def open(self) -> Disk:
        """The disk, ready. Raises UsageError if something is in the way."""
        async with self._opening:
            if self._disk is None:
                self._disk = await self._open()
            return self._disk

    async def _open(self) -> Disk:
        store = BlobStore(self._database.path.parent)
        disk = Disk(store, Handover(store), ThreadPoolExecutor(THREADS, thread_name_prefix="media"))
        await disk.run(store.prepare)
        await recover(self._database, store, disk.handover, now=int(time.time()))
        return disk

    def close(self) -> None:
        """End the threads, whose work must have ended."""
        if self._disk is not None:
            self._disk.handover.clear()
            self._disk.threads.shutdown()
            self._disk = None


async def make_fetcher(
    settings: Settings, account: OpenAccount, disk: MediaDisk, *, is_following: bool = False
) -> FileFetcher:
    """What fetches an account's files. `is_following`: those of new posts as they come."""
    own = account_settings(settings, account.name)
    clock = account.scheduler.clock
    references = References(account.source.at(Priority.MEDIA), account.database, account.ingest, account.mirror.access)
    ways = FetchWays(
        account=account.name,
        database=account.database,
        downloader=FileDownloader(account.files, await disk.open(), proves_small=own.requests_per_second <= 0),
        references=references,
        settle=SettleQueue(account.database, now=clock.now),
        budget=CallBudget(small_calls(own.requests_per_second, own.pace)),
        clock=clock,
        min_free=int(settings.media.min_free),
        is_following=is_following,
    )
    return FileFetcher(ways)


def make_walk(settings: Settings, account: OpenAccount, selection: FileSelection | None = None) -> FileWalk:
    """The files to fetch with an account."""
    return FileWalk(account.database, account.name, settings_policy(settings.media), selection or FileSelection())


def make_worker(settings: Settings, account: OpenAccount, disk: MediaDisk) -> MediaWorker:
    """The service's worker for an account's files."""

    async def make() -> tuple[FileFetcher, FileWalk]:
        return await make_fetcher(settings, account, disk, is_following=True), make_walk(settings, account)

    return MediaWorker(account.name, make, clock=account.scheduler.clock)
