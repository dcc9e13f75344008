"""A disk that is slower than the network does not fill the memory."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from archiver.media.blob_store import BlobStore
from archiver.media.disk import Disk
from archiver.media.download import BACKLOG, FileDownloader
from archiver.media.handover import Handover
from archiver.media.window import MOST
from archiver.model.file_location import PART, FileLocation, PieceHash

FILES = 120


class _Quick:
    """Answers at once."""

    def __init__(self) -> None:
        self.given = 0
        self.flood_wait = 0.0

    def warm(self, dc: int) -> None: ...

    def dc_of(self, location: FileLocation) -> int:
        return location.dc_id

    async def get_part(self, location: FileLocation, offset: int, limit: int, *, precise: bool = False) -> bytes:
        self.given += limit
        return location.id.to_bytes(4, "little") * (limit // 4)

    async def get_hashes(self, location: FileLocation, offset: int) -> list[PieceHash]:
        return []


async def test_bytes_that_wait_for_a_slow_disk_are_bounded(tmp_path: Path) -> None:
    store, servers, goes_on = BlobStore(tmp_path), _Quick(), Event()
    store.prepare()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(goes_on.wait, 60)
        downloader = FileDownloader(servers, Disk(store, Handover(store), threads), proves_small=False)
        work = [asyncio.create_task(downloader.fetch(_location(number))) for number in range(1, FILES + 1)]
        for _ in range(3_000):  # turns of the loop: nothing waits for time
            await asyncio.sleep(0)
        try:
            assert servers.given <= BACKLOG + MOST + PART
        finally:
            goes_on.set()
        async with asyncio.timeout(60):
            assert sum(one.size for one in await asyncio.gather(*work)) == FILES * PART


def _location(number: int) -> FileLocation:
    return FileLocation(key=f"document/{number}", id=number, access_hash=1, reference=b"r", dc_id=2, size=PART)
