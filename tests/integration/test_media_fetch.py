"""Files arrive whole and once, whatever the servers do on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from telethon.tl.functions.account import InitTakeoutSessionRequest

from archiver.errors import FloodWait
from archiver.media.fetch_counts import NoRoom
from archiver.media.partial import Partial
from archiver.model.media_file import FileKey, MediaPolicy
from archiver.store.file import forget_outcome
from archiver.telegram.session import read_session
from tests.doubles.telegram import faults, file_faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.media_rig import fetching_of, key_of
from tests.integration.rig import query

GET = "upload.getFile"
MIB = 1 << 20


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.media.part_reader.PAUSE", 0.0)
    monkeypatch.setattr("archiver.telegram.file_connections.DELAYS", (0.0, 0.05))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that do not come are not waited for long."""
    monkeypatch.setattr("archiver.telegram.file_connections.CALL", 1.0)
    monkeypatch.setattr("archiver.telegram.file_connections.CALL_MOST", 1.0)


async def reaches(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.005)


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


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "fault",
    [
        file_faults.short(5000),
        file_faults.short(1),
        file_faults.hollow(),
        file_faults.long(4096),
        file_faults.flip(99),
        file_faults.shift(),
        file_faults.swap(),
        faults.drop(),
        faults.half(3000),
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
    assert server.violations == []
    assert server.traffic.repeated() == {}


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
    assert server.violations == []
    assert server.traffic.repeated() == {}


async def test_expired_references_are_renewed_together_and_not_for_ever(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    for _ in range(150):
        alpha.post(media=world.media.photo(size=10_000))
    stale = world.media.photo(size=10_000)
    alpha.post(media=stale)
    world.files.stale.add(("photo", stale.photo.id))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        server.calls.mark()
        running = asyncio.create_task(fetching.fetch())
        await reaches(lambda: fetching.fetcher.counts.files >= 20)
        world.files.expire()
        counts = await running
        assert (counts.files, counts.not_fetched) == (150, {"failed": 1})
        fetching.check()
        reason = query(tmp_path, "SELECT reason, retry_at > since FROM file WHERE status = 'failed'")
        assert reason == [("the server refuses a reference that it has just given.", 1)]
    assert server.calls.count("channels.getMessages") <= 30


async def test_files_move_between_data_centres(world: World, server: Server, account: Account, tmp_path: Path) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    document, photo = world.media.document(size=2 * MIB, dc=2), world.media.photo(size=50_000, dc=4)
    alpha.post(media=document)
    alpha.post(media=photo)
    for medium, dc in ((document.document, 5), (photo.photo, 2)):
        file = world.files.find(medium.id)
        assert file is not None
        world.files.move(file, dc)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 2
        fetching.check()


async def test_what_is_gone_destroys_itself_or_is_refused_is_final_with_its_reason(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    gone, deleted, edited = world.media.photo(), world.media.photo(), world.media.photo()
    elsewhere, refused = world.media.photo(), world.media.document(size=2 * MIB)
    alpha.post(media=gone)
    post, other = alpha.post(media=deleted), alpha.post(media=edited)
    moved = alpha.post(media=elsewhere)
    beta.post(media=elsewhere, date=1_500_000_000)
    alpha.post(media=refused)
    alpha.post("it stays")
    world.files.gone["photo", gone.photo.id] = "FILE_ID_INVALID"
    world.files.gone["document", refused.document.id] = "LOCATION_INVALID"
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha, beta)
        alpha.delete(post.id, moved.id)
        new = world.media.photo()
        alpha.edit(other.id, media=new)
        counts = await fetching.fetch()
        states = fetching.states()
        assert states == {
            key_of(gone): "gone",
            key_of(deleted): "gone",
            key_of(edited): "gone",
            key_of(elsewhere): "downloaded",
            key_of(refused): "refused",
        }
        assert counts.is_complete
        fetching.check()
        assert (await fetching.fetch()).files == 1, "the edit was kept when it was seen, and shows another file"
        assert fetching.states()[key_of(new)] == "downloaded"
        missing = query(tmp_path, "SELECT message_id FROM message WHERE missing_since IS NOT NULL ORDER BY 1")
        assert [row[0] for row in missing] == [post.id, moved.id]


async def test_self_destructing_files_are_never_asked_for(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.photo(ttl=60))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 0
    assert not server.called(GET)


@pytest.mark.usefixtures("hasty")
async def test_a_hung_file_blocks_no_other(world: World, server: Server, account: Account, tmp_path: Path) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    hung = [world.media.document(size=3 * MIB), *(world.media.photo(size=20_000) for _ in range(5))]
    for medium in hung:
        alpha.post(media=medium)
    for _ in range(60):
        alpha.post(media=world.media.photo(size=20_000))
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
            await reaches(lambda: fetching.fetcher.counts.received >= 5 * MIB or running.done())  # noqa: B023
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
    alpha = world.add_channel("Alpha", "alpha")
    for _ in range(300):
        alpha.post(media=world.media.photo(size=4_000))
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 300
        fetching.check()
    assert server.traffic.repeated() == {}
    assert server.calls.count("channels.getMessages") <= 6


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


async def test_a_file_that_takes_too_long_gives_up_its_place_and_keeps_its_parts(
    world: World, server: Server, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.media.download.LEAST_TIME", 0.3)
    monkeypatch.setattr("archiver.media.download.SLOWEST", 1e12)
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


async def test_limits_by_a_window_of_calls_are_met_without_a_violation(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    for _ in range(30):
        alpha.post(media=world.media.photo(size=3_000))
    server.traffic.small(calls=12, seconds=1)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (30, {})
        fetching.check()
    assert server.traffic.errors["FLOOD_WAIT"] > 0
    assert server.violations == []
    assert server.traffic.repeated() == {}


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


async def test_a_file_without_a_thumbnail_is_not_said_to_be_gone(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    alpha.post(media=world.media.image_file("scan.png"))
    small = MediaPolicy(download="all", max_size=1, thumbnails=True)
    async with fetching_of(server, account, tmp_path, policy=small) as fetching:
        await fetching.mirror(alpha)
        counts = await fetching.fetch()
        assert (counts.files, counts.not_fetched) == (0, {})
        states = query(tmp_path, "SELECT status, reason FROM file WHERE file_key LIKE '%/thumb'")
        assert states == [("refused", "it has no small thumbnail")]
        assert (await fetching.fetch()).not_fetched == {}


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
    alpha = world.add_channel("Alpha", "alpha")
    for _ in range(40):
        alpha.post(media=world.media.photo(size=3_000))
    async with fetching_of(server, account, tmp_path, ways={"is_following": True}) as fetching:
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 40
        assert server.calls.count("channels.getMessages") == 0
        for _ in range(40):
            alpha.post(media=world.media.photo(size=3_000))
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
        await reaches(lambda: fetching.fetcher.counts.received >= 5 * MIB)
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
    alpha = world.add_channel("Alpha", "alpha")
    for _ in range(20):
        alpha.post(media=world.media.photo(size=3_000))
    async with fetching_of(server, account, tmp_path) as fetching:
        fetching.fetcher._ways.downloader._proves_small = False
        await fetching.mirror(alpha)
        assert (await fetching.fetch()).files == 20
        assert server.calls.count("upload.getFileHashes") == 0
        server.faults.add(GET, file_faults.swap(), times=3)
        for _ in range(20):
            alpha.post(media=world.media.photo(size=3_000))
        await fetching.rig.sync(alpha)
        assert (await fetching.fetch()).files == 20
        assert server.calls.count("upload.getFileHashes") >= 3
        fetching.check()


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


async def test_a_file_is_not_fetched_through_a_channel_that_forbids_saving(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    beta.noforwards = True
    photo = world.media.photo(size=50_000)
    beta.post(media=photo)
    post = alpha.post(media=photo)
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha, beta)
        alpha.delete(post.id)
        assert (await fetching.fetch()).not_fetched == {"not wanted": 1}
        assert fetching.states() == {key_of(photo): "not wanted"}


async def test_a_file_that_many_messages_no_longer_show_is_not_called_gone_while_one_shows_it(
    world: World, server: Server, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    photo = world.media.photo(size=50_000)
    posts = [alpha.post(media=photo) for _ in range(12)]
    async with fetching_of(server, account, tmp_path) as fetching:
        await fetching.mirror(alpha)
        for post in posts[:8] + posts[9:]:
            alpha.delete(post.id)
        for _ in range(4):
            await fetching.fetch(even_early=True)
            assert fetching.states()[key_of(photo)] in ("failed", "downloaded")
        fetching.check()
    assert fetching.states() == {key_of(photo): "downloaded"}
