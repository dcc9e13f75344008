"""One bad thing stays one bad thing: what happens to one channel or one method holds up nothing else."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest

from archiver.service.live_worker import HINT_BURST, HINT_SHARE
from archiver.service.worker_context import PollSettings
from archiver.store.database import Writer
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conn import Connection
from tests.doubles.telegram.faults import Plan
from tests.doubles.telegram.many import add_many
from tests.doubles.telegram.rpc import Call
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.service_rig import Desk, held, service_of

SPEED = 60.0
POLL = 30.0
BUSY = 8.0 * SPEED
"""Seconds of the world that this machine may lose to other work. What is held up waits for an hour and more."""
PACED = PollSettings(requests_per_second=1.0)
PROBE, DIFFERENCE, HISTORY = "messages.getPeerDialogs", "updates.getChannelDifference", "messages.getHistory"


@pytest.fixture(autouse=True)
def _in_a_hurry(world: World) -> None:
    world.clock.speed = SPEED


@pytest.fixture
def channels(world: World) -> list[Channel]:
    """Eight, with some posts each."""
    found = [world.add_channel(f"Number {number}", f"number_{number}") for number in range(8)]
    for channel in found:
        for number in range(30):
            channel.post(f"{channel.title}, post {number}")
    return found


def of(channel: Channel) -> Any:
    """A predicate: requests about this channel alone."""
    return lambda request: getattr(getattr(request, "channel", None) or request.peer, "channel_id", 0) == channel.id


async def follow(desk: Desk, *channels: Channel, polls: float = 2) -> None:
    """Something happens in these channels; the mirror has it within so many polls."""
    world = desk.server.world
    for channel in channels:
        channel.post("is this seen?")
        channel.edit(channel.ids[5], text=f"edited at {world.clock.now()}")
        channel.delete(channel.ids[7])
    begun = world.clock.now()
    await desk.until(lambda: desk.mirrors(*channels), what="following")
    assert world.clock.now() - begun < polls * POLL + BUSY


def forget_access(*channels: Channel) -> Any:
    """As for channels that were moved to this account."""

    def act(conn: Writer) -> None:
        conn.executemany("DELETE FROM access WHERE channel_id = ?", [(channel.id,) for channel in channels])

    return act


async def test_the_other_channels_stay_current_whatever_happens_to_one(
    server: Server, account: Account, world: World, channels: list[Channel], tmp_path: Path
) -> None:
    hanging, private, newer, taken, banned, *others = channels
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        before = {channel.id: held(tmp_path, channel) for channel in (private, taken, banned)}
        for method in (DIFFERENCE, HISTORY):
            server.faults.add(method, faults.hang(), predicate=of(hanging))
        private.private = True
        newer.post("soon").make_unknown()
        unreadable = newer.top
        taken.rename("somebody_else")
        impostor = world.add_channel("Impostor", "number_3")
        impostor.post("never to be followed")
        taken.refuse = (400, "CHANNEL_INVALID")
        banned.refuse = (400, "CHANNEL_BANNED")
        for channel in channels:
            channel.post("while there is trouble")
        await follow(desk, *others)
        await desk.until(lambda: "inaccessible" == desk.row(private, "state") == desk.row(taken, "state"))
        await desk.until(lambda: desk.row(banned, "state") == "banned")
        assert f"belongs to another channel now ({impostor.id})" in desk.row(taken, "state_reason")
        assert desk.query("SELECT count(*) FROM channel WHERE channel_id = ?", impostor.id) == [(0,)]
        assert {channel.id: held(tmp_path, channel) for channel in (private, taken, banned)} == before
        await desk.until(lambda: unreadable in held(tmp_path, newer))
        assert held(tmp_path, newer)[unreadable]["kind"] == "stub"
        assert desk.row(newer, "state") == "needs_newer_layer"
        # The one that hangs is backed off from, and recovers by itself.
        await desk.until(lambda: desk.row(hanging, "failures > 0"))
        server.faults.clear()
        desk.pass_time(400)
        await follow(desk, *others)
        await desk.until(lambda: desk.mirrors(hanging))


async def test_a_private_channel_that_comes_back_is_mirrored_again_and_its_story_is_kept(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    alpha = channels[0]
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        alpha.private = True
        await desk.until(lambda: desk.row(alpha, "state") == "inaccessible")
        alpha.post("behind closed doors")
        alpha.delete(4)
        await follow(desk, *channels[1:])
        assert desk.query("SELECT 1 FROM message WHERE missing_since IS NOT NULL AND channel_id = ?", alpha.id) == []
        # However often somebody says that there is news, it is left in peace until its time has come.
        asked = len([request for request in server.called(DIFFERENCE) if of(alpha)(request)])
        for _ in range(5):
            desk.service.hint(alpha.id)
            await asyncio.sleep(0.02)
        assert len([request for request in server.called(DIFFERENCE) if of(alpha)(request)]) == asked
        alpha.private = False
        desk.pass_time(desk.row(alpha, "retry_at") - server.world.now() + 1)
        await desk.until(lambda: desk.mirrors(alpha))
        story = desk.query("SELECT state, reason FROM channel_state WHERE channel_id = ? ORDER BY at", alpha.id)
        assert [state for state, _ in story] == ["inaccessible", "active"]
        assert story[0][1] == "the channel is private, or this account is banned from it."
        assert desk.row(alpha, "failures, retry_at, last_error") == (0, None, None)
        # From now on it is as any other, also for the probe.
        await follow(desk, alpha)


async def test_polling_takes_over_where_the_probe_is_refused_and_ends_when_it_is_not(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    server.pushes.events = False
    server.faults.add(PROBE, faults.rpc(400, "METHOD_INVALID"))
    async with service_of(server, tmp_path, account, pace=PACED) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        server.calls.mark()
        await follow(desk, *channels, polls=2 + 60 / POLL)  # POLL_LEAST, which few channels can afford
        assert server.calls.count(PROBE) <= 8  # until it is clear that it is no matter of one channel
        server.calls.mark()
        await asyncio.sleep(3.0)
        assert server.calls.count(DIFFERENCE) <= len(channels) * (server.calls.seconds / 60 + 1)
        server.faults.clear()
        desk.pass_time(3600)
        await desk.until(lambda: server.calls.count(PROBE) > 5)
        await follow(desk, *channels)


async def test_a_refused_probe_is_noticed_after_a_few_calls(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    many = add_many(world, 300)
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(*many)
        await desk.until(lambda: desk.query("SELECT count(*) FROM channel WHERE pts IS NULL") == [(0,)])
        server.faults.add(PROBE, faults.rpc(403, "CHAT_FORBIDDEN"))
        server.calls.mark()
        await desk.until(lambda: server.calls.count(PROBE) >= 3)
        await asyncio.sleep(1.0)
        assert server.calls.count(PROBE) <= 16


@pytest.mark.parametrize("how", ["hide_from_probe", "probe_without_pts", "refused"])
async def test_a_channel_that_the_probe_leaves_out_is_polled_and_costs_the_others_nothing(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path, how: str
) -> None:
    odd, *others = channels
    server.pushes.events = False
    if how == "refused":
        server.faults.add(PROBE, faults.rpc(400, "CHANNEL_PRIVATE"), predicate=lambda r: odd.id in _asked(r))
    else:
        setattr(odd, how, True)
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        begun = server.world.clock.now()
        await desk.until(lambda: _is_found_out(server, begun, odd, len(channels), how), what="which one it is")
        server.calls.mark()
        await follow(desk, *others)
        await follow(desk, odd, polls=4)
        await asyncio.sleep(1.0)
        assert server.calls.count(PROBE) < 2 + 1.2 * server.calls.seconds / POLL


def _is_found_out(server: Server, begun: float, odd: Channel, channels: int, how: str) -> bool:
    """Whether a probe of all was made and answered, or, where that is refused, one without that channel."""
    probes = [_asked(call.request) for call in server.calls if call.method == PROBE and call.time >= begun]
    if how == "refused":
        return any(len(one) == channels - 1 and odd.id not in one for one in probes)
    return sum(len(one) == channels for one in probes) > 1


def _asked(request: Any) -> list[int]:
    return [given.peer.channel_id for given in request.peers]


@pytest.mark.parametrize("method", ["contacts.resolveUsername", HISTORY, PROBE])
async def test_a_flood_wait_of_hours_holds_up_its_own_method_only(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path, method: str
) -> None:
    world = server.world
    new = world.add_channel("New", "new_one")
    waiting, others = channels[:5], channels[5:]
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        server.faults.add(method, faults.flood(40_000), times=1)
        if method == HISTORY:
            for channel in waiting:
                channel.post("more than is told")
                channel.forget_events()
        elif method == "contacts.resolveUsername":
            await desk.database.write(forget_access(*waiting))
        else:
            others = channels
        await desk.until(lambda: server.faults.until)
        await follow(desk, *others, polls=6 if method == PROBE else 2)
        if method != HISTORY:
            new.post("added meanwhile")
            await desk.add(new)
            await desk.until(lambda: desk.mirrors(new))
        assert server.violations == []
        asked = server.calls.count(method)
        desk.pass_time(40_010)
        await desk.until(lambda: server.calls.count(method) > asked and desk.mirrors(*channels))
    # The order is kept across restarts; here it is over, and what waited is caught up.
    async with service_of(server, tmp_path, account) as desk:
        await desk.until(lambda: desk.mirrors(*channels))
    assert server.violations == []


async def test_names_that_are_looked_up_one_by_one_hold_up_nobody(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    *moved, alpha, beta = add_many(world, 14)
    async with service_of(server, tmp_path, account, pace=PACED) as desk:
        await desk.add(*moved, alpha, beta)
        await desk.until(lambda: desk.mirrors(*moved, alpha, beta))
        server.faults.add("contacts.resolveUsername", faults.hang())
        await desk.database.write(forget_access(*moved))
        await desk.until(lambda: server.calls.count("contacts.resolveUsername"), what="the first name")
        for channel in (alpha, beta):
            channel.post("is this seen?")
        await desk.until(lambda: desk.mirrors(alpha, beta))
        server.faults.clear()
        await desk.until(lambda: server.calls.count("contacts.resolveUsername") >= len(moved), what="the last name")
        await desk.until(lambda: desk.mirrors(*moved))
    assert server.violations == []


async def test_chatty_channels_leave_room_for_histories(
    server: Server, account: Account, world: World, channels: list[Channel], tmp_path: Path
) -> None:
    long = world.add_channel("Long", "long")
    for number in range(3000):
        long.post(f"long {number}")
    async with service_of(server, tmp_path, account, pace=PACED) as desk:
        await desk.add(*channels)
        await desk.until(lambda: desk.mirrors(*channels))
        await desk.add(long)
        server.calls.mark()
        end = world.clock.now() + 120
        while world.clock.now() < end or not server.calls.count(HISTORY):
            for channel in channels:
                channel.post("chat")
            await asyncio.sleep(0.01)  # a second of theirs: more than could be followed one by one
        # All of these hints together would be followed as often as the account may ask at all.
        polled = len(channels) / POLL
        assert server.calls.count(DIFFERENCE) < (HINT_SHARE + polled) * server.calls.seconds * 1.2 + HINT_BURST
        await desk.until(lambda: desk.mirrors(*channels))


BODIES = {
    "false": struct.pack("<I", 0xBC799737),
    "empty vector": struct.pack("<Ii", 0x1CB5C415, 0),
    "newer layer": struct.pack("<II", 0xDEADBEEF, 7),
    "two bytes": b"\x01\x02",
    "nothing": b"",
    "noise": b"\xff" * 40,
}


class OddServer(Server):
    """Answers one method with bytes that make no sense, a few times."""

    odd_method = ""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.bodies = list(BODIES.values())

    def _run(self, conn: Connection, call: Call, plan: Plan | None = None) -> bytes:
        if call.method == self.odd_method and self.bodies:
            return self.bodies.pop()
        return super()._run(conn, call, plan)


@pytest.mark.parametrize(
    "method", [DIFFERENCE, HISTORY, PROBE, "channels.getFullChannel", "updates.getState", "contacts.resolveUsername"]
)
async def test_an_implausible_answer_counts_as_a_failure(
    world: World, account: Account, channels: list[Channel], tmp_path: Path, method: str
) -> None:
    async with OddServer(world) as server, service_of(server, tmp_path, account) as desk:
        server.odd_method = method
        await desk.add(*channels)
        for number in range(12 if method == "updates.getState" else 500):  # that one is asked at the start only
            if not server.bodies:
                break
            channels[number % 8].post("new")
            if method == HISTORY:
                channels[number % 8].forget_events()
            if method == "contacts.resolveUsername":
                await desk.database.write(forget_access(channels[number % 8]))
            desk.pass_time(90_000)
            await asyncio.sleep(0.3)
        assert not server.bodies or method == "updates.getState"
        server.bodies.clear()
        desk.pass_time(90_000)
        await desk.until(lambda: desk.mirrors(*channels))
