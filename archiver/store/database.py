"""The archive's file: opening, migrating, and the one way to write, `write()`.

One process mirrors (`archiver.lock` excludes others); other processes may write briefly at the same time, and SQLite
serialises them. A connection with a read under way is refused at once instead of waiting, since its snapshot may be
outdated: hence two connections, one for writing and one for reading. In WAL mode readers never wait for a writer.
Store functions are plain functions for `read` and `write`; those that stream rows, and some others, are awaited.
https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeAlias, TypeVar

import aiosqlite

from archiver.errors import Busy, NoArchive, NotFound, UsageError
from archiver.store import raw_file
from archiver.store.creating import creating
from archiver.store.faults import find_fault, say
from archiver.store.medium import ARCHIVE_NAME as ARCHIVE_NAME  # noqa: PLC0414 - for those that open it
from archiver.store.medium import expect_no_export, find_reading
from archiver.store.migrations import expect_known_schema, migrate, newest_version, read_version
from archiver.store.place import expect_place, list_widened, make_private
from archiver.store.whole import WholeReads

Connection: TypeAlias = aiosqlite.Connection
"""For awaited reads, which may stream."""
Writer: TypeAlias = sqlite3.Connection
"""What `Database.write` passes to its function."""
P = ParamSpec("P")
T = TypeVar("T")


class Reader(Protocol):
    """What `Database.read` passes to its function: a connection to read from. A Writer is one, too."""

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor:
        """See sqlite3.Connection.execute."""
        ...


log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Default seconds a write waits for another program's writes."""
_DAMAGED = 6
"""Exit status for damage."""
_BUSY_TIMEOUT = 0.25
"""Seconds of SQLite's own wait; `Database.write` repeats it, so that a stop can end the waiting."""
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;      -- a power cut may lose the last commits, never reorder them
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 10000;
PRAGMA cache_size = -16000;       -- 16 MB: twice as much saved no time
PRAGMA wal_autocheckpoint = 4000; -- 16 MB: each checkpoint syncs twice
PRAGMA temp_store = MEMORY;
PRAGMA journal_size_limit = 67108864;
"""
_READING = "PRAGMA busy_timeout = 10000; PRAGMA temp_store = MEMORY;"


class _LockedError(Exception):
    """Another program is writing."""


class Database:
    """One open archive. `connection` is for reads and sees what is committed; writes go through `write()`."""

    def __init__(self, connection: aiosqlite.Connection, path: Path, writing: aiosqlite.Connection) -> None:
        self.connection = connection
        self.path = path
        self._writing = writing
        self.patience = PATIENCE
        """Seconds a write waits for another program's writes."""
        self.remark: str | None = None
        """A note for the user on how the archive is read."""
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, directory: Path) -> Database:
        """Open the archive for writing; create it, private to its owner, if there is none."""
        path = directory / ARCHIVE_NAME
        expect_place(directory)
        expect_no_export(directory)
        is_made = not path.exists()
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives the -wal and -shm files the mode of the database.
            raw_file.create(path)
            for widened in list_widened(directory):
                make_private(widened)  # if that fails, `archiver.compose.privacy` reports it
        except OSError as exc:
            raise UsageError(
                f"the archive in {directory} cannot be written: {exc.strerror}.",
                hint="Set archive.dir to a directory you can write to.",
            ) from exc
        with creating(path) if is_made else nullcontext():
            writing = await _open_writing(path)
        async with _closed_on_failure(writing, path):
            # From here on `write` does the waiting, which a stop can end.
            await writing.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT * 1000)}")
            connection = await _connect(_readonly(path), WholeReads)
            async with _closed_on_failure(connection, path):
                await connection.executescript(_READING)
        return cls(connection, path, writing)

    @classmethod
    async def open_readonly(cls, directory: Path) -> Database:
        """Open the archive for reading while another process may write. Raises NotFound if there is none."""
        path = directory / ARCHIVE_NAME
        expect_place(directory)
        if not path.exists():
            raise NoArchive(directory)
        uri, remark = find_reading(path)
        try:
            connection = await _connect(uri)
        except sqlite3.Error as exc:
            raise UsageError(f"{path} cannot be read: {say(exc, path)}.") from exc
        async with _closed_on_failure(connection, path):
            await connection.executescript(_READING)
            version = await expect_known_schema(connection, path)
            if version == 0:
                raise NotFound(f"{path} is empty.", hint="Start with `telekeep add CHANNEL`.")
        database = cls(connection, path, connection)
        database.remark = remark
        return database

    @classmethod
    async def is_current(cls, directory: Path) -> bool:
        """Whether `open` would migrate nothing; if it would, only the holder of the lock may call it."""
        return await cls.find_version(directory) == newest_version()

    @classmethod
    async def find_version(cls, directory: Path) -> int:
        """The schema version of the archive; 0 if there is none, or an empty file."""
        try:
            async with await cls.open_readonly(directory) as database:
                return await database.schema_version()
        except NotFound:
            return 0

    async def close(self) -> None:
        """Close the archive; a running transaction ends first."""
        try:
            await self.connection.close()
        finally:
            await self._writing.close()  # last: only a writing connection can remove the WAL

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def write(self, act: Callable[Concatenate[Writer, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `act(conn, ...)` in one transaction: all or nothing, one at a time, in the order of the calls.

        All of it runs in the writing connection's own thread. Awaiting each statement would cost two thread switches,
        which took a third of the mirror's time. And a cancelled task leaves nothing half done, because the transaction
        completes without it. `_execute` is aiosqlite's own way into that thread.

        Raises Busy if another program keeps writing for longer than `patience` seconds.
        """
        bound: Callable[[Writer], T] = lambda conn: act(conn, *args, **kwargs)  # noqa: E731
        async with self._turn:
            began, warned = time.monotonic(), False
            while True:
                try:
                    result: T = await self._writing._execute(self._transact, bound)  # type: ignore[no-untyped-call]  # noqa: SLF001
                    return result
                except _LockedError:
                    waited = time.monotonic() - began
                if waited > self.patience:
                    raise Busy(
                        f"another program has been writing to {self.path} for {waited:.0f} s.",
                        hint="Stop it; the archive is intact.",
                    )
                if waited > PATIENCE and not warned:
                    warned = True
                    log.warning("another program has been writing to the archive for %.0f s; waiting", waited)

    async def read(self, act: Callable[Concatenate[Reader, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `act(conn, ...)` on the reading connection, as the function `read` does."""
        return await read(self.connection, act, *args, **kwargs)

    def _transact(self, act: Callable[[Writer], T]) -> T:
        conn = self._writing._conn  # noqa: SLF001  # see write
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:  # the higher bits give the reason
                raise _LockedError from exc
            raise
        try:
            result = act(conn)
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
        return result

    async def schema_version(self) -> int:
        """The number of the last migration applied to this file."""
        return await read_version(self.connection)


async def read(
    connection: Connection, act: Callable[Concatenate[Reader, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run `act(conn, ...)` in the connection's own thread, on one state of the archive or the open `snapshot`."""

    def look() -> T:
        conn = connection._conn  # noqa: SLF001  # see Database.write
        began = not conn.in_transaction
        if began:
            conn.execute("BEGIN")
        try:
            return act(conn, *args, **kwargs)
        finally:
            if began and conn.in_transaction:
                conn.execute("ROLLBACK")

    result: T = await connection._execute(look)  # type: ignore[no-untyped-call]  # noqa: SLF001
    return result


def expect_archive(directory: Path) -> None:
    """Raise NotFound if there is no archive: a command that only changes an archive must not create one."""
    expect_place(directory)
    if not (directory / ARCHIVE_NAME).exists():
        raise NoArchive(directory)


async def _open_writing(path: Path) -> aiosqlite.Connection:
    writing = await _connect(str(path))
    async with _closed_on_failure(writing, path):
        await writing.executescript(_PRAGMAS)
        is_new = await read_version(writing) == 0
        await migrate(writing, path)
        if is_new:  # until then its file has no header, which `verify` would call damage
            await writing.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
    return writing


def _readonly(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"


async def _connect(path: str, kind: type[sqlite3.Connection] = sqlite3.Connection) -> aiosqlite.Connection:
    """Open a connection with its thread. If cancelled, end that thread first, which aiosqlite would leave behind."""
    connecting = asyncio.ensure_future(_opened(path, kind))
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await (await connecting).close()
        raise


async def _opened(path: str, kind: type[sqlite3.Connection]) -> aiosqlite.Connection:
    return await aiosqlite.connect(path, uri=path.startswith("file:"), isolation_level=None, factory=kind)


@asynccontextmanager
async def _closed_on_failure(connection: aiosqlite.Connection, path: Path) -> AsyncIterator[None]:
    """Close a connection whose first statements fail, and report that the file is not an archive."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        await connection.close()
        fault = find_fault(exc)
        hint = fault.hint if fault is not None and fault.exit_status == _DAMAGED else None
        raise UsageError(f"{path} cannot be opened as an archive: {say(exc, path)}.", hint=hint) from exc
    except BaseException:
        await connection.close()
        raise
