"""What fetching files needs: the parts of an account's fetcher, and the walk over the files that are wanted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from archiver.clock import Clock
from archiver.media.call_budget import CallBudget
from archiver.media.download import FileDownloader
from archiver.media.references import References
from archiver.media.settle_queue import SettleQueue
from archiver.model.media_file import FileKey, FileTask
from archiver.store.database import Database


class TaskSource(Protocol):
    """Hands out the files to fetch."""

    async def take(self, limit: int, *, now: float, skip: Collection[FileKey] = ()) -> list[FileTask]:
        """Some files; none at the end of the walk."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchWays:
    """How an account fetches files."""

    account: str
    database: Database
    downloader: FileDownloader
    references: References
    settle: SettleQueue
    budget: CallBudget
    clock: Clock
    min_free: int = 0
    """Bytes that stay free on the disk."""
    is_following: bool = False
    """Whether the files of new posts are fetched as these come: their references are still good."""
