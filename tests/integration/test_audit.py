"""Audits find what no difference told, count what changed, and believe nothing that a lost channel may say, too."""

from __future__ import annotations

import asyncio
import contextlib
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from archiver.errors import ChannelInaccessible, Error, LoginNeeded, ServerFault, Unreachable
from archiver.mirror.ingest import Ingest
from archiver.model.review_plan import DAY, HOUR, MINUTE
from archiver.service.audit_worker import MAX_IDLE, PAUSE, AuditWorker
from archiver.service.worker_context import PollSettings, WorkerContext
from archiver.store.channel import Mirrored, find_channel, set_state
from archiver.store.coverage import list_coverage
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import Rig, ServerClock, held, mirror_of, query, true

MONTH = 31 * DAY
UNPACED = PollSettings(requests_per_second=0.0)


@pytest.fixture
def channel(world: World) -> Channel:
    """600 ids, 560 of them there, posted a year ago."""
    then = world.now() - 365 * 86_400
    channel = world.add_channel("Alpha", "alpha", about="news", date=then)
    for number in range(599):
        channel.post(f"message {number}", views=number, date=then + number)
    channel.delete(*range(20, 60))
    return channel


class Desk:
    """An auditor at work, and time that passes when it waits."""

    def __init__(self, rig: Rig, server: Server, settings: PollSettings = UNPACED) -> None:
        self.rig = rig
        self.server = server
        self.failed: list[tuple[int, Error]] = []
        self.ingest = Ingest(rig.database, layer=rig.source.layer, clock=server.world.clock.now)
        context = WorkerContext(
            account="default",
            source=rig.source,
            database=rig.database,
            ingest=self.ingest,
            clock=ServerClock(server),
            on_failure=self._fail,
        )
        self.auditor = AuditWorker(context, settings, access=rig.mirror.access)

    async def _fail(self, channel: Mirrored, error: Error) -> None:
        self.failed.append((channel.channel_id, error))

    async def pass_time(self, seconds: float, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let so many seconds of the server's time go by."""
        clock = self.server.world.clock
        end = clock.now() + seconds
        while (now := clock.now()) < end:
            pause = await self.auditor.step()
            # In a longer time nobody looks as often as every half minute whether something was posted.
            leap = pause if pause < MAX_IDLE else max(pause, seconds / 300)
            self.server.clock += min(leap, end - now)
            if pause and meanwhile:
                await meanwhile()

    async def happen_unseen(self, channel: Channel) -> None:
        """What has happened in the channel is told by no difference: as if it had been mirrored to the present."""
        channel.forget_events()
        await self.rig.database.write(lambda conn: conn.execute("UPDATE channel SET pts = ?", (channel.pts,)))


def pages(server: Server) -> int:
    return len(server.called("messages.getHistory"))


def catch_next_page(server: Server, action: faults.Action) -> asyncio.Event:
    """Let this happen to the next page; set when it is asked for."""
    asked = asyncio.Event()
    server.faults.add("messages.getHistory", action, times=1, predicate=lambda _: asked.set() or True)
    return asked


def missing(directory: Path) -> list[tuple[int, str]]:
    return query(directory, "SELECT message_id, missing_how FROM message WHERE missing_since IS NOT NULL ORDER BY 1")


@contextlib.asynccontextmanager
async def desk_of(
    server: Server, account: Account, directory: Path, *channels: Channel, settings: PollSettings = UNPACED
) -> AsyncIterator[Desk]:
    """A desk whose channels are mirrored to the present."""
    async with mirror_of(server, account, directory) as rig:
        desk = Desk(rig, server, settings)
        for channel in channels:
            found = await rig.source.resolve_username(channel.username)
            await desk.ingest.add_channel(found)
            await rig.sync(channel)
        yield desk


# what nobody told


async def test_the_newest_are_looked_at_daily(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.edit(550, text="edited in the dark")
        await desk.happen_unseen(channel)
        await desk.pass_time(DAY - 60)
        assert held(tmp_path, channel) != true(channel)
        await desk.pass_time(120)
        assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT message_id, text FROM revision") == [(550, "message 548")]
    # 200 ids, and the newest page at the end of the sync before
    assert query(tmp_path, "SELECT count(*) FROM capture WHERE method = 'audit'") == [(3,)]
    assert desk.failed == []
    assert server.forbidden == []


async def test_everything_is_looked_at_monthly(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.edit(7, text="edited in the dark")  # no count tells of it
        await desk.happen_unseen(channel)
        await desk.pass_time(6.9 * DAY)
        assert held(tmp_path, channel) != true(channel)
        await desk.pass_time(MONTH)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT count(*) FROM absence") == [(0,)]


async def test_a_count_that_differs_finds_deletions_anywhere_at_once(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.delete(100, 101, 5, 590)
        await desk.happen_unseen(channel)
        await desk.pass_time(DAY + 600)  # the daily look at the newest tells the count
    assert missing(tmp_path) == [(5, "audit"), (100, "audit"), (101, "audit"), (590, "audit")]
    assert query(tmp_path, "SELECT message_id, how FROM absence ORDER BY 1") == missing(tmp_path)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT accepted_count FROM channel") == [(None,)]


async def test_a_server_that_counts_otherwise_causes_one_review(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    channel.miscount = -3
    async with desk_of(server, account, tmp_path, channel) as desk:
        asked = pages(server)
        await desk.pass_time(60)
        assert pages(server) - asked == 6  # all of it, with what the first reading told
        assert query(tmp_path, "SELECT accepted_count FROM channel") == [(-3,)]
        await desk.pass_time(5.5 * DAY)
        assert pages(server) - asked == 6 + 5 * 2  # the newest, each day
        channel.delete(300)
        await desk.happen_unseen(channel)
        await desk.pass_time(DAY)
    assert missing(tmp_path) == [(300, "audit")]
    assert query(tmp_path, "SELECT accepted_count FROM channel") == [(-3,)]


async def test_counts_are_not_compared_while_something_is_pending(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.post("pending", date=channel.posts[600].date)
        channel.delete(300)
        await desk.pass_time(DAY + 600)
        assert missing(tmp_path) == []
        await desk.rig.sync(channel)
        await desk.pass_time(DAY + 600)
    assert missing(tmp_path) == [(300, "update")]
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT count(*) FROM capture WHERE method = 'audit'") == [(6,)]  # two are of the syncs


async def test_a_difference_is_accepted_later_when_something_is_pending_at_the_end_of_the_review(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    channel.miscount = 2
    async with desk_of(server, account, tmp_path, channel) as desk:
        await desk.auditor.step(lambda: True)
        channel.post("pending", date=channel.posts[600].date)
        await desk.pass_time(60)
        assert query(tmp_path, "SELECT accepted_count FROM channel") == [(None,)]
        await desk.rig.sync(channel)
        await desk.pass_time(3 * DAY)
    assert query(tmp_path, "SELECT accepted_count FROM channel") == [(2,)]
    # Each of the two syncs read all of it, and so did the audit.
    assert query(tmp_path, "SELECT count(*) FROM capture WHERE method = 'audit' AND lo < 400") == [(12,)]


async def test_a_count_that_is_now_this_now_that_causes_a_review_a_day(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.post("young, so that a page is read every ten minutes, later every hour")
        await desk.rig.sync(channel)

        async def miscount() -> None:
            channel.miscount = channel.miscount % 7 + 1

        await desk.pass_time(0.9 * DAY, miscount)
    assert query(tmp_path, "SELECT count(*) FROM capture WHERE method = 'audit' AND lo < 100") == [(1,)]
    assert len(query(tmp_path, "SELECT 1 FROM capture WHERE method = 'audit' AND hi = 601")) > 20


async def test_a_history_that_begins_anew_meanwhile_is_left_to_backfill(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        server.clock += MONTH
        await desk.auditor.step(lambda: True)
        channel.edit(7, text="edited in the dark")
        for number in range(150):
            channel.post(f"flood {number}", date=channel.posts[600].date)
        await desk.rig.mirror.catch_up(channel.id)  # too long
        asked = pages(server)
        await desk.pass_time(60)
        assert pages(server) == asked
        assert query(tmp_path, "SELECT tier FROM review WHERE started_at IS NOT NULL") == []
        await desk.rig.sync(channel)
    assert held(tmp_path, channel) == true(channel)


async def test_a_message_that_came_back_is_found(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        hidden, at = channel.posts[300], channel.ids.index(300)
        channel.delete(300)
        await desk.rig.sync(channel)
        channel.posts[300] = hidden
        channel.ids.insert(at, 300)
        await desk.happen_unseen(channel)
        await desk.pass_time(DAY + 600)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT message_id, returned_at IS NOT NULL FROM absence") == [(300, 1)]


# counters and descriptions


async def test_counters_are_kept_when_they_change_and_only_then(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    counters = "SELECT views FROM counter WHERE message_id = 601 ORDER BY at"
    async with desk_of(server, account, tmp_path, channel) as desk:
        post = channel.post("new", views=1)
        await desk.rig.sync(channel)
        await desk.pass_time(HOUR - 60)
        asked = pages(server)
        assert query(tmp_path, counters) == []
        channel.view(post.id, 90)
        await desk.pass_time(10 * MINUTE)
        assert query(tmp_path, counters) == [(1,), (90,)]
        await desk.pass_time(12 * HOUR)
        assert query(tmp_path, counters) == [(1,), (90,)]
        assert pages(server) - asked < 1 + 13 + 2  # hourly from the second hour on
        channel.react(post.id, {"👍": 2})
        await desk.pass_time(HOUR)
    assert len(query(tmp_path, counters)) == 3
    assert query(tmp_path, "SELECT count(*) FROM counter WHERE message_id <> 601") == [(0,)]
    assert query(tmp_path, "SELECT count(*) FROM revision") == [(0,)]


async def test_young_messages_are_looked_at_every_ten_minutes_and_old_ones_hardly(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.post("new")
        await desk.rig.sync(channel)
        asked = pages(server)
        await desk.pass_time(HOUR)
        assert 5 <= pages(server) - asked <= 6
        asked = pages(server)
        await desk.pass_time(3 * DAY)  # every hour for a day, then every six hours; the newest daily
        assert 23 + 8 <= pages(server) - asked <= 24 + 9 + 6


async def test_a_description_is_asked_for_daily(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        await desk.pass_time(60)
        assert query(tmp_path, "SELECT about FROM channel") == [("news",)]
        channel.about = "other news"
        await desk.pass_time(DAY + 600)
        assert len(server.called("channels.getFullChannel")) == 2
    assert query(tmp_path, "SELECT about FROM channel") == [("other news",)]
    assert query(tmp_path, "SELECT about FROM channel_revision ORDER BY revision") == [
        (None,),
        ("news",),
        ("other news",),
    ]


# what is not believed

LOST: dict[str, tuple[Callable[[Channel], None], type[Error]]] = {
    "private": (lambda channel: setattr(channel, "private", True), ChannelInaccessible),
    "forbidden in the chats": (lambda channel: setattr(channel, "forbidden_in_chats", True), ChannelInaccessible),
    "lost": (lambda channel: setattr(channel, "lost", True), ServerFault),
}
LINES = {
    "empty pages": (faults.empty(), ServerFault),
    "half answers": (faults.half(60), Unreachable),
    "answers cut short": (faults.cut(60), Unreachable),
    "no answers": (faults.hang(), Unreachable),
    "errors": (faults.rpc(500, "RPC_CALL_FAIL"), Error),
}


@pytest.mark.parametrize("name", LOST)
async def test_a_lost_channel_loses_nothing_that_is_held(
    name: str, server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    lose, error = LOST[name]
    async with desk_of(server, account, tmp_path, channel) as desk:
        before = held(tmp_path, channel)
        lose(channel)
        await desk.pass_time(2 * DAY)
        assert held(tmp_path, channel) == before
        assert missing(tmp_path) == []
        assert {type(exc) for _, exc in desk.failed} == {error}
        channel.clear()
        channel.delete(590)
        await desk.happen_unseen(channel)
        await desk.pass_time(DAY)
    assert missing(tmp_path) == [(590, "audit")]


@pytest.mark.parametrize("name", LINES)
async def test_a_broken_line_loses_nothing_that_is_held(
    name: str, server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    action, error = LINES[name]
    async with desk_of(server, account, tmp_path, channel) as desk:
        before = held(tmp_path, channel)
        await desk.pass_time(DAY - 10)
        server.faults.add("messages.getHistory", action)
        await desk.pass_time(60)
        server.faults.clear()
        assert held(tmp_path, channel) == before
        assert missing(tmp_path) == []
        assert len(desk.failed) == 1
        assert isinstance(desk.failed[0][1], error)
        channel.delete(590)
        await desk.happen_unseen(channel)
        await desk.pass_time(2 * PAUSE)
    assert missing(tmp_path) == [(590, "audit")]


async def test_one_empty_page_in_the_middle_is_asked_for_again(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        server.faults.add("messages.getHistory", faults.empty(), skip=1, times=1)
        await desk.pass_time(MONTH)
    assert missing(tmp_path) == []
    assert desk.failed == []


async def test_names_are_not_believed_either_when_the_channel_is_lost_in_between(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        before = held(tmp_path, channel)

        def lose(_: object) -> bool:
            channel.lost = True
            return False

        server.clock += DAY
        server.faults.add("messages.getHistory", faults.empty(), times=2)
        server.faults.add("channels.getMessages", faults.delay(0), predicate=lose)
        await desk.pass_time(60)
        assert len(server.called("channels.getMessages")) == 1
        assert held(tmp_path, channel) == before
        assert [type(error) for _, error in desk.failed] == [ServerFault]


async def test_the_oldest_are_believed_to_be_gone_when_each_is_named_beside_one_that_exists(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        gone = [i for i in channel.ids if i <= 250]
        channel.delete(*gone)
        await desk.happen_unseen(channel)
        await desk.pass_time(DAY + 600)
        assert [message_id for message_id, _ in missing(tmp_path)] == gone
        assert desk.failed == []
        assert held(tmp_path, channel) == true(channel)
        # Once that is known, nothing is asked by name again.
        asked = len(server.called("channels.getMessages"))
        await desk.pass_time(MONTH)
        assert len(server.called("channels.getMessages")) == asked


async def test_a_failing_channel_does_not_stop_the_others(
    server: Server, account: Account, world: World, channel: Channel, tmp_path: Path
) -> None:
    other = world.add_channel("Beta", "beta", date=world.now() - 365 * 86_400)
    other.post("here", date=other.date)
    async with desk_of(server, account, tmp_path, channel, other) as desk:
        channel.refuse = (400, "CHANNEL_INVALID")
        other.delete(2)
        other.forget_events()
        await desk.rig.database.write(
            lambda conn: conn.execute("UPDATE channel SET pts = ? WHERE channel_id = ?", (other.pts, other.id))
        )
        await desk.pass_time(DAY + 600)
        assert {channel_id for channel_id, _ in desk.failed} == {channel.id}
    assert missing(tmp_path) == [(2, "audit")]


async def test_an_account_that_is_logged_out_is_no_failure_of_a_channel(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        server.log_out_everywhere(account)
        with pytest.raises(LoginNeeded):
            await desk.pass_time(DAY + 600)
        assert desk.failed == []


# within limits


async def test_ids_outside_the_window_and_gaps_are_not_asked_for(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    then = world.now() - 365 * 86_400
    channel = world.add_channel("Alpha", "alpha", date=then)
    for number in range(1, 500):
        channel.post(f"message {number}", date=then + number)
    async with mirror_of(server, account, tmp_path) as rig:
        desk = Desk(rig, server)
        found = await rig.source.resolve_username("alpha")
        await desk.ingest.add_channel(found, window_start=then + 249)
        await rig.sync(channel)
        before, looks = held(tmp_path, channel), len(server.called("messages.getHistory"))
        assert min(before) == 250
        channel.edit(100, text="outside")
        await desk.happen_unseen(channel)
        await desk.pass_time(MONTH)
        assert held(tmp_path, channel) == before
        later = server.called("messages.getHistory")[looks:]
        assert min(request.offset_id or 501 for request in later) > 250
        # A generation of which the newest page alone was read: the rest is backfill's.
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        await rig.ingest.start_generation(row)
        await rig.mirror.catch_up(channel.id)
        row = await rig.database.read(find_channel, channel.id)
        assert row is not None
        covered = await rig.database.read(list_coverage, channel.id, row.generation)
        asked = pages(server)
        await desk.pass_time(MONTH)
        assert await rig.database.read(list_coverage, channel.id, row.generation) == covered == [(401, 500)]
        assert min(request.offset_id for request in server.called("messages.getHistory")[asked:]) == 501


async def test_removed_channels_and_those_in_back_off_are_not_audited(
    server: Server, account: Account, world: World, channel: Channel, tmp_path: Path
) -> None:
    failing = world.add_channel("Beta", "beta")
    async with desk_of(server, account, tmp_path, channel, failing) as desk:
        await desk.ingest.set_state(channel.id, "removed")
        assert await desk.auditor.step() == 0  # it has seen both
        server.clock += DAY
        assert await desk.auditor.step() == 0
        asked = pages(server)
        await desk.ingest.back_off(failing.id, seconds=10 * DAY, error="it is not to be found.")
        await desk.pass_time(9 * DAY)
        assert pages(server) == asked
        await desk.pass_time(2 * DAY)
        assert pages(server) > asked


async def test_audits_take_a_fifth_of_the_requests(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel, settings=PollSettings(requests_per_second=2.0)) as desk:
        channel.miscount = 1
        asked = len(list(server.calls))
        await desk.pass_time(DAY + 600)
        times = [call.time for call in list(server.calls)[asked:] if call.method == "messages.getHistory"]
    assert len(times) == 1 + 6  # the first one tells that the counts differ
    assert min(later - earlier for earlier, later in pairwise(times)) >= 2.5 - 0.01


# crashes, and what comes too late


async def test_a_review_goes_on_where_it_was_broken_off(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.edit(7, text="edited in the dark")
        await desk.happen_unseen(channel)
        server.clock += MONTH
        asked = pages(server)
        await desk.auditor.step(lambda: True)
        assert pages(server) - asked == 1
        assert query(tmp_path, "SELECT tier, next_id FROM review WHERE started_at IS NOT NULL ORDER BY 1") == [
            ("all", 500),
            ("middle", 500),
            ("recent", 500),
        ]
    async with mirror_of(server, account, tmp_path) as rig:
        await Desk(rig, server).pass_time(60)
    assert [request.offset_id for request in server.called("messages.getHistory")[asked:]] == [
        601, 501, 401, 301, 201, 101, 1,
    ][: pages(server) - asked]  # fmt: skip
    assert pages(server) - asked == 6
    assert held(tmp_path, channel) == true(channel)


async def test_wherever_it_is_broken_off_all_is_found_and_nothing_twice(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        channel.edit(7, text="edited in the dark")
        channel.edit(595, text="edited in the dark")
        channel.delete(300, 301)
        channel.view(500, 9_000)
        await desk.happen_unseen(channel)
        server.clock += MONTH
        for turns in range(0, 120, 3):
            auditor = Desk(desk.rig, server).auditor
            task = asyncio.create_task(auditor.step())
            for _ in range(turns):
                await asyncio.sleep(0.0002)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await Desk(desk.rig, server).pass_time(60)
    assert held(tmp_path, channel) == true(channel)
    assert query(tmp_path, "SELECT message_id FROM revision ORDER BY 1") == [(7,), (595,)]
    assert query(tmp_path, "SELECT message_id, how FROM absence") == [(300, "audit"), (301, "audit")]
    assert query(tmp_path, "SELECT views FROM counter WHERE message_id = 500 ORDER BY at") == [(498,), (9_000,)]


async def test_a_page_that_is_older_than_what_is_known_is_asked_for_again(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        await desk.pass_time(DAY - 10)
        server.clock += 20
        asked = pages(server)
        served = catch_next_page(server, faults.reorder())
        step = asyncio.create_task(desk.auditor.step())
        await served.wait()
        await asyncio.sleep(0.01)  # until its content is settled
        channel.edit(590, text="newer than the page")
        channel.delete(580)
        await desk.rig.mirror.catch_up(channel.id)  # its answer overtakes the page
        await step
    assert pages(server) - asked == 3  # the first one twice
    assert held(tmp_path, channel) == true(channel)
    assert missing(tmp_path) == [(580, "update")]
    assert query(tmp_path, "SELECT count(*) FROM absence WHERE returned_at IS NOT NULL") == [(0,)]
    assert desk.failed == []


async def test_a_channel_that_is_removed_meanwhile_ends_its_review(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with desk_of(server, account, tmp_path, channel) as desk:
        server.clock += MONTH
        asked = pages(server)
        served = catch_next_page(server, faults.delay(0.1))
        step = asyncio.create_task(desk.auditor.step())
        await served.wait()
        await desk.rig.database.write(lambda conn: set_state(conn, channel.id, "removed", now=1))
        await step
        await desk.pass_time(DAY)
        assert pages(server) == asked + 1
        assert desk.failed == []


async def test_a_day_leaves_nothing_behind_in_memory(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    channels = [world.add_channel(f"Channel {number}", f"channel_{number}") for number in range(5)]

    async def post() -> None:
        turns.append(server.world.now())
        if len(turns) % 10:
            return
        channel = channels[len(turns) // 10 % 5]
        channel.post(f"turn {len(turns)}")
        channel.miscount = len(turns) % 30 // 10
        await desk.rig.mirror.catch_up(channel.id)

    turns: list[int] = []
    async with desk_of(server, account, tmp_path, *channels) as desk:
        await desk.pass_time(6 * HOUR, post)
        tracemalloc.start()
        try:
            await desk.pass_time(HOUR, post)
            before = tracemalloc.take_snapshot()
            await desk.pass_time(17 * HOUR, post)
            after = tracemalloc.take_snapshot()
        finally:
            tracemalloc.stop()
        names = ("service/audit_worker", "mirror/reread", "model/review_plan", "store/*")
        ours = [tracemalloc.Filter(True, f"*/archiver/{name}.py") for name in names]
        grown = sum(
            stat.size_diff for stat in after.filter_traces(ours).compare_to(before.filter_traces(ours), "filename")
        )
        assert grown < 100_000
        await desk.ingest.set_state(channels[0].id, "removed")
        await desk.pass_time(HOUR)
        assert all(len(kept) <= 4 for kept in (desk.auditor._states, desk.auditor._surplus, desk.auditor._unsettled))
        assert desk.auditor._paused == {}
    assert desk.failed == []
    assert turns[-1] - turns[0] > 23 * HOUR
