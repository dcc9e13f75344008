"""The mirror equals the world, whatever faults and refusals come between."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.errors import ChannelInaccessible, FloodWait, LoginNeeded, Unreachable
from archiver.pacing.scheduler import MAX_FLOOD_WAIT
from archiver.store.accounts.flood import set_flood
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.mirror_world import channel, numbered_channel
from tests.integration.rig import LeapingClock, held, mirror_of, query, true

__all__ = ["channel"]

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
    channel = numbered_channel(world, 6)
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
