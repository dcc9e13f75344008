"""Merging beside all else: files, a kill in the middle, newer copies of the same archive, mirroring from there on."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from archiver.imports.merging.merge_files import merge_files
from archiver.media.blob_store import BlobStore
from archiver.model.imported import FILE_ORIGIN
from archiver.model.media_file import FileKey, blob_path
from archiver.model.record import Message
from archiver.store.channels.channel import find_channel
from archiver.store.channels.coverage import list_coverage
from archiver.store.database import Database, Writer
from archiver.store.media.annotation import Annotation, list_annotations, put_annotation
from archiver.store.media.file import find_file, settle_downloaded
from archiver.store.merging.foreign import open_foreign
from tests.importing import chat, entry, import_into, write_json
from tests.merging import CHANNEL_ID, History, Reader, copy_archive, list_faults, make_post, merge, tell

NOW = 1_700_000_000
PICTURE = b"a picture" * 1000
DIGEST = hashlib.sha256(PICTURE).hexdigest()
KEY = FileKey("photo/77")


class PictureHistory(History):
    """A channel whose posts all show one picture."""

    def post(self) -> None:
        super().post()
        self.show(self.top)

    def show(self, message_id: int) -> Message:
        self.posts[message_id] = make_post(message_id, "a picture", photo=77)
        return self.posts[message_id]


async def fill(directory: Path, count: int = 3) -> Reader:
    reader = Reader(directory, PictureHistory())
    for _ in range(count):
        reader.history.post()
    await reader.look("page")
    return reader


async def store_picture(directory: Path, data: bytes = PICTURE) -> None:
    """Store the picture, with a text that a program made of it."""
    blobs = BlobStore(directory)
    blobs.prepare()
    with os.fdopen(blobs.open_partial("one.data"), "wb") as file:
        file.write(data)
    blobs.adopt("one.data", sha256=DIGEST, size=len(data))

    def act(conn: Writer) -> None:
        settle_downloaded(conn, KEY, sha256=DIGEST, size=len(PICTURE), now=NOW)
        put_annotation(
            conn,
            Annotation(
                sha256=DIGEST,
                hook="ocr",
                program="reader",
                version=None,
                language="en",
                text="words in it",
                reason=None,
                exit_status=0,
                at=NOW,
                seconds=1.0,
            ),
        )

    async with await Database.open(directory) as database:
        await database.write(act)


async def adopt(source: Path, target: Path, *, is_sound: bool = True) -> tuple[int, int, list[str]]:
    """Take over the files; a dry run said the same, if their contents are sound."""
    async with await Database.open(target) as database:
        with open_foreign(source, target) as archive:
            said = await merge_files(database, archive, dry_run=True)
            done = await merge_files(database, archive)
    assert said == done or not is_sound
    return done.adopted, done.texts, done.left_out


async def test_stored_files_are_adopted_with_what_programs_made_of_them(tmp_path: Path) -> None:
    await fill(tmp_path / "theirs")
    await store_picture(tmp_path / "theirs")
    await merge(tmp_path / "theirs", tmp_path / "ours", now=NOW)
    assert await adopt(tmp_path / "theirs", tmp_path / "ours") == (1, 1, [])
    assert (tmp_path / "ours" / blob_path(DIGEST)).read_bytes() == PICTURE
    async with await Database.open(tmp_path / "ours") as database:
        assert (await database.read(find_file, KEY)).status == "downloaded"
        [made] = (await database.read(list_annotations, [DIGEST]))[DIGEST]
        assert made.text == "words in it"
    assert list_faults(tmp_path / "ours") == []
    assert await adopt(tmp_path / "theirs", tmp_path / "ours") == (0, 0, [])
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn, conn:
        conn.execute("UPDATE annotation SET hook = 'transcribe'")  # the file is stored here, and no program read it
    assert await adopt(tmp_path / "theirs", tmp_path / "ours") == (0, 1, [])


async def test_a_file_that_telegram_sent_takes_the_place_of_one_that_an_import_brought(tmp_path: Path) -> None:
    await fill(tmp_path / "theirs")
    await store_picture(tmp_path / "theirs")
    await merge(tmp_path / "theirs", tmp_path / "ours", now=NOW)
    await adopt(tmp_path / "theirs", tmp_path / "ours")
    copy_archive(tmp_path / "ours", tmp_path / "imported")
    with closing(sqlite3.connect(tmp_path / "imported/archive.db")) as conn, conn:
        conn.execute("UPDATE file SET reason = ?", (FILE_ORIGIN,))
    for source, target in (("imported", "ours"), ("ours", "imported")):
        assert await adopt(tmp_path / source, tmp_path / target) == (0, 0, [])
        async with await Database.open(tmp_path / target) as database:
            assert (await database.read(find_file, KEY)).reason is None


@pytest.mark.parametrize("how", ["damaged", "missing", "link"])
async def test_a_file_that_is_not_as_they_say_is_wanted_as_before(tmp_path: Path, how: str) -> None:
    await fill(tmp_path / "theirs")
    await store_picture(tmp_path / "theirs")
    blob = tmp_path / "theirs" / blob_path(DIGEST)
    if how == "damaged":
        blob.write_bytes(PICTURE[::-1])
    else:
        blob.unlink()
    if how == "link":
        (tmp_path / "elsewhere").write_bytes(PICTURE)
        blob.symlink_to(tmp_path / "elsewhere")
    await merge(tmp_path / "theirs", tmp_path / "ours", now=NOW)
    adopted, _, [left_out] = await adopt(tmp_path / "theirs", tmp_path / "ours", is_sound=how != "damaged")
    assert (adopted, left_out.split(":")[0]) == (0, KEY)
    assert not (tmp_path / "ours" / blob_path(DIGEST)).exists()
    async with await Database.open(tmp_path / "ours") as database:
        assert (await database.read(find_file, KEY)).status == "not downloaded"
    assert list_faults(tmp_path / "ours") == []


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from archiver.imports.merging import merge_channel as merging
from archiver.store.merging import foreign_page
from tests.importing import chat, entry, import_into, write_json
from tests.merging import merge

foreign_page.iter_pages.__kwdefaults__["size"] = 2
write, pages = merging.write_page, int(sys.argv[3])

def kill(*args):
    global pages
    write(*args)
    pages -= 1
    if not pages:
        os.kill(os.getpid(), signal.SIGKILL)

merging.write_page = kill
asyncio.run(merge(Path(sys.argv[1]), Path(sys.argv[2]), now=1_700_000_000))
"""


@pytest.mark.parametrize("pages", [1, 3])
async def test_killed_in_the_middle_and_run_again_it_ends_the_same(tmp_path: Path, pages: int) -> None:
    reader = await fill(tmp_path / "theirs", 8)
    reader.history.edit(5, "other words")
    reader.history.delete(7)
    await reader.look("news")
    paths = (str(tmp_path / "theirs"), str(tmp_path / "ours"))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, *paths, str(pages))
    assert await process.wait() == -signal.SIGKILL
    assert list_faults(tmp_path / "ours") == []
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn:
        assert conn.execute("SELECT count(*) FROM message").fetchone()[0] == 2 * (pages - 1)
        assert conn.execute("SELECT count(*) FROM coverage").fetchone() == (0,)
    [again] = await merge(tmp_path / "theirs", tmp_path / "ours", now=NOW)
    assert again.proves
    await merge(tmp_path / "theirs", tmp_path / "whole", now=NOW)
    assert tell(tmp_path / "ours") == tell(tmp_path / "whole") == tell(tmp_path / "theirs")
    assert list_faults(tmp_path / "ours") == []
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn:
        assert conn.execute("SELECT count(*) FROM import_source").fetchone() == (1,)


async def test_a_newer_copy_moves_on_what_an_older_one_brought(tmp_path: Path) -> None:
    reader = await fill(tmp_path / "theirs")
    await merge(reader.directory, tmp_path / "ours", now=NOW)
    reader.history.post()
    reader.history.delete(1)
    await reader.look("news")
    [done] = await merge(reader.directory, tmp_path / "ours", now=NOW)
    assert (done.new, done.deleted, done.proves) == (1, 1, True)
    async with await Database.open(tmp_path / "ours") as database:
        channel = await database.read(find_channel, CHANNEL_ID)
        assert channel is not None
        assert channel.pts == reader.history.pts
        assert await database.read(list_coverage, CHANNEL_ID, channel.generation) == [(1, 4)]
    assert tell(tmp_path / "ours") == tell(reader.directory)
    assert list_faults(tmp_path / "ours") == []


async def test_what_an_older_archive_read_completely_is_read_again_here(tmp_path: Path) -> None:
    theirs = await fill(tmp_path / "theirs", 6)
    ours = Reader(tmp_path / "ours", theirs.history)
    ours.history.delete(2)
    await ours.look("page", 5, 6)
    [done] = await merge(theirs.directory, ours.directory, now=NOW)
    assert (done.new, done.proves) == (4, True)
    async with await Database.open(ours.directory) as database:
        channel = await database.read(find_channel, CHANNEL_ID)
        assert channel is not None
        assert channel.pts == ours.history.pts
        assert await database.read(list_coverage, CHANNEL_ID, channel.generation) == [(5, 6)]
    await ours.look("page")  # which finds that one was deleted in between
    assert [row[0] for row in tell(ours.directory)["absences"]] == [2]
    assert list_faults(ours.directory) == []


async def test_mirroring_goes_on_from_what_was_merged(tmp_path: Path) -> None:
    theirs = await fill(tmp_path / "theirs")
    await merge(theirs.directory, tmp_path / "ours", now=NOW)
    ours = Reader(tmp_path / "ours", theirs.history)
    ours.history.post()
    ours.history.edit(2, "other words")
    ours.history.delete(3)
    async with ours.opened() as (_, ingest):
        await ingest.add_channel(ours.channel)
    await ours.look("news")
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn:
        told = conn.execute("SELECT message_id, import_id, revisions, missing_since IS NULL FROM message").fetchall()
        assert told == [(1, 1, 0, 1), (2, None, 1, 1), (3, 1, 0, 0), (4, None, 0, 1)]
        assert conn.execute("SELECT import_id FROM revision").fetchall() == [(1,)]
    assert list_faults(tmp_path / "ours") == []


async def test_what_a_third_archive_captured_keeps_its_origin(tmp_path: Path) -> None:
    theirs = await fill(tmp_path / "theirs")
    await merge(theirs.directory, tmp_path / "second", now=NOW)
    await merge(tmp_path / "second", tmp_path / "third", now=NOW + 1)
    with closing(sqlite3.connect(tmp_path / "second/archive.db")) as conn:
        [(digest,)] = conn.execute("SELECT sha256 FROM import_source").fetchall()
    with closing(sqlite3.connect(tmp_path / "third/archive.db")) as conn:
        query = "SELECT DISTINCT sha256 FROM message JOIN import_source USING (import_id)"
        assert conn.execute(query).fetchall() == [(digest,)]
    assert tell(tmp_path / "third") == tell(theirs.directory)
    assert list_faults(tmp_path / "third") == []


async def test_an_answer_has_its_number_in_the_archive_that_captured_it_whichever_way_it_came(tmp_path: Path) -> None:
    second = await fill(tmp_path / "second", 2)
    await second.look("news")
    theirs = Reader(tmp_path / "theirs", second.history)
    for _ in range(3):
        second.history.post()
        await theirs.look("page")
    await merge(theirs.directory, second.directory, now=NOW)
    for ways in (("second", "theirs"), ("theirs", "second")):
        for at, name in enumerate(ways):
            await merge(tmp_path / name, tmp_path / ways[0] / "all", now=NOW + at)
        with closing(sqlite3.connect(tmp_path / ways[0] / "all/archive.db")) as conn:
            found = conn.execute(
                "SELECT file_bytes, source_id, at, method FROM capture JOIN"
                " (SELECT import_id, sha256 AS file_bytes FROM import_source) USING (import_id) ORDER BY 1, 2"
            ).fetchall()
        for name in ways:
            digest = hashlib.sha256((tmp_path / name / "archive.db").read_bytes()).hexdigest()
            with closing(sqlite3.connect(tmp_path / f"{name}/archive.db")) as conn:
                query = "SELECT capture_id, at, method FROM capture WHERE import_id IS NULL ORDER BY 1"
                assert [row[1:] for row in found if row[0] == digest] == conn.execute(query).fetchall()
        assert list_faults(tmp_path / ways[0] / "all") == []


def import_export(archive: Path, folder: Path) -> None:
    """An export of the same channel, with other words and one post that only it has."""
    folder.mkdir(exist_ok=True)
    write_json(folder / "result.json", chat([entry(2, "words of the export"), entry(90, "only exported")]))
    import_into(archive, folder / "result.json")


async def test_what_exports_say_never_counts_more_than_what_either_archive_captured(tmp_path: Path) -> None:
    theirs = await fill(tmp_path / "captured")
    await asyncio.to_thread(import_export, tmp_path / "imported", tmp_path / "export")
    for source, target in (("captured", "imported"), ("imported", "captured")):
        shutil.copytree(tmp_path / target, tmp_path / f"{target} too")
        [done] = await merge(tmp_path / source, tmp_path / f"{target} too", now=NOW)
        assert done.left_out == []
    here, there = tmp_path / "captured too", tmp_path / "imported too"
    assert tell(here) == tell(there)
    for archive in (here, there):
        assert list_faults(archive) == []
        with closing(sqlite3.connect(archive / "archive.db")) as conn:
            told = conn.execute("SELECT message_id, layer > 0, revisions FROM message ORDER BY 1").fetchall()
            assert told == [(1, 1, 0), (2, 1, 1), (3, 1, 0), (90, 0, 0)]
            assert conn.execute("SELECT top_id, title FROM channel").fetchall() == [(3, theirs.channel.title)]
            assert conn.execute("SELECT count(*) FROM counter").fetchone() == (0,)
            assert conn.execute("SELECT message_id FROM imported ORDER BY 1").fetchall() == [(2,), (90,)]
    [again] = await merge(there, here, now=NOW + 1)
    assert not again.is_change


async def test_a_piece_of_an_export_is_kept_where_an_archive_captured_the_same_words(tmp_path: Path) -> None:
    await fill(tmp_path / "captured")
    with closing(sqlite3.connect(tmp_path / "captured/archive.db")) as conn:
        [(words,)] = conn.execute("SELECT text FROM message WHERE message_id = 1").fetchall()
    write_json(tmp_path / "result.json", chat([entry(1, words)]))
    await asyncio.to_thread(import_into, tmp_path / "imported", tmp_path / "result.json")
    for source, target in (("captured", "imported"), ("imported", "captured")):
        archive = copy_archive(tmp_path / target, tmp_path / f"{target} too")
        await merge(tmp_path / source, archive, now=NOW)
        with closing(sqlite3.connect(archive / "archive.db")) as conn:
            assert conn.execute("SELECT layer > 0, revisions FROM message WHERE message_id = 1").fetchall() == [(1, 0)]
            [(raw, digest)] = conn.execute("SELECT raw, payload_sha256 FROM imported").fetchall()
        assert hashlib.sha256(raw).digest() == digest


async def test_an_archive_that_saw_a_channel_without_messages_proves_that_imported_ones_were_gone(
    tmp_path: Path,
) -> None:
    theirs = await fill(tmp_path / "captured", 2)
    theirs.history.delete(1)
    theirs.history.delete(2)
    await theirs.look("news")
    edit = "DELETE FROM absence", "DELETE FROM media", "DELETE FROM message"
    with closing(sqlite3.connect(tmp_path / "captured/archive.db")) as conn, conn:
        for statement in edit:
            conn.execute(statement)
    await asyncio.to_thread(import_export, tmp_path / "imported", tmp_path / "export")
    found = []
    for sources in (("captured", "imported"), ("imported", "captured")):
        archive = tmp_path / f"{sources[0]} first"
        for source in sources:
            await merge(tmp_path / source, archive, now=NOW)
        found.append(tell(archive)["absences"])
    assert found[0] == found[1]
    assert [row[0] for row in found[0]] == [2]


async def test_answers_of_a_third_archive_are_copied_once_although_nothing_is_claimed(tmp_path: Path) -> None:
    theirs = await fill(tmp_path / "theirs")
    await merge(theirs.directory, tmp_path / "second", now=NOW)
    with closing(sqlite3.connect(tmp_path / "second/archive.db")) as conn, conn:
        conn.execute("UPDATE message SET payload_sha256 = zeroblob(32) WHERE message_id = 1")
    counts, changes = [], []
    for _ in range(2):
        [done] = await merge(tmp_path / "second", tmp_path / "third", now=NOW + 1)
        with closing(sqlite3.connect(tmp_path / "third/archive.db")) as conn:
            counts.append(conn.execute("SELECT count(*), count(lo) FROM capture").fetchone())
        changes.append(done.captures)
    assert counts == [(1, 0), (1, 0)]
    assert changes == [1, 0]


async def test_an_archive_that_brings_only_an_earlier_description_leaves_ours_sound(tmp_path: Path) -> None:
    ours = await fill(tmp_path / "ours")
    copy_archive(ours.directory, tmp_path / "theirs")
    with closing(sqlite3.connect(tmp_path / "theirs/archive.db")) as conn, conn:
        conn.execute("UPDATE channel_revision SET revision = 2")
        names = "participants, username, usernames, title, about, restriction, flags"
        conn.execute(
            f"INSERT INTO channel_revision (channel_id, revision, observed_at, {names})"  # noqa: S608 - constants
            f" SELECT channel_id, 1, observed_at - 9, {names.replace('title', repr('Before'))} FROM channel_revision"
        )
    [done] = await merge(tmp_path / "theirs", ours.directory, now=NOW)
    assert (done.described, done.captures) == (True, 0)
    assert list_faults(ours.directory) == []


async def test_a_backup_of_the_archive_itself_brings_nothing(tmp_path: Path) -> None:
    ours = await fill(tmp_path / "ours")
    copy_archive(ours.directory, tmp_path / "backup")
    [done] = await merge(tmp_path / "backup", ours.directory, now=NOW)
    assert not done.is_change
    with closing(sqlite3.connect(tmp_path / "ours/archive.db")) as conn:
        assert conn.execute("SELECT count(*) FROM import_source").fetchone() == (0,)
