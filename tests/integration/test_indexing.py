"""The index follows the archive: on the double of Meilisearch, or on a real server (MEILI_URL)."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.doubles.meilisearch.fixtures import Meili, meili
from tests.integration.index_rig import desk_of
from tests.sample import make_message, photo

__all__ = ["meili"]


async def test_what_is_written_is_in_the_index_as_it_is_now(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 30))
        await desk.start()
        await desk.until_equal()
        await desk.post(5, text="edited")
        await desk.post(40, 41, channel_id=1002)
        await desk.write(make_message(42, "", media=(photo(),)))
        await desk.lose(7)
        await desk.until_equal()
        assert desk.indexed()["c1001_7"]["is_missing"] is True
        assert desk.state == "following"
        assert (await desk.node_workers.is_done()) is True


async def test_worker_that_is_killed_goes_on_where_it_was(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        chance = random.Random(4)
        for round_ in range(12):
            await desk.post(*range(round_ * 20 + 1, round_ * 20 + 30), text=f"round {round_}")
            await desk.start()
            await asyncio.sleep(chance.uniform(0, 0.4))
            await desk.kill()
        await desk.start()
        await desk.until_equal()
        await desk.until(lambda: not desk.query("SELECT 1 FROM index_task"), "no task")
        assert len(desk.indexed()) == 249
        assert desk.rejected == []


async def test_a_post_of_now_does_not_wait_behind_the_history(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 1500), text="long ago", later=True)
        node_workers = await desk.start()
        node_workers.workers[0].delivery.size.refuse(20_000)  # some ten messages a task
        await desk.until(desk.indexed, "the first of the history")
        await desk.post(1000)
        await desk.until(lambda: "c1001_1000" in desk.indexed(), "the post")
        assert desk.query("SELECT count(*) FROM outbox")[0][0] > 100
        await desk.until_equal()


async def test_index_that_was_deleted_is_filled_again(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 50))
        await desk.start()
        await desk.until_equal()
        meili.wait(meili.client().delete_index(desk.index))
        await desk.post(50)
        await desk.until_equal()
        assert set(desk.indexed()) == {f"c1001_{number}" for number in range(1, 51)}


async def test_documents_that_somebody_deleted_come_back(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 50))
        await desk.post(1, 2, 3, channel_id=1002)
        await desk.start()
        await desk.until_equal()
        meili.wait(meili.client().index(desk.index).delete_documents(filter="message_id IN [3, 9]"))
        await desk.until_equal()
        assert {"c1001_3", "c1001_9", "c1002_3"} <= set(desk.indexed())
