"""The service from its start to its stop: live, beside other processes, with accounts and lines that come and go."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from socket import AF_UNIX, SOCK_DGRAM

import pytest
from telethon.tl import types

from archiver.errors import LoginNeeded
from archiver.service.monitoring.systemd import Systemd
from archiver.service.worker_context import PollSettings
from archiver.store.accounts.account import pin_channel, set_account_state
from archiver.store.channels import channel as channels
from archiver.store.channels.intake import Order, put
from archiver.store.database import Database, Writer
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.post import at
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import held, true
from tests.integration.service_rig import service_of

SPEED = 100.0
"""Seconds of the world in a real one: a poll every 0.3 s."""


@pytest.fixture(autouse=True)
def _in_a_hurry(server: Server) -> None:
    server.clock_speed = SPEED


def channel_of(world: World, name: str, posts: int = 20) -> Channel:
    channel = world.add_channel(name.title(), name)
    for number in range(posts):
        channel.post(f"{name}, post {number}")
    return channel


async def beside(folder: Path, act: Callable[[Writer], object]) -> None:
    """What another process writes into the archive."""
    async with await Database.open(folder) as database:
        await database.write(act)


@pytest.mark.parametrize("slice_size", [None, 7])
async def test_every_edit_and_deletion_of_a_burst_is_recorded(
    server: Server, account: Account, world: World, tmp_path: Path, slice_size: int | None
) -> None:
    alpha = channel_of(world, "alpha", posts=60)
    alpha.tells_every_edit, alpha.slice_size = True, slice_size
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        first = alpha.posts[5].message.message
        before = world.now()
        for number in range(40):
            alpha.edit(5, text=f"edit {number}")
        for message_id in range(10, 60):
            alpha.delete(message_id)
        await desk.until(lambda: desk.mirrors(alpha))
        after = world.now()
        kept = [text for (text,) in desk.query("SELECT text FROM revision WHERE message_id = 5 ORDER BY revision")]
        assert kept == [first, *(f"edit {number}" for number in range(39))]
        assert desk.query("SELECT text, revisions FROM message WHERE message_id = 5") == [("edit 39", 40)]
        gone = desk.query("SELECT message_id, how, last_seen, noticed_at FROM absence ORDER BY message_id")
        assert [(message_id, how) for message_id, how, *_ in gone] == [(i, "update") for i in range(10, 60)]
        assert all(last_seen <= before <= noticed_at <= after for *_, last_seen, noticed_at in gone)


async def test_a_push_is_a_hint_to_look_at_once_and_never_believed(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha, never = channel_of(world, "alpha"), channel_of(world, "never_added")
    async with service_of(
        server, tmp_path, account, pace=PollSettings(poll_interval=1e6, requests_per_second=0)
    ) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        asked = server.calls.count("updates.getChannelDifference")
        lie = types.Message(id=999, peer_id=alpha.peer, date=at(world.now()), message="nobody ever posted this")
        others = types.Message(id=9, peer_id=never.peer, date=at(world.now()), message="not mirrored")
        server.push(types.UpdateNewChannelMessage(lie, alpha.pts + 7, 7))
        server.push(types.UpdateDeleteChannelMessages(alpha.id, [3, 4], alpha.pts + 2, 2))
        server.push(types.UpdateNewChannelMessage(others, never.pts + 1, 1))
        await desk.until(lambda: server.calls.count("updates.getChannelDifference") > asked)
        assert desk.mirrors(alpha)
        assert desk.query("SELECT count(*) FROM channel") == [(1,)]
        # What really happened is there long before any probe comes by.
        alpha.post("the truth")
        await desk.until(lambda: desk.mirrors(alpha))
        assert server.calls.count("messages.getPeerDialogs") <= 1


async def test_history_after_too_long_is_read_newest_first_before_other_histories(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha, *others = channel_of(world, "alpha", posts=1500), *(channel_of(world, f"long_{n}", 2000) for n in range(9))
    server.clock_speed = 5.0  # so that no review of young messages comes between, however busy the machine is
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        server.net.rtt = 0.01
        await desk.add(*others)
        await desk.until(lambda: desk.query("SELECT count(*) FROM message")[0][0] > 3000)
        alpha.edit(1400, text="edited in the dark")
        alpha.delete(700, 1300)
        alpha.post("the last one")
        alpha.forget_events()
        asked = len(server.called("messages.getHistory"))
        await desk.until(lambda: desk.row(alpha, "generation") == 2 and desk.mirrors(alpha))
        requests = server.called("messages.getHistory")[asked:]
        own = [n for n, request in enumerate(requests) if request.peer.channel_id == alpha.id]
        offsets = [requests[n].offset_id for n in own]
        assert offsets[0] == 0
        assert offsets[1:] == sorted(offsets[1:], reverse=True)
        # The newest 1000 ids do not wait for the others to have their turns, which are 45 pages.
        recent = [n for n in own if requests[n].offset_id == 0 or requests[n].offset_id > alpha.top - 1000]
        assert len(recent) >= 9
        assert recent[-1] - recent[0] < 2 * len(recent) + 12
        assert desk.query("SELECT message_id, how FROM absence ORDER BY 1") == [(700, "history"), (1300, "history")]


async def test_a_channel_too_busy_to_follow_still_gets_its_whole_history(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    busy = channel_of(world, "busy", 2500)
    async with service_of(server, tmp_path, account, pace=PollSettings(requests_per_second=1.0)) as desk:
        await desk.add(busy)
        while desk.query("SELECT count(*) FROM message WHERE message_id = 1") == [(0,)]:
            assert server.calls.count("messages.getHistory") < 1500  # an account alone with it needs 25
            for number in range(120):  # more than any difference tells
                busy.post(f"talk {number}")
            await asyncio.sleep(30 / SPEED)
        assert desk.row(busy, "generation") > 1  # its history was begun anew while it was read
        await desk.until(lambda: desk.mirrors(busy))


async def test_a_channel_that_is_removed_while_its_history_comes_in_is_left_alone(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha, long = channel_of(world, "alpha"), channel_of(world, "long", 3000)
    server.net.rtt = 0.005
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(alpha, long)
        await desk.until(lambda: desk.query("SELECT count(*) FROM message WHERE channel_id = ?", long.id)[0][0] > 500)
        await beside(tmp_path, lambda conn: channels.set_state(conn, long.id, "removed", now=world.now()))
        held = desk.query("SELECT count(*), max(last_seen) FROM message WHERE channel_id = ?", long.id)
        await desk.until(lambda: desk.service._workers["default"].backfill.left == 0)
        await asyncio.sleep(0.5)  # a page may have been under way
        asked = [request.peer.channel_id for request in server.called("messages.getHistory")].count(long.id)
        long.post("nobody is to look")
        alpha.post("new")
        await desk.until(lambda: desk.mirrors(alpha))
        await asyncio.sleep(0.5)
        assert [request.peer.channel_id for request in server.called("messages.getHistory")].count(long.id) == asked
        assert desk.query("SELECT count(*), max(last_seen) FROM message WHERE channel_id = ?", long.id) == held
        # Whoever adds it again gets all of it, what was missed included.
        await desk.add(long)
        await desk.until(lambda: desk.mirrors(alpha, long))


async def test_a_channel_that_another_process_asks_for_is_added(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha = channel_of(world, "alpha", 300)
    async with service_of(server, tmp_path, account) as desk:
        orders = [Order(channel="@alpha", alias="one"), Order(channel="@nobody_has_this")]
        await beside(tmp_path, lambda conn: put(conn, orders, now=world.now()))
        await desk.until(lambda: desk.query("SELECT count(*) FROM intake WHERE done_at IS NULL") == [(0,)])
        await desk.until(lambda: desk.mirrors(alpha))
        [(added, error)] = desk.query("SELECT added, error FROM intake WHERE channel = '@alpha'")
        assert (added, error) == (1, None)
        assert desk.row(alpha, "alias, account") == ("one", "default")


async def test_a_restart_requests_nothing_twice(server: Server, account: Account, world: World, tmp_path: Path) -> None:
    alpha = channel_of(world, "alpha", 450)
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
    asked = server.calls.count("messages.getHistory")
    alpha.edit(7, text="while nobody looked")
    async with service_of(server, tmp_path, account) as desk:
        await desk.until(lambda: desk.mirrors(alpha))
        assert desk.query("SELECT text FROM revision") == [("alpha, post 5",)]
    assert server.calls.count("messages.getHistory") == asked
    [(begun, stopped, failure)] = desk.query("SELECT started_at, stopped_at, failure FROM service")
    assert begun <= stopped <= world.now()
    assert failure is None


async def test_a_worker_that_dies_ends_the_service_with_its_error(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha = channel_of(world, "alpha")
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        await beside(tmp_path, lambda conn: conn.execute("DROP TABLE absence"))
        alpha.delete(3)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await desk.end()
    assert desk.query("SELECT stopped_at IS NULL, failure FROM service") == [
        (0, "internal error (OperationalError)")  # its own text might quote messages
    ]


async def test_it_ends_with_its_last_account_and_sends_no_more_requests(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha = channel_of(world, "alpha")
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        server.log_out_everywhere(account)
        server.calls.mark()
        alpha.post("unseen")
        with pytest.raises(LoginNeeded):
            await desk.end()
    assert desk.query("SELECT account, state FROM account") == [("default", "dead")]
    assert server.calls.count() <= 4  # of the workers that were asking at that moment
    assert desk.query("SELECT count(*) FROM message WHERE missing_since IS NOT NULL") == [(0,)]


async def test_an_account_that_dies_takes_only_its_own_channels_along_until_it_logs_in_again(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    second = world.add_account("+9996612346", "22222")
    alpha, beta = channel_of(world, "alpha"), channel_of(world, "beta")
    async with service_of(server, tmp_path, account, second) as desk:
        await desk.add(alpha)
        await desk.add(beta, to="account-2")
        await desk.until(lambda: desk.mirrors(alpha, beta))
        second.refuse = (401, "USER_DEACTIVATED_BAN")
        await desk.until(lambda: "account-2" not in desk.accounts.at_work)
        asked = server.calls.accounts[second.id].total()
        alpha.post("the other one goes on")
        beta.post("for later")
        await desk.until(lambda: desk.mirrors(alpha))
        await asyncio.sleep(0.8)  # more than the time after which it looks whether somebody has logged in
        assert server.calls.accounts[second.id].total() == asked
        [(state, reason)] = desk.query("SELECT state, reason FROM account WHERE account = 'account-2'")
        assert (state, reason) == ("dead", "the account was banned.")
        # What `telekeep login` does.
        second.refuse = None
        await beside(tmp_path, lambda conn: set_account_state(conn, "account-2", "active", now=world.now()))
        await desk.until(lambda: desk.mirrors(alpha, beta))


async def test_a_restarted_server_is_found_again(account: Account, world: World, tmp_path: Path) -> None:
    alpha = channel_of(world, "alpha", 200)
    world.clock.speed = SPEED
    server = Server(world)
    async with server:
        keys, port = server.keys, server.port
        running = service_of(server, tmp_path, account)
        desk = await running.__aenter__()
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        server.drop_connections()
    try:
        alpha.post("while it was away")
        await desk.until(lambda: desk.accounts.at_work["default"].connection.offline_since is not None)
        async with Server(world, port=port, keys=keys) as again:
            await desk.until(lambda: desk.mirrors(alpha))
            assert desk.accounts.at_work["default"].connection.offline_since is None
            again.drop_connections()
            alpha.post("and after one more loss")
            await desk.until(lambda: desk.mirrors(alpha))
    finally:
        await running.__aexit__(None, None, None)


@pytest.mark.parametrize("method", ["*", "messages.getHistory", "updates.getChannelDifference"])
async def test_a_stop_does_not_wait_for_answers_that_never_come(
    server: Server, account: Account, world: World, tmp_path: Path, method: str
) -> None:
    alpha, long = channel_of(world, "alpha"), channel_of(world, "long", 2000)
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        server.faults.add(method, faults.hang())
        unanswered = server.calls.count(None if method == "*" else method)
        await desk.add(long)
        alpha.post("new")
        await desk.until(lambda: server.calls.count(None if method == "*" else method) > unanswered)
        await desk.stop()
        assert desk.task.done()
        assert desk.task.exception() is None
    server.faults.clear()
    async with service_of(server, tmp_path, account) as desk:
        await desk.until(lambda: desk.mirrors(alpha, long))
        await desk.until(lambda: (desk.row(alpha, "state"), desk.row(long, "state")) == ("active", "active"))
    assert held(tmp_path, alpha) == true(alpha)
    assert held(tmp_path, long) == true(long)


async def test_a_moved_channel_continues_with_the_other_account(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    second = world.add_account("+9996612346", "22222")
    alpha, beta = channel_of(world, "alpha"), channel_of(world, "beta")
    async with service_of(server, tmp_path, account, second) as desk:
        await desk.add(alpha, beta)
        await desk.until(lambda: desk.mirrors(alpha, beta))
        alpha.refuse_to = {account.id: (406, "CHANNEL_PRIVATE")}
        await desk.until(lambda: desk.row(alpha, "state") == "inaccessible")
        alpha.post("seen by the second account only")
        await beside(tmp_path, lambda conn: pin_channel(conn, alpha.id, "account-2"))
        await desk.until(lambda: desk.mirrors(alpha))
        assert desk.row(alpha, "state, account") == ("active", "account-2")
        assert server.calls.accounts[second.id]["contacts.resolveUsername"] == 1
        beta.post("the first goes on with what it has")
        await desk.until(lambda: desk.mirrors(alpha, beta))
        # Nothing is asked twice for it: the first account has forgotten it.
        server.calls.mark()
        alpha.post("and again")
        await desk.until(lambda: desk.mirrors(alpha))
        await asyncio.sleep(0.5)
        assert server.calls.accounts[account.id]["updates.getChannelDifference"] == 0


async def test_the_service_manager_hears_when_it_mirrors_that_it_lives_and_that_it_stops(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha = channel_of(world, "alpha")
    with tempfile.TemporaryDirectory(prefix="telekeep-") as folder, socket.socket(AF_UNIX, SOCK_DGRAM) as listener:
        listener.bind(f"{folder}/notify")
        listener.setblocking(False)
        told: list[str] = []

        def hears(word: str) -> bool:
            with contextlib.suppress(BlockingIOError):
                told.extend(listener.recv(4096).decode().splitlines())
            return word in told

        manager = Systemd({"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "600000"})
        async with service_of(server, tmp_path, account, manager=manager) as desk:
            await desk.add(alpha)
            await desk.until(lambda: hears("READY=1"))
            assert "STATUS=default: mirroring" in told
            for _ in range(3):  # again and again
                told.clear()
                await desk.until(lambda: hears("WATCHDOG=1"))
            assert not hears("READY=1")  # is said once
            # Without a line it lives, and says what it lacks.
            server.faults.add("help.getConfig", faults.hang())
            server.drop_connections()
            await desk.until(lambda: hears("STATUS=default: offline"))
            told.clear()
            await desk.until(lambda: hears("WATCHDOG=1"))
            server.faults.clear()
            await desk.until(lambda: hears("STATUS=default: mirroring"))
            await desk.stop()
            assert hears("STOPPING=1") or hears("STOPPING=1")


async def test_silence_ordered_by_the_server_is_reported_but_causes_no_restart(
    server: Server, account: Account, world: World, tmp_path: Path
) -> None:
    alpha = channel_of(world, "alpha")
    with tempfile.TemporaryDirectory(prefix="telekeep-") as folder, socket.socket(AF_UNIX, SOCK_DGRAM) as listener:
        listener.bind(f"{folder}/notify")
        listener.settimeout(30)
        manager = Systemd({"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "600000"})
        async with service_of(server, tmp_path, account, manager=manager) as desk:
            await desk.add(alpha)
            await desk.until(lambda: desk.mirrors(alpha))
            server.faults.add("*", faults.flood(7200))
            alpha.post("for later")
            await desk.until(lambda: len(server.faults.until) >= 2)  # the probe and the difference
            desk.pass_time(3600)
            told = b""
            while b"STATUS=default: waiting" not in told:
                told = await asyncio.to_thread(listener.recv, 4096)
            assert b"WATCHDOG=1" in told
            server.faults.clear()
            desk.pass_time(3700)
            await desk.until(lambda: desk.mirrors(alpha))
            assert server.violations == []


async def test_it_starts_once_the_server_does(account: Account, world: World, tmp_path: Path) -> None:
    alpha = channel_of(world, "alpha")
    world.clock.speed = SPEED
    async with Server(world) as earlier:
        keys, port = earlier.keys, earlier.port
        running = service_of(earlier, tmp_path, account)
        desk = await running.__aenter__()
        earlier.faults.add("*", faults.drop())  # nothing was ever answered
        await desk.add(alpha)
        await asyncio.sleep(0.3)
    try:
        await asyncio.sleep(0.5)
        assert not desk.mirrors(alpha)
        async with Server(world, port=port, keys=keys):
            await desk.until(lambda: desk.mirrors(alpha))
            await desk.until(lambda: desk.row(alpha, "state") == "active")
    finally:
        await running.__aexit__(None, None, None)


async def test_a_server_that_does_not_know_the_session_ends_it(account: Account, world: World, tmp_path: Path) -> None:
    alpha = channel_of(world, "alpha")
    async with Server(world) as server, service_of(server, tmp_path, account) as desk:
        await desk.add(alpha)
        await desk.until(lambda: desk.mirrors(alpha))
        server.keys.clear()
        server.drop_connections()
        with pytest.raises(LoginNeeded, match="does not know this session"):
            await desk.end()
        connections = len(server.calls._kept)
        await asyncio.sleep(0.5)
        assert len(server.calls._kept) == connections
    assert desk.query("SELECT state FROM account") == [("dead",)]
