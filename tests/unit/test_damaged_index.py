"""A damaged index may lead back to ids that were read: whatever reads on from the last one ends nevertheless."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.ids import MessageId
from archiver.index import load_batch
from archiver.media import moved, prune
from archiver.media.blob_store import BlobStore
from archiver.mirror.rebuild_search import rebuild_search
from archiver.model.ledger import Stretch
from archiver.store.database import Database
from archiver.store.index.index_walk import start_walk
from archiver.store.media.file_queue import MessageSpan, next_files
from archiver.store.media.file_scan import scan_slots
from archiver.store.media.picture import list_unhashed
from archiver.store.merging import foreign_files, merge_plan
from archiver.store.merging.foreign import open_foreign
from archiver.store.merging.foreign_page import iter_pages
from archiver.store.verify.checked import HIGHEST, LOWEST, list_ranges
from tests.sample import CHANNEL, build, make_message

KEY = b"\4\2\1\1\x03\xe9"
"""How an entry of channel 1001 begins in the key of `message`: the id follows, then the row's number."""
SHOWN = "INSERT INTO media (channel_id, message_id, slot, kind, id) SELECT 1001, message_id, 0, 'image', message_id"
STORED = "INSERT INTO blob (sha256, size, stored_at, state) SELECT printf('%064d', message_id), 1, 1, 'present'"
FILES = (
    "INSERT INTO file (file_key, status, sha256, since)"
    " SELECT printf('document/%d', message_id + 100), 'downloaded', printf('%064d', message_id), 1"
)
TEXTS = (
    "INSERT INTO annotation (sha256, hook, status, program, text, at, seconds, attempts)"
    " SELECT printf('%064d', message_id), 'ocr', 'done', 'tesseract', 'a text', 1, 1.0, 1"
)


def damaged(directory: Path, at: int, to: int) -> Path:
    """An archive of 60 messages in whose key one seems to have the id of an earlier one."""
    return replaced(directory, KEY + bytes([at, at]), KEY + bytes([to, at]))


def replaced(directory: Path, old: bytes, new: bytes, *fill: str) -> Path:
    """An archive of 60 messages with other bytes in one place. `fill`: statements, run for each message."""
    messages = [make_message(number, f"text {number}") for number in range(1, 61)]
    path = build(directory, messages, sql=[f"{one} FROM message" for one in fill]) / "archive.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA journal_mode = DELETE")
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))
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


async def test_a_walk_to_an_index_fails_where_the_archive_leads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_batch, "CHUNK", 10)
    async with await Database.open(damaged(tmp_path / "archive", 40, 30).parent) as database:
        await database.write(start_walk, "node", "index", [CHANNEL.channel_id])
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await load_batch.load_batch(database, "node", Stretch(walk_of="index"), 1 << 30)


async def test_looking_for_moved_files_fails_where_their_list_leads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved, "_AT_ONCE", 10)
    path = replaced(tmp_path / "archive", b"%064d" % 40, b"%064d" % 30, STORED)
    store = BlobStore(path.parent)
    store.prepare()
    async with await Database.open(path.parent) as database:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await moved.find_moved(database, store, returned=False)


async def test_planning_a_prune_fails_where_the_list_of_files_leads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune, "_AT_ONCE", 10)
    path = replaced(tmp_path / "archive", b"%064d" % 40, b"%064d" % 30, STORED)
    async with await Database.open(path.parent) as database:
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await prune.Pruner({}).plan(database.connection, BlobStore(path.parent))


def test_pictures_to_hash_are_listed_with_an_end(tmp_path: Path) -> None:
    path = replaced(tmp_path / "archive", b"document/140downloaded", b"document/130downloaded", STORED, FILES)
    with closing(sqlite3.connect(path)) as conn:

        def look() -> None:
            after: str | None = ""
            while after is not None:
                after = list_unhashed(conn, after=after, limit=10).after

        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            look()


@pytest.mark.parametrize("column", ["file", "text"])
def test_the_files_and_texts_of_another_archive_end_where_their_list_leads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    monkeypatch.setattr(foreign_files, "_PAGE", 10)
    if column == "file":
        path = replaced(tmp_path / "archive", b"document/140downloaded", b"document/130downloaded", STORED, FILES)
    else:  # the index holds the hash and the hook, the row's other columns follow the hash in the table
        path = replaced(tmp_path / "archive", b"%064docr\x28" % 40, b"%064docr\x28" % 30, TEXTS)
    with open_foreign(path, tmp_path / "ours") as foreign:
        found = foreign_files.iter_files(foreign, None) if column == "file" else foreign_files.iter_annotated(foreign)
        with pytest.raises(UsageError, match="damaged"):
            foreign.read(lambda _: list(found))


def test_what_another_archive_proves_gone_is_not_looked_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_plan, "_GONE", 10)
    with closing(sqlite3.connect(damaged(tmp_path / "archive", 40, 30))) as conn:

        def look() -> None:
            lo = 1
            while lo <= 60:
                lo = merge_plan.plan_gone(conn, CHANNEL.channel_id, (lo, 60), (), merge_plan.no_notice)[1] + 1

        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            look()


@pytest.mark.parametrize("reader", ["plan", "queue"])
def test_files_of_a_channel_are_listed_with_an_end(tmp_path: Path, reader: str) -> None:
    entry = b"\x03\xe9%cimage"  # of a slot 0, which takes no byte
    with closing(sqlite3.connect(replaced(tmp_path / "archive", entry % 41, entry % 55, SHOWN))) as conn:

        def look() -> None:
            below: MessageId | None = MessageId(61)
            while below is not None:
                if reader == "plan":
                    _, below = scan_slots(conn, CHANNEL.channel_id, below=below, limit=10, thumbs=False)
                else:
                    span = MessageSpan(below=below)
                    found = next_files(conn, CHANNEL.channel_id, now=None, limit=10, wanted=lambda _: True, span=span)
                    below = found.below

        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            look()
