"""What fetches files, of real parts: the loopback server, sockets, an archive and its `media/` in a directory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from archiver.media.blob_store import BlobStore
from archiver.media.call_budget import CallBudget
from archiver.media.disk import Disk
from archiver.media.download import FileDownloader
from archiver.media.fetch import FileFetcher
from archiver.media.fetch_counts import FetchCounts
from archiver.media.fetch_ways import FetchWays
from archiver.media.file_walk import FileSelection, FileWalk
from archiver.media.handover import Handover
from archiver.media.partial import _HEADER, _RECORD, PARTS
from archiver.media.recover import recover
from archiver.media.references import References
from archiver.media.settle_queue import SettleQueue
from archiver.model.media_file import MediaPolicy
from archiver.telegram import FileServers, Timeouts
from tests.doubles.telegram import faults, file_faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.files import File
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import SHORT, Rig, ServerClock, mirror_of, query

EVERYTHING = MediaPolicy(download="all", max_size=1 << 40, thumbnails=False)


@dataclass(frozen=True, slots=True)
class Fetching:
    """What a test drives."""

    server: Server
    directory: Path
    rig: Rig
    fetcher: FileFetcher
    policy: MediaPolicy

    async def mirror(self, *channels: Channel) -> None:
        for channel in channels:
            await self.rig.add(channel)
            await self.rig.sync(channel)

    async def fetch(self, *, stop: asyncio.Event | None = None, **selection: Any) -> FetchCounts:
        walk = FileWalk(self.rig.database, "default", self.policy, FileSelection(**selection))
        async with asyncio.timeout(240):
            return await self.fetcher.run(walk, stop or asyncio.Event())

    def states(self) -> dict[str, str]:
        return dict(query(self.directory, "SELECT file_key, status FROM file"))

    def check(self) -> None:
        """What is stored is true, whole, and all of it is known; nothing else lies about."""
        check(self.directory, self.server)


def check(directory: Path, server: Server) -> None:
    truth = {f"{kind}/{id_}": file for kind, id_, file in ((*file.key, file) for file in server.world.files)}
    stored = dict(query(directory, "SELECT file_key, sha256 FROM file WHERE status = 'downloaded'"))
    for key, digest in stored.items():
        assert digest == server.world.files.sha256(truth[key]).hex(), key
    blobs = {row[0] for row in query(directory, "SELECT sha256 FROM blob")}
    on_disk = set(BlobStore(directory).list_blobs())
    assert on_disk == blobs == set(stored.values())
    for digest in on_disk:
        path = BlobStore(directory).path(digest)
        assert sha256(path.read_bytes()).hexdigest() == digest
        assert path.stat().st_mode & 0o777 == 0o600


def key_of(file: Any) -> str:
    """The key of a message's photo or document, or of a file of the world."""
    if isinstance(file, File):
        return "/".join(map(str, file.key))
    photo = getattr(file, "photo", None)
    return f"photo/{photo.id}" if photo is not None else f"document/{file.document.id}"


@asynccontextmanager
async def fetching_of(
    server: Server,
    account: Account,
    directory: Path,
    *,
    policy: MediaPolicy = EVERYTHING,
    timeouts: Timeouts = SHORT,
    ways: Mapping[str, Any] | None = None,
    **pacing: Any,
) -> AsyncIterator[Fetching]:
    """A mirror whose files can be fetched; leaving it is like the end of a process, recovery included."""
    async with mirror_of(server, account, directory, timeouts=timeouts, **pacing) as rig:
        store = BlobStore(directory)
        store.prepare()
        connection = rig.source._connection
        servers = FileServers(connection, timeouts)
        clock = ServerClock(server)
        with ThreadPoolExecutor(4) as threads:
            disk = Disk(store, Handover(store), threads)
            await recover(rig.database, store, disk.handover, now=int(clock.now()))
            fields: dict[str, Any] = {
                "account": "default",
                "database": rig.database,
                "downloader": FileDownloader(servers, disk),
                "references": References(rig.source, rig.database, rig.ingest, rig.mirror.access),
                "settle": SettleQueue(rig.database, now=clock.now),
                "budget": CallBudget(None),
                "clock": clock,
            }
            fetcher = FileFetcher(FetchWays(**(fields | dict(ways or {}))))
            try:
                yield Fetching(server, directory, rig, fetcher, policy)
            finally:
                await servers.close()
                disk.handover.clear()


GET = "upload.getFile"
MIB = 1 << 20
SPOILED = (
    file_faults.short(5000),
    file_faults.hollow(),
    file_faults.long(4096),
    file_faults.flip(99),
    file_faults.shift(),
    file_faults.swap(),
    faults.drop(),
    faults.half(3000),
)
"""Answers with wrong bytes, and lost ones."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.media.part_reader.PAUSE", 0.0)
    monkeypatch.setattr("archiver.telegram.file_connections.DELAYS", (0.0, 0.05))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that do not come are not waited for long."""
    monkeypatch.setattr("archiver.telegram.file_connections.CALL", 1.0)
    monkeypatch.setattr("archiver.telegram.file_connections.CALL_MOST", 1.0)


def kept_parts(directory: Path) -> int:
    """Parts of files that are on disk, and so are not fetched again; what only arrived may still wait for its hash."""
    lists = (directory / "media" / "partial").glob(f"*{PARTS}")
    return sum(max(one.stat().st_size - _HEADER.size, 0) // _RECORD.size for one in lists)


def channel_of_photos(world: World, count: int, size: int) -> Channel:
    """A channel whose posts show a photo each."""
    channel = world.add_channel("Alpha", "alpha")
    post_photos(channel, count, size)
    return channel


def post_photos(channel: Channel, count: int, size: int) -> None:
    for _ in range(count):
        channel.post(media=channel.world.media.photo(size=size))


def assert_polite(server: Server) -> None:
    """No order to wait was broken, and no byte was fetched twice."""
    assert server.violations == []
    assert server.traffic.repeated() == {}


async def reaches(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not true():  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.005)
