"""What `telekeep status` reads: channels, accounts, service, waits, index and disk, as of one moment."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.cli.view.extract import describe_extract
from archiver.cli.view.file_sums import FileSum, read_file_sums
from archiver.cli.view.index_status import IndexStatus, check_servers, read_index
from archiver.cli.view.service_status import ServiceStatus, read_service
from archiver.cli.view.speed import Speed, read_speed
from archiver.model.completeness import Tally
from archiver.reading.coverage_report import tally_channel
from archiver.store.accounts.account import KnownAccount, list_accounts
from archiver.store.accounts.waits import Wait, list_waits
from archiver.store.channels.channel import Mirrored, list_channels
from archiver.store.channels.channel_details import ChannelStatus, count_stubs, list_statuses
from archiver.store.channels.extent import find_newest
from archiver.store.channels.review import find_surplus
from archiver.store.database import Connection, Database, read
from archiver.store.imports.imported_channel import is_compared, is_unaccounted
from archiver.store.media.blob_check import NO_BLOBS, BlobSum, sum_blobs
from archiver.store.messages.rich import PartCount, count_parts
from archiver.store.messages.rows import snapshot
from config.accounts import account_names, session_path

if TYPE_CHECKING:
    from config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReport:
    """One channel. Times are unix seconds."""

    mirrored: Mirrored
    standing: ChannelStatus
    tally: Tally
    newest: tuple[int, int] | None
    """Id and date of the newest message."""
    stubs: int
    parts: PartCount
    files: FileSum | None = None
    """None: no file is wanted, and none is stored."""
    surplus: int | None
    """Messages that the server counts in excess of those archived and not deleted, if comparable."""

    @property
    def name(self) -> str:
        """Its name in rows and citations."""
        return self.mirrored.name

    @property
    def label(self) -> str:
        """What people read."""
        return self.mirrored.label

    @property
    def is_begun(self) -> bool:
        """Whether any of it has been fetched."""
        return self.mirrored.last_sync_at is not None or self.tally.held + self.tally.missing > self.tally.claimed

    @property
    def is_fetched(self) -> bool:
        """Whether any of it came from Telegram, so that its share can be computed."""
        return self.is_begun and not is_unaccounted(self.mirrored)

    @property
    def not_fetched(self) -> int | None:
        """Ids not fetched; None: exports do not say what they lack."""
        return None if is_unaccounted(self.mirrored) else self.tally.not_fetched

    @property
    def known(self) -> int:
        """Ids of the window that are archived, or known to be absent; what only imports have is not fetched."""
        return self.tally.known

    @property
    def count_differs(self) -> bool | None:
        """Whether the counts differ, other than by the amount that a review of all ids left unexplained."""
        return None if self.surplus is None else self.surplus not in (0, self.mirrored.accepted_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """Everything that `telekeep status` shows."""

    now: float
    path: Path
    channels: list[ChannelReport]
    accounts: list[KnownAccount]
    service: ServiceStatus
    waits: list[Wait]
    speed: Speed | None
    """Of the histories being fetched now."""
    index: list[IndexStatus]
    """By node; empty if no Meilisearch is configured."""
    logged_out: frozenset[str]
    """Accounts with channels to mirror that have no session here."""
    unconfigured: frozenset[str]
    """Accounts with channels to mirror that the settings do not have."""
    extract: str | None = None
    """What the archive is and when it was made, if it is an export."""
    stored: BlobSum = NO_BLOBS
    """Stored files on disk."""
    has_channels: bool
    """Whether any channel is mirrored, including those not shown."""
    min_free: int = 0
    """Bytes that stay free on the disk: with less, no files are fetched."""

    @property
    def active(self) -> list[ChannelReport]:
        """The channels that are mirrored: all but the removed ones."""
        return [one for one in self.channels if one.mirrored.state != "removed"]

    @property
    def ids_left(self) -> int:
        """Ids not fetched, of all channels that are not removed."""
        return sum(one.tally.not_fetched for one in self.active)

    @property
    def size(self) -> int:
        """Size of the archive in bytes."""
        parts = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    @property
    def free(self) -> int:
        """Bytes that are free on its disk."""
        return shutil.disk_usage(self.path.parent).free


async def read_status(database: Database, settings: Settings) -> StatusReport:
    """Read the status, and ask the index whether it answers."""
    conn = database.connection
    extract = describe_extract(database.path)
    index: list[IndexStatus] = []
    if extract is None:  # an export is not indexed
        index = await check_servers(await read_index(database, settings.meilisearch), settings.meilisearch)
    service = await read_service(database)
    now = time.time()
    async with snapshot(conn):
        standings = await read(conn, list_statuses)
        files = await read(conn, read_file_sums, standings, settings)
        accounts = await read(conn, list_accounts) if extract is None else []
        busy = {one.account for one in accounts if one.channels}
        channels = await read(conn, list_channels, removed=True)
        return StatusReport(
            now=now,
            path=database.path,
            channels=[
                await _read_channel(conn, one, standings[one.channel_id], files.get(one.channel_id)) for one in channels
            ],
            has_channels=any(one.state != "removed" for one in channels),
            accounts=accounts,
            service=service,
            waits=await read(conn, list_waits, now=now),
            speed=await read_speed(conn, now) if service.holder else None,
            index=index,
            extract=extract,
            logged_out=frozenset(name for name in busy if not session_path(settings, name).exists()),
            unconfigured=frozenset(busy - set(account_names(settings))),
            stored=await read(conn, sum_blobs),
            min_free=int(settings.media.min_free),
        )


async def _read_channel(
    conn: Connection, one: Mirrored, standing: ChannelStatus, files: FileSum | None
) -> ChannelReport:
    return ChannelReport(
        files=files,
        mirrored=one,
        standing=standing,
        tally=await tally_channel(conn, one),
        newest=await read(conn, find_newest, one.channel_id, shown=is_compared(one)),
        stubs=await read(conn, count_stubs, one.channel_id),
        parts=await read(conn, count_parts, one.channel_id),
        surplus=await read(conn, find_surplus, one.channel_id),
    )
