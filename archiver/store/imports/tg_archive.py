"""The SQLite file of tg-archive, read without trusting it. https://github.com/knadh/tg-archive (tgarchive/db.py)

Its three tables must be plain ones with plain columns, and nothing but reading them is allowed, so that no view,
virtual table or generated column runs anything. The file is opened once, read-only, and taken as nobody writing to it.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from archiver.errors import UsageError
from archiver.store.faults import is_damage

LARGEST: Final = 16 << 20
"""Bytes of the largest value that is read."""
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "messages": ("id", "type", "date", "edit_date", "content", "reply_to", "user_id", "media_id"),
    "users": ("id", "username", "first_name", "last_name", "tags"),
    "media": ("id", "type", "url", "title", "description", "thumb"),
}
_UNREADABLE: Final = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises; the second where it would quote a damaged name."""
_CACHE: Final = 8_000
"""KiB."""
_SHORT: Final = {"messages": "m", "users": "u", "media": "d"}
_LOWEST: Final = -(2**63)
_MOST_JUMPS: Final = 10_000


class DamagedDatabase(Exception):
    """SQLite cannot read any further."""


@contextmanager
def open_tg_archive(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file of tg-archive. Raises UsageError."""
    descriptor = _open_file(path)
    try:
        with closing(sqlite3.connect(f"file:/dev/fd/{descriptor}?mode=ro&immutable=1", uri=True)) as conn:
            _restrain(conn)
            _expect_tables(conn, path)
            conn.set_authorizer(_allow)
            yield conn
    except _UNREADABLE as exc:
        raise UsageError(
            f"{path} cannot be read as a database of tg-archive: it is damaged, or of another program."
        ) from exc
    finally:
        os.close(descriptor)


def is_sound(path: Path) -> bool:
    """Whether no page of the database is lost: a damaged one may hide others without an error. No code in it is run."""
    descriptor = _open_file(path)
    try:
        with closing(sqlite3.connect(f"file:/dev/fd/{descriptor}?mode=ro&immutable=1", uri=True)) as conn:
            _restrain(conn)
            conn.execute("PRAGMA ignore_check_constraints = ON")
            if any(row[2] in ("virtual", "shadow") for row in conn.execute("PRAGMA main.table_list")):
                return True  # tg-archive makes none, and to check them runs their modules
            return bool(conn.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.Error as exc:
        return not is_damage(exc)  # but, for example, an index with a collation of another program
    except UnicodeDecodeError:
        return False
    finally:
        os.close(descriptor)


class LostRows(NamedTuple):
    """A range that cannot be read, after which reading could continue."""

    after: int
    before: int


def iter_tg_rows(conn: sqlite3.Connection) -> Iterator[dict[str, Any] | LostRows | int]:
    """Each message with its user and medium (`users.id`, `media.id`...), by id. Raises DamagedDatabase.

    Of one with a value that is too large only the id. Bytes that are not UTF-8 are lone surrogates.
    """
    names = [(table, name) for table, columns in _COLUMNS.items() for name in columns]
    keys = [name if table == "messages" else f"{table}.{name}" for table, name in names]
    columns = ", ".join(f"{_SHORT[table]}.{name}" for table, name in names)
    query = (
        f"SELECT {columns} FROM messages AS m LEFT JOIN users AS u ON u.id = m.user_id"
        " LEFT JOIN media AS d ON d.id = m.media_id WHERE m.id"
    )
    last: int | None = _LOWEST
    jumps = 0
    try:
        while last is not None:
            try:
                for row in conn.execute(f"{query} > ? ORDER BY m.id", (last,)):
                    last = max(last, row[0]) if type(row[0]) is int else last  # a damaged page may contain any number
                    yield dict(zip(keys, row, strict=True))
                last = None
            except sqlite3.DataError:  # a value is too large: in the next row, or in the one after it
                last = _find_next(conn, last)
                if last is not None:
                    row = _read_row(conn, f"{query} = ?", last)
                    yield last if row is None else dict(zip(keys, row, strict=True))
            except _UNREADABLE:
                jumps += 1
                found = None if last is None else _find_behind(conn, f"{query} > ? ORDER BY m.id LIMIT 1", last)
                if last is None or found is None or jumps > _MOST_JUMPS:
                    raise
                yield LostRows(max(last, 0), found)
                last = found - 1
    except _UNREADABLE as exc:
        raise DamagedDatabase from exc


def _find_behind(conn: sqlite3.Connection, query: str, last: int) -> int | None:
    """Approximately the lowest id after damage: the step doubles for as long as it lands on damage."""
    for step in (2**bits for bits in range(32)):
        try:
            row = conn.execute(query, (max(last, 0) + step,)).fetchone()
        except _UNREADABLE:
            continue
        return int(row[0]) if row is not None and type(row[0]) is int and row[0] > last + 1 else None
    return None


def _find_next(conn: sqlite3.Connection, last: int | None) -> int | None:
    row = conn.execute("SELECT id FROM messages WHERE id > ? ORDER BY id LIMIT 1", (last,)).fetchone()
    return None if row is None else int(row[0])


def _read_row(conn: sqlite3.Connection, query: str, message_id: int) -> tuple[Any, ...] | None:
    """A row; None if it has a value that is too large."""
    try:
        found: tuple[Any, ...] | None = conn.execute(query, (message_id,)).fetchone()
    except sqlite3.DataError:
        return None
    return found


def find_newest_date(conn: sqlite3.Connection) -> object:
    """Date of the message with the highest id; None if there is none, or it is damaged."""
    return _find_value(conn, "SELECT date FROM messages ORDER BY id DESC LIMIT 1")


def find_own_id(conn: sqlite3.Connection) -> int | None:
    """The id of the group itself, which tg-archive marks where it is the sender; None if it never is."""
    found = _find_value(conn, "SELECT id FROM users WHERE tags = 'group_self' LIMIT 1")
    return found if isinstance(found, int) and found > 0 else None


def _find_value(conn: sqlite3.Connection, query: str) -> object:
    """The value of a query; None if there is none, or it is damaged."""
    try:
        row = conn.execute(query).fetchone()
    except _UNREADABLE:
        return None
    return row[0] if row else None


def _open_file(path: Path) -> int:
    for kind in ("wal", "journal"):
        beside = path.with_name(f"{path.name}-{kind}")
        if beside.exists() and beside.stat().st_size:
            raise UsageError(
                f"{path} was not closed cleanly, or is being written to ({beside.name} is beside it).",
                hint="Stop tg-archive, or open the file once with `sqlite3`, and run this again.",
            )
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}.") from exc
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(f"{path} is not a regular file.")
    return descriptor


def _restrain(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    conn.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    # `writable_schema` makes SQLite read what is left of a cut file. The connection is read-only.
    settings = (
        "trusted_schema = OFF",
        "writable_schema = ON",
        "cell_size_check = ON",
        "query_only = ON",
        "mmap_size = 0",
    )
    for setting in (*settings, "temp_store = MEMORY", f"cache_size = -{_CACHE}"):
        conn.execute(f"PRAGMA {setting}")


def _expect_tables(conn: sqlite3.Connection, path: Path) -> None:
    """Raise UsageError unless its tables are plain ones with the columns of tg-archive."""
    kinds = {row[1]: row[2] for row in conn.execute("PRAGMA main.table_list")}
    for table, names in _COLUMNS.items():
        if kinds.get(table) != "table":
            raise UsageError(f"{path} is an SQLite database, but not tg-archive's: it has no table `{table}`.")
        columns = {row[1]: row for row in conn.execute(f"PRAGMA main.table_xinfo({table})")}
        plain = all(name in columns and columns[name][6] == 0 for name in names)
        if not plain or columns["id"][5] != 1 or str(columns["id"][2]).upper() != "INTEGER":
            raise UsageError(f"{path} is not as tg-archive makes it: its table `{table}` is different.")


def _allow(action: int, table: str | None, _column: str | None, _database: str | None, _via: str | None) -> int:
    reads = action == sqlite3.SQLITE_READ and table in _COLUMNS
    return sqlite3.SQLITE_OK if reads or action == sqlite3.SQLITE_SELECT else sqlite3.SQLITE_DENY
