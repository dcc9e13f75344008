"""A rebuild while messages keep coming, and while everything fails: on the double, or on a real server (MEILI_URL)."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

import archiver.store.index.index_node as states
from search.meili.routing import node_name
from tests.doubles.meilisearch.faults import reset_after
from tests.doubles.meilisearch.fixtures import Meili, meili
from tests.integration.index_rig import Desk, desk_of

__all__ = ["meili"]


async def ask(desk: Desk) -> None:
    await desk.database.write(lambda conn: states.ask_rebuild(conn, [node_name(desk.meili.url)], now=1))


def is_over(desk: Desk) -> bool:
    return desk.query("SELECT rebuild FROM index_node") == [(None,)]


async def test_rebuild_with_live_messages_and_kills(meili: Meili, tmp_path: Path) -> None:
    chance = random.Random(11)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 60))
        await desk.post(*range(1, 9), channel_id=1002)
        await desk.start()
        await desk.until_equal()
        made = desk.meili.client().get_index(desk.index).created_at
        await ask(desk)
        for round_ in range(25):
            await desk.post(chance.randint(1, 90), text=f"live {round_}", later=chance.random() < 0.5)
            await asyncio.sleep(chance.uniform(0, 0.3))
            await desk.kill()
            await desk.start()
        await desk.until(lambda: is_over(desk), "the end of the rebuild")
        await desk.until_equal()
        assert desk.meili.client().get_index(desk.index).created_at != made
        assert desk.indexed(f"{desk.index}_next") == {}


async def test_what_waits_when_a_rebuild_begins_is_sent_once(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 300), later=True)
        await desk.start()
        await ask(desk)
        await desk.until(lambda: is_over(desk), "the end of the rebuild")
        await desk.until_equal()
        asked = {"types": ["documentAdditionOrUpdate"], "indexUids": [desk.index, f"{desk.index}_next"]}
        tasks = meili.client().get_tasks(asked).results
        assert sum(int(task.details["receivedDocuments"]) for task in tasks) == 299


async def test_index_of_another_version_waits_for_a_rebuild(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        client = meili.client()
        meili.wait(client.create_index(desk.index, {"primaryKey": "id"}))
        meili.wait(client.index(desk.index).update_searchable_attributes(["terms_0_0"]))
        meili.wait(client.index(desk.index).add_documents([{"id": "c1001_1", "terms_0_0": "old"}]))
        await desk.post(1, 2)
        await desk.start()
        await desk.until(lambda: desk.state == "stale", "that it is stale")
        await asyncio.sleep(0.5)
        assert not desk.is_told()
        assert set(desk.indexed()) == {"c1001_1"}
        await ask(desk)
        await desk.until(lambda: is_over(desk), "the end of the rebuild")
        await desk.post(3)
        await desk.until_equal()
        assert "terms_0_0" not in desk.indexed()["c1001_1"]
        assert desk.state == "following"


@pytest.mark.parametrize("primary_key", ["uid", "id"])
async def test_a_foreign_index_is_left_alone(meili: Meili, tmp_path: Path, primary_key: str) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        index = meili.client().index(desk.index)
        meili.wait(index.add_documents([{"uid": one, "id": one, "title": "a film"} for one in range(9)], primary_key))
        before = index.get_settings()
        await desk.post(1, 2)
        await desk.start()
        await desk.until(lambda: desk.state == "stale", "that nothing is sent to it")
        await asyncio.sleep(0.5)
        assert not desk.is_told()
        assert index.get_settings() == before
        assert index.get_stats().number_of_documents == 9
        assert "not telekeep's" in desk.query("SELECT reason FROM index_node")[0][0]


async def test_lost_answers_never_exchange_the_indexes_twice(meili: Meili, tmp_path: Path) -> None:
    double = meili.double
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 20))
        await desk.start()
        await desk.until_equal()
        for pattern in ("POST /swap-indexes", "DELETE /indexes/*", "POST /indexes", "POST /indexes/*/documents"):
            double.faults.add(pattern, reset_after(), times=2)
        await ask(desk)
        await desk.until(lambda: is_over(desk), "the end of the rebuild")
        await desk.until_equal()
        swaps = [task for task in double.instance.tasks if task.kind == "indexSwap" and task.status == "succeeded"]
        assert len(swaps) == 1


async def test_lost_new_index_is_started_over(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 40))
        await desk.start()
        await desk.until_equal()
        await ask(desk)
        for _ in range(3):
            await asyncio.sleep(0.1)
            meili.wait(meili.client().delete_index(f"{desk.index}_next"))
        await desk.until(lambda: is_over(desk), "the end of the rebuild")
        await desk.until_equal()
        assert set(desk.indexed()) == {f"c1001_{number}" for number in range(1, 40)}
        assert desk.indexed(f"{desk.index}_next") == {}
