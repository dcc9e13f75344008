"""Rich messages shown in part, in the running service: completed beside everything else, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import orjson
import pytest

from tests.doubles.telegram import faults
from tests.doubles.telegram.article import article
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import query
from tests.integration.service_rig import Desk, service_of

SPEED = 600.0


@pytest.fixture
def channel(world: World) -> Channel:
    channel = world.add_channel("Long reads", "long_reads")
    channel.rich_limit = 2
    for number in range(1, 40):
        channel.post(rich_message=article(f"title {number}", "a", "b", f"end {number}"))
    return channel


def wholes(folder: Path, channel: Channel) -> dict[int, list[str]]:
    """The words of the blocks of each message that is held and there; of a part those that are shown, and a mark."""
    held = {}
    for message_id, extra in query(
        folder, "SELECT message_id, extra FROM message WHERE channel_id = ? AND missing_since IS NULL", channel.id
    ):
        told = orjson.loads(extra or "{}")
        lines = told.get("rich_text", "").split("\n")
        held[message_id] = [*lines, "..."] if told.get("rich", {}).get("part") else lines
    return held


def true(channel: Channel) -> dict[int, list[str]]:
    found = {}
    for message_id in channel.ids:
        rich = channel.posts[message_id].message.rich_message
        found[message_id] = [block.text.text for block in rich.blocks] if rich else [""]
    return found


def is_whole(desk: Desk, channel: Channel) -> bool:
    return wholes(desk.folder, channel) == true(channel) and not desk.query(
        "SELECT 1 FROM rich_part WHERE completed_at IS NULL"
    )


async def test_histories_posts_and_edits_end_whole_while_some_answers_fail(
    server: Server, account: Account, channel: Channel, tmp_path: Path
) -> None:
    server.clock_speed = SPEED
    server.faults.add("messages.getRichMessage", faults.rpc(500, "RPC_CALL_FAIL"), probability=0.2, times=20)
    server.faults.add("messages.getRichMessage", faults.flood(40), skip=5, times=1)
    async with service_of(server, tmp_path, account) as desk:
        await desk.add(channel)
        await desk.until(lambda: is_whole(desk, channel), what="the history")
        first = channel.post(rich_message=article("news", "1", "2", "3"))
        channel.edit(5, rich_message=article("title 5", "a", "b", "another end"))
        channel.edit(6, rich_message=article("another title", "a", "b", "end 6"))
        channel.edit(7, rich_message=article("now it is", "short"))
        channel.react(8, {"👍": 3})
        channel.edit(9, hide=True)
        channel.delete(10)
        await desk.until(lambda: is_whole(desk, channel), what="the news")
        assert wholes(tmp_path, channel)[first.id] == ["news", "1", "2", "3"]
        # Of nothing but those three there is an earlier content, the one before.
        assert sorted(desk.query("SELECT message_id, revision FROM revision")) == [(5, 1), (6, 1), (7, 1)]
        assert not server.violations
        assert not server.forbidden


@pytest.mark.parametrize("seed", range(4))
async def test_it_ends_whole_wherever_it_is_killed(
    server: Server, account: Account, channel: Channel, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    server.clock_speed = SPEED
    for _ in range(4):
        async with service_of(server, tmp_path, account) as desk:
            if not desk.query("SELECT 1 FROM channel"):
                await desk.add(channel)
            rich = [i for i in channel.ids if channel.posts[i].message.rich_message]
            for message_id in chance.sample(rich, 5):
                blocks = ["title", "a", *(chance.choice("xyz") for _ in range(chance.randint(0, 3)))]
                channel.edit(message_id, rich_message=article(*blocks))
            await desk.run_dry(chance.randint(50, 4_000), at_most=chance.uniform(0.05, 0.6))
            await desk.kill()
            await asyncio.sleep(0)
    async with service_of(server, tmp_path, account) as desk:
        await desk.until(lambda: is_whole(desk, channel), what="the end")
        successive = desk.query(
            "SELECT 1 FROM revision AS a JOIN revision AS b USING (channel_id, message_id)"
            " WHERE b.revision = a.revision + 1 AND a.content_hash = b.content_hash"
        )
        assert successive == []
        assert desk.query("PRAGMA integrity_check") == [("ok",)]
