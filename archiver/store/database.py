"""The archive's file: opening, migrating, and the one way to write, `write()`.

One process mirrors (a lock holds the others off, `archiver.lock`); others may write shortly beside it, SQLite lets them
in one after the other. It does so only for a connection that reads nothing meanwhile: one that is reading is refused at
once, because what it has read may be of yesterday. Hence two connections, one that writes and one that reads. Readers,
ours and those of other processes, never wait for a writer in WAL mode. https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeAlias, TypeVar

import aiosqlite

from archiver.errors import Busy, Error, NotFound, UsageError
from archiver.store.faults import say
from archiver.store.medium import find_reading
from archiver.store.place import expect_place, list_widened, make_private
from archiver.store.whole import WholeReads

ARCHIVE_NAME = "archive.db"

Connection: TypeAlias = aiosqlite.Connection
"""For reading: awaited, streaming."""
Writer: TypeAlias = sqlite3.Connection
"""For writing: what `Database.write` hands out."""
P = ParamSpec("P")
T = TypeVar("T")


class Reader(Protocol):
    """What `Database.read` hands out: a connection that is only read from. A Writer is one, too."""

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor:
        """As sqlite3's."""
        ...


log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds for which a write waits while another program writes, unless told otherwise."""
_LOOK = 0.25
"""Seconds of it at a time."""
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;      -- a power cut may cost the last pages, never the order of them
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 10000;
PRAGMA cache_size = -32000;       -- 32 MB
PRAGMA wal_autocheckpoint = 4000; -- 16 MB: each checkpoint waits for the disk twice
PRAGMA temp_store = MEMORY;
PRAGMA journal_size_limit = 67108864;
"""
_READING = "PRAGMA busy_timeout = 10000; PRAGMA temp_store = MEMORY;"


class _LockedError(Exception):
    """Another program writes at this moment."""


class NewerSchemaError(Error):
    """The archive was written by a newer telekeep."""


class Database:
    """One open archive. `connection` serves reads, and sees what is committed; writes go through `write()`."""

    def __init__(self, connection: aiosqlite.Connection, path: Path, writing: aiosqlite.Connection) -> None:
        self.connection = connection
        self.path = path
        self._writing = writing
        self.patience = PATIENCE
        """Seconds for which a write waits while another program writes."""
        self.remark: str | None = None
        """What people should know of how it is read."""
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, directory: Path) -> Database:
        """Open the archive for writing; make it, private to its owner, where there is none."""
        path = directory / ARCHIVE_NAME
        expect_place(directory)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives the -wal and -shm files the mode of the database.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            for widened in list_widened(directory):
                make_private(widened)  # where that cannot be, `archiver.compose.privacy` says so
        except OSError as exc:
            raise UsageError(
                f"the archive in {directory} cannot be written: {exc.strerror}.",
                hint="Set archive.dir to a directory of your own.",
            ) from exc
        writing = await _connect(str(path))
        async with _closed_on_failure(writing, path):
            await writing.executescript(_PRAGMAS)
            await _migrate(writing, path)
            # From here on `write` does the waiting, where a stop can end it.
            await writing.execute(f"PRAGMA busy_timeout = {int(_LOOK * 1000)}")
            connection = await _connect(_readonly(path), WholeReads)
            async with _closed_on_failure(connection, path):
                await connection.executescript(_READING)
        return cls(connection, path, writing)

    @classmethod
    async def open_readonly(cls, directory: Path) -> Database:
        """Open the archive for reading beside a writer. Raises NotFound where there is none."""
        path = directory / ARCHIVE_NAME
        expect_place(directory)
        if not path.exists():
            raise NotFound(
                f"there is no archive in {directory}.",
                hint="Begin with `telekeep login` and `telekeep add CHANNEL`, or set archive.dir.",
            )
        uri, remark = find_reading(path)
        try:
            connection = await _connect(uri)
        except sqlite3.Error as exc:
            raise UsageError(f"{path} cannot be read: {say(exc, path)}.") from exc
        async with _closed_on_failure(connection, path):
            await connection.executescript(_READING)
            version = await _schema_version(connection)
            if version > _newest():
                raise _newer(path, version)
            if version == 0:
                raise NotFound(f"{path} is empty.", hint="Begin with `telekeep add CHANNEL`.")
        database = cls(connection, path, connection)
        database.remark = remark
        return database

    @classmethod
    async def is_current(cls, directory: Path) -> bool:
        """Whether `open` would change no table; where it would, only who holds the lock may open."""
        try:
            async with await cls.open_readonly(directory) as database:
                return await database.schema_version() == _newest()
        except NotFound:
            return False

    async def close(self) -> None:
        """Close the archive; a transaction that is under way is ended first."""
        try:
            await self.connection.close()
        finally:
            await self._writing.close()  # the last one: only who may write can clear the journal away

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def write(self, act: Callable[Concatenate[Writer, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `act(conn, ...)` in one transaction: all or nothing, one at a time, in the order of the calls.

        The whole of it runs in the writing connection's own thread. Awaiting statement by statement costs two thread
        switches each, which took a third of the mirror's time; and a task that is cancelled can leave nothing half
        done, because the transaction ends without it. `_execute` is aiosqlite's own door to that thread.

        Raises Busy when another program has been writing for longer than the patience.
        """
        bound: Callable[[Writer], T] = lambda conn: act(conn, *args, **kwargs)  # noqa: E731
        async with self._turn:
            began, told = time.monotonic(), False
            while True:
                try:
                    result: T = await self._writing._execute(self._transact, bound)  # type: ignore[no-untyped-call]  # noqa: SLF001
                    return result
                except _LockedError:
                    waited = time.monotonic() - began
                if waited > self.patience:
                    raise Busy(
                        f"another program has been writing into {self.path} for {waited:.0f} s.",
                        hint="End it; what is archived is whole.",
                    )
                if waited > PATIENCE and not told:
                    told = True
                    log.warning("another program has been writing into the archive for %.0f s; waiting", waited)

    async def read(self, act: Callable[Concatenate[Reader, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `act(conn, ...)` in the reading connection's own thread, on one state of the archive."""
        bound: Callable[[Reader], T] = lambda conn: act(conn, *args, **kwargs)  # noqa: E731
        result: T = await self.connection._execute(self._look, bound)  # type: ignore[no-untyped-call]  # noqa: SLF001
        return result

    def _look(self, act: Callable[[Reader], T]) -> T:
        conn = self.connection._conn  # noqa: SLF001  # see write
        conn.execute("BEGIN")
        try:
            return act(conn)
        finally:
            if conn.in_transaction:
                conn.execute("ROLLBACK")

    def _transact(self, act: Callable[[Writer], T]) -> T:
        conn = self._writing._conn  # noqa: SLF001  # see write
        try:
            conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:  # the rest of the bits says why
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
        """The number of the last migration that this file has seen."""
        return await _schema_version(self.connection)


def expect_archive(directory: Path) -> None:
    """Raise NotFound where there is no archive: a command that only changes one should not make it."""
    expect_place(directory)
    if not (directory / ARCHIVE_NAME).exists():
        raise NotFound(f"there is no archive in {directory}.", hint="Set archive.dir, or begin with `telekeep add`.")


async def _schema_version(connection: aiosqlite.Connection) -> int:
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    version = await _schema_version(connection)
    if version > _newest():
        raise _newer(path, version)
    for number, script in migrations():
        if number > version:
            await connection.executescript(script)


def _readonly(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"


async def _connect(path: str, kind: type[sqlite3.Connection] = sqlite3.Connection) -> aiosqlite.Connection:
    """A connection with its thread. A cancelled `connect` would leave that thread behind: it is ended first."""
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
    """Close a connection whose first statements fail, and say that the file is no archive."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        await connection.close()
        raise UsageError(f"{path} cannot be opened as an archive: {say(exc, path)}.") from exc
    except BaseException:
        await connection.close()
        raise


def _newer(path: Path, version: int) -> NewerSchemaError:
    return NewerSchemaError(
        f"{path} was written by a newer telekeep (schema {version}, this one knows {_newest()}).",
        hint="Upgrade telekeep; downgrading is not supported.",
    )


def _newest() -> int:
    return migrations()[-1][0]


def migrations() -> list[tuple[int, str]]:
    """The DDL scripts in the order of their numbers; each carries its own BEGIN, user_version and COMMIT."""
    folder = resources.files("archiver.store.sql")
    names = sorted(entry.name for entry in folder.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", entry.name))
    return [(int(name[:4]), (folder / name).read_text(encoding="utf-8")) for name in names]
