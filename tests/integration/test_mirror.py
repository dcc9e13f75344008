"""The mirror equals the world: backfill, catching up, windows, gaps."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

import pytest

from archiver.errors import ServerFault
from archiver.mirror.reread import Rereader
from archiver.mirror.write_changes import StoredCounts
from archiver.store.channels.channel import find_channel
from archiver.store.channels.coverage import list_coverage
from search.flags import MISSING, SUPERSEDED
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.mirror_world import channel, numbered_channel
from tests.integration.rig import held, mirror_of, query, true

__all__ = ["channel"]


async def test_a_channel_is_mirrored_whole(server: Server, account: Account, channel: Channel, tmp_path: Path) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        assert await rig.database.read(list_coverage, channel.id, row.generation) == [(1, channel.last_id)]
    assert held(tmp_path, channel) == true(channel)
    assert server.forbidden == []


_CONTENTS = (
    "SELECT message_id, text, content_hash, payload_sha256, views, missing_since, revisions, first_seen FROM message"
    " ORDER BY message_id"
)


async def test_a_second_sync_changes_nothing(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        before = query(tmp_path, _CONTENTS)
        asked = len(server.called("messages.getHistory"))
        await rig.sync(channel)
    assert query(tmp_path, _CONTENTS) == before
    assert len(server.called("messages.getHistory")) == asked + 1  # the newest page, compared at the end


async def test_what_happened_meanwhile_is_caught_up(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        new = channel.post("new")
        channel.edit(new.id, text="new, edited")
        channel.edit(7, text="old, edited")
        channel.delete(100, 101)
        channel.pin(8)
        gone = channel.post("seen by nobody")
        channel.delete(gone.id)
        channel.post("last")
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT message_id, text FROM revision") == [(7, "message 5")]
    missing = query(
        tmp_path, "SELECT message_id, missing_how, text FROM message WHERE missing_since IS NOT NULL ORDER BY 1"
    )
    assert missing == [(100, "update", "message 98"), (101, "update", "message 99")]


@pytest.mark.parametrize("told_together", [True, False])
async def test_what_a_page_showed_to_be_gone_does_not_come_back_by_what_happened_before(
    server: Server, account: Account, channel: Channel, tmp_path: Path, *, told_together: bool
) -> None:
    channel.tells_every_edit = True
    channel.slice_size = 100 if told_together else 1
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.edit(340, text="edited before it went")
        channel.edit(341, text="edited, and there still")
        channel.delete(340)
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        access_hash = await rig.mirror.access(row)
        await Rereader(rig.source, rig.database, rig.ingest, channel.id, access_hash).read(300, 345)
        assert query(tmp_path, "SELECT how FROM absence") == [("audit",)]
        before = query(tmp_path, "SELECT missing_since, missing_how, last_seen FROM message WHERE message_id = 340")
        await rig.sync(channel)
    assert query(tmp_path, "SELECT message_id, returned_at FROM absence") == [(340, None)]
    after = query(tmp_path, "SELECT missing_since, missing_how, last_seen FROM message WHERE message_id = 340")
    assert after == before
    assert query(tmp_path, "SELECT text FROM message WHERE message_id = 340") == [("edited before it went",)]
    assert query(tmp_path, "SELECT message_id, text FROM revision ORDER BY 1") == [
        (340, "message 338"),
        (341, "message 339"),
    ]
    flags = query(tmp_path, "SELECT flags FROM search_document")
    assert sum(row[0] & (MISSING | SUPERSEDED) == MISSING for row in flags) == 1


@pytest.mark.parametrize("backwards", [False, True])
async def test_edits_and_deletions_are_what_they_were_in_whatever_order_they_are_told(
    server: Server, account: Account, channel: Channel, tmp_path: Path, backwards: bool
) -> None:
    channel.tells_every_edit, channel.tells_backwards = True, backwards
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        for number in range(5):  # all within a second
            channel.edit(7, text=f"edit {number}")
            channel.edit(8, text=f"edit {number}")
        channel.pin(7, quiet=True)
        channel.delete(8)
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    for message_id in (7, 8):
        revisions = query(tmp_path, "SELECT text FROM revision WHERE message_id = ? ORDER BY revision", message_id)
        assert [text for (text,) in revisions][1:] == [f"edit {number}" for number in range(4)]
    assert query(tmp_path, "SELECT text FROM message WHERE message_id IN (7, 8)") == [("edit 4",)] * 2
    absences = query(tmp_path, "SELECT how, returned_at FROM absence WHERE message_id = 8")
    assert absences == [("update", None)]


async def test_more_events_than_the_server_tells_are_found_by_walking_again(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        for number in range(150):
            channel.post(f"flood {number}")
        channel.edit(9, text="edited in the dark")
        channel.delete(200, 201)
        await rig.sync(channel)
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        assert row.generation == 2
    assert held(tmp_path, channel) == true(channel)
    missing = query(tmp_path, "SELECT message_id, missing_how FROM message WHERE missing_since IS NOT NULL ORDER BY 1")
    assert missing == [(200, "history"), (201, "history")]
    assert query(tmp_path, "SELECT message_id, text FROM revision") == [(9, "message 7")]


async def test_since_bounds_the_history_and_can_be_moved_back(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel = world.add_channel("Alpha", "alpha", date=1_600_000_000)
    for number in range(500):
        channel.post(f"message {number}", date=1_600_000_000 + 60 * number)
    start = 1_600_000_000 + 60 * 350
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=start)
        await rig.sync(channel)
        assert held(tmp_path, channel) == {i: row for i, row in true(channel).items() if row["date"] >= start}
        asked = len(server.called("messages.getHistory"))
        # 150 of 500 messages, a page of older ones, four looks below, the newest page, and the count of the window
        assert asked == 10
        await rig.sync(channel)
        # The newest page, whether the window ends there still, and its count.
        assert len(server.called("messages.getHistory")) == asked + 3
        await rig.add(channel)
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_an_empty_page_in_the_middle_is_not_the_end(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        server.faults.add("messages.getHistory", faults.empty(), skip=2, times=1)
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_a_message_that_comes_back_keeps_the_notice_of_its_absence(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        hidden = channel.posts[300]
        channel.delete(300)
        await rig.sync(channel)
        assert query(tmp_path, "SELECT message_id, how, returned_at FROM absence") == [(300, "update", None)]
        # A server may take a deletion back: a restored channel, a lifted block.
        channel.posts[300] = hidden
        channel.ids.insert(bisect_left(channel.ids, 300), 300)
        channel.deleted.discard(300)
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        await rig.ingest.start_generation(row)
        await rig.sync(channel)
    assert 300 in held(tmp_path, channel)
    [(message_id, returned)] = query(tmp_path, "SELECT message_id, returned_at IS NOT NULL FROM absence")
    assert (message_id, returned) == (300, 1)


async def test_a_window_newer_than_everything_holds_nothing_and_is_looked_for_once(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=4_000_000_000)
        await rig.sync(channel)
        await rig.sync(channel)
    assert held(tmp_path, channel) == {}
    # A page of older ones, four looks, the newest page at first and at the end of each sync, and the counts.
    assert len(server.called("messages.getHistory")) == 13


async def test_an_empty_channel_is_complete_and_its_first_post_is_found(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel = world.add_channel("Alpha", "alpha")
    channel.delete(1)
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        assert held(tmp_path, channel) == {}
        channel.post("first")
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_more_events_than_told_during_the_backfill_are_found_in_the_same_sync(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    posted: list[int] = []

    def progress(stored: StoredCounts, left: int) -> None:
        if not posted:
            posted.extend(channel.post(f"meanwhile {number}").id for number in range(150))
            channel.delete(200)

    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.mirror.sync_channel(channel.id, progress=progress)
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        assert row.last_sync_at is not None
    assert held(tmp_path, channel) == true(channel)


async def test_unreported_deletions_of_old_messages_are_found(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.delete(*channel.ids[:50])
        channel.forget_events()
        for number in range(120):
            channel.post(f"later {number}")
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_a_new_title_and_name_are_followed_and_the_old_ones_kept(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.set_title("Another title")
        channel.rename("beta")
        await rig.sync(channel)
    assert query(tmp_path, "SELECT title, username FROM channel") == [("Another title", "beta")]
    told = query(tmp_path, "SELECT title, username FROM channel_revision ORDER BY revision")
    assert told[0] == ("Alpha news", "alpha")
    assert told[-1] == ("Another title", "beta")


async def test_the_accounts_own_updates_are_never_asked_for(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
    assert server.called("updates.getDifference") == []
    assert server.called("updates.getState") == []


async def test_a_lost_channel_never_looks_like_one_whose_messages_were_deleted(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        before = held(tmp_path, channel)
        channel.edit(channel.ids[3], text="otherwise")
        channel.lost = True  # its history is empty, and every message is named as empty
        channel.forget_events()
        with pytest.raises(ServerFault, match="nothing was changed"):
            await rig.sync(channel)
        assert held(tmp_path, channel) == before
        channel.lost = False
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT count(*) FROM absence") == [(0,)]


@pytest.mark.parametrize("way", ["difference", "history"])
async def test_the_present_content_is_the_newest_answers_although_its_edit_date_is_older(
    server: Server, account: Account, channel: Channel, tmp_path: Path, way: str
) -> None:
    posted = channel.posts[300].date
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        channel.edit(300, text="edited", date=posted + 5_000)
        channel.edit(100, text="edited", date=posted + 5_000)
        await rig.sync(channel)
        channel.edit(300, text="taken back", date=posted + 1_000)
        channel.edit(100, text="taken back", date=posted + 1_000)
        if way == "history":
            channel.forget_events()
        await rig.sync(channel)
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT message_id, text FROM revision ORDER BY 1") == [(100, "edited"), (300, "edited")]


@pytest.mark.parametrize("posts", [80, 159, 300])
async def test_progress_hears_of_each_new_message_once_also_when_the_difference_was_too_long(
    server: Server, account: Account, channel: Channel, tmp_path: Path, posts: int
) -> None:
    heard: list[StoredCounts] = []
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        for number in range(posts):
            channel.post(f"more {number}")
        channel.edit(200, text="edited")
        channel.view(201, 5)
        await rig.mirror.sync_channel(channel.id, progress=lambda stored, left: heard.append(stored))
    assert sum(stored.inserted for stored in heard) == posts
    assert sum(stored.revised for stored in heard) == 1


async def test_posts_and_deletions_that_moved_no_pts_are_found_by_the_next_sync(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        pts, told = channel.pts, len(channel.log)
        channel.post("quiet news")
        channel.edit(400, text="quietly edited")
        channel.delete(150, 151)
        channel.pts = pts
        del channel.log[told:]
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_a_persistent_count_difference_is_reported_and_accepted_the_second_time(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel = numbered_channel(world, 2_300)
    channel.miscount = 2
    asked = []
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        for _ in range(3):
            before = server.calls.count()
            assert await rig.compare(channel) == (True, 2)
            asked.append(server.calls.count() - before)
        channel.miscount = 0
        assert await rig.compare(channel) == (True, 0)
    assert asked[1] > 23  # all of its pages
    assert asked[2] < 10
