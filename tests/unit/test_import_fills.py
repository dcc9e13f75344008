"""Files of several imports of one channel: each content shows its own, and the archive stays sound."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from archiver.media.blob_store import BlobStore
from archiver.model.record import Message
from archiver.model.row import media_json
from archiver.store.database import Database
from archiver.store.messages.rows import get_messages
from tests.capturing import START, archive, assert_sound, capture, captured, dump, export_of, rows
from tests.importing import CHANNEL_ID, entry, import_into
from tests.tiers import examples

__all__ = ["archive"]

FILES: Final = (b"a" * 50, b"b" * 50, b"c" * 51, b"d" * 51)
"""Two each are of the same size."""
HASHES: Final = [hashlib.sha256(one).hexdigest() for one in FILES]
NOT_INCLUDED: Final = "(File not included. Change data exporting settings to download.)"


class Post(NamedTuple):
    """A message of an export. `file`: the place in FILES of what it shows."""

    number: int
    text: str
    file: int | None = None
    is_photo: bool = True
    is_included: bool = True
    is_sized: bool = True
    edit: int | None = None


Step = Sequence[Post] | None
"""An export, or None: a sync."""


def as_entry(post: Post) -> dict[str, Any]:
    """The message as Desktop writes it."""
    more: dict[str, Any] = {}
    if post.edit is not None:
        more |= {"edited": "2021-12-17T03:00:00", "edited_unixtime": str(START + 90_000 + 1000 * post.edit)}
    if post.file is None:
        return entry(post.number, post.text, **more)
    path = f"files/{post.file}" if post.is_included else NOT_INCLUDED
    size, width = len(FILES[post.file]) if post.is_sized else ..., 3 + post.file
    if post.is_photo:
        return entry(post.number, post.text, **more, photo=path, photo_file_size=size, width=width, height=4)
    named = {"file_name": f"{post.file}.pdf", "mime_type": "application/pdf", "file_size": size}
    return entry(post.number, post.text, **more, file=path, **named)


def bring(archive: Path, work: Path, posts: Sequence[Post]) -> None:
    """Import an export with these messages."""
    (work / "files").mkdir(exist_ok=True)
    for at, data in enumerate(FILES):
        (work / f"files/{at}").write_bytes(data)
    import_into(archive, export_of(work, *map(as_entry, posts)))


def shown(number: int, text: str, file: int | None) -> Message:
    """A post with a photo as Telegram shows it."""
    if file is None:
        return captured(number, text)
    size = types.PhotoSize("x", 3 + file, 4, len(FILES[file]))
    photo = types.Photo(9000 + file, 1, b"", datetime.fromtimestamp(START, UTC), [size], 2)
    return captured(number, text, media=types.MessageMediaPhoto(photo=photo))


SYNCED: Final = ((1, "one", 0), (2, "two", None), (3, "one", 2))


def sync(archive: Path) -> None:
    """Mirror what Telegram shows."""
    capture(archive, [shown(*one) for one in reversed(SYNCED)], proven=(1, 3))


class Content(NamedTuple):
    """One content that the archive has. `stored`: the hash of the file that it shows, if that is stored."""

    number: int
    text: str
    layer: int
    kind: str | None
    stored: str | None


def contents(archive: Path) -> list[Content]:
    """All contents that the archive has."""
    now = "SELECT message_id, text, layer, media.kind, id FROM message LEFT JOIN media USING (channel_id, message_id)"
    earlier = "SELECT message_id, text, layer, media ->> '$[0].kind', media ->> '$[0].id' FROM revision"
    found = rows(archive, f"{now} UNION ALL {earlier}")
    files = dict(rows(archive, "SELECT file_key, sha256 FROM file WHERE status = 'downloaded'"))
    keys = [f"{'photo' if kind == 'photo' else 'document'}/{id_}" for *_, kind, id_ in found]
    return [Content(*one[:4], files.get(key)) for one, key in zip(found, keys, strict=True)]


def check_files(archive: Path, steps: Sequence[Step]) -> None:
    """Each content shows a file of an export that has this content, if any; and each blob has its row."""
    said: dict[tuple[int, str], list[Post]] = defaultdict(list)
    for post in (post for step in steps if step is not None for post in step):
        said[post.number, post.text].append(post)
    for one in contents(archive):
        by_exports = said[one.number, one.text]
        assert one.stored in {None, *(HASHES[post.file] for post in by_exports if post.file is not None)}, one
        is_plain = len({(post.file, post.is_photo) for post in by_exports}) == 1
        if one.layer == 0 and is_plain and any(post.is_included for post in by_exports):
            assert one.stored is not None or one.kind is None, one
    stored = {row[0] for row in rows(archive, "SELECT sha256 FROM blob WHERE state = 'present'")}
    assert stored == set(BlobStore(archive).list_blobs())


def slots_of(archive: Path, number: int = 1) -> list[dict[str, Any]]:
    """The media of a message as rows, pages and exports have them."""

    async def found() -> list[dict[str, Any]]:
        async with await Database.open_readonly(archive) as database:
            [(_, media)] = (await database.read(get_messages, [(CHANNEL_ID, number)])).values()
            return list(json.loads(media_json(media)))

    return asyncio.run(found())


@pytest.mark.parametrize("is_sized", [True, False])
@pytest.mark.parametrize("is_photo", [True, False])
def test_what_an_export_without_media_lacks_is_filled_by_the_same_one_with_media(
    archive: Path, tmp_path: Path, *, is_photo: bool, is_sized: bool
) -> None:
    lacking = Post(1, "one", 0, is_photo=is_photo, is_included=False, is_sized=is_sized)
    bring(archive, tmp_path, [lacking, lacking._replace(number=2, text="two")])
    whole = lacking._replace(is_included=True)
    bring(archive, tmp_path, [whole, whole._replace(number=2, text="two")])
    assert_sound(archive)
    for number in (1, 2):
        [slot] = slots_of(archive, number)
        assert (slot["status"], slot["sha256"], slot["size"]) == ("downloaded", HASHES[0], 50)
        assert "not_exported" not in json.dumps(slot)
    assert rows(archive, "SELECT message_id FROM outbox ORDER BY 1") == [(1,), (2,)]


def test_a_medium_that_a_later_import_adds_is_shown_everywhere(archive: Path, tmp_path: Path) -> None:
    bring(archive, tmp_path, [Post(7, "seven"), Post(8, "eight")])
    added = Post(7, "seven", 1, is_photo=False)
    bring(archive, tmp_path, [added, added._replace(number=8, text="eight")])
    assert_sound(archive)
    for number in (7, 8):
        [slot] = slots_of(archive, number)
        assert (slot["file_name"], slot["status"], slot["sha256"]) == ("1.pdf", "downloaded", HASHES[1])


@pytest.mark.parametrize("is_sized", [True, False])
@pytest.mark.parametrize("is_later_first", [True, False])
def test_each_content_of_an_edited_post_shows_the_file_that_its_own_export_brings(
    archive: Path, tmp_path: Path, *, is_sized: bool, is_later_first: bool
) -> None:
    order = [Post(1, "one", 0, is_sized=is_sized), Post(1, "two", 1, is_sized=is_sized, edit=1)]
    for post in reversed(order) if is_later_first else order:
        bring(archive, tmp_path, [post])
    assert_sound(archive)
    assert [slot["sha256"] for slot in slots_of(archive)] == [HASHES[1]]
    check_files(archive, [order])


@pytest.mark.parametrize("is_later_first", [True, False])
def test_an_edited_post_without_its_file_does_not_show_that_of_another_content(
    archive: Path, tmp_path: Path, *, is_later_first: bool
) -> None:
    order = [Post(1, "one", 0), Post(1, "two", 1, is_included=False, is_sized=False, edit=1)]
    for post in reversed(order) if is_later_first else order:
        bring(archive, tmp_path, [post])
    assert_sound(archive)
    assert [(slot["status"], slot["sha256"]) for slot in slots_of(archive)] == [("not downloaded", None)]
    check_files(archive, [order])


@pytest.mark.parametrize("is_sized", [True, False])
@pytest.mark.parametrize("is_later_first", [True, False])
def test_an_edit_of_the_picture_alone_shows_the_later_picture(
    archive: Path, tmp_path: Path, *, is_sized: bool, is_later_first: bool
) -> None:
    order = [Post(1, "one", 0, is_sized=is_sized), Post(1, "one", 2, is_sized=is_sized, edit=1)]
    for post in reversed(order) if is_later_first else order:
        bring(archive, tmp_path, [post])
    assert_sound(archive)
    assert [slot["sha256"] for slot in slots_of(archive)] == [HASHES[2]]
    assert rows(archive, "SELECT edit_date IS NULL FROM message") == [(0,)]
    assert rows(archive, "SELECT 1 FROM blob WHERE sha256 = ?", HASHES[0])
    assert rows(archive, "SELECT 1 FROM imported WHERE instr(differs, ?)", HASHES[0])


def test_an_edit_without_its_picture_does_not_date_another_picture(archive: Path, tmp_path: Path) -> None:
    bring(archive, tmp_path, [Post(1, "one", 0)])
    bring(archive, tmp_path, [Post(1, "one", 2, is_included=False, edit=1)])
    assert_sound(archive)
    assert [slot["sha256"] for slot in slots_of(archive)] == [HASHES[0]]
    assert rows(archive, "SELECT edit_date FROM message") == [(None,)]


@pytest.mark.parametrize("is_captured", [True, False])
def test_an_earlier_content_gets_the_file_that_a_later_import_brings(
    archive: Path, tmp_path: Path, *, is_captured: bool
) -> None:
    if is_captured:
        sync(archive)
    else:
        bring(archive, tmp_path, [Post(1, "one", 0, edit=1)])
    lacking = Post(1, "before", 2, is_included=False)
    bring(archive, tmp_path, [lacking])
    assert [one.stored for one in contents(archive) if one.text == "before"] == [None]
    bring(archive, tmp_path, [lacking._replace(is_included=True)])
    assert_sound(archive)
    assert [one.stored for one in contents(archive) if one.text == "before"] == [HASHES[2]]


def test_a_file_that_no_content_shows_is_listed_as_stored(archive: Path, tmp_path: Path) -> None:
    order = [Post(1, "one", 0), Post(1, "one", 1)]
    for post in order:
        bring(archive, tmp_path, [post])
    assert_sound(archive)
    check_files(archive, [order])
    assert [slot["sha256"] for slot in slots_of(archive)] == [HASHES[0]]


def test_a_repeated_import_mends_what_earlier_versions_made_of_its_files(archive: Path, tmp_path: Path) -> None:
    order = [Post(1, "one", 0), Post(1, "two", 1, edit=1)]
    for post in order:
        bring(archive, tmp_path, [post, post._replace(number=2)])
    with sqlite3.connect(archive / "archive.db") as conn:
        [(id_,)] = conn.execute("SELECT media ->> '$[0].id' FROM revision WHERE message_id = 1")
        values = (id_, HASHES[0], f"media/{HASHES[0][:2]}/{HASHES[0][2:]}")
        conn.execute("UPDATE media SET id = ?, sha256 = ?, path = ? WHERE message_id = 1", values)
        conn.execute("UPDATE media SET status = 'not downloaded', sha256 = NULL, path = NULL WHERE message_id = 2")
        conn.execute("UPDATE message SET media_kind = NULL WHERE message_id = 2")
    conn.close()
    assert [slot["sha256"] for slot in slots_of(archive)] == [HASHES[0]]
    bring(archive, tmp_path, [order[1], order[1]._replace(number=2)])
    assert_sound(archive)
    assert [slot["sha256"] for number in (1, 2) for slot in slots_of(archive, number)] == [HASHES[1]] * 2
    before = dump(archive)
    for post in order:
        bring(archive, tmp_path, [post, post._replace(number=2)])
    assert dump(archive) == before


numbers = st.integers(1, 3)
posts = st.builds(
    Post,
    numbers,
    st.sampled_from(("one", "two", "")),
    st.none() | st.integers(0, len(FILES) - 1),
    is_photo=st.sampled_from((True, True, False)),
    is_included=st.booleans(),
    is_sized=st.booleans(),
    edit=st.none() | st.integers(0, 2),
)
steps = st.none() | st.lists(posts, min_size=1, max_size=5).map(lambda found: sorted(found, key=lambda one: one.number))


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(steps, min_size=1, max_size=4))
def test_whatever_files_imports_bring_each_content_shows_its_own_and_the_archive_is_sound(
    order: Sequence[Step],
) -> None:
    work = Path(tempfile.mkdtemp())
    try:
        done: list[Step] = []
        for step in order:
            done.append(step)
            sync(work / "archive") if step is None else bring(work / "archive", work, step)
            assert_sound(work / "archive")
            check_files(work / "archive", done)
    finally:
        shutil.rmtree(work)
