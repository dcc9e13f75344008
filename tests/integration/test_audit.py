"""Audits find what no difference told, count what changed, and keep within their limits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from archiver.model.review_plan import DAY, HOUR, MINUTE
from archiver.service.worker_context import PollSettings
from archiver.store.channels.channel import find_channel
from archiver.store.channels.coverage import list_coverage
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.audit_rig import MONTH, Desk, channel, desk_of, missing, pages
from tests.integration.rig import held, mirror_of, query, true

__all__ = ["channel"]

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
