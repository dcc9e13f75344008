"""What a refusal means, of the line itself or of one question; and whether we are logged in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from archiver.errors import (
    ChannelGone,
    LoginNeeded,
    ServerFault,
    UsageError,
)
from archiver.telegram import log_in
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account
from tests.integration.connection_rig import CONNECT, DIFFERENCE, STEADY, Desk, about, channels, desk, desk_at, until
from tests.integration.rig import SHORT

__all__ = ["channels", "desk"]

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
