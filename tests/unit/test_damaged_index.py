"""A damaged index may lead back to ids that were read: whatever reads on from the last id ends nevertheless."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archiver.mirror.rebuild_search import rebuild_search
from archiver.store.database import Database
from archiver.store.merging.foreign import open_foreign
from archiver.store.merging.foreign_page import iter_pages
from archiver.store.verify.checked import HIGHEST, LOWEST, list_ranges
from tests.sample import CHANNEL, build, make_message

KEY = b"\4\2\1\1\x03\xe9"
"""How an entry of channel 1001 begins in the key of `message`: the id follows, then the row's number."""


def damaged(directory: Path, at: int, to: int) -> Path:
    """An archive of 60 messages in whose key one seems to have the id of an earlier one."""
    path = build(directory, [make_message(number, f"text {number}") for number in range(1, 61)]) / "archive.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA journal_mode = DELETE")
    data = path.read_bytes()
    assert data.count(KEY + bytes([at, at])) == 1
    path.write_bytes(data.replace(KEY + bytes([at, at]), KEY + bytes([to, at])))
    return path


def test_verify_lists_ranges_that_hold_all_ids(tmp_path: Path) -> None:
    with closing(sqlite3.connect(damaged(tmp_path / "archive", 41, 31))) as conn:
        found = list_ranges(conn, 10)
    assert (found[0].lo, found[-1].hi) == (LOWEST, HIGHEST)
    assert [one.lo for one in found[1:]] == [one.hi + 1 for one in found[:-1]]


def test_the_pages_of_another_archive_end_where_its_index_leads_back(tmp_path: Path) -> None:
    with open_foreign(damaged(tmp_path / "archive", 40, 30), tmp_path / "ours") as foreign:
        pages = list(iter_pages(foreign, CHANNEL.channel_id, size=10))
    assert [one.message_id for page in pages for one in page.messages] == [*range(1, 31)]
    assert [one.message_id for page in pages for one in page.left_out] == [None]


async def test_a_rebuild_of_the_search_tables_fails_as_where_sqlite_finds_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.mirror.rebuild_search.PAGE", 10)
    async with await Database.open(damaged(tmp_path / "archive", 40, 30).parent) as database:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await rebuild_search(database)
