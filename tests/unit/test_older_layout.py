"""Archives of older versions whose tables, indexes or view are not those that today's migrations make up to there."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.store.database import Database
from archiver.store.migrations import list_migrations, newest_version
from archiver.store.verify.soundness import check_tables


def make_older(directory: Path, version: int, *, without: Collection[int] = (), then: str = "") -> None:
    with contextlib.closing(sqlite3.connect(directory / "archive.db", isolation_level=None)) as conn:
        for number, script in list_migrations():
            if number <= version and number not in without:
                conn.executescript(script)
        conn.executescript(f"{then}; PRAGMA user_version = {version};")


async def upgrade(directory: Path) -> list[str]:
    async with await Database.open(directory) as database:
        assert await database.schema_version() == newest_version()
    with contextlib.closing(sqlite3.connect(directory / "archive.db")) as conn:
        return list(check_tables(conn, newest_version()))


@pytest.mark.parametrize("without", [(9,), (9, 12), (9, 11, 12)])
@pytest.mark.parametrize("version", [13, 22])
async def test_migrations_that_landed_after_a_higher_number_are_applied(
    tmp_path: Path, version: int, without: tuple[int, ...]
) -> None:
    """An earlier telekeep may have upgraded the archive without them: their columns then come after later ones."""
    make_older(tmp_path, version, without=without)
    assert await upgrade(tmp_path) == []


@pytest.mark.parametrize(
    "other",
    [
        "DROP TABLE takeout; CREATE TABLE takeout (account TEXT PRIMARY KEY, takeout_id INTEGER) STRICT, WITHOUT ROWID",
        "DROP INDEX message_date; CREATE INDEX message_date ON message (message_id, date, channel_id)",
    ],
)
async def test_only_the_order_of_columns_makes_no_difference(tmp_path: Path, other: str) -> None:
    make_older(tmp_path, newest_version(), then=other)
    [wrong] = await upgrade(tmp_path)
    assert wrong.endswith("does not have the layout of this version")


@pytest.mark.parametrize(
    ("version", "then"),
    [
        (
            22,
            "DROP INDEX message_reply_elsewhere; DROP INDEX message_reply; CREATE INDEX message_reply ON media (id)",
        ),
        (28, "DROP INDEX message_reply_elsewhere"),
    ],
)
async def test_indexes_that_were_laid_out_otherwise_are_made_again(tmp_path: Path, version: int, then: str) -> None:
    make_older(tmp_path, version, then=then)
    assert await upgrade(tmp_path) == []


async def test_the_first_layout_of_the_view_is_replaced_and_a_view_of_somebody_else_is_not(tmp_path: Path) -> None:
    view = next(script for number, script in list_migrations() if number == 15)
    body = view[view.index("CREATE VIEW") : view.index("PRAGMA")]
    for name, sql in (("first", body.replace(" COLLATE NOCASE", "")), ("own", "CREATE VIEW messages AS SELECT 7")):
        (tmp_path / name).mkdir()
        make_older(tmp_path / name, 15, then=f"DROP VIEW messages; {sql}")
    assert await upgrade(tmp_path / "first") == []
    assert await upgrade(tmp_path / "own") == ["messages does not have the layout of this version"]


async def test_other_tables_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    make_older(tmp_path, 16, then="ALTER TABLE intake DROP COLUMN media")
    for _ in range(2):
        with pytest.raises(UsageError, match=r"does not have the tables of its version \(schema 16\)"):
            await Database.open(tmp_path)
    assert await Database.find_version(tmp_path) == 16


async def test_the_state_that_a_channel_had_before_states_were_logged_is_in_the_log(tmp_path: Path) -> None:
    removed = "INSERT INTO channel (channel_id, title, megagroup, added_at, state, state_since) VALUES"
    make_older(tmp_path, 1, then=f"{removed} (1, 'a', 0, 5, 'removed', 7), (2, 'b', 0, 5, 'active', NULL)")
    assert await upgrade(tmp_path) == []
    with contextlib.closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        assert conn.execute("SELECT * FROM channel_state").fetchall() == [(1, 7, "removed", None)]
