"""Files arrive whole and once, or are given up with their reason, when the servers or the disk fail on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from archiver.media.partial import Partial
from archiver.model.media_file import FileKey
from archiver.store.media.file import forget_outcome
from tests.doubles.telegram import faults, file_faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import (
    GET,
    MIB,
    SPOILED,
    fetching_of,
    hasty,
    kept_parts,
    key_of,
    no_pauses,
    post_photos,
    reaches,
)
from tests.integration.rig import query

__all__ = ["hasty", "no_pauses"]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "fault",
    [
        *SPOILED,
        file_faults.short(1),
        faults.rpc(500, "RPC_CALL_FAIL"),
        faults.rpc(400, "LIMIT_INVALID"),
        faults.unknown_ctor("alone"),
    ],
    ids=lambda fault: getattr(fault, "__qualname__", ""),
)
async def test_wrong_parts_and_lost_answers_leave_no_wrong_byte(
    fault: faults.Action, world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=2 * MIB + 4321))
    alpha.post(media=world.media.photo(size=90_000))
    server.faults.add(GET, fault, skip=1, times=2)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        if counts.failed:  # as far as it is tried again later: then it is right
            await fetching.rig.database.write(forget_outcome, list(map(FileKey, fetching.states())), now=1)
            counts = await fetching.fetch()
        assert set(fetching.states().values()) == {"downloaded"}
        fetching.check()


@pytest.mark.usefixtures("hasty")
async def test_a_hung_file_blocks_no_other(world: World, server: Server, account: Account, tmp_path: Path) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    hung = [world.media.document(size=3 * MIB), *(world.media.photo(size=20_000) for _ in range(5))]
    for medium in hung:
        alpha.post(media=medium)
    post_photos(alpha, 60, 20_000)
    for medium in hung:
        file = world.files.find(
            getattr(medium, "document", None).id if hasattr(medium, "document") else medium.photo.id
        )
        server.faults.add(GET, faults.hang(), predicate=file_faults.of(file))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        running = asyncio.create_task(fetching.fetch())
        await reaches(lambda: fetching.fetcher.counts.files >= 60)
        counts = await running
        assert (counts.files, counts.not_fetched) == (60, {"failed": 6})
        server.faults.clear(GET)
        await fetching.rig.database.write(forget_outcome, [key_of(medium) for medium in hung], now=1)
        assert (await fetching.fetch()).files == 6
        fetching.check()


async def test_a_file_that_takes_too_long_gives_up_its_place_and_keeps_its_parts(
    world: World, server: Server, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.media.download.LEAST_TIME", 0.3)
    monkeypatch.setattr("archiver.media.download.SLOWEST", 1e12)
    # The time that a slow machine needs for the first two parts is not counted.
    busy = property(lambda _: 0.0 if kept_parts(tmp_path) >= 2 else 0.1)
    monkeypatch.setattr("archiver.telegram.FileServers.flood_wait", busy)
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.document(size=4 * MIB))
    server.faults.add(GET, faults.hang(), skip=2)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert counts.not_fetched == {"failed": 1}
        monkeypatch.setattr("archiver.media.download.LEAST_TIME", 60.0)
        server.faults.clear(GET)
        await fetching.rig.database.write(forget_outcome, list(map(FileKey, fetching.states())), now=1)
        assert (await fetching.fetch()).files == 1
        fetching.check()
    assert server.traffic.repeated() == {}


async def test_a_data_centre_that_cannot_be_reached_costs_its_own_files_only(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    far, near = world.media.photo(size=9_000, dc=4), world.media.photo(size=9_000)
    for medium in (far, near):
        alpha.post(media=medium)
    server.centres.unlisted.add(4)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (1, {"failed": 1})
        assert fetching.states() == {key_of(near): "downloaded", key_of(far): "failed"}


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("exportAuthorization", faults.flood(4000)),
        ("importAuthorization", faults.flood(4000)),
        ("exportAuthorization", faults.rpc(400, "DC_ID_INVALID")),
        ("importAuthorization", faults.rpc(400, "AUTH_BYTES_INVALID")),
    ],
)
async def test_a_data_centre_that_does_not_let_the_account_in_costs_its_own_files_only_and_is_left_alone(
    server: Server, account: Account, tmp_path: Path, method: str, action: faults.Action
) -> None:
    world = server.world
    alpha = world.add_channel("Alpha", "alpha")
    far, near = [world.media.photo(size=9_000, dc=4) for _ in range(20)], world.media.document(size=2 * MIB)
    for medium in (*far, near):
        alpha.post(media=medium)
    server.faults.add(f"auth.{method}", action)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (1, {"failed": 20})
        assert len(server.called(f"auth.{method}")) <= 2  # one for each connection
        reasons = query(tmp_path, "SELECT DISTINCT reason FROM file WHERE status = 'failed'")
        assert [("data centre 4" in reason, "the account in" in reason) for (reason,) in reasons] == [(True, True)]
        assert server.violations == []
        await fetching.mirror(world.add_channel("Beta", "beta"))  # the account itself need not wait


async def test_a_fault_of_ours_with_one_file_holds_up_no_other(
    world: World, server: Server, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    poison = world.media.document(size=2 * MIB)
    alpha.post(media=poison)
    alpha.post(media=world.media.document(size=3 * MIB))
    real = Partial.expect_whole

    def expect_whole(self: Partial) -> None:
        if self.parts.size == 2 * MIB:
            raise ValueError("bytes are missing")
        real(self)

    monkeypatch.setattr(Partial, "expect_whole", expect_whole)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (1, {"failed": 1})
        assert fetching.states()[key_of(poison)] == "failed"
        fetching.check()


async def test_a_redirect_to_a_data_centre_that_is_not_there_is_not_kept_in_mind(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.photo(size=50_000))
    server.faults.add(GET, faults.rpc(303, "FILE_MIGRATE_9"), times=1)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).not_fetched == {"failed": 1}
        assert (await fetching.fetch(even_early=True)).files == 1
        fetching.check()
