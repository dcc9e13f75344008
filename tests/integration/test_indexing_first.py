"""The first fill of an index: what has no node yet waits, it is not lost."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from archiver import fleet
from archiver.drift import find_lacking, read_expected
from archiver.fleet import settle_nodes
from archiver.store.outbox import bring_home
from search.meili.node import Node
from tests.integration.index_rig import desk_of
from tests.meilisearch.fixtures import Meili, meili

__all__ = ["meili"]


async def test_messages_without_a_node_count_as_waiting(meili: Meili, tmp_path: Path) -> None:
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 60), later=True)
        node = Node(meili.url, meili.master_key, index=desk.index, seconds=5)
        await desk.database.write(lambda conn: settle_nodes(conn, [node.name], now=1))
        await desk.database.write(lambda conn: bring_home(conn, 10))
        try:
            expected = await read_expected(desk.reader, node.name)
            assert (expected[1001].held, expected[1001].waiting, expected[1001].least) == (59, 59, 0)
            assert await find_lacking(desk.reader, node, desk.index) == []
        finally:
            await node.close()


async def test_first_fill_in_many_pieces_sends_each_message_once(
    meili: Meili, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fleet, "AT_ONCE", 25)
    caplog.set_level(logging.INFO)
    async with desk_of(meili, tmp_path / "archive") as desk:
        await desk.post(*range(1, 700), later=True)
        await desk.start()
        await desk.until_equal()
        assert not [record for record in caplog.records if "sent again" in record.getMessage()]
