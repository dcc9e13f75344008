"""What may come as another archive: of any age, in use, damaged, hostile. None is written to; none does harm."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.commands import import_archive
from archiver.compose import merge_archive
from archiver.errors import UsageError
from archiver.store.database import Database
from archiver.store.is_archive import is_archive
from archiver.store.medium import EXTRACT_ID
from archiver.store.merging.foreign import ChangedArchiveError, ForeignArchive, open_foreign
from archiver.store.migrations import list_migrations, newest_version
from search.exact import writer
from tests.capturing import export_of, rows
from tests.importing import entry, import_into
from tests.merging import History, Reader, copy_archive, list_faults, merge, tell

NOW = 1_700_000_000


def edit_archive(directory: Path, *statements: str) -> None:
    with closing(sqlite3.connect(directory / "archive.db", isolation_level=None)) as conn:
        for statement in statements:
            conn.execute(statement)


def hash_files(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    """An archive of three posts, one of them edited, one deleted."""
    history = History()
    reader = Reader(tmp_path / "source", history)
    for _ in range(4):
        history.post()
    await reader.look("page")
    history.edit(2, "other words")
    history.delete(3)
    await reader.look("news")
    return reader.directory


async def test_a_channel_that_was_never_mirrored_is_as_complete_as_there_and_not_polled(
    source: Path, tmp_path: Path
) -> None:
    [done] = await merge(source, tmp_path / "ours", now=NOW)
    assert (done.new, done.revisions, done.deleted, done.proves) == (4, 1, 1, True)
    assert tell(tmp_path / "ours") == tell(source)
    assert list_faults(tmp_path / "ours") == []
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn:
        channel = "SELECT pts, last_sync_at, top_id FROM channel"
        with closing(sqlite3.connect(source / "archive.db")) as theirs:
            assert conn.execute(channel).fetchall() == theirs.execute(channel).fetchall()
        assert conn.execute("SELECT state, imported_only FROM channel").fetchall() == [("removed", 1)]
        assert conn.execute("SELECT lo, hi FROM coverage").fetchall() == [(1, 4)]
        secrets = "SELECT (SELECT count(*) FROM access), (SELECT count(*) FROM account)"
        assert conn.execute(secrets).fetchall() == [(0, 0)]


async def test_a_dry_run_says_the_same_and_writes_nothing(source: Path, tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "ours"):
        pass
    before = tell(tmp_path / "ours")
    [planned] = await merge(source, tmp_path / "ours", now=NOW, dry_run=True)
    assert tell(tmp_path / "ours") == before
    [done] = await merge(source, tmp_path / "ours", now=NOW)
    assert planned.to_counts() == done.to_counts()


async def test_an_archive_in_use_is_read_in_one_state_and_nothing_is_written_beside_it(
    source: Path, tmp_path: Path
) -> None:
    async with await Database.open(source) as database:
        await database.write(lambda conn: conn.execute("UPDATE message SET views = 77 WHERE message_id = 1"))
        before = hash_files(source)
        with open_foreign(source, tmp_path / "ours") as archive:
            assert archive.is_live
            views = "SELECT views FROM message WHERE message_id = 1"
            assert archive.conn.execute(views).fetchall() == [(77,)]
            await database.write(lambda conn: conn.execute("UPDATE message SET views = 78 WHERE message_id = 1"))
            assert archive.conn.execute(views).fetchall() == [(77,)]
    assert set(before) == {"archive.db", "archive.db-shm", "archive.db-wal"}


async def test_an_archive_of_a_killed_process_is_read_with_its_log_and_left_as_it_is(
    source: Path, tmp_path: Path
) -> None:
    async with await Database.open(source) as database:
        await database.write(lambda conn: conn.execute("UPDATE message SET views = 77 WHERE message_id = 1"))
        copy_archive(source, tmp_path / "killed")
    before = hash_files(tmp_path / "killed")
    with open_foreign(tmp_path / "killed", tmp_path / "ours") as archive:
        assert archive.conn.execute("SELECT views FROM message WHERE message_id = 1").fetchall() == [(77,)]
    assert hash_files(tmp_path / "killed") == before
    (tmp_path / "killed/archive.db-shm").unlink()
    with pytest.raises(UsageError, match="not closed cleanly"), open_foreign(tmp_path / "killed", tmp_path):
        pass
    assert set(hash_files(tmp_path / "killed")) == {"archive.db", "archive.db-wal"}


async def test_an_archive_without_a_log_is_read_without_making_one(source: Path, tmp_path: Path) -> None:
    before = hash_files(source)
    await merge(source, tmp_path / "ours", now=NOW)
    assert hash_files(source) == before
    with open_foreign(source, tmp_path / "ours") as archive:
        os.utime(source / "archive.db", ns=(1, 1))
        with pytest.raises(UsageError, match="was written to while it was read"):
            archive.expect_unchanged()


async def test_an_archive_that_is_written_to_meanwhile_is_read_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = merge_archive.merge_files, [1, 2]

    async def write_and_merge(target: Database, archive: ForeignArchive, **more: Any) -> Any:
        if left:
            os.utime(source / "archive.db", ns=(left.pop(), 1))
        archive.expect_unchanged()
        return await real(target, archive, **more)

    monkeypatch.setattr(merge_archive, "merge_files", write_and_merge)
    monkeypatch.setattr(import_archive, "_PAUSE", 0)
    async with await Database.open(tmp_path / "ours") as database:
        await database.write(writer.create)
        report = await import_archive.import_archive(database, tmp_path / "ours", source, None, is_dry_run=False)
    assert (left, report.exit_status) == ([], 0)
    assert list_faults(tmp_path / "ours") == []


async def test_half_of_a_newer_state_is_not_called_damaged(source: Path, tmp_path: Path) -> None:
    with open_foreign(source, tmp_path / "ours") as archive:
        with (source / "archive.db").open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 40_960)
        with pytest.raises(ChangedArchiveError):
            archive.read(lambda found: found.conn.execute("SELECT sum(length(raw)) FROM message").fetchall())


async def test_the_archive_itself_is_refused_under_any_name(source: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source)
    os.link(source / "archive.db", tmp_path / "hard.db")
    for path in (source, source / "archive.db", tmp_path / "link", tmp_path / "hard.db"):
        assert is_archive(path)
        with pytest.raises(UsageError, match="this archive itself"), open_foreign(path, source):
            pass


_COPIED = (
    *("channel", "channel_revision", "channel_state", "coverage", "capture", "message", "media", "revision"),
    *("absence", "counter", "import_source", "imported", "file", "blob"),
)
FEW = {1, 2, 9, 12, 16, 19, 20, 22}
"""Versions in which tables that are read changed."""


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(number, marks=() if number in FEW else pytest.mark.soak(only="the others read the same tables"))
        for number, _ in list_migrations()
    ],
)
async def test_archives_of_every_version_are_taken_over(source: Path, tmp_path: Path, version: int) -> None:
    old = make_old(source, tmp_path / "old", version)
    before = hash_files(old)
    [done] = await merge(old, tmp_path / "ours", now=NOW)
    assert (done.new, done.revisions, done.deleted, done.left_out) == (4, 1, 1, [])
    assert list_faults(tmp_path / "ours") == []
    assert hash_files(old) == before


@pytest.mark.parametrize("version", [20, 22, 23, 25])
def test_what_an_archive_of_an_older_version_imported_is_taken_over_too(tmp_path: Path, version: int) -> None:
    listed = [entry(number, f"{number}") for number in range(1, 4)]
    import_into(tmp_path / "source", export_of(tmp_path, *listed, name="first.json"))
    import_into(tmp_path / "source", export_of(tmp_path, *listed[:2], entry(3, "other"), name="second.json"))
    old = make_old(tmp_path / "source", tmp_path / "old", version)
    before = hash_files(old)
    [done] = asyncio.run(merge(old, tmp_path / "ours", now=NOW))
    assert (done.new, done.left_out, hash_files(old) == before) == (3, [], True)
    told = (
        "SELECT message_id, text, revisions, payload_sha256 FROM message ORDER BY 1",
        "SELECT message_id, text, layer FROM revision ORDER BY 1, 2",
        "SELECT message_id, i.payload_sha256, file_name FROM imported i JOIN import_source USING (import_id)",
    )
    for query in told:
        assert sorted(rows(tmp_path / "ours", query)) == sorted(rows(tmp_path / "source", query))
    assert list_faults(tmp_path / "ours") == []


def make_old(source: Path, old: Path, version: int) -> Path:
    """The same archive as an earlier version of telekeep would have it, made by its migrations."""
    old.mkdir()
    with closing(sqlite3.connect(old / "archive.db", isolation_level=None)) as conn:
        for number, script in list_migrations():
            if number <= version:
                conn.executescript(script)
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute("ATTACH ? AS new", (str(source / "archive.db"),))
        here = {row[0] for row in conn.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
        for table in _COPIED:
            known = {row[1] for row in conn.execute(f"PRAGMA new.table_info({table})")} if table in here else set()
            names = ", ".join(row[1] for row in conn.execute(f"PRAGMA main.table_info({table})") if row[1] in known)
            if names:
                conn.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")  # noqa: S608
    return old


async def test_functions_in_the_schema_of_an_archive_are_named_not_run(source: Path, tmp_path: Path) -> None:
    edit_archive(source, "CREATE INDEX evil ON message (reply_to ->> '$.a')")
    with pytest.raises(UsageError, match="reading it would run functions"), open_foreign(source, tmp_path):
        pass


async def test_a_newer_archive_is_refused_in_one_line(source: Path, tmp_path: Path) -> None:
    edit_archive(source, f"PRAGMA user_version = {newest_version() + 1}")
    with pytest.raises(UsageError, match="was written by a newer telekeep"), open_foreign(source, tmp_path):
        pass


async def test_what_is_damaged_is_left_out_and_named_and_nothing_is_claimed(source: Path, tmp_path: Path) -> None:
    edit_archive(
        source,
        "UPDATE message SET raw = x'00' WHERE message_id = 1",
        "UPDATE revision SET raw = x'00' WHERE message_id = 2",
        "UPDATE message SET entities = '[7]' WHERE message_id = 4",
    )
    [done] = await merge(source, tmp_path / "ours", now=NOW)
    assert done.new == 1
    assert {(one.message_id, one.what) for one in done.left_out} == {
        (1, "a payload has a different SHA-256"),
        (2, "revision: a payload has a different SHA-256"),
        (4, "entities has a value that telekeep never writes"),
    }
    assert not done.proves
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn:
        assert conn.execute("SELECT count(*) FROM coverage").fetchone() == (0,)
        assert conn.execute("SELECT count(lo) FROM capture").fetchone() == (0,)
        assert conn.execute("SELECT pts FROM channel").fetchone() == (None,)
    assert list_faults(tmp_path / "ours") == []


async def test_what_was_left_out_comes_with_an_undamaged_copy(source: Path, tmp_path: Path) -> None:
    copy_archive(source, tmp_path / "damaged")
    edit_archive(tmp_path / "damaged", "UPDATE message SET raw = x'00' WHERE message_id = 1")
    await merge(tmp_path / "damaged", tmp_path / "ours", now=NOW)
    [done] = await merge(source, tmp_path / "ours", now=NOW + 1)
    assert (done.new, done.proves) == (1, True)
    assert tell(tmp_path / "ours") == tell(source)
    assert list_faults(tmp_path / "ours") == []


HOSTILE: dict[str, tuple[str, ...]] = {
    "a view instead of a table": (
        "ALTER TABLE message RENAME TO m",
        "CREATE VIEW message AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    ),
    "a generated column": ("ALTER TABLE message ADD COLUMN g TEXT AS (hex(raw)) VIRTUAL",),
    "no table at all": ("DROP TABLE coverage",),
    "another type": ("ALTER TABLE counter RENAME TO c", "CREATE TABLE counter AS SELECT * FROM c"),
}


@pytest.mark.parametrize("statements", HOSTILE.values(), ids=HOSTILE.keys())
async def test_tables_that_telekeep_does_not_make_are_refused(
    source: Path, tmp_path: Path, statements: tuple[str, ...]
) -> None:
    edit_archive(source, "DROP VIEW messages", *statements)
    with pytest.raises(UsageError, match="not as telekeep makes it"), open_foreign(source, tmp_path):
        pass


WRONG: dict[str, str] = {
    "a huge payload": "UPDATE message SET raw = zeroblob(50000000) WHERE message_id = 1",
    "a number for a text": "UPDATE message SET text = CAST(x'ff' AS TEXT) WHERE message_id = 1",
    "no JSON": "UPDATE message SET extra = '{' WHERE message_id = 1",
    "an impossible time": "UPDATE message SET first_seen = -5 WHERE message_id = 1",
    "an impossible id": "UPDATE message SET message_id = -5 WHERE message_id = 1",
    "numbers that are not counted": "UPDATE message SET revisions = 9 WHERE message_id = 1",
}


@pytest.mark.parametrize("statement", WRONG.values(), ids=WRONG.keys())
async def test_a_message_with_impossible_values_is_left_out_alone(source: Path, tmp_path: Path, statement: str) -> None:
    edit_archive(source, statement)
    [done] = await merge(source, tmp_path / "ours", now=NOW)
    assert done.new == 3
    assert not done.proves
    assert list_faults(tmp_path / "ours") == []


async def test_an_export_of_some_messages_proves_nothing_of_the_others(source: Path, tmp_path: Path) -> None:
    edit_archive(
        source,
        f"PRAGMA application_id = {EXTRACT_ID}",
        "DELETE FROM coverage",
        "DELETE FROM media WHERE message_id = 1",
        "DELETE FROM message WHERE message_id = 1",
    )
    ours = Reader(tmp_path / "ours", History())
    ours.history.post()
    await ours.look("page")
    [done] = await merge(source, ours.directory, now=NOW)
    assert (done.new, done.proves, done.deleted) == (3, False, 1)
    assert [row[0] for row in tell(ours.directory)["absences"]] == [3]
    assert list_faults(ours.directory) == []


async def test_a_channel_that_was_never_read_there_is_not_made_here(source: Path, tmp_path: Path) -> None:
    names = "channel_id, title, megagroup, added_at"
    edit_archive(source, f"INSERT INTO channel ({names}) VALUES (1002, 'Other', 0, 1)")  # noqa: S608
    done = await merge(source, tmp_path / "ours", now=NOW)
    assert [one.of for one in done] == [4, 0]
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn:
        assert conn.execute("SELECT count(*) FROM channel").fetchone() == (1,)


async def test_triggers_do_nothing(source: Path, tmp_path: Path) -> None:
    edit_archive(source, "CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM message; END")
    [done] = await merge(source, tmp_path / "ours", now=NOW)
    assert done.new == 4


@pytest.mark.parametrize("name", ["message", "sqlite_autoindex_message_1"])
async def test_a_torn_file_claims_nothing_and_harms_nothing(source: Path, tmp_path: Path, name: str) -> None:
    path = source / "archive.db"
    with closing(sqlite3.connect(path)) as conn:
        [(page,)] = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchall()
    data = bytearray(path.read_bytes())
    data[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(data)
    [done] = await merge(source, tmp_path / "ours", now=NOW)
    assert (done.new, done.proves) == (0, False)
    assert done.left_out
    assert list_faults(tmp_path / "ours") == []
