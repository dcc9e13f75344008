"""A command that fails leaves nothing of an archive that it had made, and everything of one that was there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archiver.cli.commands import import_
from archiver.compose.new_archive import NewArchive
from archiver.compose.write_archive import open_archive, open_shared
from archiver.errors import Busy, UsageError
from archiver.lock import hold
from archiver.store import database as databases
from tests.importing import chat, entry, import_into, write_json
from tests.remarks import Heard


async def fail_to_import(directory: Path, *, media: bool = False) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        await _fail(directory, media=media)


async def _fail(directory: Path, *, media: bool) -> None:
    async with import_._open(directory, is_dry_run=False):
        if media:
            (directory / "media" / "ab").mkdir(parents=True)
            (directory / "media" / "ab" / "file").write_bytes(b"adopted")
        raise UsageError("it cannot be read.")


@pytest.mark.parametrize("media", [False, True])
async def test_an_import_that_fails_before_its_first_message_leaves_nothing(tmp_path: Path, media: bool) -> None:
    await fail_to_import(tmp_path / "new" / "archive", media=media)
    assert list(tmp_path.iterdir()) == []


async def test_an_import_that_fails_removes_nothing_that_was_there_before(tmp_path: Path) -> None:
    tmp_path.joinpath("notes.txt").write_text("mine")
    await fail_to_import(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]
    async with open_archive(tmp_path, command="add", remarks=Heard()):
        pass
    before = sorted(tmp_path.iterdir())
    await fail_to_import(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_an_archive_with_a_channel_is_never_taken_for_empty(tmp_path: Path) -> None:
    new = NewArchive(tmp_path / "a")
    import_into(tmp_path / "a", write_json(tmp_path / "result.json", chat([entry(1, "text")])))
    new.remove_empty(command="import")
    with closing(sqlite3.connect(tmp_path / "a" / "archive.db")) as conn:
        assert conn.execute("SELECT text FROM message").fetchall() == [("text",)]


async def test_an_empty_archive_that_another_process_holds_is_left_to_it(tmp_path: Path) -> None:
    new = NewArchive(tmp_path / "a")
    async with open_archive(tmp_path / "a", command="sync", remarks=Heard()):
        new.remove_empty(command="import")
        assert (tmp_path / "a" / "archive.db").exists()


async def test_an_empty_archive_that_another_import_is_about_to_write_to_is_left_to_it(tmp_path: Path) -> None:
    new = NewArchive(tmp_path / "a")
    async with open_archive(tmp_path / "a", command="import", remarks=Heard()):
        pass
    async with open_shared(tmp_path / "a", command="import", remarks=Heard()):
        new.remove_empty(command="import")
        assert (tmp_path / "a" / "archive.db").exists()
    new.remove_empty(command="import")
    assert list(tmp_path.iterdir()) == []


async def test_an_archive_that_does_not_fit_on_the_disk_leaves_nothing_not_even_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_PRAGMAS", f"{databases._PRAGMAS}; PRAGMA max_page_count = 2;")
    with pytest.raises(UsageError, match="was not created: its disk is full"):
        async with open_archive(tmp_path / "new" / "archive", command="add", remarks=Heard()):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_was_removed_meanwhile_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import archiver.lock

    real = archiver.lock._take

    def take_and_lose(handle: int) -> None:
        real(handle)
        (tmp_path / "lock").unlink()

    monkeypatch.setattr(archiver.lock, "_take", take_and_lose)
    with pytest.raises(Busy), hold(tmp_path, command="sync"):
        pass
