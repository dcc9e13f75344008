"""The files to fetch next, on a real archive: newest first, every channel its turn, nothing twice and nothing left."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.ids import ChannelId, MessageId
from archiver.media import file_walk, walk_place
from archiver.media.file_walk import FULL_EVERY, RENEW_EVERY, FileSelection, FileWalk
from archiver.media.policy import asked_policy
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.media_file import FileKey, FileTask, MediaPolicy, PolicyOverride
from archiver.model.record import Media, Message
from archiver.store.database import Database
from archiver.store.media import file as files
from archiver.store.media.media_asked import AskedFiles, ask_files, count_asked, list_asked, settle_asked
from archiver.store.media.media_policy import set_override
from archiver.store.messages.message import Sighting, update_messages
from tests.sample import OTHER, build, make_message, photo
from tests.storing import insert_messages

ALL = MediaPolicy(download="all", max_size=1_000_000, thumbnails=False)
FIRST, SECOND = ChannelId(1001), ChannelId(1002)


def picture(message_id: int, *, channel_id: int = 1001, size: int = 100, **more: object) -> Message:
    """A message with a picture of its own."""
    media = (photo(id=str(channel_id * 1000 + message_id), size=size),)
    return make_message(message_id, f"{message_id}", channel_id=channel_id, media=media, **more)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Two channels with pictures, of which message 3 has a video, too large for most."""
    video = Media(slot=0, kind="video", id="77", mime="video/mp4", size=5_000_000)
    build(tmp_path, [picture(1), picture(2), make_message(3, "v", media=(video,)), *map(picture, range(4, 21))])
    build(tmp_path, [picture(n, channel_id=1002) for n in range(1, 6)], channel=OTHER)
    async with await Database.open(tmp_path) as database:
        await prepare_search(database)
        await database.write(lambda conn: conn.execute("UPDATE channel SET account = 'main'"))
        yield database


def places(tasks: Collection[FileTask]) -> set[tuple[int, int]]:
    return {(task.channel_id, task.message_id) for task in tasks}


async def walk_whole(walk: FileWalk, limit: int = 4, now: float = 100.0) -> list[FileTask]:
    """Everything that is left of the walk."""
    found: list[FileTask] = []
    while tasks := await walk.take(limit, now=now):
        assert len(tasks) <= limit + 2
        found += tasks
    return found


async def test_a_walk_hands_out_every_wanted_file_once(database: Database) -> None:
    tasks = await walk_whole(FileWalk(database, "main", ALL))
    wanted = {(1001, n) for n in range(1, 21) if n != 3} | {(1002, n) for n in range(1, 6)}
    assert places(tasks) == wanted
    assert len(tasks) == len(wanted)


async def test_every_channel_has_its_turn_newest_first(database: Database) -> None:
    tasks = await FileWalk(database, "main", ALL).take(4, now=100.0)
    assert places(tasks) == {(1001, 20), (1001, 19), (1002, 5), (1002, 4)}


async def test_small_files_come_first_within_a_turn(database: Database) -> None:
    await database.write(lambda conn: conn.execute("UPDATE media SET size = 1000 - message_id"))
    tasks = await FileWalk(database, "main", ALL).take(6, now=100.0)
    assert [task.size for task in tasks] == sorted(task.size or 0 for task in tasks)


async def test_the_next_walk_looks_at_new_messages_and_every_hour_at_all(database: Database) -> None:
    walk = FileWalk(database, "main", ALL)
    first = await walk_whole(walk)
    walk.restart()
    assert await walk_whole(walk) == []
    sighting = Sighting(now=5, origin="update", generation=1)
    await database.write(insert_messages, [picture(21)], sighting)
    walk.restart()
    assert places(await walk_whole(walk)) == {(1001, 21)}
    walk.restart()
    assert len(await walk_whole(walk, now=100.0 + FULL_EVERY)) == len(first) + 1


async def test_what_is_under_way_is_left_out(database: Database) -> None:
    tasks = await FileWalk(database, "main", ALL).take(4, now=100.0, skip={FileKey("photo/1001020")})
    assert (1001, 20) not in places(tasks)


async def test_a_channel_may_want_less_or_more_than_the_settings(database: Database) -> None:
    await database.write(set_override, SECOND, PolicyOverride(download="none"), now=1)
    await database.write(set_override, FIRST, PolicyOverride(caps={"photo": 0, "video": 10_000_000}), now=1)
    assert places(await walk_whole(FileWalk(database, "main", ALL))) == {(1001, 3)}


async def test_a_quota_ends_a_channel_and_no_other(database: Database) -> None:
    await database.write(set_override, FIRST, PolicyOverride(quota=250), now=1)
    tasks = await walk_whole(FileWalk(database, "main", ALL))
    assert [task.message_id for task in tasks if task.channel_id == 1001] == [20, 19]
    assert len([task for task in tasks if task.channel_id == 1002]) == 5


async def test_bytes_already_stored_count_to_the_quota(database: Database) -> None:
    await database.write(set_override, FIRST, PolicyOverride(quota=250), now=1)
    await database.write(files.settle_downloaded, FileKey("photo/1001001"), sha256="ab" * 32, size=100, now=5)
    tasks = await walk_whole(FileWalk(database, "main", ALL))
    assert [task.message_id for task in tasks if task.channel_id == 1001] == [20]


async def test_a_selection_by_name_has_every_kind_and_what_was_offloaded(database: Database) -> None:
    await database.write(files.settle_downloaded, FileKey("photo/1001001"), sha256="ab" * 32, size=100, now=5)
    await database.write(files.set_blob_state, "ab" * 32, "offloaded", now=6)
    none = MediaPolicy(download="none")
    chosen = {FIRST: [MessageId(1), MessageId(3)]}
    selection = FileSelection(
        messages=chosen,
        states={"not downloaded", "offloaded"},
        adapt=lambda policy: asked_policy(policy, max_size=10_000_000),
    )
    assert places(await walk_whole(FileWalk(database, "main", none, selection))) == {(1001, 1), (1001, 3)}
    assert await walk_whole(FileWalk(database, "main", none)) == []


async def test_thumbnails_are_fetched_of_what_is_not_fetched_whole(database: Database) -> None:
    small = MediaPolicy(download="all", max_size=1_000_000, thumbnails=True)
    tasks = await walk_whole(FileWalk(database, "main", small))
    assert [task.key for task in tasks if task.key.endswith("/thumb")] == ["document/77/thumb"]
    await database.write(files.settle_downloaded, FileKey("document/77/thumb"), sha256="ab" * 32, size=100, now=5)
    again = await walk_whole(FileWalk(database, "main", small))
    assert [task.key for task in again if task.key.endswith("/thumb")] == []


async def test_a_selection_of_many_messages_is_walked_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_place, "AT_ONCE", 3)
    chosen = {FIRST: [MessageId(n) for n in range(1, 21)], SECOND: [MessageId(2)]}
    tasks = await walk_whole(FileWalk(database, "main", ALL, FileSelection(messages=chosen)))
    assert places(tasks) == {(1001, n) for n in range(1, 21) if n != 3} | {(1002, 2)}
    assert len(tasks) == 20


async def test_what_was_asked_of_the_service_is_walked_until_it_is_settled(database: Database) -> None:
    walk = FileWalk(database, "main", MediaPolicy(download="none"))
    assert await walk_whole(walk) == []
    await database.write(ask_files, AskedFiles(FIRST, 10_000_000, [MessageId(2), MessageId(3)], 50))
    await database.write(ask_files, AskedFiles(SECOND, None, None, 50))
    walk.restart()
    asked = await walk_whole(walk)
    assert places(asked) == {(1001, 2), (1001, 3), *((1002, n) for n in range(1, 6))}
    await database.write(files.settle_failed, asked[0].key, status="failed", reason="x", now=60, retry_at=200)
    for task in asked[1:]:
        digest = hashlib.sha256(task.key.encode()).hexdigest()
        await database.write(files.settle_downloaded, task.key, sha256=digest, size=1, now=60)
    walk.restart()
    assert await walk_whole(walk) == []  # looked at again when something new is asked, or all is
    walk.restart(full=True)
    assert await walk_whole(walk) == []  # not due yet
    walk.restart(full=True)
    assert places(await walk_whole(walk, now=200.0)) == places(asked[:1])
    await database.write(files.settle_failed, asked[0].key, status="gone", reason="x", now=201)
    walk.restart(full=True)
    assert await walk_whole(walk, now=202.0) == []
    assert await database.read(count_asked) == (0, 0)


async def test_a_walk_that_was_cut_short_goes_on_where_it_was(database: Database) -> None:
    walk = FileWalk(database, "main", ALL)
    first = await walk.take(6, now=100.0)
    await database.write(files.settle_downloaded, first[0].key, sha256="ab" * 32, size=100, now=60)
    await database.write(files.settle_failed, first[1].key, status="failed", reason="x", now=60, retry_at=500)
    walk.cut_short()
    again = await walk.take(4, now=101.0)
    assert {task.key for task in first[2:]} == {task.key for task in again}
    rest = await walk_whole(walk)
    assert len(first) + len(rest) == 24


async def test_a_restart_in_the_middle_loses_nothing_and_repeats_nothing(database: Database) -> None:
    walk = FileWalk(database, "main", ALL)
    first = await walk.take(6, now=100.0)
    sighting = Sighting(now=5, origin="update", generation=1)
    await database.write(insert_messages, [picture(30)], sighting)
    walk.restart()
    rest = await walk_whole(walk)
    assert (1001, 30) in places(rest)
    assert len({task.key for task in (*first, *rest)}) == len(first) + len(rest) == 25


async def test_older_messages_that_arrive_later_are_walked_without_waiting(database: Database) -> None:
    await database.write(lambda conn: conn.execute("DELETE FROM media WHERE channel_id = 1001 AND message_id < 10"))
    walk = FileWalk(database, "main", ALL)
    await walk_whole(walk)
    sighting = Sighting(now=5, origin="history", generation=1)
    await database.write(update_messages, [picture(8), picture(9)], sighting)
    walk.restart()
    assert places(await walk_whole(walk)) == {(1001, 8), (1001, 9)}


async def test_what_was_handed_out_is_remembered_only_until_it_is_settled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_walk, "_REMEMBERED", 3)
    walk = FileWalk(database, "main", ALL)
    for _ in range(4):
        for number, task in enumerate(await walk.take(4, now=100.0)):
            digest = hashlib.sha256(task.key.encode()).hexdigest()
            if number:
                await database.write(files.settle_downloaded, task.key, sha256=digest, size=1, now=60)
    assert len(walk._handed) <= 8


async def test_a_failed_file_is_handed_out_when_it_is_due_and_only_if_it_is_wanted(database: Database) -> None:
    walk = FileWalk(database, "main", replace(ALL, caps={"video": 0}))
    await walk_whole(walk)
    for key in ("photo/1001005", "document/77"):
        await database.write(files.settle_failed, FileKey(key), status="failed", reason="x", now=60, retry_at=120)
    walk.restart()
    assert await walk_whole(walk, now=119.0) == []
    walk.restart()
    [task] = await walk_whole(walk, now=120.0)
    assert (task.key, task.attempts, task.message_id) == ("photo/1001005", 1, 5)
    assert await walk.count_waiting() == (1, 120)


async def test_a_long_walk_looks_for_new_messages_and_policies_by_itself(database: Database) -> None:
    walk = FileWalk(database, "main", ALL)
    await walk.take(4, now=100.0)
    sighting = Sighting(now=5, origin="update", generation=1)
    await database.write(insert_messages, [picture(40)], sighting)
    assert (1001, 40) not in places(await walk.take(4, now=100.0 + RENEW_EVERY - 1))
    assert (1001, 40) in places(await walk.take(4, now=100.0 + RENEW_EVERY))
    await database.write(set_override, SECOND, PolicyOverride(download="none"), now=1)
    await database.write(set_override, FIRST, PolicyOverride(caps={"photo": 0, "video": 10_000_000}), now=1)
    assert places(await walk_whole(walk, now=100.0 + 2 * RENEW_EVERY)) == {(1001, 3)}


async def test_files_tried_again_count_to_the_quota(database: Database) -> None:
    await database.write(set_override, FIRST, PolicyOverride(quota=250), now=1)
    for number in (1, 2, 20):
        key = FileKey(f"photo/{1001000 + number}")
        await database.write(files.settle_failed, key, status="failed", reason="no", now=1, retry_at=2)
    tasks = [task for task in await walk_whole(FileWalk(database, "main", ALL)) if task.channel_id == 1001]
    assert len(tasks) == 2
    assert sum(task.size or 0 for task in tasks) <= 250


async def test_what_is_under_way_is_handed_out_again_after_a_cut_however_long_it_took(database: Database) -> None:
    walk = FileWalk(database, "main", ALL)
    begun = await walk.take(4, now=100.0)
    skip = {task.key for task in begun}
    more = await walk.take(4, now=100.0 + RENEW_EVERY, skip=skip)
    walk.cut_short()
    again = await walk_whole(walk, now=100.0 + RENEW_EVERY)
    assert places(begun) | places(more) <= places(again)


async def test_a_clock_that_was_wrong_once_delays_no_file_for_a_year(database: Database) -> None:
    year = 365 * 86_400
    key, later = FileKey("photo/1001020"), FileKey("photo/1001019")
    await database.write(files.settle_failed, key, status="failed", reason="no", now=year, retry_at=year + 60)
    await database.write(files.settle_failed, later, status="failed", reason="no", now=90, retry_at=150)
    found = places(await walk_whole(FileWalk(database, "main", ALL)))
    assert (1001, 20) in found
    assert (1001, 19) not in found


async def test_what_is_asked_while_earlier_wishes_are_settled_is_not_forgotten(database: Database) -> None:
    await database.write(ask_files, AskedFiles(FIRST, None, [MessageId(1)], 10))
    [asked] = await database.read(list_asked, FIRST)
    await database.write(ask_files, AskedFiles(FIRST, None, [MessageId(2)], 11))
    await database.write(settle_asked, asked)
    assert [one.messages for one in await database.read(list_asked, FIRST)] == [[2]]
