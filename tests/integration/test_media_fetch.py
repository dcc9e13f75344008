"""Files arrive whole and once, whatever the servers do on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from telethon.tl.functions.account import InitTakeoutSessionRequest

from archiver.model.media_file import FileKey
from archiver.store.media.file import forget_outcome
from archiver.telegram.session import read_session
from tests.doubles.telegram import faults, file_faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import (
    GET,
    MIB,
    channel_of_photos,
    fetching_of,
    kept_parts,
    no_pauses,
    post_photos,
    reaches,
)
from tests.integration.rig import query

__all__ = ["no_pauses"]


async def test_a_file_in_ten_channels_of_two_data_centres_is_fetched_once(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    channels = [world.add_channel(f"C{n}", f"channel_{n}") for n in range(10)]
    big, photo = world.media.document(size=3 * MIB + 77, dc=4), world.media.photo(size=90_000, dc=2)
    for channel in channels:
        channel.post("the same", media=big)
        channel.post("the same picture", media=photo)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(*channels)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (2, {})
        assert (await fetching.fetch()).files == 0
        fetching.check()
    assert server.traffic.repeated() == {}
    assert server.traffic.cdn_asked == 0
    assert sorted(server.traffic.exports.values()) == [1]
    rows = query(
        tmp_path, "SELECT count(*), count(DISTINCT sha256), min(status), max(status) FROM media WHERE slot = 0"
    )
    assert rows == [(20, 2, "downloaded", "downloaded")]


async def test_self_destructing_files_are_never_asked_for(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.photo(ttl=60))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 0
    assert not server.called(GET)


async def test_an_interrupted_file_is_continued_and_no_part_is_fetched_twice(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=20 * MIB + 1))
    for number in range(4):
        stop = asyncio.Event()
        async with fetching_of(server, account, tmp_path) as fetching:
            if number == 0:
                await fetching.mirror(alpha)
            server.faults.clear(GET)
            server.faults.add(GET, faults.hang(), skip=5)
            running = asyncio.create_task(fetching.fetch(stop=stop))
            await reaches(lambda: kept_parts(tmp_path) >= 5 * (number + 1) or running.done())  # noqa: B023
            stop.set()
            await running
            [(status, reason)] = query(tmp_path, "SELECT status, reason FROM file")
            assert status == "partial"
            assert reason.endswith(f" of {20 * MIB + 1:,} bytes are there")
    server.faults.clear(GET)
    async with fetching_of(server, account, tmp_path) as fetching:
        assert (await fetching.fetch()).files == 1
        fetching.check()
    assert server.traffic.repeated() == {}


@pytest.mark.parametrize("refuses", [False, True])
async def test_files_are_fetched_within_the_takeout_that_is_open_or_without_it(
    refuses: bool, world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=3 * MIB, dc=4))
    alpha.post(media=world.media.photo(size=9_000))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        connection = fetching.rig.source._connection
        opened = await connection.invoke(
            InitTakeoutSessionRequest(message_channels=True, files=True, file_max_size=1 << 32),
            method="initTakeoutSession",
        )
        fetching.fetcher._ways.downloader.servers._takeout_id = lambda: opened.id  # type: ignore[attr-defined]
        if refuses:
            world.takeouts.end(account)
        assert (await fetching.fetch()).files == 2
        fetching.check()
    assert {part.takeout for part in server.traffic.parts} == {not refuses}


async def test_at_most_two_connections_to_a_data_centre_are_for_files(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    for dc in (2, 4, 4, 2):
        alpha.post(media=world.media.document(size=24 * MIB, dc=dc))
    most: dict[int, int] = {}
    server.net.rtt = 0.02
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        running = asyncio.create_task(fetching.fetch())
        while not running.done():
            for dc in (2, 4):
                most[dc] = max(most.get(dc, 0), server.traffic.open(server.connections, dc))
            await asyncio.sleep(0.02)
        assert running.result().files == 4
        fetching.check()
    assert most == {2: 3, 4: 2}, "at home there is the mirror's own, too"
    assert sum(server.traffic.exports.values()) == 1


async def test_files_follow_an_account_that_moves_and_do_not_undo_its_move(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    for dc in (2, 3, 2):
        alpha.post(media=world.media.document(size=12 * MIB, dc=dc))
    account.home_dc = 2
    server.net.rtt = 0.02
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        running = asyncio.create_task(fetching.fetch())
        await reaches(lambda: fetching.fetcher.counts.received >= 4 * MIB)
        account.move(3)
        await fetching.rig.sync(alpha)
        server.drop_connections()
        counts = await running
        if counts.failed:
            await fetching.rig.database.write(forget_outcome, list(map(FileKey, fetching.states())), now=1)
            counts = await fetching.fetch()
        assert set(fetching.states().values()) == {"downloaded"}
        fetching.check()
    stored = read_session(tmp_path / "session")
    assert stored is not None
    assert stored.dc == 3


async def test_new_posts_need_no_second_look_unless_their_references_are_refused(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = channel_of_photos(world, 40, 3_000)
    async with fetching_of(server, account, tmp_path, ways={"is_following": True}) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 40
        assert server.calls.count("channels.getMessages") == 0
        post_photos(alpha, 40, 3_000)
        await fetching.rig.sync(alpha)
        world.files.expire()
        assert (await fetching.fetch()).files == 40
        assert 1 <= server.calls.count("channels.getMessages") <= 20, "several at once"
        fetching.check()


async def test_another_account_continues_what_the_first_one_began(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    other = world.add_account("+9996612399", "33333")
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=12 * MIB, dc=4))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        server.faults.add(GET, faults.hang(), skip=5)
        stop = asyncio.Event()
        running = asyncio.create_task(fetching.fetch(stop=stop))
        await reaches(lambda: kept_parts(tmp_path) >= 5)
        stop.set()
        await running
    server.faults.clear(GET)
    (tmp_path / "session").unlink()
    async with fetching_of(server, other, tmp_path) as fetching:
        await fetching.rig.add(alpha)
        assert (await fetching.fetch()).files == 1
        fetching.check()
    assert server.traffic.repeated() == {}
    assert {part.account for part in server.traffic.parts} == {account.id, other.id}


async def test_small_files_are_checked_by_hashes_only_where_something_was_wrong(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = channel_of_photos(world, 20, 3_000)
    async with fetching_of(server, account, tmp_path) as fetching:
        fetching.fetcher._ways.downloader._proves_small = False
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 20
        assert server.calls.count("upload.getFileHashes") == 0
        server.faults.add(GET, file_faults.swap(), times=3)
        post_photos(alpha, 20, 3_000)
        await fetching.rig.sync(alpha)
        assert (await fetching.fetch()).files == 20
        assert server.calls.count("upload.getFileHashes") >= 3
        fetching.check()
