"""The archive's file: private, migrated, written by one transaction at a time, all or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest

from archiver.errors import Busy, NotFound, UsageError
from archiver.lock import hold
from archiver.store import database as databases
from archiver.store import migrations
from archiver.store.database import Database, Writer
from archiver.store.migrations import NewerSchemaError
from archiver.store.verify.soundness import check_header, check_tables


async def count(database: Database) -> int:
    async with database.connection.execute("SELECT count(*) FROM flood") as cursor:
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


def put(conn: Writer) -> None:
    conn.execute("INSERT INTO flood VALUES ('a', 'b', 1)")


async def test_the_archive_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        async with await Database.open(tmp_path / "new") as database:
            await database.write(put)
            assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
            assert modes == {"archive.db": 0o600, "archive.db-wal": 0o600, "archive.db-shm": 0o600}
    finally:
        os.umask(before)


async def test_a_new_archive_is_sound_while_it_is_open(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        assert check_header(database.path) is None


async def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def act(conn: Writer) -> None:
        put(conn)
        raise RuntimeError

    async with await Database.open(tmp_path) as database:
        with pytest.raises(RuntimeError):
            await database.write(act)
        assert await count(database) == 0
        await database.write(put)
        assert await count(database) == 1


async def test_a_cancelled_task_leaves_a_whole_transaction_or_none(tmp_path: Path) -> None:
    def act(conn: Writer) -> None:
        for number in range(2_000):
            conn.execute("INSERT INTO flood VALUES ('a', ?, 1)", (str(number),))

    async with await Database.open(tmp_path) as database:
        for turns in range(6):
            task = asyncio.create_task(database.write(act))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert await count(database) in (0, 2_000)
            await database.write(lambda conn: conn.execute("DELETE FROM flood"))


@contextlib.contextmanager
def another_writer(directory: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(directory / "archive.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def test_a_write_waits_while_another_program_writes_and_keeps_its_turn(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        order: list[int] = []
        with another_writer(tmp_path):
            waiting = [asyncio.create_task(database.write(lambda _, n=n: order.append(n))) for n in range(5)]
            await asyncio.sleep(0.6)
            assert order == []
        await asyncio.gather(*waiting)
        assert order == [0, 1, 2, 3, 4]


async def test_a_write_that_waits_is_given_up_soon_when_cancelled_and_with_one_line_at_last(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        with another_writer(tmp_path):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(database.write(lambda _: None), 0.1)
            database.patience = 0.5
            with pytest.raises(Busy, match="another program has been writing to"):
                await database.write(lambda _: None)
        await database.write(lambda _: None)


async def test_a_write_waits_for_another_program_also_while_somebody_reads(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        await database.write(lambda conn: conn.executemany("INSERT INTO flood VALUES ('a', ?, 1)", [(1,), (2,), (3,)]))
        async with database.connection.execute("SELECT method FROM flood") as reading:
            assert await reading.fetchone() == ("1",)
            with contextlib.closing(sqlite3.connect(tmp_path / "archive.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("UPDATE flood SET until = 2")
                waiting = asyncio.create_task(database.write(put))
                await asyncio.sleep(0.4)
                assert not waiting.done()
                other.execute("COMMIT")
                await waiting
                # The other program wrote after our read began, which is still open: that is no hindrance either.
                other.execute("UPDATE flood SET until = 3")
                await database.write(lambda conn: conn.execute("DELETE FROM flood WHERE method = '1'"))


async def test_a_read_sees_earlier_writes_during_other_reads(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        await database.write(lambda conn: conn.executemany("INSERT INTO flood VALUES ('a', ?, 1)", [(1,), (2,), (3,)]))
        async with database.connection.execute("SELECT method FROM flood ORDER BY method") as reading:
            assert await reading.fetchone() == ("1",)
            await database.write(put)
            assert await count(database) == 4
            # The rows are those of when it was asked, in whatever way they are fetched.
            assert await reading.fetchmany(1) == [("2",)]
            assert [row async for row in reading] == [("3",)]
            assert list(await reading.fetchall()) == []
            assert await reading.fetchone() is None


async def test_reading_connections_cannot_write(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database.connection.execute("DELETE FROM flood")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database.read(put)
        await database.write(put)
        assert await database.read(lambda conn: [row[0] for row in conn.execute("SELECT method FROM flood")]) == ["b"]


async def test_the_last_connection_removes_the_wal(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        await database.write(put)
        assert await count(database) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["archive.db"]


async def test_readers_see_what_is_committed_while_somebody_writes(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as writer, await Database.open_readonly(tmp_path) as reader:
        await writer.write(put)
        assert await count(reader) == 1
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.write(put)


@pytest.mark.parametrize("opening", [Database.open, Database.open_readonly])
def test_an_opening_that_is_cancelled_leaves_no_thread_behind(
    tmp_path: Path, opening: Callable[[Path], Coroutine[object, object, Database]]
) -> None:
    async def cancel_after(turns: int) -> None:
        task = asyncio.ensure_future(opening(tmp_path))
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await task).close()

    async def make() -> None:
        await (await Database.open(tmp_path)).close()

    asyncio.run(make())
    before = threading.enumerate()
    for turns in range(1, 12):
        asyncio.run(cancel_after(turns))
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and thread not in before:
                thread.join(5)  # it may still be on its way out
                assert not thread.is_alive()


async def test_a_newer_schema_is_refused_with_a_hint(tmp_path: Path) -> None:
    async with await Database.open(tmp_path) as database:
        await database.write(lambda conn: conn.execute("PRAGMA user_version = 999"))
    with pytest.raises(NewerSchemaError, match="Upgrade"):
        await Database.open(tmp_path)
    with pytest.raises(NewerSchemaError, match="Upgrade"):
        await Database.open_readonly(tmp_path)


async def test_missing_archive_and_invalid_database_are_distinguished(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no archive"):
        await Database.open_readonly(tmp_path)
    (tmp_path / "archive.db").write_bytes(b"this is no database, and long enough to be read as one" * 99)
    with pytest.raises(UsageError, match="cannot be opened"):
        await Database.open(tmp_path)


def test_a_second_process_learns_who_holds_the_archive(tmp_path: Path) -> None:
    holder = (
        "import sys; from pathlib import Path; from archiver.lock import hold\n"
        "with hold(Path(sys.argv[1]), command='sync'):\n    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=rf"`telekeep sync` \(process {process.pid}\)"), hold(tmp_path, command="add"):
            pass
        process.kill()  # SIGKILL: nothing is cleaned up, and nothing needs to be
        process.wait()
        with hold(tmp_path, command="add"):
            pass


async def test_no_archive_is_created_on_a_full_disk_and_the_next_attempt_reports_no_older_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = migrations.join_scripts(script for _, script in migrations.list_migrations())
    pages = database_pages(script)
    for most in (1, pages // 2, pages - 1):
        with monkeypatch.context() as patched:
            patched.setattr(databases, "_PRAGMAS", f"{databases._PRAGMAS}; PRAGMA max_page_count = {most};")
            with pytest.raises(UsageError, match="was not created: its disk is full; free some space"):
                await Database.open(tmp_path)
        assert list(tmp_path.iterdir()) == [], most
        assert await Database.find_version(tmp_path) == 0
    async with await Database.open(tmp_path) as made:
        assert await made.schema_version() == migrations.newest_version()
        assert check_header(made.path) is None


def database_pages(script: str) -> int:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.executescript(script)
        return int(conn.execute("PRAGMA page_count").fetchone()[0])


async def test_an_older_archive_is_upgraded_one_version_at_a_time(tmp_path: Path) -> None:
    begun = [script for number, script in migrations.list_migrations() if number <= 5]
    with contextlib.closing(sqlite3.connect(tmp_path / "archive.db", isolation_level=None)) as conn:
        conn.executescript(migrations.join_scripts(begun))
    assert await Database.find_version(tmp_path) == 5
    async with await Database.open(tmp_path) as upgraded:
        assert await upgraded.schema_version() == migrations.newest_version()
    with contextlib.closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert list(check_tables(conn, migrations.newest_version())) == []
