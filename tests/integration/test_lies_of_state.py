"""Lies that would make the truth look old, or unwanted: about states, dates and whose messages they are."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.errors import Error, ServerFault
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration import lies
from tests.integration.lies import LAST, STRANGER, Twist
from tests.integration.rig import Rig, held, mirror_of, true

HISTORY, DIFFERENCE = "messages.getHistory", "updates.getChannelDifference"
BEGAN = 1_600_000_000
LONG_AGO, FUTURE = datetime(1999, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)


@pytest.fixture
def channel(world: World) -> Channel:
    """600 messages, one a minute."""
    channel = world.add_channel("Alpha", "alpha", date=BEGAN)
    for number in range(600):
        channel.post(f"message {number}", date=BEGAN + 60 * number)
    return channel


@contextlib.contextmanager
def lying(server: Server, method: str, twist: Twist) -> Iterator[None]:
    server.faults.add(method, faults.lie(twist))
    try:
        yield
    finally:
        server.faults.clear(method)


def at_calls(calls: range, twist: Twist) -> Twist:
    """The twist at these calls only, counted from 0."""
    count = iter(range(1_000_000))
    return lambda answer: twist(answer) if next(count) in calls else answer


def each(**fields: Any) -> Twist:
    """All messages of a page with other fields."""

    def twist(answer: Any) -> Any:
        lies.plain(answer)
        for message in getattr(answer, "messages", []):
            for name, value in fields.items():
                setattr(message, name, value)
        return answer

    return twist


def last_dated(date: datetime) -> Twist:
    def twist(answer: Any) -> Any:
        lies.plain(answer).messages[-1].date = date
        return answer

    return twist


def in_turn(*twists: Twist) -> Twist:
    """Each of them at one call, then the truth."""
    left = list(twists)
    return lambda answer: left.pop(0)(answer) if left else answer


def same(answer: Any) -> Any:
    return answer


async def _ends_well(rig: Rig, channel: Channel) -> bool:
    try:
        return not (await rig.compare(channel)).surplus
    except Error:
        return False


_EDITED = lies.both(each(message="false", edit_date=FUTURE), lies.field(pts=lambda pts: pts + 1000))
PAGES: dict[str, Callable[[], Twist]] = {
    "false edits of the highest state": lambda: lies.both(
        each(message="false", edit_date=FUTURE), lies.field(pts=LAST)
    ),
    "false edits of a later state": lambda: _EDITED,
    "every date false": lambda: each(date=FUTURE),
    "a state that comes and goes": lambda: at_calls(range(0, 1000, 2), lies.field(pts=lambda pts: pts + 50)),
    "states older than the first": lambda: at_calls(range(1, 1000), lies.field(pts=lambda pts: pts - 3)),
    "a negative state": lambda: lies.field(pts=-5),
}


@pytest.mark.parametrize("name", PAGES)
async def test_what_was_shown_of_a_later_state_does_not_keep_the_truth_out(
    server: Server, account: Account, channel: Channel, tmp_path: Path, name: str
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        with lying(server, HISTORY, PAGES[name]()):
            await _ends_well(rig, channel)
    async with mirror_of(server, account, tmp_path) as rig:
        assert await _ends_well(rig, channel)
        assert held(tmp_path, channel) == true(channel)


async def test_pages_older_than_what_was_told_are_trouble_of_their_channel(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        with lying(server, HISTORY, PAGES["states older than the first"]()), pytest.raises(ServerFault):
            await rig.sync(channel)


DATES: dict[str, Callable[[], Twist]] = {
    "one date, once": lambda: in_turn(last_dated(LONG_AGO)),
    "one date of the second page": lambda: in_turn(same, last_dated(LONG_AGO)),
    "one date of each page": lambda: last_dated(LONG_AGO),
    "all dates": lambda: each(date=LONG_AGO),
    "an empty page, then a message far below": lambda: in_turn(
        same, lies.emptied(), lies.both(lies.without(slice(0, 1)), lies.renumbered(0, 3))
    ),
}


@pytest.mark.parametrize("name", DATES)
async def test_a_window_does_not_end_where_only_a_lie_says_so(
    server: Server, account: Account, channel: Channel, tmp_path: Path, name: str
) -> None:
    start = BEGAN + 60 * 150
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=start)
        with lying(server, HISTORY, DATES[name]()):
            await _ends_well(rig, channel)
    async with mirror_of(server, account, tmp_path) as rig:
        assert await _ends_well(rig, channel)
        wanted = {i: row for i, row in true(channel).items() if row["date"] >= start}
        assert {i: row for i, row in held(tmp_path, channel).items() if row["date"] >= start} == wanted


def _event(channel: Channel, message_id: int, pts: int, *, edited: bool) -> Twist:
    """A difference with a message that was never posted."""

    def twist(answer: Any) -> Any:
        message = types.Message(message_id, channel.peer, channel.posts[500].message.date, "never posted")
        edit = types.UpdateEditChannelMessage(message, pts, 1)
        return types.updates.ChannelDifference(
            pts=answer.pts,
            new_messages=[] if edited else [message],
            other_updates=[edit] if edited else [],
            chats=[],
            users=[],
            final=True,
        )

    return twist


@pytest.mark.parametrize("edited", [True, False], ids=["edited", "posted"])
@pytest.mark.parametrize("since", [None, BEGAN + 60 * 150], ids=["whole", "window"])
async def test_a_message_above_all_others_that_never_was_is_found_out(
    server: Server, account: Account, channel: Channel, tmp_path: Path, *, since: int | None, edited: bool
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=since)
        await rig.sync(channel)
        with lying(server, DIFFERENCE, in_turn(_event(channel, 4000, LAST, edited=edited))):
            await _ends_well(rig, channel)
    async with mirror_of(server, account, tmp_path) as rig:
        assert await _ends_well(rig, channel)
        assert held(tmp_path, channel) == {i: m for i, m in true(channel).items() if m["date"] >= (since or 0)}


async def test_a_new_message_below_the_window_that_never_was_is_not_believed(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    start = BEGAN + 60 * 300
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel, window_start=start)
        await rig.sync(channel)
        with lying(server, DIFFERENCE, in_turn(_event(channel, 30, channel.pts, edited=False))):
            assert await rig.compare(channel) == (True, 0)
    assert held(tmp_path, channel) == {i: m for i, m in true(channel).items() if m["date"] >= start}


def _of_others(answer: Any) -> Any:
    for update in getattr(lies.plain(answer), "other_updates", None) or []:
        if isinstance(update, types.UpdateEditChannelMessage):
            update.message.peer_id = STRANGER
        else:
            update.channel_id = 99
    return answer


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_an_event_in_another_channels_name_is_asked_for_again_and_never_lost(
    server: Server, account: Account, channel: Channel, tmp_path: Path, change: str
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        if change == "edit":
            channel.edit(150, text="edited")
        else:
            channel.delete(150)
        with lying(server, DIFFERENCE, _of_others), pytest.raises(ServerFault):
            await rig.sync(channel)
    async with mirror_of(server, account, tmp_path) as rig:
        with lying(server, DIFFERENCE, in_turn(_of_others)):
            assert await _ends_well(rig, channel)
        assert held(tmp_path, channel) == true(channel)
