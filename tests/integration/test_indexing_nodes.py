"""The index on several nodes: what each has, and what happens when they fail, come and go. On doubles."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from archiver.store.channels.channel import upsert_channel
from archiver.store.database import Writer
from search.meili.routing import choose_node, node_name
from tests.doubles.meilisearch.fixtures import Meili, three_nodes
from tests.integration.index_rig import Desk, desk_of, every_document
from tests.sample import CHANNEL, make_channel

CHANNELS = 12


@pytest.fixture
def meilis(tmp_path: Path) -> Iterator[list[Meili]]:
    """Three servers with one master key."""
    with three_nodes(tmp_path, "master") as nodes:
        yield nodes


def name(meili: Meili) -> str:
    return node_name(meili.url)


async def add_channels(desk: Desk, meilis: list[Meili]) -> list[int]:
    """Channels of which each node has as many as the others, once all of them are used."""
    nodes, channels = [name(meili) for meili in meilis], [1001, 1002]
    for channel_id in count(1003):
        room = CHANNELS // len(nodes) - sum(
            choose_node(one, nodes) == choose_node(channel_id, nodes) for one in channels
        )
        if len(channels) == CHANNELS:
            break
        channels += [channel_id] * (room > 0)

    def act(conn: Writer) -> None:
        for channel_id in channels:
            upsert_channel(conn, make_channel(channel_id), now=1)

    await desk.database.write(act)
    return channels


def where(desk: Desk) -> dict[str, list[str]]:
    """The nodes of the list that have a document, by its id."""
    found: dict[str, list[str]] = {}
    for meili in desk.meilis:
        for one in every_document(meili, desk.index):
            found.setdefault(one, []).append(name(meili))
    return found


def is_right(desk: Desk) -> bool:
    """Each message is on its node, exactly once, as the archive has it."""
    nodes = [name(meili) for meili in desk.meilis]
    held = desk.held()
    wanted = {one: [choose_node(document["channel_id"], nodes)] for one, document in held.items()}
    if where(desk) != wanted:
        return False
    found: dict[str, Any] = {}
    for meili in desk.meilis:
        found |= every_document(meili, desk.index)
    return found == held


async def until_right(desk: Desk) -> None:
    await desk.until(desk.is_told, "an empty outbox")
    await desk.until(lambda: is_right(desk), "that every message is on its node")


async def fill(desk: Desk, meilis: list[Meili]) -> list[int]:
    channels = await add_channels(desk, meilis)
    for channel_id in channels:
        await desk.post(1, 2, 3, channel_id=channel_id)
    return channels


async def test_each_channel_is_on_its_node_and_a_node_that_comes_takes_its_share(
    meilis: list[Meili], tmp_path: Path
) -> None:
    async with desk_of(meilis[0], tmp_path / "archive") as desk:
        await fill(desk, meilis)
        await desk.start()
        await until_right(desk)
        for size in (2, 3, 1):
            before = where(desk)
            await desk.stop()
            desk.meilis = meilis[:size]
            await desk.start()
            await desk.post(4 + size, channel_id=1001)
            await until_right(desk)
            await desk.until(lambda: desk.query("SELECT 1 FROM outbox") == [], "an empty outbox")
            if size > 1:
                moved = {tuple(nodes) for one, nodes in where(desk).items() if nodes != before.get(one, nodes)}
                assert moved == {(name(meilis[size - 1]),)}
        async with asyncio.timeout(60):
            while not await desk.node_workers.is_done():  # noqa: ASYNC110 - it is told by nobody
                await asyncio.sleep(0.05)


async def test_a_channel_that_moves_is_found_once_at_any_moment(meilis: list[Meili], tmp_path: Path) -> None:
    """Before, while and after: the node that serves a channel has all of it."""
    async with desk_of(meilis[0], tmp_path / "archive") as desk:
        channels = await fill(desk, meilis)
        await desk.start()
        await until_right(desk)
        await desk.stop()
        desk.meilis = meilis[:2]
        meilis[1].double.instance.scheduler.delay = 0.1
        await desk.start()
        nodes = {name(meili): meili for meili in desk.meilis}
        for _ in range(40):
            served = desk.query("SELECT channel_id, node FROM index_home WHERE serves")
            assert sorted(channel_id for channel_id, _ in served) == sorted(channels)
            there = {node: set(every_document(meili, desk.index)) for node, meili in nodes.items()}
            for channel_id, node in served:
                assert {f"c{channel_id}_{number}" for number in (1, 2, 3)} <= there[node]
            if is_right(desk):
                break
            await asyncio.sleep(0.05)
        await until_right(desk)


async def test_a_node_that_is_away_holds_up_its_own_channels_only(meilis: list[Meili], tmp_path: Path) -> None:
    async with desk_of(meilis[0], tmp_path / "archive") as desk:
        desk.meilis = meilis
        channels = await fill(desk, meilis)
        meilis[1].double.refuse()
        await desk.start()
        others = {one for one in channels if choose_node(one, [name(m) for m in meilis]) != name(meilis[1])}
        assert 0 < len(others) < len(channels)
        up = [meilis[0], meilis[2]]
        await desk.until(
            lambda: sum(len(every_document(meili, desk.index)) for meili in up) == 3 * len(others), "the others"
        )
        away = set(channels) - others  # an index shows a document before it is acknowledged
        await desk.until(lambda: {row[0] for row in desk.query("SELECT channel_id FROM outbox")} == away, "the outbox")
        states = dict(desk.query("SELECT node, state FROM index_node"))
        assert states[name(meilis[1])] == "unreachable"
        assert [one.name for one in await desk.node_workers.list_behind()] == [name(meilis[1])]
        meilis[1].double.listen()
        await until_right(desk)


async def test_a_node_that_went_and_comes_back_with_what_it_had_ends_right(meilis: list[Meili], tmp_path: Path) -> None:
    async with desk_of(meilis[0], tmp_path / "archive") as desk:
        await fill(desk, meilis)
        for chosen in (meilis[:2], meilis[:1], meilis[:2], meilis[1:], meilis):
            await desk.stop()
            desk.meilis = chosen
            await desk.start()
            await desk.post(1, text=f"edited for {len(chosen)}", channel_id=1002)
            await desk.post(1, text=f"edited for {len(chosen)}", channel_id=1005)
            await until_right(desk)
        assert is_right(desk)
        assert {desk.held()[one]["text"] for one in ("c1002_1", "c1005_1")} == {"edited for 3 1"}


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_each_message_ends_on_its_node_once(
    meilis: list[Meili], tmp_path: Path, seed: int
) -> None:
    """Writes, new lists, nodes that are away, emptied or started anew, and kills: all at random."""
    chance = random.Random(seed)
    async with desk_of(meilis[0], tmp_path / "archive") as desk:
        channels = await add_channels(desk, meilis)
        await desk.start()
        for round_ in range(30):
            await happen(desk, meilis, channels, chance, round_)
            await asyncio.sleep(chance.uniform(0, 0.2))
        for meili in meilis:
            meili.double.listen()
        await until_right(desk)
        assert desk.rejected == []
        await desk.until(lambda: not desk.query("SELECT 1 FROM index_task"), "no task")


async def happen(desk: Desk, meilis: list[Meili], channels: list[int], chance: random.Random, round_: int) -> None:
    double = chance.choice(meilis).double
    match chance.randrange(12):
        case 0 | 1:
            await desk.kill()
            desk.meilis = chance.sample(meilis, chance.randint(1, 3))
            await desk.start()
        case 2:
            await desk.kill()
            await desk.start()
        case 3:
            double.refuse()
        case 4:
            double.listen()
        case 5:
            await asyncio.to_thread(double.restart, keep=chance.random() < 0.5)
        case 6:
            double.instance.wipe()
        case 7:
            await rename(desk, chance.choice(channels), f"name{round_}")
        case _:
            for _ in range(3):
                ids = [chance.randint(1, 30) for _ in range(3)]
                await desk.post(*ids, text=f"round {round_}", channel_id=chance.choice(channels))


async def rename(desk: Desk, channel_id: int, username: str) -> None:
    channel = make_channel(channel_id, username=username, title=f"title of {username}")
    await desk.database.write(lambda conn: upsert_channel(conn, channel, now=2))


async def test_a_name_that_changes_reaches_old_documents_and_is_no_lag(meilis: list[Meili], tmp_path: Path) -> None:
    from archiver.store.index.index_due import count_lag

    async with desk_of(meilis[0], tmp_path / "archive") as desk:
        await desk.post(*range(1, 30))
        await desk.start()
        await desk.until_equal()
        await rename(desk, CHANNEL.channel_id, "Renamed")
        meilis[0].double.instance.scheduler.hold("processing")
        await desk.until(lambda: desk.query("SELECT 1 FROM index_walk"), "a walk")
        assert await desk.database.read(count_lag, [name(meilis[0])], desk.index) == 0
        await desk.kill()
        meilis[0].double.instance.scheduler.hold(None)
        await desk.start()
        await desk.until(
            lambda: (
                {(one["channel"], one["channel_title"]) for one in desk.indexed().values()}
                == {("Renamed", "title of Renamed")}
            ),
            "the new name in every document",
        )
        await desk.until(lambda: not desk.query("SELECT 1 FROM index_walk"), "the end of the walk")
        assert desk.query("SELECT renamed FROM index_home WHERE renamed") == []


async def test_an_older_copy_of_a_node_is_rid_of_channels_that_have_moved_since(
    meilis: list[Meili], tmp_path: Path
) -> None:
    double = meilis[0].double
    assert double.db is not None
    async with desk_of(meilis[0], tmp_path / "archive", index="messages") as desk:
        for channel_id in await add_channels(desk, meilis):
            await desk.post(*range(1, 4), channel_id=channel_id)
        await desk.start()
        await desk.until(lambda: is_right(desk), "every message on the only node")
        await desk.until(double.instance.idle, "all tasks done")
        shutil.copytree(double.db, tmp_path / "copy")
        await desk.stop()
        desk.meilis = meilis
        await desk.start()
        await desk.until(lambda: is_right(desk), "every message on its node")
        await desk.stop()
        shutil.copytree(tmp_path / "copy", double.db, dirs_exist_ok=True)
        double.restart()
        assert not is_right(desk)
        await desk.start()
        await desk.until(lambda: is_right(desk), "every message on its node again")
