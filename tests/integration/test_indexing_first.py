"""The first fill of an index: what has no node yet waits, and each document is sent once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from archiver.index import node_workers
from archiver.index.consistency import find_lacking, read_expected
from archiver.index.node_workers import settle_nodes
from archiver.index.rebuild import next_index
from archiver.model.record import Message
from archiver.store.database import Writer
from archiver.store.index.index_node import ask_rebuild
from archiver.store.index.outbox import assign_nodes, enqueue
from archiver.store.messages.message import Sighting
from search.meili.node import Node
from search.meili.routing import node_name
from tests.doubles.meilisearch.fixtures import Meili, meili
from tests.integration.index_rig import Desk, desk_of
from tests.integration.test_indexing_nodes import fill, meilis, until_right
from tests.sample import make_message
from tests.storing import insert_messages

__all__ = ["meili", "meilis"]


def received(desk: Desk, index: str | None = None) -> int:
    """Documents that the servers were sent, as their tasks count them."""
    query = f"types=documentAdditionOrUpdate&indexUids={index or desk.index}&limit=1000"
    answers = [one.call("GET", f"/tasks?{query}").json() for one in desk.meilis]
    return sum(task["details"]["receivedDocuments"] for answer in answers for task in answer["results"])


async def put_history(desk: Desk, ids: Sequence[int], *, channel_id: int = 1001) -> None:
    """As backfill leaves it: pages, newest first."""
    sighting = Sighting(now=int(desk.clock.now()), origin="history", generation=1)
    for at in range(len(ids), 0, -2_000):
        page = [make_message(one, f"bridge {one}", channel_id=channel_id) for one in ids[max(0, at - 2_000) : at]]

        def act(conn: Writer, page: list[Message] = page) -> None:
            insert_messages(conn, page, sighting)
            enqueue(conn, channel_id, [one.message_id for one in page], now=sighting.now, later=True)

        await desk.database.write(act)


async def test_messages_without_a_node_count_as_waiting(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 60), later=True)
        node = Node(meili.url, meili.master_key, index=desk.index, seconds=5)
        await desk.database.write(lambda conn: settle_nodes(conn, [node.name], index=desk.index, now=1))
        await desk.database.write(lambda conn: assign_nodes(conn, 10))
        try:
            expected = await read_expected(desk.reader, node.name)
            assert (expected[1001].held, expected[1001].waiting, expected[1001].least) == (59, 59, 0)
            assert await find_lacking(desk.reader, node, desk.index) == []
        finally:
            await node.close()


async def test_first_fill_of_more_than_one_transaction_takes_sends_each_message_once(
    meili: Meili, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with desk_of(meili, tmp_path / "archive") as desk:
        size = node_workers.AT_ONCE + 600
        await put_history(desk, range(1, size + 1))
        await desk.start()
        await desk.until(desk.is_told, "an empty outbox", limit=120)
        async with asyncio.timeout(60):
            while not await desk.node_workers.is_done():  # noqa: ASYNC110 - nobody says so
                await asyncio.sleep(0.05)
        assert received(desk) == size
        assert not [record for record in caplog.records if "sent again" in record.getMessage()]


async def test_first_fill_sends_each_message_once_while_more_come(
    meili: Meili, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_workers, "AT_ONCE", 25)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(100, 400), later=True)
        await desk.start()
        for page in range(0, 90, 30):
            await put_history(desk, range(page + 1, page + 31))
            await desk.post(1000 + page)
        await desk.post(*range(1, 40), channel_id=1002, later=True)
        await desk.until_equal()
        assert received(desk) == len(desk.held()) == 432


async def test_first_fill_of_several_nodes_sends_each_message_once(
    meilis: list[Meili], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_workers, "AT_ONCE", 7)
    async with desk_of(meilis[0], tmp_path / "archive") as desk:
        await fill(desk, meilis)
        desk.meilis = meilis
        await desk.start()
        await until_right(desk)
        assert received(desk) == len(desk.held()) == 36


async def make_index(desk: Desk) -> None:
    """An empty index with our settings: what is held up from now on are documents."""
    node = Node(desk.meili.url, desk.meili.master_key, index=desk.index, seconds=5)
    try:
        for task in (await node.ensure()).tasks:
            await asyncio.to_thread(desk.meili.wait, task.uid)
    finally:
        await node.close()


def settle(meili: Meili) -> None:
    """Wait until the server has finished every task that it was given."""
    for task in meili.call("GET", "/tasks?statuses=enqueued,processing&limit=1000").json()["results"]:
        meili.wait(task["uid"])


async def test_first_fill_that_is_stopped_in_the_middle_sends_each_message_once(
    meili: Meili, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_workers, "AT_ONCE", 50)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await make_index(desk)
        scheduler = meili.double.instance.scheduler
        for first in (1, 201, 401):
            await put_history(desk, range(first, first + 200))
            scheduler.hold("processing")
            before = received(desk)
            await desk.start()
            await desk.until(lambda before=before: received(desk) > before, "a batch under way")
            await desk.stop()
            assert desk.query("SELECT count(*) FROM index_task") != [(0,)]
            scheduler.hold(None)
            await asyncio.to_thread(settle, meili)  # or the next hold may catch the tasks that the next start waits for
        await desk.start()
        await desk.until_equal()
        assert received(desk) == len(desk.held()) == 600


async def test_first_fill_that_is_killed_repeats_no_more_than_what_was_being_handed_over(
    meili: Meili, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_workers, "AT_ONCE", 50)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await put_history(desk, range(1, 401))
        await desk.start()
        await desk.until(lambda: received(desk) > 0, "a first batch")
        await desk.kill()
        under_way = received(desk)
        noted = desk.query("SELECT count(*) FROM index_task")[0][0]
        await desk.start()
        await desk.until_equal()
        assert received(desk) <= 400 + (0 if noted else under_way)


async def test_first_fill_by_a_rebuild_sends_each_message_once(
    meili: Meili, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_workers, "AT_ONCE", 50)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await put_history(desk, range(1, 401))
        node = node_name(meili.url)
        await desk.database.write(lambda conn: ask_rebuild(conn, [node], now=1))
        await desk.start()
        await desk.until(lambda: desk.query("SELECT rebuild FROM index_node") == [(None,)], "a rebuilt index")
        await desk.until_equal()
        assert received(desk) + received(desk, next_index(desk.index)) == 400
