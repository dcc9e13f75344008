"""What an older archive lacks: migrations, and indexes and views that were laid out otherwise.

Its schema version alone does not tell: before the first release, migrations landed out of order, and some were changed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Final

Scripts = Sequence[tuple[int, str]]
"""Migrations, each with its number."""

_LATE: Final = ((), (9,), (9, 12), (9, 11, 12))
"""What an archive of schema 13 and later may lack of what comes before: these landed after 0013."""
_COLUMNS: Final = """
    SELECT t.name, c.name, c.type, c."notnull", c.pk
    FROM sqlite_master AS t JOIN pragma_table_xinfo(t.name) AS c WHERE t.type = 'table'
"""
_DERIVED: Final = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('index', 'view') AND sql IS NOT NULL"
_NOISE: Final = re.compile(r"--[^\n]*|\s+")
_NOCASE: Final = "COLLATENOCASE"
"""What the view `messages` lacked at first. Any other view of that name is somebody's own."""


def find_lacking(conn: sqlite3.Connection, version: int, scripts: Scripts) -> Scripts | None:
    """The migrations that an archive of this version lacks; None if its tables are not those of that version."""
    found = _describe(conn)
    for late in _LATE:
        lacking = [(number, script) for number, script in scripts if number > version or number in late]
        with closing(_make(script for number, script in scripts if (number, script) not in lacking)) as made:
            if all(found.get(table) == columns for table, columns in _describe(made).items()):
                return lacking
    return None


def list_repairs(conn: sqlite3.Connection, scripts: Iterable[str]) -> Iterator[str]:
    """Yield the SQL that gives the archive the indexes, and the view, that these scripts make today."""
    found = _list_derived(conn)
    with closing(_make(scripts)) as made:
        expected = _list_derived(made)
    for name, (kind, sql) in expected.items():
        if name not in found:
            is_other = kind == "index"
        elif kind == "index":
            is_other = _bare(found[name][1]) != _bare(sql)
        else:
            is_other = _bare(found[name][1]) == _bare(sql).replace(_NOCASE, "")
        if is_other:
            yield f"DROP {kind} IF EXISTS {name};\n{sql};"


def _make(scripts: Iterable[str]) -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    for script in scripts:
        made.executescript(script)
    return made


def _describe(conn: sqlite3.Connection) -> dict[str, set[tuple[Any, ...]]]:
    """The columns of each table."""
    tables: dict[str, set[tuple[Any, ...]]] = {}
    for table, *column in conn.execute(_COLUMNS):
        tables.setdefault(table, set()).add(tuple(column))
    return tables


def _list_derived(conn: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    return {name: (kind, sql) for name, kind, sql in conn.execute(_DERIVED)}


def _bare(sql: str) -> str:
    return _NOISE.sub("", sql)
