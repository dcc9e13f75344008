"""Flood waits, the disk and the sizes of files: what holds a download up, and what it does then."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.errors import FloodWait
from archiver.media.fetch_counts import NoRoom
from archiver.model.media_file import MediaPolicy
from tests.doubles.telegram import faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import GET, MIB, assert_polite, channel_of_photos, fetching_of, key_of, no_pauses
from tests.integration.rig import query

__all__ = ["no_pauses"]


async def test_flood_waits_are_waited_for_inside_the_part(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=5 * MIB))
    server.faults.add(GET, faults.premium_flood(1), skip=2, times=1)
    server.faults.add(GET, faults.flood(1), skip=4, times=1)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 1
        fetching.check()
    assert_polite(server)


async def test_a_long_flood_wait_ends_the_pass_and_is_kept_across_restarts(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=5 * MIB))
    server.faults.add(GET, faults.flood(3600), skip=2, times=1)
    for _ in range(2):
        async with fetching_of(server, account, tmp_path, max_wait=60.0) as fetching:
            if not fetching.states():
                await fetching.mirror(alpha)
            with pytest.raises(FloodWait):
                await fetching.fetch()
    server.clock += 3700
    async with fetching_of(server, account, tmp_path, max_wait=60.0) as fetching:
        assert (await fetching.fetch()).files == 1
        fetching.check()
    assert_polite(server)


async def test_a_nearly_full_disk_stops_files_and_a_file_too_large_for_it_is_left_out(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=1 << 45))
    alpha.post(media=world.media.photo())
    async with fetching_of(server, account, tmp_path, policy=EVERYTHING_AND_MORE) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.no_room) == (1, 1)
    async with fetching_of(server, account, tmp_path, ways={"min_free": 1 << 60}) as fetching:
        alpha.post(media=world.media.photo())
        await fetching.rig.sync(alpha)
        with pytest.raises(NoRoom, match="min_free"):
            await fetching.fetch()
        fetching.check()


EVERYTHING_AND_MORE = MediaPolicy(download="all", max_size=1 << 50, thumbnails=False)


async def test_thumbnails_are_fetched_as_files_of_their_own(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    video = world.media.video(size=9 * MIB)
    alpha.post(media=video)
    policy = MediaPolicy(download="all", max_size=MIB)
    async with fetching_of(server, account, tmp_path, policy=policy) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 1
        assert fetching.states() == {f"{key_of(video)}/thumb": "downloaded"}


async def test_many_small_files_settle_together(world: World, server: Server, account: Account, tmp_path: Path) -> None:
    alpha = channel_of_photos(world, 300, 4_000)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 300
        fetching.check()
    assert server.traffic.repeated() == {}
    assert server.calls.count("channels.getMessages") <= 30


async def test_a_flood_wait_is_not_time_that_a_file_has_taken(
    world: World, server: Server, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.media.download.LEAST_TIME", 2.0)
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=3 * MIB))
    server.faults.add(GET, faults.premium_flood(2), skip=1, times=1)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 1
    assert server.violations == []


async def test_limits_by_a_window_of_calls_are_met_without_a_violation(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = channel_of_photos(world, 30, 3_000)
    server.traffic.small(calls=12, seconds=1)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (30, {})
        fetching.check()
    assert server.traffic.errors["FLOOD_WAIT"] > 0
    assert_polite(server)


@pytest.mark.parametrize("announced", [5_000, 70_000, 3 * MIB])
async def test_a_file_of_another_size_is_kept_only_if_the_hashes_prove_it(
    announced: int, world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    medium = world.media.document(size=60_000 if announced < MIB else 2 * MIB + 5)
    medium.document.size = announced
    alpha.post(media=medium)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 1
        fetching.check()
    assert query(tmp_path, "SELECT size FROM blob") == [(60_000 if announced < MIB else 2 * MIB + 5,)]


async def test_a_file_of_another_size_that_nothing_proves_is_not_kept(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    medium = world.media.document(size=60_000)
    medium.document.size = 70_000
    alpha.post(media=medium)
    server.faults.add("upload.getFileHashes", faults.rpc(400, "LOCATION_INVALID"))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).not_fetched == {"failed": 1}
        [(reason,)] = query(tmp_path, "SELECT reason FROM file")
        assert "announces 70,000 bytes, but the server's file ends after 60,000" in reason
        fetching.check()


@pytest.mark.parametrize("announced", [0, 60_000])
async def test_a_file_larger_than_announced_and_than_wanted_is_too_big_and_not_asked_for_again(
    announced: int, world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    medium = world.media.document(size=6 * MIB)
    medium.document.size = announced
    alpha.post(media=medium)
    policy = MediaPolicy(download="all", max_size=1_000_000, thumbnails=False)
    async with fetching_of(server, account, tmp_path, policy=policy) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).not_fetched == {"too big": 1}
        again = await fetching.fetch()
        assert (again.files, again.not_fetched) == (0, {})
        fetching.check()
