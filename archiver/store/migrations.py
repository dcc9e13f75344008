"""Migrations: the DDL in sql/, applied in order to an archive that an earlier version wrote."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

import aiosqlite

from archiver.errors import Error, UsageError
from archiver.store.older_layout import Scripts, find_lacking, list_repairs

T = TypeVar("T")

_FOLDER = Path(__file__).parent / "sql"  # importlib.resources would take 3 ms of every command

_CLAIMED_EDITS: Final = 27
"""The migration before which the marks of claimed edits are removed from the search rows. A run that is killed in
between removes them again."""
_BOUNDS = re.compile(r"^(?:BEGIN IMMEDIATE|COMMIT);$", re.MULTILINE)
"""Start and end of a script's transaction: lines of their own, once in each script."""


class NewerSchemaError(Error):
    """The archive was written by a newer telekeep."""


async def migrate(connection: aiosqlite.Connection, path: Path) -> None:
    """Apply the migrations that this archive lacks; a new archive gets all or none.

    Raises NewerSchemaError, and UsageError for tables that are not those of the archive's version: it stays as it is.
    """
    version = await expect_known_schema(connection, path)
    scripts = list_migrations()
    if not version:
        await connection.executescript(join_scripts(script for _, script in scripts))
    elif version < newest_version():
        lacking = await _run(connection, lambda conn: find_lacking(conn, version, scripts))
        if lacking is None:
            raise UsageError(
                f"{path} does not have the tables of its version (schema {version}): it is damaged, or an unfinished"
                " version of telekeep made it. It was not changed.",
                hint="Export it with the version that made it (`telekeep export -o all.jsonl`), and import that file.",
            )
        await _upgrade(connection, version, scripts, lacking)


async def _upgrade(connection: aiosqlite.Connection, version: int, scripts: Scripts, lacking: Scripts) -> None:
    held = [script for number, script in scripts if (number, script) not in lacking]
    if repairs := await _run(connection, lambda conn: list(list_repairs(conn, held))):
        await connection.executescript(join_scripts(repairs))
    is_late = lacking[0][0] < version  # then all at once, since each script sets its own number
    for step in [lacking] if is_late else [[one] for one in lacking]:
        if any(number == _CLAIMED_EDITS for number, _ in step):
            from archiver.store.claimed_edits import forget_claimed_edits  # heavy, and no other command needs it

            await forget_claimed_edits(connection)
        await connection.executescript(join_scripts(script for _, script in step))


async def _run(connection: aiosqlite.Connection, act: Callable[[sqlite3.Connection], T]) -> T:
    result: T = await connection._execute(act, connection._conn)  # type: ignore[no-untyped-call]  # noqa: SLF001  # see Database.write
    return result


async def expect_known_schema(connection: aiosqlite.Connection, path: Path) -> int:
    """The archive's schema version. Raises NewerSchemaError if it is newer than this telekeep."""
    version = await read_version(connection)
    if version > newest_version():
        raise NewerSchemaError(
            f"{path} was written by a newer telekeep (schema {version}, this one knows {newest_version()}).",
            hint="Upgrade telekeep; downgrading is not supported.",
        )
    return version


async def read_version(connection: aiosqlite.Connection) -> int:
    """The number of the last migration applied to this archive; 0 for an empty file."""
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


def newest_version() -> int:
    """The schema version that this telekeep writes."""
    return max(map(_number, _scripts()))


def list_migrations() -> list[tuple[int, str]]:
    """The DDL scripts by number; each contains its own BEGIN, user_version and COMMIT."""
    return [(_number(script), script.read_text(encoding="utf-8")) for script in sorted(_scripts())]


def join_scripts(scripts: Iterable[str]) -> str:
    """The scripts as one transaction."""
    return "\n".join(("BEGIN IMMEDIATE;", *(_BOUNDS.sub("", script) for script in scripts), "COMMIT;"))


def _scripts() -> list[Path]:
    return [script for script in _FOLDER.iterdir() if re.fullmatch(r"\d{4}_\w+\.sql", script.name)]


def _number(script: Path) -> int:
    return int(script.name[:4])
