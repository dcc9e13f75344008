"""The index is tidied when there is time: after a sync for a while, by the service while nothing is filled in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from archiver.clock import Clock
from archiver.service import merge_segments as tidying
from archiver.service.merge_segments import merge_after_sync, merge_when_idle
from archiver.store.database import Database, Writer
from search.document import Document
from search.exact import writer as exact


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """An archive whose index lies in several small segments."""
    monkeypatch.setattr(exact, "_FEW_PAGES", 5)
    async with await Database.open(tmp_path) as opened:
        await opened.write(exact.create)
        for at in range(4):
            await opened.write(lambda conn, at=at: write(conn, at * 60))  # type: ignore[misc]
        assert await opened.read(exact.needs_merge)
        yield opened


def write(conn: Writer, first: int) -> None:
    texts = {number: " ".join(f"w{number}x{word}" for word in range(80)) for number in range(first, first + 60)}
    exact.upsert(conn, [Document(channel_id=1, message_id=n, date=n, text=text) for n, text in texts.items()])


async def test_a_sync_leaves_the_index_tidy(database: Database) -> None:
    await merge_after_sync(database, seconds=600)
    assert not await database.read(exact.needs_merge)


async def test_the_service_tidies_when_it_is_not_busy_and_stops_when_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "IDLE", 0.01)
    monkeypatch.setattr(tidying, "PAUSE", 0.01)
    stop, busy, looks = asyncio.Event(), True, 0

    def is_busy() -> bool:
        nonlocal busy, looks
        looks += 1
        if looks == 3:
            busy = False
        return busy

    worker = asyncio.create_task(merge_when_idle(database, stop, Clock(), is_busy))
    async with asyncio.timeout(60):
        while await database.read(exact.needs_merge):  # noqa: ASYNC110 what it waits for lies in a file
            await asyncio.sleep(0.01)
        stop.set()
        await worker
    assert looks >= 3, "it waited while there was something else to do"
