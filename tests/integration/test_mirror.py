"""The mirror equals the world: backfill, catching up, windows, gaps, faults."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

import pytest

from archiver.errors import ChannelInaccessible, FloodWait, LoginNeeded, ServerFault, Unreachable
from archiver.mirror.apply import StoredCounts
from archiver.mirror.reread import Rereader
from archiver.pacing.scheduler import MAX_FLOOD_WAIT
from archiver.store.channel import find_channel
from archiver.store.coverage import list_coverage
from archiver.store.flood import set_flood
from search.flags import MISSING, SUPERSEDED
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import LeapingClock, held, mirror_of, query, true


@pytest.fixture
def channel(world: World) -> Channel:
    """450 ids with gaps, albums, media, forwards and service messages."""
    channel = world.add_channel("Alpha", "alpha")
    for number in range(400):
        channel.post(f"message {number}", views=number)
    channel.album([world.media.photo(), world.media.photo()], "an album")
    for media in (world.media.photo(), world.media.poll("Which?", {"one": 3, "two": 0}), world.media.geo()):
        channel.post("with media", media=media)
    channel.set_title("Alpha news")
    channel.post("an answer", reply_to=5)
    channel.delete(*range(20, 60), 399, 401)
    return channel


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


FAULTS = {
    "dropped": (faults.drop(), {"skip": 1, "times": 2}),
    "halved": (faults.half(40), {"skip": 1, "times": 2}),
    "halved with a polite end": (faults.cut(40), {"skip": 1, "times": 2}),
    "without a byte but a polite end": (faults.cut(0), {"skip": 1, "times": 2}),
    "hanging": (faults.hang(), {"skip": 1, "times": 1}),
    "delayed": (faults.delay(0.1), {"times": 3}),
    "twice": (faults.dup(), {"times": 3}),
    "with an internal error": (faults.rpc(500, "RPC_CALL_FAIL"), {"skip": 1, "times": 2}),
    "with -503": (faults.rpc(-503, "Timeout"), {"skip": 1, "times": 1}),
    "with a bad salt": (faults.bad_salt(), {"times": 2}),
    "with an unknown object beside it": (faults.unknown_ctor("container"), {"skip": 1, "times": 1}),
    "in a new session": (faults.new_session(), {"times": 2}),
    "in pieces": (faults.gzip(), {}),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_is_lost_when_answers_come(
    name: str, server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    action, how = FAULTS[name]
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        server.faults.add("messages.getHistory", action, **how)
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_a_flood_wait_is_obeyed_and_the_sync_continues(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    clock = LeapingClock(server)
    async with mirror_of(server, account, tmp_path, clock=clock) as rig:
        await rig.add(channel)
        server.faults.add("messages.getHistory", faults.flood(30), skip=2, times=1)
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)
    assert server.violations == []
    assert len(clock.leaps) == 1
    assert 30 <= clock.leaps[0] <= 32


async def test_a_long_flood_wait_ends_the_sync_and_is_obeyed_by_the_next_one(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    remembered: dict[str, float] = {}

    async def remember(method: str, until: float) -> None:
        remembered[method] = until

    async with mirror_of(server, account, tmp_path, remember=remember) as rig:
        await rig.add(channel)
        server.faults.add("messages.getHistory", faults.flood(5_000), skip=2, times=1)
        with pytest.raises(FloodWait) as flood:
            await rig.sync(channel)
        assert 5_000 <= flood.value.seconds <= 5_002
    asked = len(server.called("messages.getHistory"))
    async with mirror_of(server, account, tmp_path, floods=remembered) as rig:
        with pytest.raises(FloodWait):
            await rig.sync(channel)
    assert len(server.called("messages.getHistory")) == asked
    assert server.violations == []


async def test_an_absurd_order_of_an_earlier_run_ends_after_a_week_however_often_we_start(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        until = server.world.now() + 10 * 365 * 86_400  # somebody's clock was wrong
        await rig.database.write(lambda conn: set_flood(conn, account="default", method="getHistory", until=until))
    for _ in range(2):
        async with mirror_of(server, account, tmp_path) as rig:
            with pytest.raises(FloodWait) as flood:
                await rig.sync(channel)
        assert flood.value.seconds <= MAX_FLOOD_WAIT
        server.clock += MAX_FLOOD_WAIT / 2 + 1
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_one_unreadable_message_costs_only_itself(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    for message_id in (130, 131, 350, channel.last_id):
        channel.posts[message_id].make_unknown()
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
    mirrored = held(tmp_path, channel)
    stubs = {message_id for message_id, row in mirrored.items() if row["kind"] == "stub"}
    assert stubs == {130, 131, 350, channel.last_id}
    expected = true(channel)
    assert {i: row for i, row in mirrored.items() if i not in stubs} == {
        i: row for i, row in expected.items() if i not in stubs
    }


async def test_deletions_are_found_even_if_the_newest_message_is_unreadable(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channel = world.add_channel("Alpha", "alpha")
    for number in range(6):
        channel.post(f"message {number}")
    channel.posts[7].make_unknown()
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.delete(1, 2, 3)
        channel.forget_events()
        await rig.sync(channel)
    assert query(tmp_path, "SELECT message_id FROM message WHERE missing_since IS NOT NULL") == [(1,), (2,), (3,)]
    assert query(tmp_path, "SELECT lo, hi FROM coverage WHERE generation = 2") == [(1, 7)]


async def test_unreadable_new_posts_are_sought_in_the_history_and_the_rest_is_applied(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        asked = len(server.called("messages.getHistory"))
        first, *gone = channel.ids[20], *channel.ids[30:32]
        channel.edit(first, text="said otherwise")
        channel.delete(*gone)
        posts = [channel.post(f"news {number}") for number in range(9)]
        for number in (1, 4, 5, 8):
            posts[number].make_unknown()
        await rig.sync(channel)
        assert len(server.called("messages.getHistory")) - asked < 35
    mirrored, expected = held(tmp_path, channel), true(channel)
    stubs = {posts[number].id for number in (1, 4, 5, 8)}
    assert {i for i, row in mirrored.items() if row["kind"] == "stub"} == stubs
    assert {i: row for i, row in mirrored.items() if i not in stubs} == {
        i: row for i, row in expected.items() if i not in stubs
    }
    assert query(tmp_path, "SELECT generation, state FROM channel") == [(1, "needs_newer_layer")]
    assert query(tmp_path, "SELECT message_id FROM message WHERE missing_how = 'update' ORDER BY 1") == [
        (i,) for i in gone
    ]


async def test_an_unreadable_event_restarts_the_history_once_a_day(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        message_id = channel.ids[40]
        channel.posts[message_id].make_unknown()
        for text in ("once", "again", "and again"):
            channel.edit(message_id, text=text)
            channel.delete(channel.ids[60])
            await rig.sync(channel)
    assert query(tmp_path, "SELECT generation FROM channel") == [(2,)]
    assert held(tmp_path, channel).keys() == set(channel.ids)
    assert held(tmp_path, channel)[message_id]["kind"] == "stub"


async def test_a_private_channel_loses_nothing_that_is_held(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        before = held(tmp_path, channel)
        channel.private = True
        channel.members.clear()
        with pytest.raises(ChannelInaccessible):
            await rig.sync(channel)
    assert held(tmp_path, channel) == before


async def test_a_name_that_another_channel_took_over_is_never_followed(
    server: Server, account: Account, world: World, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        other = world.add_channel("Impostor", "impostor")
        channel.rename("alpha_old")
        world.set_username(other, "alpha")
        await rig.database.write(lambda conn: conn.execute("DELETE FROM access"))
        with pytest.raises(ChannelInaccessible, match="another channel"):
            await rig.sync(channel)
    assert query(tmp_path, "SELECT DISTINCT channel_id FROM message") == [(channel.id,)]


async def test_a_stale_access_hash_is_asked_for_again(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.database.write(lambda conn: conn.execute("UPDATE access SET access_hash = 1"))
        await rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_a_logged_out_session_says_so(server: Server, account: Account, channel: Channel, tmp_path: Path) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        server.log_out_everywhere(account)
        with pytest.raises(LoginNeeded):
            await rig.sync(channel)


async def test_a_server_that_goes_away_is_named(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        server.faults.add("messages.getHistory", faults.hang())
        with pytest.raises(Unreachable):
            await rig.sync(channel)


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
    channel = world.add_channel("Big", "big")
    for number in range(2_300):
        channel.post(f"message {number}")
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
