"""Plans, pruning, files moved away and retries, on a real archive with real bytes on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.media.blob_store import BlobStore
from archiver.media.moved import find_moved, mark
from archiver.media.plan import FETCH, STORED, ChannelPlan, FileTally, Planner, estimate_seconds
from archiver.media.prune import PrunePlan, Pruner, carry_out
from archiver.media.retry import OFFLOADED, revive
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.media_file import FileKey, MediaPolicy, thumb_key
from archiver.model.record import Media
from archiver.store.database import Database
from archiver.store.media import file as files
from archiver.store.media.blob_check import list_due, note_checked
from archiver.store.media.file_counts import count_channel_states
from archiver.store.media.file_scan import PROTECTED
from archiver.store.media.media_asked import AskedFiles
from archiver.store.media.media_chosen import note_chosen
from archiver.store.media.media_policy import MediaRate, list_rates, note_rate
from archiver.store.messages.message import Sighting, update_messages
from archiver.store.messages.revision import keep_revisions
from tests.sample import OTHER, build, make_message, photo
from tests.storing import insert_messages

FIRST, SECOND = ChannelId(1001), ChannelId(1002)
ALL = MediaPolicy(download="all", max_size=1_000, thumbnails=False)
NONE = MediaPolicy(download="none")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Pictures 1 to 4 in one channel, picture 1 in another one too; a large video, a picture that destroys itself."""
    video = Media(slot=0, kind="video", id="77", mime="video/mp4", size=5_000)
    fleeting = photo(id="88", extra='{"ttl_seconds":5}')
    pictures = [make_message(n, str(n), media=(photo(id=f"{n}", size=100 * n),)) for n in range(1, 5)]
    build(tmp_path, [*pictures, make_message(5, "v", media=(video,)), make_message(6, "t", media=(fleeting,))])
    build(tmp_path, [make_message(1, "again", channel_id=1002, media=(photo(id="1", size=100),))], channel=OTHER)
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        BlobStore(tmp_path).prepare()
        yield database


def store_of(database: Database) -> BlobStore:
    return BlobStore(database.path.parent)


async def keep(database: Database, key: str, data: bytes, *, now: int = 10) -> str:
    """Store a file as the downloader does; its hash."""
    store, sha256 = store_of(database), hashlib.sha256(data).hexdigest()
    handle = store.open_partial("new.data")
    os.write(handle, data)
    os.close(handle)
    store.adopt("new.data", sha256=sha256, size=len(data))
    await database.write(files.settle_downloaded, FileKey(key), sha256=sha256, size=len(data), now=now)
    return sha256


async def make_plan(database: Database, policy: MediaPolicy = ALL) -> list[ChannelPlan]:
    planner = Planner(policy)
    return [await planner.plan(database.connection, channel_id) for channel_id in (FIRST, SECOND)]


def outcomes(plan: ChannelPlan) -> dict[tuple[str, str], int]:
    return {place: tally.files for place, tally in plan.outcomes.items()}


async def test_a_plan_counts_every_file_once_with_its_reason(database: Database) -> None:
    await keep(database, "photo/2", b"two")
    first, second = await make_plan(database)
    assert outcomes(first) == {
        ("photo", FETCH): 3,
        ("photo", STORED): 1,
        ("video", "too big"): 1,
        ("photo", "self-destructing"): 1,
    }
    assert first.total(FETCH) == FileTally(3, 800, 0)
    assert second.outcomes == {}


async def test_a_plan_for_nothing_says_so_of_each_file(database: Database) -> None:
    first, second = await make_plan(database, NONE)
    assert first.total(FETCH).files == second.total(FETCH).files == 0
    assert first.left_out()["not wanted"].files == 5


async def test_a_plan_obeys_the_quota_and_names_what_ended(database: Database) -> None:
    await database.write(files.settle_failed, FileKey("photo/2"), status="gone", reason="x", now=5)
    await database.write(files.settle_failed, FileKey("photo/3"), status="failed", reason="x", now=5)
    await database.write(lambda conn: conn.execute("UPDATE message SET missing_since = 5 WHERE message_id = 1"))
    first, _ = await make_plan(database, replace(ALL, quota=300))
    assert outcomes(first) == {
        ("photo", "quota"): 1,  # the newest, of 400 bytes
        ("photo", "failed"): 1,  # fetched only when somebody asks
        ("photo", "gone"): 1,
        ("photo", "message deleted"): 1,
        ("video", "too big"): 1,
        ("photo", "self-destructing"): 1,
    }


@pytest.mark.parametrize("policy", [ALL, replace(ALL, thumbnails=True), replace(ALL, quota=300), NONE])
async def test_a_plan_of_a_channel_is_that_of_its_messages_looked_up_one_by_one(
    database: Database, policy: MediaPolicy
) -> None:
    await keep(database, "photo/2", b"2" * 200)
    await keep(database, "document/77/thumb", b"small")
    await database.write(files.settle_failed, FileKey("photo/3"), status="failed", reason="x", now=5, size=4_000)
    await database.write(files.settle_failed, FileKey("photo/3/thumb"), status="gone", reason="x", now=5)
    for change in (
        "UPDATE message SET missing_since = 5 WHERE channel_id = 1001 AND message_id = 4",
        "UPDATE message SET noforwards = 1 WHERE channel_id = 1001 AND message_id = 1",
        "UPDATE channel SET noforwards = 1 WHERE channel_id = 1002",
    ):
        await database.write(lambda conn, change=change: conn.execute(change))
    one_by_one = Planner(policy, messages={FIRST: range(1, 7), SECOND: [MessageId(1)]})
    for plan in await make_plan(database, policy):
        other = await one_by_one.plan(database.connection, plan.channel_id)
        assert plan.outcomes == other.outcomes
    indexes = await database.read(lambda conn: conn.execute(f"EXPLAIN QUERY PLAN {PROTECTED}", (FIRST,)).fetchall())
    assert all("message_protected" in row[3] for row in indexes)


async def test_a_file_that_a_channel_shows_several_times_counts_once_in_each_state(database: Database) -> None:
    other = Media(slot=2, kind="document", id="77", size=5_000)  # a video elsewhere
    again = make_message(9, "again", media=(photo(id="1", size=100), photo(id="4", size=400, slot=1), other))
    await database.write(insert_messages, [again], Sighting(now=1, origin="history", generation=1))
    await keep(database, "photo/1", b"one")
    counts = await database.read(count_channel_states, [FIRST, SECOND])
    assert counts == [
        (FIRST, "downloaded", 1, 100),
        (FIRST, "not downloaded", 5, 200 + 300 + 400 + 5_000 + 81_920),
        (SECOND, "downloaded", 1, 100),
    ]


async def test_the_estimate_needs_a_rate_and_takes_the_slower_of_files_and_bytes(database: Database) -> None:
    many, large = FileTally(600, 6_000), FileTally(2, 100_000)
    rate = MediaRate(at=1, files=2.0, bytes=1_000.0)
    assert estimate_seconds([(many, None)]) is None
    assert estimate_seconds([(FileTally(), None)]) == 0
    assert estimate_seconds([(many, rate)]) == 300
    assert estimate_seconds([(large, rate)]) == 100
    assert estimate_seconds([(many, rate), (large, rate)]) == 300
    await database.write(note_rate, "main", files=10, size=1_000, seconds=5.0, now=7)
    await database.write(note_rate, "main", files=0, size=0, seconds=5.0, now=8)
    assert await database.read(list_rates) == {"main": MediaRate(7, 2.0, 200.0)}
    await database.write(note_rate, "main", files=1, size=1, seconds=1.0, now=9)  # a single file says little
    kept = (await database.read(list_rates))["main"]
    assert (kept.at, round(kept.files, 1), kept.bytes > 190) == (9, 2.0, True)
    await database.write(note_rate, "main", files=600, size=60_000, seconds=60.0, now=10)
    assert (await database.read(list_rates))["main"].files > 4


async def prune(database: Database, first: MediaPolicy, second: MediaPolicy, *, only_plan: bool = False) -> PrunePlan:
    plan = await Pruner({FIRST: first, SECOND: second}).plan(database.connection, store_of(database))
    if not only_plan:
        await carry_out(database, store_of(database), plan, now=99)
    return plan


async def test_pruning_removes_what_nobody_wants_and_keeps_its_hash(database: Database) -> None:
    one, two = await keep(database, "photo/1", b"one"), await keep(database, "photo/2", b"two")
    plan = await prune(database, NONE, NONE)
    assert {(item.sha256, item.reason) for item in plan.items} == {(one, "not wanted"), (two, "not wanted")}
    assert list(store_of(database).list_blobs()) == []
    found = await database.read(files.find_file, FileKey("photo/1"))
    assert (found.status, found.sha256, found.path) == ("offloaded", one, None)
    assert (await prune(database, NONE, NONE)).items == []


async def test_a_file_that_one_channel_wants_stays(database: Database) -> None:
    one, two = await keep(database, "photo/1", b"one"), await keep(database, "photo/2", b"two")
    plan = await prune(database, NONE, ALL)
    assert [item.sha256 for item in plan.items] == [two]
    assert list(store_of(database).list_blobs()) == [one]


async def test_a_lower_limit_a_quota_and_protection_are_reasons_too(database: Database) -> None:
    kept = [await keep(database, f"photo/{n}", b"x" * n) for n in range(1, 5)]
    small = await prune(database, replace(ALL, max_size=250), NONE, only_plan=True)
    assert {(item.sha256, item.reason) for item in small.items} == {(kept[2], "too big"), (kept[3], "too big")}
    over = await prune(database, replace(ALL, quota=8), ALL, only_plan=True)
    assert {(item.sha256, item.reason) for item in over.items} == {(kept[1], "quota")}  # 4 + 3 fit; 1 is in the other
    await database.write(lambda conn: conn.execute("UPDATE channel SET noforwards = 1 WHERE channel_id = 1001"))
    shut = await prune(database, ALL, NONE, only_plan=True)
    assert [item.reason for item in shut.items] == ["protected channel"] * 4


async def test_what_only_an_earlier_content_shows_is_kept(database: Database) -> None:
    old = await keep(database, "photo/1234", b"the picture before the edit")
    plan = await prune(database, NONE, NONE)
    assert (plan.items, plan.of_earlier) == ([], 1)
    assert list(store_of(database).list_blobs()) == [old]


async def test_pruning_keeps_what_was_asked_for_by_name_or_is_told_to_remove_it(database: Database) -> None:
    one, two, four = [await keep(database, f"photo/{n}", b"x" * n) for n in (1, 2, 4)]
    await database.write(note_chosen, AskedFiles(FIRST, 250, [MessageId(2), MessageId(4)], 5))  # 4 is larger
    await database.write(note_chosen, AskedFiles(SECOND, None, None, 5))  # shows 1
    plan = await prune(database, NONE, NONE, only_plan=True)
    assert ([item.sha256 for item in plan.items], plan.of_chosen) == ([four], 2)
    pruner = Pruner({FIRST: NONE, SECOND: NONE}, even_chosen=True)
    plan = await pruner.plan(database.connection, store_of(database))
    assert ({item.sha256 for item in plan.items}, plan.of_chosen) == ({one, two, four}, 0)
    await database.write(note_chosen, AskedFiles(FIRST, None, [MessageId(4)], 6))
    await database.write(note_chosen, AskedFiles(FIRST, 1, [MessageId(4)], 7))  # takes nothing back
    assert (await prune(database, NONE, NONE)).items == []


async def test_pruning_keeps_what_cannot_be_fetched_again_or_is_told_to_remove_it(database: Database) -> None:
    one, two, three = [await keep(database, f"photo/{n}", b"x" * n) for n in (1, 2, 3)]
    await database.write(lambda conn: conn.execute("UPDATE message SET missing_since = 5 WHERE channel_id = 1001"))
    plan = await prune(database, NONE, NONE, only_plan=True)
    assert ([item.sha256 for item in plan.items], plan.of_lost) == ([one], 2)  # the other channel shows 1
    pruner = Pruner({FIRST: NONE, SECOND: NONE}, unreachable={SECOND})
    plan = await pruner.plan(database.connection, store_of(database))
    assert (plan.items, plan.of_lost) == ([], 3)
    pruner = Pruner({FIRST: NONE, SECOND: NONE}, even_lost=True)
    plan = await pruner.plan(database.connection, store_of(database))
    found = {(item.sha256, item.again) for item in plan.items}
    assert (found, plan.of_lost) == ({(one, True), (two, False), (three, False)}, 0)


async def test_pruning_keeps_what_an_import_brought(database: Database) -> None:
    await keep(database, "photo/2", b"two", now=15)
    later = await keep(database, "photo/3", b"three", now=25)
    source = (
        "INSERT INTO import_source (import_id, at, finished_at, channel_id, format, file_name, sha256, bytes, version)"
        " VALUES (1, 10, 20, 1001, 'jsonl', 'a', 'b', 1, '0')"
    )
    piece = (
        "INSERT INTO imported (channel_id, message_id, import_id, payload_sha256)"
        " SELECT 1001, message_id, 1, x'00' FROM message WHERE channel_id = 1001"
    )
    for line in (source, piece):
        await database.write(lambda conn, line=line: conn.execute(line))
    plan = await prune(database, NONE, NONE)
    assert ([item.sha256 for item in plan.items], plan.of_chosen) == ([later], 1)


async def test_offloaded_files_of_a_whole_channel_can_be_asked_for(database: Database) -> None:
    await keep(database, "photo/2", b"two")
    await prune(database, NONE, NONE)
    assert await revive(database, FIRST, None, now=6) == []
    assert [one.key for one in await revive(database, FIRST, None, now=6, states=OFFLOADED)] == ["photo/2"]


async def test_thumbnails_go_with_the_setting(database: Database) -> None:
    await keep(database, thumb_key(FileKey("document/77")), b"small")
    assert (await prune(database, replace(ALL, thumbnails=True), NONE, only_plan=True)).items == []
    assert len((await prune(database, replace(ALL, thumbnails=False), NONE, only_plan=True)).items) == 1


async def test_pruning_removes_our_leftovers_and_nothing_of_others(database: Database) -> None:
    store, ours = store_of(database), hashlib.sha256(b"adopted, then killed").hexdigest()
    store.path(ours).parent.mkdir(exist_ok=True)
    store.path(ours).write_bytes(b"adopted, then killed")
    theirs = [store.root / "ab" / ("c" * 62), store.root / "notes.txt", store.root / "ab" / "x"]
    (store.root / "ab").mkdir(exist_ok=True)
    for path in theirs:
        path.write_bytes(b"mine")
    plan = await prune(database, ALL, ALL)
    assert plan.orphans == [ours]
    assert not store.path(ours).exists()
    assert all(path.exists() for path in theirs)


async def test_a_crash_between_record_and_removal_is_finished_by_the_next_prune(database: Database) -> None:
    one = await keep(database, "photo/1", b"one")
    await database.write(files.set_blob_state, one, "offloaded", now=50)  # as far as it came
    plan = await prune(database, NONE, NONE)
    assert (plan.items, plan.orphans) == ([], [one])
    assert list(store_of(database).list_blobs()) == []


async def test_files_moved_away_are_offloaded_and_come_back_only_whole(database: Database, tmp_path: Path) -> None:
    store = store_of(database)
    one, two = await keep(database, "photo/1", b"one"), await keep(database, "photo/2", b"two")
    store.path(one).rename(tmp_path / "one")
    store.path(two).rename(tmp_path / "two")
    away = await find_moved(database, store, returned=False)
    assert {blob.sha256 for blob in away} == {one, two}
    await mark(database, away, "offloaded", now=60)
    assert (await database.read(files.find_file, FileKey("photo/1"))).status == "offloaded"
    (tmp_path / "one").rename(store.path(one))
    store.path(two).write_bytes(b"TWO")
    damaged: list[files.Blob] = []
    back = await find_moved(database, store, returned=True, damaged=damaged.append)
    assert ([blob.sha256 for blob in back], [blob.sha256 for blob in damaged]) == ([one], [two])
    await mark(database, back, "present", now=70)
    assert (await database.read(files.find_file, FileKey("photo/1"))).path is not None
    assert await find_moved(database, store, returned=False) == []


async def test_a_disk_that_is_not_mounted_offloads_nothing(database: Database) -> None:
    await keep(database, "photo/1", b"one")
    store = store_of(database)
    store.root.rename(store.root.with_name("elsewhere"))
    with pytest.raises(UsageError, match="Is its disk mounted"):
        await find_moved(database, store, returned=False)
    store.root.symlink_to(store.root.with_name("nowhere"))
    with pytest.raises(UsageError, match="Mount its disk"):
        store.prepare()


async def test_a_retry_of_a_channel_is_for_failures_and_of_a_message_for_anything(database: Database) -> None:
    for key, status in (("photo/1", "failed"), ("photo/2", "gone"), ("photo/3", "downloaded")):
        if status == "downloaded":
            await keep(database, key, b"three")
        else:
            await database.write(files.settle_failed, FileKey(key), status=status, reason="x", now=5, retry_at=10**9)  # type: ignore[arg-type]
    assert [one.key for one in await revive(database, FIRST, None, now=6)] == ["photo/1"]
    assert (await database.read(files.find_file, FileKey("photo/1"))).retry_at == 6
    assert await revive(database, FIRST, None, now=6) == []
    found = await revive(database, FIRST, [MessageId(2), MessageId(3)], now=6)
    assert [(one.key, one.status) for one in found] == [("photo/2", "gone")]
    assert (await database.read(files.find_file, FileKey("photo/3"))).status == "downloaded"


async def test_what_an_earlier_content_shows_is_kept_though_another_message_shows_it_unwanted(
    database: Database,
) -> None:
    sha256 = await keep(database, "photo/1", b"one")
    edited = make_message(1, "edited", media=(photo(id="9", size=100),))
    await database.write(keep_revisions, FIRST, [MessageId(1)], now=60)
    await database.write(update_messages, [edited], Sighting(now=60, origin="update", generation=1))
    plan = await Pruner({FIRST: ALL, SECOND: NONE}).plan(database.connection, store_of(database))
    assert ([item.sha256 for item in plan.items], plan.of_earlier) == ([], 1)
    assert store_of(database).rehash(sha256)


async def test_what_was_pruned_while_it_was_checked_stays_offloaded(database: Database) -> None:
    sha256 = await keep(database, "photo/1", b"one")
    [due] = await database.read(list_due, 1.0)
    await database.write(files.set_blob_state, sha256, "offloaded", now=50)
    await database.write(note_checked, [(due, "missing")], now=51)
    assert (await database.read(files.find_file, FileKey("photo/1"))).status == "offloaded"


async def test_what_was_fetched_again_while_moved_files_were_looked_for_stays_stored(database: Database) -> None:
    sha256 = await keep(database, "photo/1", b"one")
    store_of(database).delete(sha256)
    await database.write(files.set_blob_state, sha256, "missing", now=20)
    away = await find_moved(database, store_of(database), returned=False)
    await keep(database, "photo/1", b"one", now=30)
    await mark(database, away, "offloaded", now=31)
    assert (await database.read(files.find_file, FileKey("photo/1"))).status == "downloaded"
