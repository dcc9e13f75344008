"""One connection for many tasks: what breaks is mended for ever, and one call's trouble stays its own."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.errors import (
    ChannelGone,
    ChannelInaccessible,
    LoginNeeded,
    ServerFault,
    Unreachable,
    UnreadableObject,
    UsageError,
)
from archiver.model.record import PeerState
from archiver.pacing.scheduler import Priority
from archiver.telegram import Connection, TelegramSource, Timeouts, log_in
from archiver.telegram.client import Client
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import SHORT, LeapingClock, connection_of

STEADY = Timeouts(
    delays=(0.02, 0.05),
    connect=1.5,
    call=0.5,
    call_max=0.5,
    forever=True,
    backoff=(0.02, 0.2),
    max_hung=4,
    free_losses=8,
)
"""A service's time limits, in a hurry."""
DIFFERENCE, HISTORY, CONNECT = "updates.getChannelDifference", "messages.getHistory", "help.getConfig"


@pytest.fixture
def channels(world: World) -> list[Channel]:
    made = [world.add_channel(f"Channel {number}", f"channel_{number}") for number in range(8)]
    for channel in made:
        for number in range(5):
            channel.post(f"post {number}")
    return made


class Desk:
    """A source as several workers use it."""

    def __init__(self, server: Server, account: Account, connection: Connection) -> None:
        self.server = server
        self.account = account
        self.connection = connection
        self.source = TelegramSource(connection)

    def key(self, channel: Channel) -> tuple[int, int]:
        return channel.id, self.server.world.access_hash(self.account, channel)

    async def history(self, channel: Channel) -> int:
        return len((await self.source.get_history(*self.key(channel), offset_id=0)).messages)

    async def difference(self, channel: Channel) -> int:
        return (await self.source.at(Priority.LIVE).get_difference(*self.key(channel), pts=1)).pts

    def connects(self) -> int:
        return len(self.server.called(CONNECT))


@asynccontextmanager
async def desk_at(
    server: Server, account: Account, directory: Path, *, timeouts: Timeouts = STEADY, **how: Any
) -> AsyncIterator[Desk]:
    connection = connection_of(server, account, directory, timeouts=timeouts, **how)
    try:
        yield Desk(server, account, connection)
    finally:
        await connection.close()


@pytest.fixture
async def desk(server: Server, account: Account, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_at(server, account, tmp_path) as opened:
        yield opened


def about(channel: Channel) -> Callable[[Any], bool]:
    """Whether a request is about this channel."""
    return lambda request: getattr(getattr(request, "channel", None), "channel_id", None) == channel.id


async def until(is_so: Callable[[], bool], *, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110  # what is waited for is the server's
            await asyncio.sleep(0.01)


async def test_many_tasks_share_one_line(desk: Desk, channels: list[Channel]) -> None:
    server = desk.server
    server.faults.add("*", faults.delay(0.02))
    begun = time.monotonic()
    pages, states = await asyncio.gather(
        asyncio.gather(*(desk.history(channel) for channel in channels)),
        asyncio.gather(*(desk.difference(channel) for channel in channels)),
    )
    assert pages == [6] * 8  # with the message of the channel's making
    assert states == [channel.pts for channel in channels]
    assert desk.connects() == 1
    assert time.monotonic() - begun >= 8 * 0.02  # histories never run side by side


async def test_a_question_that_is_never_answered_fails_alone_and_leaves_the_line(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    bad, *others = channels
    # Long enough for an answer to the others, however busy the machine is.
    async with desk_at(server, account, tmp_path, timeouts=replace(STEADY, call=2.0, call_max=2.0)) as desk:
        await desk.difference(bad)
        server.faults.add(DIFFERENCE, faults.hang(), predicate=about(bad))
        hanging = asyncio.create_task(desk.difference(bad))
        while not hanging.done():
            await asyncio.gather(*(desk.history(channel) for channel in others))
            await asyncio.sleep(0.05)
        with pytest.raises(ServerFault, match="does not answer this request"):
            await hanging
        assert desk.connects() == 1
        assert desk.connection.offline_since is None


async def test_a_line_on_which_nothing_is_answered_is_replaced_under_all(desk: Desk, channels: list[Channel]) -> None:
    await desk.difference(channels[0])
    silence = desk.server.faults.add("*", faults.hang())
    asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
    await until(lambda: desk.connection.offline_since is not None)
    assert not desk.connection.connected.is_set()
    desk.server.faults.rules.remove(silence)
    assert await asyncio.gather(*asking) == [channel.pts for channel in channels]
    assert desk.connection.connected.is_set()
    assert desk.connection.offline_since is None
    assert 2 <= desk.connects() <= 4


async def test_calls_that_hang_one_after_the_other_cost_the_client_in_the_end(
    desk: Desk, channels: list[Channel]
) -> None:
    bad, good = channels[:2]
    desk.server.faults.add(DIFFERENCE, faults.hang(), predicate=about(bad))

    async def keep_asking() -> None:
        while True:
            await desk.history(good)
            await asyncio.sleep(0.02)

    asking = asyncio.create_task(keep_asking())
    for _ in range(2):
        with pytest.raises(ServerFault):
            await desk.difference(bad)
    asking.cancel()
    assert desk.connects() == 2  # six calls hung


async def test_dropped_lines_cost_no_call(desk: Desk, channels: list[Channel]) -> None:
    rule = desk.server.faults.add(DIFFERENCE, faults.drop(), probability=0.1)

    async def work(channel: Channel) -> None:
        for _ in range(25):
            assert await desk.difference(channel) == channel.pts

    await asyncio.gather(*(work(channel) for channel in channels))
    assert rule.fired > 5
    assert desk.connects() <= rule.fired + 1


async def test_a_question_that_breaks_every_line_is_given_up(desk: Desk, channels: list[Channel]) -> None:
    desk.server.faults.add(DIFFERENCE, faults.drop(), predicate=about(channels[0]))
    with pytest.raises(ServerFault, match="lost whenever this request is sent"):
        await desk.difference(channels[0])
    assert await desk.difference(channels[1]) == channels[1].pts


async def test_a_server_that_is_away_is_waited_for_by_one_and_found_again_by_all(
    world: World, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    async with Server(world) as server:
        keys, port = server.keys, server.port
        async with desk_at(server, account, tmp_path) as desk:
            await desk.difference(channels[0])
            # It goes, and somebody refuses its port.
    connection = connection_of(server, account, tmp_path, timeouts=STEADY)
    desk = Desk(server, account, connection)
    asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
    await until(lambda: isinstance(connection.trouble, Unreachable))
    assert connection.offline_since is not None
    assert not any(task.done() for task in asking)
    async with Server(world, port=port, keys=keys | server.keys) as again:
        assert await asyncio.gather(*asking) == [channel.pts for channel in channels]
        assert connection.offline_since is None
        assert connection.trouble is None
        assert len(again.called(CONNECT)) == 1
        await connection.close()


async def test_connecting_is_backed_off(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    server.faults.add(CONNECT, faults.drop())
    async with desk_at(server, account, tmp_path) as desk:
        asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
        begun = time.monotonic()
        await until(lambda: desk.connects() >= 10)
        assert time.monotonic() - begun >= 0.5  # up to 0.2 s apart, by one for all
        server.faults.clear()
        await asyncio.gather(*asking)


@pytest.mark.parametrize(
    "refusal", [(401, "AUTH_KEY_UNREGISTERED"), (406, "AUTH_KEY_DUPLICATED"), (401, "USER_DEACTIVATED")]
)
async def test_a_dead_account_is_said_to_all_and_knocks_no_more(
    desk: Desk, channels: list[Channel], refusal: tuple[int, str]
) -> None:
    await desk.difference(channels[0])
    desk.account.refuse = refusal
    failed = await asyncio.gather(*(desk.difference(channel) for channel in channels), return_exceptions=True)
    assert {type(failure) for failure in failed} == {LoginNeeded}
    desk.server.drop_connections()
    calls, connects = len(desk.server.called(DIFFERENCE)), desk.connects()
    with pytest.raises(LoginNeeded):
        await desk.difference(channels[0])
    assert (len(desk.server.called(DIFFERENCE)), desk.connects()) == (calls, connects)


async def test_a_flood_wait_of_the_transport_is_a_minute_without_connections(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    clock, remembered = LeapingClock(server), []

    async def remember(method: str, until: float) -> None:
        remembered.append((method, until - clock.now()))

    async with desk_at(server, account, tmp_path, clock=clock, remember=remember) as desk:
        server.faults.add(DIFFERENCE, faults.transport(-429), times=1)
        await asyncio.gather(*(desk.difference(channel) for channel in channels))
    assert sum(clock.leaps) >= 60
    [(method, seconds)] = remembered
    assert method == "connect"
    assert seconds == pytest.approx(61, abs=0.5)


@pytest.mark.parametrize("hours", [5, -5])
async def test_a_server_whose_clock_jumps_is_followed(desk: Desk, channels: list[Channel], hours: int) -> None:
    await desk.difference(channels[0])
    for jump in (hours * 3600, 0):
        # Between a question and its answer, where the answer cannot be believed; and between two questions.
        desk.server.faults.add(DIFFERENCE, faults.delay(0.05), times=1)
        asking = asyncio.create_task(desk.difference(channels[0]))
        await asyncio.sleep(0.02)
        desk.server.skew = jump
        async with asyncio.timeout(60):
            answers = await asyncio.gather(asking, *(desk.difference(channel) for channel in channels))
        assert answers == [channel.pts for channel in (channels[0], *channels)]


async def test_a_server_of_another_time_is_asked_from_the_beginning(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    server.skew = 7 * 3600.0
    async with desk_at(server, account, tmp_path) as desk:
        assert await desk.difference(channels[0]) == channels[0].pts


async def test_floods_are_obeyed_by_many_tasks(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    server.faults.limit(DIFFERENCE, rate=1, burst=5, wait=20)
    server.faults.limit(HISTORY, rate=0.5, burst=2, wait=30)
    server.faults.add("*", faults.delay(0.01))
    async with desk_at(server, account, tmp_path, clock=LeapingClock(server), rate=2.0) as desk:
        await asyncio.gather(
            *(desk.difference(channel) for channel in channels * 3), *(desk.history(channel) for channel in channels)
        )
    assert server.violations == []
    assert server.faults.until


async def test_a_cancelled_call_leaves_the_line_to_the_others(desk: Desk, channels: list[Channel]) -> None:
    desk.server.faults.add("*", faults.delay(0.05))
    asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
    await asyncio.sleep(0.02)  # while the first of them connects
    asking[0].cancel()
    assert await asyncio.gather(*asking[1:]) == [channel.pts for channel in channels[1:]]
    with pytest.raises(asyncio.CancelledError):
        await asking[0]


async def test_nothing_is_left_of_the_lines_that_were_lost(desk: Desk, channels: list[Channel]) -> None:
    await desk.difference(channels[0])
    await asyncio.sleep(0.05)
    tasks = len(asyncio.all_tasks())
    for _ in range(15):
        desk.server.drop_connections()
        await desk.difference(channels[0])
    await asyncio.sleep(0.05)
    gc.collect()
    assert len(asyncio.all_tasks()) <= tasks
    assert sum(isinstance(thing, Client) for thing in gc.get_objects()) <= 2


async def test_a_command_still_ends_with_an_error(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    async with desk_at(server, account, tmp_path, timeouts=Timeouts(delays=(0.0, 0.1), call=0.2)) as desk:
        server.faults.add(DIFFERENCE, faults.hang())
        with pytest.raises(Unreachable):
            await desk.difference(channels[0])
        assert desk.connects() == 3


# hints


@pytest.fixture
async def told(server: Server, account: Account, channels: list[Channel], tmp_path: Path) -> AsyncIterator[list[int]]:
    heard: list[int] = []
    async with desk_at(server, account, tmp_path, hint=heard.append) as desk:
        server.pushes.events = False
        await desk.difference(channels[0])
        yield heard


async def test_what_is_pushed_is_a_hint(server: Server, channels: list[Channel], told: list[int]) -> None:
    one, two, three, four, five, six = channels[:6]
    web = types.UpdateChannelWebPage(three.id, types.WebPageEmpty(1), pts=9, pts_count=1)
    pinned = types.UpdatePinnedChannelMessages(four.id, [2], pts=9, pts_count=1, pinned=True)
    pushes = [
        types.UpdateNewChannelMessage(one.posts[2], pts=9, pts_count=1),
        types.UpdateEditChannelMessage(one.posts[3], pts=9, pts_count=1),
        types.UpdateDeleteChannelMessages(two.id, [1], pts=9, pts_count=1),
        web,
        pinned,
        types.UpdateChannelTooLong(five.id),
        types.UpdateMessageReactions(types.PeerChannel(six.id), 2, types.MessageReactions([])),
        types.UpdateUserTyping(1, types.SendMessageTypingAction()),
    ]
    assert server.push(*pushes) == 1
    [conn] = server.connections
    conn.send(types.UpdateShort(types.UpdateChannel(two.id), date=None)._bytes())
    conn.send(types.UpdatesTooLong()._bytes())
    await until(lambda: len(told) >= 7)
    assert sorted(told) == sorted([one.id, two.id, three.id, four.id, five.id, six.id, two.id])
    assert server.called("updates.getDifference") == server.called("updates.getState") == []


async def test_a_post_is_hinted_at_when_it_happens(server: Server, channels: list[Channel], told: list[int]) -> None:
    server.pushes.events = True
    channels[0].post("now")
    await until(lambda: told)
    assert told == [channels[0].id]


async def test_a_push_that_cannot_be_read_disturbs_nothing(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path
) -> None:
    def explode(channel_id: int) -> None:
        raise RuntimeError(channel_id)

    timeouts = Timeouts(connect=60, call=60, call_max=60, forever=True)
    async with desk_at(server, account, tmp_path, hint=explode, timeouts=timeouts) as desk:
        await desk.difference(channels[0])
        [conn] = server.connections
        whole = types.Updates(
            [types.UpdateChannelTooLong(channels[1].id)], users=[], chats=[], date=None, seq=0
        )._bytes()
        conn.send(whole)
        for size in range(4, len(whole), 3):
            conn.send(whole[:size])
        conn.send(b"\x01\x02\x03\x04" + whole[4:])
        server.faults.add(DIFFERENCE, faults.unknown_ctor("container"))
        begun = time.monotonic()
        for channel in channels:
            assert await desk.difference(channel) == channel.pts
        assert time.monotonic() - begun < timeouts.call  # no answer was lost beside it
        assert desk.connects() == 1


async def test_without_a_hint_nothing_is_pushed(desk: Desk, channels: list[Channel]) -> None:
    await desk.difference(channels[0])
    assert desk.server.push(types.UpdateChannelTooLong(channels[0].id)) == 0


# what the source tells of channels


async def test_one_probe_tells_of_a_hundred_channels(desk: Desk, world: World) -> None:
    many = [world.add_channel(f"Many {number}", f"many_{number}") for number in range(100)]
    many[1].probe_without_pts = True
    many[2].hide_from_probe = True
    many[3].posts[many[3].top].make_unknown()
    states = await desk.source.get_states([desk.key(channel) for channel in many])
    assert len(desk.server.called("messages.getPeerDialogs")) == 1
    assert states == {
        channel.id: PeerState(None if channel is many[1] else channel.pts, channel.top)
        for channel in many
        if channel is not many[2]
    }
    many[4].private = True
    with pytest.raises(ChannelInaccessible):
        await desk.source.get_states([desk.key(channel) for channel in many])


async def test_a_probe_that_cannot_be_read_says_so(desk: Desk, channels: list[Channel]) -> None:
    desk.server.faults.add("messages.getPeerDialogs", faults.unknown_ctor("vector"))
    for channel in channels:
        channel.lost = True  # no messages that would be spoiled instead
    with pytest.raises(UnreadableObject):
        await desk.source.get_states([desk.key(channel) for channel in channels])


async def test_a_channel_that_is_shut_never_looks_empty(desk: Desk, channels: list[Channel]) -> None:
    channel = channels[0]
    channel.forbidden_in_chats = True
    for asking in (
        desk.source.get_history(*desk.key(channel), offset_id=0),
        desk.source.get_difference(*desk.key(channel), pts=1),
        desk.source.get_messages(*desk.key(channel), (1, 2)),
    ):
        with pytest.raises(ChannelInaccessible):
            await asking


# refusals of the line itself


@pytest.mark.parametrize("code", [18, 19, 20, 34, 35, 64])
async def test_a_message_that_the_server_refuses_costs_a_line_and_no_call(
    desk: Desk, channels: list[Channel], code: int
) -> None:
    desk.server.faults.add(DIFFERENCE, faults.bad_msg(code), times=2)
    assert await desk.difference(channels[0]) == channels[0].pts
    assert desk.connects() == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.bad_msg(20), "bytes that this client cannot interpret"),
        (faults.rpc(400, "CONNECTION_NOT_INITED"), "answered CONNECTION_NOT_INITED"),
        (faults.rpc(400, "CONNECTION_LAYER_INVALID"), "answered CONNECTION_LAYER_INVALID"),
    ],
)
async def test_what_every_line_refuses_is_given_up_for_this_question_only(
    desk: Desk, channels: list[Channel], fault: faults.Action, said: str
) -> None:
    refusing = desk.server.faults.add(DIFFERENCE, fault, predicate=about(channels[0]))
    with pytest.raises(ServerFault, match=said):
        await desk.difference(channels[0])
    assert refusing.fired == 1 + len(STEADY.delays)
    assert await desk.difference(channels[1]) == channels[1].pts
    assert desk.connects() == refusing.fired + 1


async def test_a_server_that_lost_what_the_line_told_it_is_told_again(desk: Desk, channels: list[Channel]) -> None:
    await desk.difference(channels[0])
    lost = desk.server.faults.add("*", faults.rpc(400, "CONNECTION_NOT_INITED"))
    asking = [asyncio.create_task(desk.difference(channel)) for channel in channels]
    await until(lambda: lost.fired > 0)
    desk.server.faults.rules.remove(lost)
    assert await asyncio.gather(*asking) == [channel.pts for channel in channels]
    assert desk.connects() >= 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.bad_msg(20), "bytes that this client cannot interpret"),
        (faults.rpc(400, "CONNECTION_NOT_INITED"), "answered CONNECTION_NOT_INITED"),
    ],
)
async def test_a_greeting_that_is_refused_is_tried_again(
    server: Server, account: Account, channels: list[Channel], tmp_path: Path, *, fault: faults.Action, said: str
) -> None:
    server.faults.add(CONNECT, fault, times=2)
    for timeouts in (STEADY, SHORT):
        async with desk_at(server, account, tmp_path, timeouts=timeouts) as desk:
            assert await desk.difference(channels[0]) == channels[0].pts
    server.faults.add(CONNECT, fault)
    async with desk_at(server, account, tmp_path, timeouts=SHORT) as desk:
        with pytest.raises(ServerFault, match=said):
            await desk.difference(channels[0])


# what a refusal means


@pytest.mark.parametrize(
    ("refusal", "meaning"),
    [
        ((400, "FROZEN_PARTICIPANT_MISSING"), LoginNeeded),
        ((401, "SOMETHING_NEW"), LoginNeeded),
        ((403, "CHANNEL_PUBLIC_GROUP_NA"), ChannelGone),
        ((406, "SOMETHING_NEW"), ServerFault),
        ((400, "API_ID_INVALID"), UsageError),
    ],
)
async def test_each_refusal_has_its_meaning(
    desk: Desk, channels: list[Channel], refusal: tuple[int, str], meaning: type[Exception]
) -> None:
    desk.server.faults.add(DIFFERENCE, faults.rpc(*refusal))
    with pytest.raises(meaning) as failure:
        await desk.difference(channels[0])
    assert type(failure.value) is meaning
    assert len(desk.server.called(DIFFERENCE)) == 1


@pytest.mark.parametrize("refusal", [(400, "API_ID_INVALID"), (406, "UPDATE_APP_TO_LOGIN")])
async def test_a_probe_that_is_refused_is_no_fault_of_the_settings(
    desk: Desk, channels: list[Channel], refusal: tuple[int, str]
) -> None:
    desk.server.faults.add("messages.getPeerDialogs", faults.rpc(*refusal))
    with pytest.raises(ServerFault):
        await desk.source.get_states([desk.key(channel) for channel in channels])
    assert await desk.difference(channels[0]) == channels[0].pts


# the question whether we are logged in

STATE, SELF = "updates.getState", "users.getUsers"
LACKING = [
    (501, "NOT_IMPLEMENTED"),
    (400, "METHOD_INVALID"),
    (404, "METHOD_NOT_FOUND"),
    (400, "CHANNEL_INVALID"),
    (403, "SOMETHING_NEW"),
]


@pytest.mark.parametrize("refusal", LACKING)
async def test_a_server_that_lacks_the_question_is_asked_another(
    server: Server, desk: Desk, tmp_path: Path, refusal: tuple[int, str]
) -> None:
    server.faults.add(STATE, faults.rpc(*refusal))
    assert await desk.connection.is_logged_in()
    assert len(server.called(SELF)) == 1
    await desk.connection.forget_session()
    assert not await desk.connection.is_logged_in()


class Typing:
    """Prompts that are answered rightly."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def phone(self) -> str:
        return f"+{self._account.phone}"

    def code(self) -> str:
        return self._account.code

    def password(self, hint: str | None) -> str:
        raise AssertionError(hint)

    def wrong(self, what: str) -> None:
        raise AssertionError(what)

    def say(self, message: str) -> None:
        """Nobody listens."""

    def hold(self, seconds: int) -> bool:
        raise AssertionError(seconds)


@pytest.mark.parametrize("refusal", LACKING)
async def test_a_login_succeeds_where_the_question_is_lacking(desk: Desk, refusal: tuple[int, str]) -> None:
    desk.server.faults.add(STATE, faults.rpc(*refusal))
    assert not (await log_in(desk.connection, Typing(desk.account))).new
    await desk.connection.forget_session()
    assert (await log_in(desk.connection, Typing(desk.account))).new
    assert await desk.connection.is_logged_in()


async def test_a_server_that_lacks_every_such_question_is_believed_until_a_real_call(
    desk: Desk, channels: list[Channel]
) -> None:
    for method in (STATE, SELF):
        desk.server.faults.add(method, faults.rpc(400, "METHOD_INVALID"))
    assert await desk.connection.is_logged_in()
    assert await desk.difference(channels[0]) == channels[0].pts


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (faults.rpc(500, "INTERNAL"), ServerFault),
        (faults.rpc(400, "CONNECTION_NOT_INITED"), ServerFault),
        (faults.bad_msg(20), ServerFault),
        (faults.rpc(401, "SESSION_REVOKED"), LoginNeeded),
        (faults.rpc(400, "API_ID_INVALID"), UsageError),
    ],
)
async def test_trouble_is_no_answer_to_whether_we_are_logged_in(
    desk: Desk, fault: faults.Action, meaning: type[Exception]
) -> None:
    desk.server.faults.add(STATE, fault)
    with pytest.raises(meaning):
        await desk.connection.is_logged_in()
    assert desk.server.called(SELF) == []
