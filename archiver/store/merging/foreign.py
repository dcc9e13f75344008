"""Another archive, opened to take over what it knows: one state of it, read without writing in it or beside it.

Nothing in it is trusted. Its tables must be those that its version of telekeep makes, so that no view, virtual or
generated column runs anything when it is read; sizes are limited; and each value is checked by `foreign_page`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, TypeVar

from archiver.errors import NotFound, UsageError
from archiver.store.faults import say
from archiver.store.medium import ARCHIVE_NAME, is_extract
from archiver.store.migrations import list_migrations, newest_version

P = ParamSpec("P")
T = TypeVar("T")

LARGEST: Final = 16 << 20
"""Bytes of the largest value and row that are read: more than any message has."""
_MEMORY: Final = 16_000
"""KiB of cache."""
_TABLES: Final = (
    *("channel", "channel_revision", "channel_state", "coverage", "capture"),
    *("message", "media", "revision", "absence", "counter", "rich_part"),
    *("file", "blob", "annotation", "import_source", "imported"),
)
_UNSAFE: Final = "unsafe use of "
"""What SQLite says of an index or column that calls functions, where the schema is not trusted."""
_AGAIN: Final = "Run the import again."


class ChangedArchiveError(UsageError):
    """Another program wrote to the archive while it was read; reading it again gives one state."""


class _Shape(NamedTuple):
    """What kind of table it is, and its columns."""

    kind: tuple[Any, ...]
    columns: frozenset[tuple[Any, ...]]
    """Each with its name, its type, whether it may be NULL, its place in the key, whether it is hidden or generated."""


class _Stamp(NamedTuple):
    """Shows whether a file was written to that should not change."""

    inode: int
    size: int
    changed: int
    log: int
    """Bytes of its write-ahead log."""


class ForeignArchive:
    """An opened archive of another directory."""

    def __init__(self, conn: sqlite3.Connection, path: Path, stamp: _Stamp | None) -> None:
        """`stamp`: of a file that is read as immutable; None: SQLite's locks give one state of it."""
        self.conn = conn
        self.path = path
        self._stamp = stamp
        self.version: int = conn.execute("PRAGMA user_version").fetchone()[0]
        self.columns = _expect_schema(conn, path, self.version)
        self.is_extract = is_extract(conn)

    @property
    def is_live(self) -> bool:
        """Whether another program may be writing to it: then the SHA-256 of its file could not be checked."""
        return self._stamp is None

    def read(self, act: Callable[Concatenate[ForeignArchive, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `act(archive, ...)`. Raises UsageError where the file is damaged: not all of it is read row by row."""
        with self._said():
            return act(self, *args, **kwargs)

    def fetch(self, query: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query. Raises UsageError where the file is damaged."""
        with self._said():
            yield from self.conn.execute(query, values)

    @contextmanager
    def _said(self) -> Iterator[None]:
        with _said(self.path):
            try:
                yield
            except sqlite3.Error:
                self.expect_unchanged()  # what looks like damage may be half of a newer state
                raise

    def expect_unchanged(self) -> None:
        """Raise ChangedArchiveError if the file was written to since it was opened: what was read is not one state."""
        if self._stamp is not None and not self._is_unchanged():
            raise ChangedArchiveError(
                f"{self.path} was written to while it was read; what was taken before is kept.",
                hint=_AGAIN,
            )

    def _is_unchanged(self) -> bool:
        try:
            return _stamp(self.path) == self._stamp
        except OSError:  # it is gone
            return False

    def select(self, table: str, names: tuple[str, ...]) -> str:
        """The columns of a table as SQL, NULL for those that its version does not have yet."""
        known = self.columns[table]
        return ", ".join(name if name in known else f"NULL AS {name}" for name in names)

    def has(self, table: str) -> bool:
        """Whether its version has the table."""
        return table in self.columns


@contextmanager
def open_foreign(path: Path, ours: Path) -> Iterator[ForeignArchive]:
    """Open the archive in this file or directory. Raises NotFound, UsageError. `ours`: our own archive's directory."""
    file = path / ARCHIVE_NAME if path.is_dir() else path
    _expect_other(file, ours)
    way = _find_way(file)
    with closing(sqlite3.connect(way[0], uri=True, isolation_level=None, check_same_thread=False)) as conn:
        try:
            with _said(file):
                _restrain(conn)
                conn.execute("BEGIN")
                conn.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on one state
                archive = ForeignArchive(conn, file, way[1])
        except UsageError as exc:
            if _find_way(file) == way:
                raise
            raise ChangedArchiveError(f"{file} was written to while it was opened.", hint=_AGAIN) from exc
        yield archive


@contextmanager
def _said(file: Path) -> Iterator[None]:
    """Report SQLite's errors about the file in one line."""
    try:
        yield
    except sqlite3.Error as exc:
        if _UNSAFE in str(exc):  # SQLite calls that damaged
            raise UsageError(
                f"{file} is not as telekeep makes it: reading it would run functions in it.",
                hint="If it is yours, of schema 21 or 22, run `telekeep repair search` on a copy and import that.",
            ) from exc
        raise UsageError(f"{file} cannot be read as an archive: {say(exc, file)}.") from exc


def _expect_other(file: Path, ours: Path) -> None:
    try:
        there = file.stat()
    except OSError as exc:
        raise NotFound(f"{file} cannot be read: {exc.strerror}.") from exc
    if not file.is_file():
        raise UsageError(f"{file} is not a file.")
    with suppress(OSError):
        here = (ours / ARCHIVE_NAME).stat()
        if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
            raise UsageError(f"{file} is this archive itself; there is nothing to import.")


def _find_way(file: Path) -> tuple[str, _Stamp | None]:
    """The URI by which one state of the file can be read without writing beside it."""
    uri = file.resolve().as_uri()
    log, index, journal = (file.with_name(f"{file.name}-{kind}") for kind in ("wal", "shm", "journal"))
    if _size(journal):
        raise UsageError(
            f"{file} was not closed cleanly, and recovering it means writing to it.",
            hint="Open it once with the program that wrote it.",
        )
    if not _size(log):
        return f"{uri}?immutable=1", _stamp(file)
    if not index.exists():
        raise UsageError(
            f"{file} was not closed cleanly, and recovering it means writing beside it.",
            hint=f"Copy {file.name} and {log.name} together to another directory, run `telekeep verify` there, and"
            " import that.",
        )
    return f"{uri}?mode=ro&readonly_shm=1", None  # https://www.sqlite.org/wal.html#read_only_databases


def _stamp(file: Path) -> _Stamp:
    found = file.stat()
    return _Stamp(found.st_ino, found.st_size, found.st_mtime_ns, _size(file.with_name(f"{file.name}-wal")))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _restrain(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON", "temp_store = MEMORY"):
        conn.execute(f"PRAGMA {setting}")
    conn.execute(f"PRAGMA cache_size = -{_MEMORY}")
    conn.execute("PRAGMA busy_timeout = 10000")


def _expect_schema(conn: sqlite3.Connection, path: Path, version: int) -> dict[str, frozenset[str]]:
    """The columns of the tables. Raises UsageError unless they are as this version of the schema has them."""
    if version > newest_version():
        raise UsageError(
            f"{path} was written by a newer telekeep (schema {version}, this one knows {newest_version()}).",
            hint="Upgrade telekeep, then import it.",
        )
    expected = _reference(version)
    if not expected:
        raise UsageError(f"{path} is not an archive of telekeep.")
    found = _describe(conn)
    for table, shape in expected.items():
        if found.get(table) != shape:
            raise UsageError(f"{path} is not as telekeep makes it: its table {table} is different.")
    return {table: frozenset(str(column[0]) for column in shape.columns) for table, shape in expected.items()}


@lru_cache(maxsize=4)
def _reference(version: int) -> dict[str, _Shape]:
    """The tables that an archive of this version has; empty for an unknown version."""
    scripts = [script for number, script in list_migrations() if number <= version]
    if not any(number == version for number, _ in list_migrations()):
        return {}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        for script in scripts:
            conn.executescript(script)
        return _describe(conn)


def _describe(conn: sqlite3.Connection) -> dict[str, _Shape]:
    kinds = {row[1]: row[2:] for row in conn.execute("PRAGMA main.table_list")}
    found: dict[str, _Shape] = {}
    for table in _TABLES:
        if table in kinds:
            columns = conn.execute(f"PRAGMA main.table_xinfo({table})").fetchall()
            found[table] = _Shape(kinds[table], frozenset((row[1], row[2], row[3], row[5], row[6]) for row in columns))
    return found
