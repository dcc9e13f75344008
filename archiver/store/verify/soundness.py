"""Whether the file is as telekeep writes it: its header, its schema, and SQLite's own check."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from archiver.store.journal import read_log
from archiver.store.medium import EXTRACT_ID
from archiver.store.migrations import list_migrations
from archiver.store.raw_file import read_at
from archiver.store.verify.search_rows import search_schema
from search.exact.schema import SCHEMA_VERSION

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_FIXED = (
    (20, b"\0@  "),
    (44, b"\0\0\0\4"),
    (52, b"\0\0\0\0\0\0\0\1"),
    (64, bytes(4)),
    (72, bytes(20)),
)
"""Bytes of the header that are the same in every archive. https://www.sqlite.org/fileformat2.html#the_database_header"""
_IDS = (bytes(4), EXTRACT_ID.to_bytes(4, "big"))
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"--[^\n]*")
_AROUND = re.compile(r" ?([(),]) ?")
_TABLE = re.compile(r"(CREATE TABLE [^(]*\()(.*)(\)[^)]*)")
_COMMA = re.compile(r",(?![^(]*\))")
"""Between two columns or constraints, not within one."""
_ATTEMPTS = 20
"""Attempts to read the file and its log in one state while another process writes them."""
_MOST = 100
"""Maximum number of problems that SQLite's check reports."""


def check_header(path: Path) -> str | None:
    """A fault in the file's header, checked before SQLite opens it; None if there is none."""
    header = read_at(path, _HEADER)
    size = path.stat().st_size
    if not size:
        return "is empty"
    if header[:16] != _MAGIC[: len(header)]:
        return "is not an SQLite file"
    if len(header) < _HEADER:
        return "is truncated within its header"
    page = int.from_bytes(header[16:18], "big")
    page = 65_536 if page == 1 else page
    pages = int.from_bytes(header[28:32], "big")
    if page < 512 or page & (page - 1):
        return "has a damaged header"
    if size < pages * page and (lost := _find_truncation(path, page, pages)):
        return lost
    if header[18:20] not in (b"\1\1", b"\2\2") or header[68:72] not in _IDS:
        return "has a damaged header"
    if any(header[at : at + len(known)] != known for at, known in _FIXED):
        return "has a damaged header"
    return None


def _find_truncation(path: Path, page: int, pages: int) -> str | None:
    """What the file lacks that its log (-wal) lacks too: a checkpoint may have started, with the header."""
    for _ in range(_ATTEMPTS):
        size = path.stat().st_size
        logged = read_log(path)
        known, last = (logged.numbers, max(pages, logged.pages)) if logged else ((), pages)
        if all(number in known for number in range(size // page + 1, last + 1)):
            return None
        if path.stat().st_size == size:
            break  # nobody is moving pages to it right now
    log = path.with_name(f"{path.name}-wal")
    has_log = log.is_file() and log.stat().st_size > 0
    why = "does not have the rest" if has_log else "which may have the rest, is missing"
    said = f"its log ({log.name}){' ' if has_log else ', '}{why}"
    return f"is truncated: it has {size:,} bytes, but its header says {pages * page:,}, and {said}"


def check_file(conn: sqlite3.Connection, *, quick: bool) -> Iterator[str]:
    """Yield the problems that SQLite itself finds."""
    for (found,) in conn.execute(f"PRAGMA {'quick_check' if quick else 'integrity_check'}({_MOST})"):
        if found != "ok":
            yield _SPACE.sub(" ", str(found)).strip()


def check_tables(conn: sqlite3.Connection, version: int) -> Iterator[str]:
    """Yield the differences from this schema version. Foreign tables are harmless; triggers may not be."""
    expected, actual = _tables_of(version), _list_tables(conn)
    if not any(name in actual for name in ("channel", "message", "capture")):
        yield "has none of the archive tables"
        return
    yield from (f"table or index {name} is missing" for name in sorted(expected.keys() - actual.keys()))
    for name in sorted(expected.keys() & actual.keys()):
        if expected[name] != actual[name]:
            yield f"{name} does not have the layout of this version"
    for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"):
        yield f"has a trigger that telekeep did not create ({name})"


def check_search_tables(conn: sqlite3.Connection) -> Iterator[str]:
    """Yield the differences of the search tables from this version's layout."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    try:
        search_schema(made)
        expected, actual = _list_tables(made), _list_tables(conn)
    finally:
        made.close()
    for name in sorted(expected):
        if actual.get(name) != expected[name]:
            yield f"{name} is missing, or has a different layout"


def is_search_mislabelled(conn: sqlite3.Connection) -> bool:
    """Whether the search tables have this version's layout, but are labelled as another."""
    if any(check_search_tables(conn)):
        return False
    return [row[0] for row in conn.execute("SELECT layout FROM search_layout")] != [SCHEMA_VERSION]


def _tables_of(version: int) -> dict[str, str]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for number, script in list_migrations():
            if number <= version:
                made.executescript(script)
        return _list_tables(made)
    finally:
        made.close()


def _list_tables(conn: sqlite3.Connection) -> dict[str, str]:
    rows = conn.execute(
        "SELECT name, type, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'"
    )
    return {name: f"{kind} {table} {_bare(sql)}" for name, kind, table, sql in rows}


def _bare(sql: str) -> str:
    """Without what makes no difference: comments, which later versions reworded, spaces, and the order of columns."""
    bare = _AROUND.sub(r"\1", _SPACE.sub(" ", _COMMENT.sub("", sql)).strip())
    return _TABLE.sub(_in_order, bare)


def _in_order(table: re.Match[str]) -> str:
    """Its columns sorted: migrations that landed late (`older_layout`) added theirs after those of later ones."""
    head, columns, tail = table.groups()
    return f"{head}{','.join(sorted(_COMMA.split(columns)))}{tail}"
