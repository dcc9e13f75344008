"""Files beside an export become files of the archive, and no path leads out of the export."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.cli.commands.import_ import ImportOrder
from archiver.cli.commands.import_ import run as run_import
from archiver.cli.invocation import Invocation
from archiver.model.record import Message
from archiver.model.row import media_json
from archiver.store.database import Database
from archiver.store.media.file import set_blob_state
from archiver.store.messages.rows import get_messages
from config.settings import ArchiveSettings, Settings
from tests.capturing import START, archive, assert_sound, capture, captured, export_of, rows
from tests.importing import CHANNEL_ID, chat, entry, import_into, write_json
from tests.merging import merge

__all__ = ["archive"]


def slots_of(archive: Path) -> list[dict[str, Any]]:
    async def found() -> list[dict[str, Any]]:
        async with await Database.open_readonly(archive) as database:
            [(_, media)] = (await database.read(get_messages, [(CHANNEL_ID, 1)])).values()
            return list(json.loads(media_json(media)))

    return asyncio.run(found())


@pytest.mark.parametrize(
    ("path", "why"), [("../secret.jpg", "its path leads out of the export"), ("photos/b.jpg", "it does not exist")]
)
def test_why_an_import_did_not_take_a_file_is_kept_until_it_does(
    archive: Path, tmp_path: Path, path: str, why: str
) -> None:
    shown = {"photo_file_size": 7, "width": 3, "height": 4}
    import_into(archive, export_of(tmp_path, entry(1, "a", photo=path, **shown)))
    [slot] = slots_of(archive)
    assert (slot["status"], slot["reason"]) == ("not downloaded", f"not imported: {why}")
    assert_sound(archive)
    import_into(archive, export_of(tmp_path, entry(1, "a", **photo_in(tmp_path)), name="again.json"))
    [slot] = slots_of(archive)
    assert (slot["status"], slot["reason"]) == ("downloaded", None)


def test_why_a_file_is_not_beside_the_export_is_kept(archive: Path, tmp_path: Path) -> None:
    why = "File not included. Change data exporting settings to download."
    import_into(archive, export_of(tmp_path, entry(1, "a", photo=f"({why})", width=3, height=4)))
    [slot] = slots_of(archive)
    assert (slot["status"], slot["reason"]) == ("not downloaded", f"not in the export: {why}")


def photo_in(tmp_path: Path, name: str = "photos/a.jpg", data: bytes = b"picture") -> dict[str, Any]:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(data)
    return {"photo": name, "photo_file_size": len(data), "width": 3, "height": 4}


def test_files_beside_the_export_become_blobs_and_are_not_fetched_again(archive: Path, tmp_path: Path) -> None:
    one = photo_in(tmp_path)
    path = export_of(tmp_path, entry(1, "a", **one), entry(2, "b", **one))
    outcome = import_into(archive, path)
    digest = hashlib.sha256(b"picture").hexdigest()
    assert (outcome.attached, outcome.counts.files, outcome.is_flawed) == (2, 1, False)
    stored = rows(archive, "SELECT message_id, path, sha256, status, size FROM media")
    assert stored == [(at, f"media/{digest[:2]}/{digest[2:]}", digest, "downloaded", 7) for at in (1, 2)]
    assert (archive / stored[0][1]).read_bytes() == b"picture"
    assert_sound(archive)
    size = types.PhotoSize("x", 3, 4, 7)
    real = types.Photo(5368324170671202286, 1, b"", datetime.fromtimestamp(START, UTC), [size], 2)
    capture(archive, [captured(1, "a", media=types.MessageMediaPhoto(photo=real))])
    assert rows(archive, "SELECT id, sha256, status FROM media WHERE message_id = 1") == [
        ("5368324170671202286", digest, "downloaded")
    ]
    assert_sound(archive)


def test_a_captured_post_gets_the_file_that_an_export_has(archive: Path, tmp_path: Path) -> None:
    size = types.PhotoSize("x", 3, 4, 7)
    real = types.Photo(5368324170671202286, 1, b"", datetime.fromtimestamp(START, UTC), [size], 2)
    capture(archive, [captured(1, "a", media=types.MessageMediaPhoto(photo=real))])
    outcome = import_into(archive, export_of(tmp_path, entry(1, "a", **photo_in(tmp_path))))
    assert (outcome.counts.same, outcome.counts.files) == (1, 1)
    assert rows(archive, "SELECT status FROM media") == [("downloaded",)]
    assert_sound(archive)


def captured_photo() -> Message:
    size = types.PhotoSize("x", 3, 4, 7)
    photo = types.Photo(5368324170671202286, 1, b"", datetime.fromtimestamp(START, UTC), [size], 2)
    return captured(1, "a", media=types.MessageMediaPhoto(photo=photo))


@pytest.mark.parametrize("is_first", [True, False])
def test_a_file_of_a_captured_post_that_came_with_an_import_is_said_to_be_of_the_import(
    archive: Path, tmp_path: Path, *, is_first: bool
) -> None:
    shown = captured_photo()
    if not is_first:
        capture(archive, [shown])
    import_into(archive, export_of(tmp_path, entry(1, "a", **photo_in(tmp_path))))
    if is_first:
        [slot] = slots_of(archive)
        assert slot["reason"] is None  # the post itself is marked
        capture(archive, [shown])
    with closing(sqlite3.connect(archive / "archive.db")) as conn, conn:
        digest = hashlib.sha256(b"picture").hexdigest()
        set_blob_state(conn, digest, "offloaded", now=START)
        set_blob_state(conn, digest, "present", now=START)  # as `verify --media` records it
    [slot] = slots_of(archive)
    assert (slot["status"], slot["reason"]) == ("downloaded", "from an import, not from Telegram")
    assert_sound(archive)
    order = ImportOrder(archive, None, None, is_dry_run=False, shape="people")
    mine = Invocation(loaded=[Settings(archive=ArchiveSettings(dir=tmp_path / "mine"))])
    assert asyncio.run(run_import(mine, order)) == 0
    assert slots_of(tmp_path / "mine") == [slot]


def _outside(root: Path) -> str:
    (root.parent / "secret").write_bytes(b"picture")
    return "../secret"


def _absolute(root: Path) -> str:
    return str(root.parent.absolute() / "secret")


def _link(root: Path) -> str:
    (root / "link").symlink_to(root.parent / "secret")
    return "link"


def _linked_directory(root: Path) -> str:
    (root / "folder").symlink_to(root.parent, target_is_directory=True)
    return "folder/secret"


def _fifo(root: Path) -> str:
    os.mkfifo(root / "fifo")
    return "fifo"


def _directory(root: Path) -> str:
    (root / "inner").mkdir()
    return "inner"


def _larger(root: Path) -> str:
    (root / "larger").write_bytes(b"another picture")
    return "larger"


@pytest.mark.parametrize(
    "make",
    [_outside, _absolute, _link, _linked_directory, _fifo, _directory, _larger, lambda _: "nowhere", lambda _: "a\0b"],
)
def test_no_path_leads_out_of_the_export(archive: Path, tmp_path: Path, make: Callable[[Path], str]) -> None:
    root = tmp_path / "export"
    root.mkdir()
    _outside(root)
    path = write_json(root / "result.json", chat([entry(1, "a", photo=make(root), photo_file_size=7)]))
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files, outcome.is_flawed) == (1, 0, True)
    assert rows(archive, "SELECT status FROM media") == [("not downloaded",)]
    assert rows(archive, "SELECT count(*) FROM blob") == [(0,)]


@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_a_captured_message_gets_no_file_from_an_export_that_contradicts_it(
    archive: Path, tmp_path: Path, *, is_first: bool
) -> None:
    shown = captured_photo()
    if not is_first:
        capture(archive, [shown])
    forged = export_of(tmp_path, entry(1, "a", date_unixtime=str(START - 7), **photo_in(tmp_path)))
    import_into(archive, forged)
    if is_first:
        capture(archive, [shown])
    else:
        import_into(archive, forged)
    assert rows(archive, "SELECT id, sha256, status FROM media") == [("5368324170671202286", None, "not downloaded")]
    assert_sound(archive)


@pytest.mark.parametrize("is_ours", [True, False])
@pytest.mark.parametrize("is_older", [True, False])
def test_a_merge_keeps_the_file_that_only_one_of_two_imports_of_a_post_had(
    archive: Path, tmp_path: Path, is_ours: bool, is_older: bool
) -> None:
    lacking = "(File not included. Change data exporting settings to download.)"
    post, shown = entry(1, "a"), photo_in(tmp_path)
    # The newer export is the one whose last message is later.
    with_file = export_of(tmp_path, post | shown, entry(2 if is_older else 9), name="with.json")
    without = export_of(tmp_path, post | shown | {"photo": lacking}, entry(5), name="without.json")
    import_into(archive, with_file if is_ours else without)
    import_into(tmp_path / "theirs", without if is_ours else with_file)
    for now in (2_000_000_000, 2_000_000_001):
        done = asyncio.run(merge(tmp_path / "theirs", archive, now=now))
    assert [one.is_change for one in done] == [False]
    digest = hashlib.sha256(b"picture").hexdigest()
    made_up = f"-{int(digest[:15], 16) + 1}"
    [slot] = slots_of(archive)
    assert (slot["id"], slot["extra"]) == (made_up, None)
    assert slot["sha256"] == (digest if is_ours else None)  # this merge copies no files
    assert_sound(archive)


def test_a_merge_gives_the_file_of_our_import_to_what_the_other_archive_captured(archive: Path, tmp_path: Path) -> None:
    size = types.PhotoSize(type="y", w=3, h=4, size=7)
    sent = types.Photo(
        id=77, access_hash=1, file_reference=b"", date=datetime.fromtimestamp(START, UTC), sizes=[size], dc_id=2
    )
    post = captured(1, "a", media=types.MessageMediaPhoto(photo=sent))
    said = entry(1, "a", date_unixtime=str(int(post.date.timestamp())), **photo_in(tmp_path))
    import_into(archive, export_of(tmp_path, said))
    capture(tmp_path / "theirs", [post])
    asyncio.run(merge(tmp_path / "theirs", archive, now=2_000_000_000))
    [slot] = slots_of(archive)
    assert (slot["id"], slot["status"], slot["sha256"]) == ("77", "downloaded", hashlib.sha256(b"picture").hexdigest())
    assert_sound(archive)
