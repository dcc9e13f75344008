"""Whatever the server does, the index ends as the archive is, and nothing is acknowledged that is not there.

Faults are the double's; what they cover was seen of real servers (shared facts, section 2.3).
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from archiver.index import node_worker as indexing
from tests.doubles.meilisearch.faults import hang, queue_full, reset_after, reset_before, slow, status, vanish
from tests.doubles.meilisearch.fixtures import Meili, meili
from tests.integration.index_rig import Desk, desk_of
from tests.tiers import SOAK

__all__ = ["meili"]
SEND = "POST /indexes/*/documents"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(reset_after(), id="answer lost"),
        pytest.param(reset_before(), id="connection lost"),
        pytest.param(status(500), id="500"),
        pytest.param(status(502), id="502"),
        pytest.param(status(408), id="408"),
        pytest.param(status(429, retry_after=1), id="429"),
        pytest.param(queue_full(), id="queue full"),
        pytest.param(vanish(), id="task vanished"),
        pytest.param(slow(0.3), id="slow"),
    ],
)
async def test_what_a_request_may_meet(meili: Meili, tmp_path: Path, fault: Any) -> None:
    meili.double.faults.add(SEND, fault, times=3)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 30))
        await desk.start()
        await desk.until_equal()
        assert desk.rejected == []
        await desk.until(lambda: desk.state == "following", "that all is well")


@pytest.mark.parametrize("code", ["no_space_left_on_device", "internal", "io_error", "index_not_found", "new_code"])
async def test_what_a_task_may_meet(meili: Meili, tmp_path: Path, code: str) -> None:
    meili.double.faults.fail_task("documentAdditionOrUpdate", code, times=2)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 30))
        await desk.start()
        await desk.until_equal()
        assert desk.rejected == []


async def test_busy_server_is_asked_when_it_said(meili: Meili, tmp_path: Path) -> None:
    double = meili.double
    double.faults.add(SEND, status(503, "too_many_search_requests", retry_after=12), times=1)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(1)
        began = desk.clock.now()
        await desk.start()
        await desk.until(lambda: desk.state == "busy", "that it is busy")
        await desk.until_equal()
        assert desk.clock.now() - began >= 12


@pytest.mark.parametrize("code", ["invalid_document_fields", "internal"])
async def test_one_bad_message_is_found_and_rejected(meili: Meili, tmp_path: Path, code: str) -> None:
    def is_bad(task: Any) -> bool:
        return any(b'"c1001_77"' in document for document in task.content["documents"])

    meili.double.faults.fail_task("documentAdditionOrUpdate", code, predicate=is_bad)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 150))
        await desk.start()
        await desk.until(desk.is_told, "an empty outbox")
        assert desk.rejected == [77]
        await desk.until(lambda: set(desk.held()) - set(desk.indexed()) == {"c1001_77"}, "all others")
        meili.double.faults.clear()
        await desk.post(77, text="mended")
        await desk.until_equal()
        assert desk.rejected == []


async def test_tasks_that_are_too_large_are_halved(meili: Meili, tmp_path: Path) -> None:
    meili.double.instance.payload_limit = 8_000
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 100))
        await desk.post(500, text="x" * 10_000)
        await desk.start()
        await desk.until(lambda: desk.rejected == [500], "the one that is too large")
        await desk.until(lambda: set(desk.held()) - set(desk.indexed()) == {"c1001_500"}, "all others")
        assert desk.is_told()


async def test_a_server_that_hangs_while_it_is_sent_to_is_told_of(meili: Meili, tmp_path: Path) -> None:
    double = meili.double
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(1)
        await desk.start()
        await desk.until_equal()
        double.faults.add(SEND, hang())
        await desk.post(2)
        await desk.until(lambda: desk.state == "unreachable", "that it is told")
        double.faults.clear()
        await desk.until_equal()
        assert set(desk.indexed()) == {"c1001_1", "c1001_2"}
        assert desk.rejected == []


async def test_server_that_is_away_and_comes_back(meili: Meili, tmp_path: Path) -> None:
    double = meili.double
    async with desk_of(meili, tmp_path / "archive") as desk:
        double.refuse()
        await desk.post(*range(1, 20))
        await desk.start()
        await desk.until(lambda: desk.state == "unreachable", "that it is away")
        await desk.post(*range(20, 40))
        double.listen()
        await desk.until_equal()
        assert desk.state == "following"


async def test_full_disk_is_said_and_waited_out(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.start()
        await desk.post(1)
        await desk.until_equal()
        meili.double.instance.disk_full = True
        await desk.post(2)
        await desk.until(lambda: desk.state == "full", "that it is full")
        await asyncio.sleep(1)
        assert desk.state == "full"
        meili.double.instance.disk_full = False
        await desk.until_equal()


async def test_task_of_a_server_that_counts_anew_acknowledges_nothing(meili: Meili, tmp_path: Path) -> None:
    """The old server's task was number n; the new one, empty, has a task n of somebody else's that succeeded."""
    double = meili.double
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(0x7FFF)
        await desk.start()
        await desk.until_equal()
        double.instance.scheduler.hold("enqueued")
        await desk.post(*range(1, 10))
        await desk.until(lambda: desk.query("SELECT 1 FROM index_task"), "a task")
        await desk.kill()
        [(uid,)] = desk.query("SELECT task_uid FROM index_task")
        double.restart(keep=False)
        client = meili.client()
        while meili.wait(client.create_index(meili.fresh("other"))).uid < uid + 3:
            pass
        await desk.start()
        await desk.until_equal()
        assert len(desk.indexed()) == 10


@contextmanager
def trouble(double: Any, chance: random.Random) -> Iterator[None]:
    faults = double.faults
    for pattern in (SEND, "GET /tasks*", "GET /indexes/*", "POST /indexes/*/documents/fetch"):
        for fault in (reset_after(), reset_before(), status(500)):
            faults.add(pattern, fault, probability=0.05)
    faults.add(SEND, vanish(), probability=0.1)
    faults.fail_task("documentAdditionOrUpdate", "internal", probability=0.1)
    double.instance.scheduler.delay = chance.choice([0, 0.05])
    yield
    faults.clear()


@pytest.mark.parametrize("seed", range(20 if SOAK else 2))
async def test_everything_at_once(meili: Meili, tmp_path: Path, seed: int) -> None:
    """Kills of either side, a wiped index and faults at random, while messages come, change and go."""
    double, chance = meili.double, random.Random(seed)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.start()
        with trouble(double, chance):
            for round_ in range(30):
                await happen(desk, double, chance, round_)
                await asyncio.sleep(chance.uniform(0, 0.15))
        await desk.until_equal()
        assert desk.rejected == []


async def happen(desk: Desk, double: Any, chance: random.Random, round_: int) -> None:
    ids = [chance.randint(1, 60) for _ in range(3)]
    match chance.randrange(10):
        case 0:
            await asyncio.to_thread(double.restart)
        case 1:
            await asyncio.to_thread(double.restart, keep=False)
        case 2:
            double.instance.wipe()
        case 3 | 4:
            await desk.kill()
            await desk.start()
        case 5:
            held = {int(name.partition("_")[2]) for name in desk.held()}
            await desk.lose(*(held & set(ids)))
        case _:
            await desk.post(*ids, text=f"round {round_}")


@pytest.mark.parametrize("running", [True, False])
async def test_a_server_put_back_from_an_older_copy_gets_what_changed_since(
    meili: Meili, tmp_path: Path, running: bool
) -> None:
    """Counts show nothing: there are as many documents, but an edit is forgotten."""
    double, copy = meili.double, tmp_path / "copy"
    assert double.db is not None
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 40))
        await desk.post(1, channel_id=1002)
        await desk.start()
        await desk.until_equal()
        await desk.until(double.instance.idle, "all tasks done")
        shutil.copytree(double.db, copy)
        await desk.post(7, text="edited")
        await desk.until_equal()
        if not running:
            await desk.stop()
        shutil.copytree(copy, double.db, dirs_exist_ok=True)
        double.restart()
        assert desk.indexed() != desk.held()
        if not running:
            await desk.start()
        await desk.until_equal()


async def test_a_server_that_takes_nothing_is_not_followed(meili: Meili, tmp_path: Path) -> None:
    """As one does with a full disk: it counts and answers, and every sending ends in 500."""
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(1)
        await desk.start()
        await desk.until_equal()
        meili.double.faults.add(SEND, status(500, "internal"), times=1000)
        await desk.post(2)
        await desk.until(lambda: desk.state == "failing", "that it fails")
        end, seen = desk.clock.now() + 90, set()
        while desk.clock.now() < end:
            seen.add(desk.state)
            await asyncio.sleep(0.02)
        assert seen == {"failing"}
        meili.double.faults.clear()
        await desk.until_equal()
        await desk.until(lambda: desk.state == "following", "that all is well")


async def states_around_release(desk: Desk, scheduler: Any) -> tuple[str, str]:
    """Wait until the worker gives up on tasks that are held, release them, and wait until the index is level again."""
    await desk.until(lambda: desk.node_workers.workers[0].trouble is not None, "giving up")
    before = desk.state
    scheduler.hold(None)
    await desk.until_equal()
    await desk.until(lambda: desk.state != before, "another state")
    return before, desk.state


async def test_an_index_that_waits_behind_the_tasks_of_others_is_told_of(
    meili: Meili, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "STUCK", indexing.SLOW)
    scheduler = meili.double.instance.scheduler
    async with desk_of(meili, tmp_path / "archive") as desk:
        scheduler.hold("processing")
        await desk.post(1)
        await desk.start()
        assert await states_around_release(desk, scheduler) == ("busy", "following")
        assert set(desk.indexed()) == {"c1001_1"}


async def test_a_server_that_finishes_no_task_is_not_followed(
    meili: Meili, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a real one whose disk is full: it begins the same task again and again."""
    monkeypatch.setattr(indexing, "STUCK", indexing.SLOW)
    scheduler = meili.double.instance.scheduler
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(1)
        await desk.start()
        await desk.until_equal()
        scheduler.hold("processing")
        await desk.post(2)
        await desk.until(lambda: desk.query("SELECT count(*) FROM index_task") == [(1,)], "that it is sent")
        await desk.kill()  # the next process asks about it
        await desk.start()
        assert await states_around_release(desk, scheduler) == ("busy", "following")
        assert set(desk.indexed()) == {"c1001_1", "c1001_2"}
