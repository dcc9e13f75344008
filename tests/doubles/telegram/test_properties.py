"""Whatever happens in a channel: a walk finds its truth, and differences from any moment lead to it."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telethon import TelegramClient
from telethon.tl import types as tl

from tests.doubles.telegram.ask import difference, peer_of, walk
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.conftest import client_of
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import World

Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["post", "post", "post", "album", "edit", "edit", "delete", "delete 3", "pin", "title", "react"]
        ),
        st.integers(0, 1_000),
    ),
    max_size=60,
)
TELLING = st.fixed_dictionaries(
    {
        "slice_size": st.sampled_from([None, 1, 4]),
        "tells_every_edit": st.booleans(),
        "new_as_posted": st.booleans(),
    }
)


def happen(channel: Channel, step: Step) -> None:
    """One event; the number chooses a message."""
    kind, number = step
    texts = [i for i in channel.ids if not channel.posts[i].is_service]
    chosen = texts[number % len(texts)] if texts else None
    if kind == "post":
        channel.post(f"text {number}")
    elif kind == "album":
        channel.album([channel.world.media.geo()] * (1 + number % 3), f"album {number}")
    elif kind == "title":
        channel.set_title(f"Title {number}")
    elif chosen is None:
        return
    elif kind == "edit":
        channel.edit(chosen, text=f"edited {number}")
    elif kind == "delete":
        channel.delete(chosen)
    elif kind == "delete 3":
        channel.delete(*channel.ids[number % len(channel.ids) :][:3])
    elif kind == "pin":
        channel.pin(chosen)
    else:
        channel.react(chosen, {"👍": number + 1})


def truth(channel: Channel) -> dict[int, str]:
    return {i: said(channel.posts[i].message) for i in channel.ids}


def said(message: Any) -> str:
    return type(message.action).__name__ if message.action else message.message


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, STEPS, st.sampled_from([1, 3, 10, 100]), TELLING)
def test_walks_and_differences_lead_to_the_truth(
    before: list[Step], after: list[Step], limit: int, telling: dict[str, Any]
) -> None:
    asyncio.run(assert_truth_is_reached(before, after, limit, telling))
    TelegramClient._config = None


async def assert_truth_is_reached(before: list[Step], after: list[Step], limit: int, telling: dict[str, Any]) -> None:
    world = World()
    account = world.add_account()
    channel = world.add_channel("Alpha", "alpha")
    for switch, value in telling.items():
        setattr(channel, switch, value)
    seen_ids: set[int] = set(channel.ids)
    async with Server(world) as server, client_of(server, account) as client:
        peer = peer_of(channel, account)
        for step in before:
            _once(channel, step, seen_ids)
        found, pts = await walk(client, peer)
        mirror = {i: said(m) for i, m in found.items()}
        assert mirror == truth(channel)
        for step in after:
            _once(channel, step, seen_ids)
        assert await _follow(client, peer, mirror, pts, limit) == truth(channel)
    assert channel.deleted.isdisjoint(channel.ids)
    assert channel.deleted | set(channel.ids) == set(range(1, channel.last_id + 1))


def _once(channel: Channel, step: Step, seen_ids: set[int]) -> None:
    """Let it happen, and see that no id is given twice."""
    top = channel.last_id
    happen(channel, step)
    new = set(range(top + 1, channel.last_id + 1))
    assert not new & seen_ids
    seen_ids |= new


async def _follow(client: TelegramClient, peer: Any, mirror: dict[int, str], pts: int, limit: int) -> dict[int, str]:
    for _ in range(500):
        answer = await client(difference(peer, pts, limit=limit))
        if isinstance(answer, tl.updates.ChannelDifferenceTooLong):
            found, pts = await walk(client, peer)
            assert pts == answer.dialog.pts
            return {i: said(m) for i, m in found.items()}
        if isinstance(answer, tl.updates.ChannelDifference):
            mirror |= {m.id: said(m) for m in answer.new_messages}
            for update in answer.other_updates:
                if isinstance(update, tl.UpdateEditChannelMessage):
                    mirror[update.message.id] = said(update.message)
                elif isinstance(update, tl.UpdateDeleteChannelMessages):
                    for gone in update.messages:
                        mirror.pop(gone, None)
        assert answer.pts >= pts
        pts = answer.pts
        if answer.final:
            return mirror
    raise AssertionError("differences without an end")
