"""Audits believe nothing that a lost channel may say, and lose nothing when they are broken off."""

from __future__ import annotations

import asyncio
import contextlib
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.errors import ChannelInaccessible, Error, LoginNeeded, ServerFault, Unreachable
from archiver.model.review_plan import DAY, HOUR
from archiver.service.audit_worker import PAUSE
from archiver.store.channels.channel import set_state
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.audit_rig import MONTH, PATIENT, Desk, catch_next_page, channel, desk_of, missing, pages
from tests.integration.rig import SHORT, held, mirror_of, query, true

__all__ = ["channel"]

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


async def assert_next_deletion_is_found(desk: Desk, channel: Channel, *, within: float) -> None:
    """The first that is found, and the only one."""
    channel.delete(590)
    await desk.happen_unseen(channel)
    await desk.pass_time(within)
    assert missing(desk.rig.database.path.parent) == [(590, "audit")]


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
        await assert_next_deletion_is_found(desk, channel, within=DAY)


@pytest.mark.parametrize("name", LINES)
async def test_a_broken_line_loses_nothing_that_is_held(
    name: str, server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    action, error = LINES[name]
    async with desk_of(server, account, tmp_path, channel, timeouts=SHORT) as desk:
        before = held(tmp_path, channel)
        await desk.pass_time(DAY - 10)
        server.faults.add("messages.getHistory", action)
        await desk.pass_time(60)
        server.faults.clear()
        assert held(tmp_path, channel) == before
        assert missing(tmp_path) == []
        assert len(desk.failed) == 1
        assert isinstance(desk.failed[0][1], error)
        await assert_next_deletion_is_found(desk, channel, within=2 * PAUSE)


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
    async with mirror_of(server, account, tmp_path, timeouts=PATIENT) as rig:
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
        served = catch_next_page(server, faults.reorder(60))
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
        served = catch_next_page(server, faults.reorder(60))
        step = asyncio.create_task(desk.auditor.step())
        await served.wait()
        await desk.rig.database.write(lambda conn: set_state(conn, channel.id, "removed", now=1))
        await desk.rig.source.resolve_username(channel.username)  # its answer lets the page come
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
