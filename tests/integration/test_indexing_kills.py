"""Kills at every call to the server while an index is made, made again or replaced: what is written down beforehand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from archiver.model.placement import choose_node
from archiver.store.index.index_due import count_lag
from archiver.store.index.index_node import ask_rebuild
from search.meili.node import Node
from search.meili.routing import node_name
from tests.doubles.meilisearch.fixtures import Meili
from tests.integration import index_rig
from tests.integration.index_rig import Desk, desk_of, every_document
from tests.integration.test_indexing_nodes import add_channels, is_right, meilis

__all__ = ["meilis"]

T = TypeVar("T")
WAYS = ("first", "another name", "deleted", "rebuild")
ALL = pytest.mark.soak(only="minutes long")


class Life:
    """How many calls the process makes before it hangs: before the next one, or once the server carried it out."""

    def __init__(self) -> None:
        self.left: float = float("inf")
        self.carried_out = False
        self.over = asyncio.Event()


def mortal(life: Life) -> Callable[..., Node]:
    class MortalNode(Node):
        async def _call(self, act: Callable[[], T], seconds: float | None = None) -> T:
            life.left -= 1
            if life.left < 0:
                if life.carried_out and not life.over.is_set():
                    await super()._call(act, seconds)
                life.over.set()
                await asyncio.Event().wait()
            return await super()._call(act, seconds)

        async def close(self) -> None:
            life.left = float("inf")
            await super().close()

    return MortalNode


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> Life:
    """Of every process of the test."""
    made = Life()
    monkeypatch.setattr(index_rig, "Node", mortal(made))
    return made


async def fill(desk: Desk, servers: list[Meili]) -> list[int]:
    channels = await add_channels(desk, servers)
    for channel_id in channels:
        await desk.post(*range(1, 5), channel_id=channel_id, later=channel_id % 2 == 0)
    return channels


async def prepare(desk: Desk, way: str) -> None:
    """An archive with or without an index, which is to be made now."""
    if way == "first":
        return
    await desk.start()
    await desk.until(lambda: is_right(desk), "every message on its node")
    await desk.until(desk.is_told, "an empty outbox")
    await desk.stop()
    match way:
        case "another name":
            desk.index = f"{desk.index}-another"
        case "deleted":
            for meili in desk.meilis:
                meili.wait(meili.client().delete_index(desk.index))
        case "rebuild":
            names = [node_name(meili.url) for meili in desk.meilis]
            await desk.database.write(ask_rebuild, names, now=int(desk.clock.now()))


async def lives(desk: Desk, life: Life, calls: int) -> bool:
    """Run until the kill, or to the end; return whether it came to the end."""
    life.left, life.over = calls, asyncio.Event()
    workers = await desk.start()
    async with asyncio.timeout(60):
        while not life.over.is_set():
            if await workers.is_done() and not desk.query("SELECT 1 FROM index_node WHERE rebuild IS NOT NULL"):
                break
            await asyncio.sleep(0.01)
    await desk.kill()
    return not life.over.is_set()


async def believed(desk: Desk) -> list[str]:
    """The servers with an index that lacks messages while nothing says so. A deleted index is believed by nobody."""
    names = [node_name(one.url) for one in desk.meilis]
    lag = await desk.database.read(count_lag, names, desk.index)
    lacking: dict[str, set[str]] = {}
    for meili in desk.meilis:
        if any(index.uid == desk.index for index in meili.client().get_indexes({"limit": 100})["results"]):
            node = node_name(meili.url)
            its = {one for one in desk.held() if choose_node(int(one[1:].split("_")[0]), names) == node}
            lacking[meili.url] = its - set(every_document(meili, desk.index))
    return [] if lag >= sum(map(len, lacking.values())) else [url for url, ids in lacking.items() if ids]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("nodes", "every"), [(1, False), (3, False), *(pytest.param(nodes, True, marks=ALL) for nodes in (1, 2, 3))]
)
async def test_a_kill_at_any_call_leaves_no_index_that_is_believed_to_be_whole(  # noqa: PLR0917 - its cases
    meilis: list[Meili], tmp_path: Path, life: Life, way: str, nodes: int, every: bool
) -> None:
    chance = random.Random(f"{way} {nodes}")
    steps = range(80) if every else sorted(chance.sample(range(2, 16), 2))
    for calls in steps:
        life.carried_out = not life.carried_out if not every else calls % 2 == 1
        async with desk_of(meilis[0], tmp_path / f"archive{calls}", index=f"messages{calls}") as desk:
            desk.meilis = meilis[:nodes]
            await fill(desk, desk.meilis)
            life.left = float("inf")
            await prepare(desk, way)
            ended = await lives(desk, life, calls // 2 if every else calls)
            assert await believed(desk) == [], (way, calls)
            life.left = float("inf")
            await desk.start()
            await desk.until(desk.is_told, "an empty outbox")
            await desk.until(lambda desk=desk: is_right(desk), "every message on its node")  # type: ignore[misc]
            await desk.stop()
        if ended:
            break


async def test_another_index_name_inherits_nothing_and_the_former_index_stays(
    meilis: list[Meili], tmp_path: Path
) -> None:
    async with desk_of(meilis[0], tmp_path / "archive", index="messages") as desk:
        desk.meilis = meilis[:2]
        await fill(desk, desk.meilis)
        names = [node_name(one.url) for one in desk.meilis]
        await prepare(desk, "another name")
        held = len(desk.held())
        assert await desk.database.read(count_lag, names, desk.index) == held
        assert await desk.database.read(count_lag, names, "messages") == 0
        assert await standing(desk, names, desk.index) == ["unused", "unused"]
        assert await standing(desk, names, "messages") == ["following", "following"]
        await desk.start()
        await desk.until(lambda: is_right(desk), "every message on its node")
        await desk.until(lambda: desk.query("SELECT DISTINCT phase FROM index_home") == [("held",)], "all held")
        await desk.stop()
        assert await desk.database.read(count_lag, names, desk.index) == 0
        assert await desk.database.read(count_lag, names, "messages") == held
        assert sum(len(every_document(one, "messages")) for one in desk.meilis) == held


async def standing(desk: Desk, names: list[str], index: str) -> list[Any]:
    from archiver.store.index.index_node import get_node_status

    return [(await desk.database.read(get_node_status, name, index)).state for name in names]
