"""Two accounts of one service fetch at the same time, and meet at the same files."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from archiver.compose.media_fetch import MediaDisk
from archiver.media.download import FileDownloader
from archiver.media.fetch import FileFetcher
from archiver.media.file_walk import FileWalk
from archiver.media.references import References
from archiver.media.settle_queue import SettleQueue
from archiver.store.database import Database
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import fetching_of

MIB = 1 << 20


async def test_a_file_that_one_account_is_fetching_is_left_to_it(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    channel = world.add_channel("C", "channel")
    for number in range(12):
        channel.post(f"{number}", media=world.media.photo(size=50_000 + number))
    channel.post("large", media=world.media.document(size=5 * MIB + 3))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(channel)
        ways, rig = fetching.fetcher._ways, fetching.rig
        other = FileFetcher(
            replace(
                ways,
                downloader=FileDownloader(ways.downloader.servers, ways.downloader.disk),
                references=References(rig.source, rig.database, rig.ingest, rig.mirror.access),
                settle=SettleQueue(rig.database, now=ways.clock.now),
            )
        )
        walks = [FileWalk(rig.database, "default", fetching.policy) for _ in range(2)]
        async with asyncio.timeout(30):
            counts = await asyncio.gather(
                *(one.run(walk, asyncio.Event()) for one, walk in zip((fetching.fetcher, other), walks, strict=True))
            )
        assert sum(one.files for one in counts) == 13
        assert [one.not_fetched for one in counts] == [{}, {}]
        fetching.check()
    assert server.traffic.repeated() == {}


async def test_the_disk_is_put_in_order_once_however_many_accounts_begin(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        disk = MediaDisk(database)
        first, *others = await asyncio.gather(*(disk.open() for _ in range(4)))
        assert all(one is first for one in others)
        disk.close()
