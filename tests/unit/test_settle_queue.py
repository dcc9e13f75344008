"""What became of files is written in batches; nobody waits for ever, and one failure is one failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from archiver.media.settle_queue import SettleQueue
from archiver.store.database import Database, Writer
from search.exact import writer as exact


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path) as opened:
        await opened.write(exact.create)
        await opened.write(lambda conn: conn.execute("CREATE TABLE note (number INTEGER) STRICT"))
        yield opened


async def test_whoever_comes_at_whatever_moment_is_written(database: Database) -> None:
    queue, chance = SettleQueue(database, now=lambda: 1.0), random.Random(3)

    async def settle(number: int) -> None:
        await asyncio.sleep(chance.uniform(0, 0.6))
        await queue.put(lambda conn: _note(conn, number))

    async with asyncio.timeout(20):
        await asyncio.gather(*(settle(number) for number in range(300)))
        await queue.drain()
    rows = await database.read(lambda conn: conn.execute("SELECT number FROM note ORDER BY number").fetchall())
    assert [row[0] for row in rows] == list(range(300))


async def test_a_failing_one_costs_no_other(database: Database) -> None:
    queue = SettleQueue(database, now=lambda: 1.0)

    def fail(_: Writer) -> None:
        raise ValueError("this one")

    puts = [queue.put(fail if number == 5 else lambda conn, n=number: _note(conn, n)) for number in range(10)]
    results = await asyncio.gather(*puts, return_exceptions=True)
    assert [isinstance(result, ValueError) for result in results] == [number == 5 for number in range(10)]
    rows = await database.read(lambda conn: conn.execute("SELECT count(*) FROM note").fetchone())
    assert rows == (9,)


async def test_what_takes_long_is_written_in_several_transactions(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.media.settle_queue.HOLD", 0.0)
    queue = SettleQueue(database, now=lambda: 1.0)

    def settle(conn: Writer, number: int) -> None:
        assert conn.execute("SELECT count(*) FROM note WHERE number = -1").fetchone() == (0,)
        conn.execute("INSERT INTO note VALUES (-1)")  # a second one in the same transaction would see it
        conn.execute("INSERT INTO note VALUES (?)", (number,))

    await database.write(
        lambda conn: conn.execute(
            "CREATE TRIGGER one AFTER INSERT ON note WHEN new.number >= 0 BEGIN DELETE FROM note WHERE number = -1; END"
        )
    )
    await asyncio.gather(*(queue.put(lambda conn, n=n: settle(conn, n)) for n in range(10)))
    assert await database.read(lambda conn: conn.execute("SELECT count(*) FROM note").fetchone()) == (10,)


async def test_a_cancelled_caller_changes_nothing(database: Database) -> None:
    queue = SettleQueue(database, now=lambda: 1.0)
    task = asyncio.create_task(queue.put(lambda conn: _note(conn, 1)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    await queue.drain()
    assert await database.read(lambda conn: conn.execute("SELECT count(*) FROM note").fetchone()) == (1,)


def _note(conn: Writer, number: int) -> None:
    conn.execute("INSERT INTO note VALUES (?)", (number,))
