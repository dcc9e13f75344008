"""Quick questions do not wait behind slow ones, and a page announces itself in a file of its own only."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from archiver.store.database import Database
from archiver.store.log_pause import LogPause
from archiver.store.reading_pool import SIZE, SLOW, ReadingPool
from archiver.web.announced import NAME, OpenPage, announced, find_open_page

CHANNEL_ROW = "INSERT INTO channel (channel_id, title, megagroup, added_at) VALUES (1, 'x', 0, 0)"
PAGE = OpenPage("http://127.0.0.1:8765/", "token")


async def test_a_quick_question_is_answered_while_slow_ones_take_all_that_they_may(tmp_path: Path) -> None:
    async with await Database.open(tmp_path):
        pass
    async with ReadingPool.open(tmp_path) as pool, AsyncExitStack() as busy:
        for _ in range(SIZE - 1):
            await busy.enter_async_context(pool.reading(SLOW + 5))
        waiting = asyncio.create_task(busy.enter_async_context(pool.reading(SLOW + 5)))
        await asyncio.sleep(0)
        async with asyncio.timeout(60), pool.reading(SLOW) as connection:
            await connection.execute("SELECT 1")
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await busy.aclose()
        async with asyncio.timeout(60):
            await busy.enter_async_context(pool.reading(SLOW + 5))  # the one that left gave its turn back


@pytest.mark.parametrize("written", [b"notes of mine", b'{"url": "x"}', b"[1]", b"\xff"])
def test_a_file_of_others_in_the_place_of_the_announcement_stays_as_it_is(tmp_path: Path, written: bytes) -> None:
    (tmp_path / NAME).write_bytes(written)
    with announced(tmp_path, PAGE):
        assert find_open_page(tmp_path) is None
    assert (tmp_path / NAME).read_bytes() == written


def test_what_a_killed_page_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"url": "http://127.0.0.1:1/", "token": "old"}')
    with announced(tmp_path, PAGE):
        assert find_open_page(tmp_path) == PAGE
    assert not (tmp_path / NAME).exists()


def test_pauses_that_another_process_makes_vain_become_rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export of an hour keeps the log from beginning anew, while mirroring lets it grow."""
    now = 0.0
    monkeypatch.setattr("archiver.store.log_pause.time.monotonic", lambda: now)
    monkeypatch.setattr("archiver.store.log_pause.LARGE", 0)
    pause, log = LogPause(tmp_path / "x"), tmp_path / "x-wal"
    waits = []
    for number in range(10):
        log.write_bytes(b"x" * (number + 1))
        began = now
        while not pause.is_due():
            now += 1.0
        waits.append(now - began)
        pause.end(have_left=number % 2 == 0, renewed=number == 7)
    assert waits == [0, 4, 8, 16, 32, 64, 64, 64, 2, 4]


async def test_readers_who_never_leave_all_at_once_do_not_keep_the_log_growing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reader holds its snapshot until another one has begun; still the log begins anew, again and again."""
    monkeypatch.setattr("archiver.store.log_pause.LARGE", 0)
    monkeypatch.setattr("archiver.store.log_pause._APART", 0.0)
    async with await Database.open(tmp_path) as database, ReadingPool.open(tmp_path) as pool:
        await database.write(lambda conn: conn.execute("PRAGMA wal_autocheckpoint = 1"))
        log, begun, ended = LogPause(database.path), asyncio.Condition(), asyncio.Event()
        count = 0

        async def meet(own: int) -> None:
            """Wait until another reader has begun; during a pause, none does."""
            async with begun:
                begun.notify_all()
                with suppress(TimeoutError):
                    await asyncio.wait_for(begun.wait_for(lambda: count > own or ended.is_set()), 0.2)

        async def read() -> None:
            nonlocal count
            while not ended.is_set():
                async with pool.reading(5) as conn:
                    await conn.execute_fetchall("SELECT count(*) FROM channel")
                    count += 1
                    await meet(count)

        async def write() -> set[bytes]:
            seen: set[bytes] = set()
            while len(seen) < 4:
                await database.write(lambda conn: conn.execute("INSERT OR REPLACE INTO access VALUES ('a', 1, 1, 1)"))
                if count > SIZE:  # all of them are there
                    seen.add(log.mark())
            ended.set()
            return seen

        await database.write(lambda conn: conn.execute(CHANNEL_ROW))
        async with asyncio.timeout(240), asyncio.TaskGroup() as tasks:
            for _ in range(SIZE):
                tasks.create_task(read())
            writing = tasks.create_task(write())
        assert len(writing.result()) == 4, "each time the log begins anew it gets another mark"
