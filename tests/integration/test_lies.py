"""A server that lies: what it claims is refused, asked again or found out, and an honest sync brings the truth back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.errors import ChannelError, ServerFault, UnreadableObject
from tests.doubles.telegram import faults
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration import lies
from tests.integration.lies import LAST, STRANGER, Twist
from tests.integration.rig import Rig, held, mirror_of, query, true

HISTORY, DIFFERENCE, BY_ID = "messages.getHistory", "updates.getChannelDifference", "channels.getMessages"


@pytest.fixture
def channel(world: World) -> Channel:
    """400 ids with a few gaps, the widest of 120."""
    channel = world.add_channel("Alpha", "alpha")
    for number in range(400):
        channel.post(f"message {number}", views=number)
    channel.delete(*range(20, 60), *range(150, 270), 398)
    return channel


PAGES: dict[str, Twist] = {
    "a stray id far below the rest": lies.stray(3),
    "three stray ids far below": lies.both(lies.stray(9), lies.stray(5), lies.stray(2)),
    "a stray id that is a neighbour's": lies.renumbered(50, 398),
    "a message renumbered far below": lies.renumbered(40, 4),
    "the last message renumbered to 1": lies.renumbered(-1, 1),
    "id 0": lies.renumbered(10, 0),
    "a negative id": lies.renumbered(10, -7),
    "the highest id of all": lies.stray_first(LAST),
    "a top far above": lies.stray_first(2_000_000_000),
    "a top a little above": lies.stray_first(5_000),
    "every id shifted up": lies.shifted(3),
    "every id shifted down": lies.shifted(-3),
    "a foreign message first": lies.of_peer(STRANGER, 0),
    "a foreign message last": lies.of_peer(STRANGER, -1),
    "a person's message": lies.of_peer(types.PeerUser(5), 30),
    "a group's message": lies.of_peer(types.PeerChat(5), 30),
    "only foreign messages": lies.all_of_peer(STRANGER),
    "reversed": lies.reversed_order(),
    "doubled": lies.doubled(),
    "without the newest half": lies.without(slice(50, None)),
    "without the oldest half": lies.without(slice(0, 50)),
    "without the middle": lies.without(slice(0, 100, 99)),
    "without every third": lies.without_every(3),
    "one message only": lies.without(slice(0, 1)),
    "the oldest message only": lies.without(slice(-1, None)),
    "empty": lies.emptied(),
    "all of them gone": lies.all_empty(None),
    "all of them gone, elsewhere": lies.all_empty(STRANGER),
    "a count too high": lies.field(count=lambda n: n + 7),
    "a count too low": lies.field(count=lambda n: n - 7),
    "a count of nothing": lies.field(count=0),
    "a negative count": lies.field(count=-1),
    "the highest pts of all": lies.field(pts=LAST),
    "a pts far ahead": lies.field(pts=lambda pts: pts + 100_000),
    "a pts a little ahead": lies.field(pts=lambda pts: pts + 3),
    "a pts of nothing": lies.field(pts=0),
    "an old pts": lies.field(pts=lambda pts: max(pts - 300, 1)),
    "a stray id and a count that fits": lies.both(lies.stray(30), lies.field(count=lambda n: n + 1)),
}


@contextlib.contextmanager
def lying(server: Server, method: str, twist: Twist, **conditions: Any) -> Iterator[None]:
    server.faults.add(method, faults.lie(twist), **conditions)
    try:
        yield
    finally:
        server.faults.clear(method)


async def _try_sync(rig: Rig, channel: Channel) -> tuple[bool, int | None]:
    """Whether it ended without a fault, and what it says of the count."""
    try:
        return True, (await rig.compare(channel)).surplus
    except (ChannelError, ServerFault, UnreadableObject):  # a fault of the channel's: others would end the account
        return False, None


# A page whose every message has another's content looks like any other; only an audit that reads it again can tell.
_KINDS = [(name, times) for name in PAGES for times in (1, 2, 1000) if name != "every id shifted down" or times > 2]


@pytest.mark.parametrize(("name", "times"), _KINDS)
async def test_lies_about_the_first_history_end_in_the_truth(
    server: Server, account: Account, channel: Channel, tmp_path: Path, *, name: str, times: int
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        with lying(server, HISTORY, PAGES[name], skip=1 if times == 1 else 0, times=times):
            ended, surplus = await _try_sync(rig, channel)
        if ended and surplus == 0:
            assert held(tmp_path, channel) == true(channel), "said to be complete"
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.sync(channel)
        assert held(tmp_path, channel) == true(channel)
        assert query(tmp_path, "SELECT count(*) FROM message WHERE message_id NOT BETWEEN 1 AND 2147483646") == [(0,)]
        assert await rig.compare(channel) == (True, 0)


@pytest.mark.parametrize("name", PAGES)
async def test_lies_about_a_held_history_end_in_the_truth(
    server: Server, account: Account, channel: Channel, tmp_path: Path, name: str
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        channel.post("news")
        channel.edit(380, text="edited")
        channel.delete(40, 300, 399)
        channel.forget_events()  # the history has to be walked again
        with lying(server, HISTORY, PAGES[name]):
            ended, surplus = await _try_sync(rig, channel)
        if ended and surplus == 0:
            assert held(tmp_path, channel) == true(channel), "said to be complete"
    channel.post("later")
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.sync(channel)
        assert held(tmp_path, channel) == true(channel)


def _post(channel: Channel, message_id: int, peer: Any = None) -> Twist:
    date = channel.posts[350].message.date
    post = types.Message(id=message_id, peer_id=peer or channel.peer, date=date, message="never posted")
    return lies.posts(lambda _: post)


DIFFERENCES: dict[str, Callable[[Channel], Twist]] = {
    "a foreign message": lambda channel: _post(channel, 500, STRANGER),
    "the highest id of all": lambda channel: _post(channel, LAST),
    "id 0": lambda channel: _post(channel, 0),
    "a negative id": lambda channel: _post(channel, -4),
    "a post far above": lambda channel: _post(channel, 1_000_000),
    "a post that never was": lambda channel: _post(channel, 4_000),
    "an old post that never was": lambda channel: _post(channel, 30),
    "deletions that never were": lambda channel: lies.deletes(channel.id, 100, 101, 102),
    "everything deleted": lambda channel: lies.deletes(channel.id, *range(1, 401)),
    "deletions elsewhere": lambda _: lies.deletes(99, 100, 101, 102),
    "never final, going on": lambda _: lies.endless(1),
    "never final, standing still": lambda _: lies.endless(0),
    "never final, leaping": lambda _: lies.endless(10_000),
    "the highest pts of all": lambda _: lies.field(pts=LAST),
    "a pts far ahead": lambda _: lies.field(pts=lambda pts: pts + 100_000),
    "a pts a little ahead": lambda _: lies.field(pts=lambda pts: pts + 2),
    "a pts of nothing": lambda _: lies.field(pts=0),
    "an old pts": lambda _: lies.field(pts=lambda pts: max(pts - 5, 1)),
    "without the new messages": lambda _: lies.without(slice(0, 0)),
    "every id shifted": lambda _: lies.shifted(5),
    "doubled": lambda _: lies.doubled(),
    "reversed": lambda _: lies.reversed_order(),
    "a person's message": lambda _: lies.all_of_peer(types.PeerUser(8)),
}


@pytest.mark.parametrize("times", [1, 1000], ids=["once", "always"])
@pytest.mark.parametrize("name", DIFFERENCES)
async def test_lies_about_what_happened_end_in_the_truth(
    server: Server, account: Account, channel: Channel, tmp_path: Path, *, name: str, times: int
) -> None:
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.add(channel)
        await rig.sync(channel)
        for number in range(5):
            channel.post(f"news {number}")
        channel.edit(390, text="edited")
        channel.delete(395)
        with lying(server, DIFFERENCE, DIFFERENCES[name](channel), times=times):
            ended, surplus = await _try_sync(rig, channel)
        if ended and surplus == 0:
            assert held(tmp_path, channel) == true(channel), "said to be complete"
    channel.post("later")
    async with mirror_of(server, account, tmp_path) as rig:
        await rig.sync(channel)
        assert held(tmp_path, channel) == true(channel)
        assert query(
            tmp_path, "SELECT count(*) FROM message WHERE text = 'never posted' AND missing_since IS NULL"
        ) == [(0,)]
        assert query(tmp_path, "SELECT max(top_id) < 2147483647 FROM channel") == [(1,)]
