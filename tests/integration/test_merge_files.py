"""Files that imports brought to one of two archives, and where they are shown after a merge."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from archiver.model.media_file import blob_path
from tests.capturing import START, assert_sound, captured, export_of, rows
from tests.desktop_pages import DesktopPages
from tests.importing import CHANNEL_ID, entry, import_into
from tests.two_archives import DAY, NOT_INCLUDED, PICTURES, merge_all, mirror, shown_photo

NOW = START + 50 * DAY
DIGEST = hashlib.sha256(PICTURES[77]).hexdigest()
OTHER_DIGEST = hashlib.sha256(PICTURES[78]).hexdigest()

SHOWN_EARLIER = (
    "SELECT status, sha256 FROM revision, json_each(media) AS slot"
    " JOIN file ON file_key = 'photo/' || (slot.value ->> 'id')"
)
"""The files that earlier contents show."""


def with_photo(folder: Path, number: int = 77) -> dict[str, Any]:
    path = f"photos/{number}.jpg"
    (folder / "photos").mkdir(exist_ok=True)
    (folder / path).write_bytes(PICTURES[number])
    return {"photo": path, "photo_file_size": len(PICTURES[number]), "width": 3, "height": 4}


def import_html(archive: Path, folder: Path) -> None:
    """Import a later export that knows nothing of files."""
    pages = DesktopPages("Night Bridge", zone="UTC")
    pages.add(1, START + 60, text="words")
    pages.add(100, START + DAY, text="the newest post")
    import_into(archive, pages.write(folder), str(CHANNEL_ID), zone=ZoneInfo("UTC"))


@pytest.mark.parametrize(("said", "is_given"), [("words", True), ("other words", False)])
def test_a_captured_post_gets_the_file_that_the_other_archive_imported(
    tmp_path: Path, said: str, *, is_given: bool
) -> None:
    mirror(tmp_path / "ours", [captured(1, "words", media=shown_photo(77))], 1, NOW)
    import_into(tmp_path / "theirs", export_of(tmp_path, entry(1, said, **with_photo(tmp_path))))
    assert merge_all(tmp_path / "theirs", tmp_path / "ours")
    state = [("77", DIGEST, "downloaded")] if is_given else [("77", None, "not downloaded")]
    assert rows(tmp_path / "ours", "SELECT id, sha256, status FROM media") == state
    assert_sound(tmp_path / "ours")
    assert not merge_all(tmp_path / "theirs", tmp_path / "ours")


def test_a_file_of_ours_is_shown_by_all_posts_of_the_other_archive_that_have_it(tmp_path: Path) -> None:
    import_into(tmp_path / "ours", export_of(tmp_path, entry(1, "words", **with_photo(tmp_path))))
    posts = [captured(at, "words", media=shown_photo(77)) for at in (1, 2)]
    mirror(tmp_path / "theirs", posts, 2, NOW)
    merge_all(tmp_path / "theirs", tmp_path / "ours")
    assert rows(tmp_path / "ours", "SELECT message_id, sha256 FROM media") == [(1, DIGEST), (2, DIGEST)]
    assert_sound(tmp_path / "ours")


def test_a_captured_post_gets_no_file_from_an_export_with_another_author(tmp_path: Path) -> None:
    """Whichever archive takes in the other."""
    post = captured(1, "words", media=shown_photo(77), post_author="Ann")
    export = export_of(tmp_path, entry(1, "words", author="Bob", **with_photo(tmp_path)))
    for into, source in (("captured", "imported"), ("imported", "captured")):
        mirror(tmp_path / into / "captured", [post], 1, NOW)
        import_into(tmp_path / into / "imported", export)
        merge_all(tmp_path / into / source, tmp_path / into / into)
        assert rows(tmp_path / into / into, "SELECT id, status FROM media") == [("77", "not downloaded")]


def test_a_damaged_message_of_the_other_archive_costs_no_file(tmp_path: Path) -> None:
    texts = {at: f"{'damaged' if at == 5 else 'whole'} words {at}".ljust(1000) for at in range(1, 9)}
    posts = [captured(at, text, media=shown_photo(77)) for at, text in texts.items()]
    mirror(tmp_path / "ours", posts, len(texts), NOW)
    listed = [entry(at, text, **with_photo(tmp_path)) for at, text in texts.items()]
    import_into(tmp_path / "theirs", export_of(tmp_path, *listed))
    path = tmp_path / "theirs" / "archive.db"
    [(size,)] = rows(tmp_path / "theirs", "PRAGMA page_size")
    rows(tmp_path / "theirs", "PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    pages = [data[at : at + size] for at in range(0, len(data), size)]
    path.write_bytes(b"".join(bytes(size) if b"damaged words" in page else page for page in pages))
    merge_all(tmp_path / "theirs", tmp_path / "ours")
    assert rows(tmp_path / "ours", "SELECT DISTINCT sha256, status FROM media") == [(DIGEST, "downloaded")]


@pytest.mark.parametrize("lacks", ["its file", "all media"])
def test_an_earlier_content_of_both_gets_the_file_that_only_the_other_has(tmp_path: Path, lacks: str) -> None:
    for name in ("ours", "theirs"):
        mirror(tmp_path / name, [captured(1, "other words")], 1, NOW)
    if lacks == "its file":
        without = entry(1, "words", photo=NOT_INCLUDED, width=3, height=4)
        import_into(tmp_path / "ours", export_of(tmp_path, without, name="without.json"))
    else:
        import_html(tmp_path / "ours", tmp_path / "html")
    import_into(tmp_path / "theirs", export_of(tmp_path, entry(1, "words", **with_photo(tmp_path))))
    assert merge_all(tmp_path / "theirs", tmp_path / "ours")
    assert rows(tmp_path / "ours", SHOWN_EARLIER) == [("downloaded", DIGEST)]
    assert_sound(tmp_path / "ours")
    assert not merge_all(tmp_path / "theirs", tmp_path / "ours")


def test_an_earlier_content_without_media_gets_the_file_of_a_later_import(tmp_path: Path) -> None:
    mirror(tmp_path / "ours", [captured(1, "other words")], 1, NOW)
    import_html(tmp_path / "ours", tmp_path / "html")
    import_into(tmp_path / "ours", export_of(tmp_path, entry(1, "words", **with_photo(tmp_path))))
    assert rows(tmp_path / "ours", SHOWN_EARLIER) == [("downloaded", DIGEST)]
    assert_sound(tmp_path / "ours")


@pytest.mark.parametrize("into", ["ours", "theirs"])
def test_media_that_a_second_import_filled_are_kept_with_the_content_of_the_first(tmp_path: Path, into: str) -> None:
    import_html(tmp_path / "ours", tmp_path / "html")
    import_html(tmp_path / "theirs", tmp_path / "html")
    import_into(tmp_path / "theirs", export_of(tmp_path, entry(1, "words", **with_photo(tmp_path))))
    merge_all(tmp_path / ("theirs" if into == "ours" else "ours"), tmp_path / into)
    query = "SELECT media_kind, sha256, status FROM message JOIN media USING (channel_id, message_id)"
    assert rows(tmp_path / into, query) == [("photo", DIGEST, "downloaded")]
    assert_sound(tmp_path / into)


def test_files_that_no_message_shows_are_taken_over_too(tmp_path: Path) -> None:
    mirror(tmp_path / "theirs", [captured(1, "words", media=shown_photo(77), post_author="Ann")], 1, NOW)
    import_into(tmp_path / "theirs", export_of(tmp_path, entry(1, "words", author="Bob", **with_photo(tmp_path))))
    merge_all(tmp_path / "theirs", tmp_path / "ours")
    assert rows(tmp_path / "ours", "SELECT sha256 FROM blob") == [(DIGEST,)]
    assert rows(tmp_path / "ours", "SELECT sha256 FROM file") == []
    assert (tmp_path / "ours" / blob_path(DIGEST)).read_bytes() == PICTURES[77]
    assert_sound(tmp_path / "ours")


@pytest.mark.parametrize("into", ["ours", "theirs"])
def test_another_file_of_the_same_size_is_named_whichever_archive_takes_in_the_other(tmp_path: Path, into: str) -> None:
    for name, number in (("ours", 77), ("theirs", 78)):
        import_into(tmp_path / name, export_of(tmp_path, entry(1, "words", **with_photo(tmp_path, number))))
    merge_all(tmp_path / ("theirs" if into == "ours" else "ours"), tmp_path / into)
    query = (
        "SELECT differs ->> '$.other.file.held.sha256', differs ->> '$.other.file.imported.sha256' FROM imported"
        " WHERE differs IS NOT NULL"
    )
    [named] = rows(tmp_path / into, query)
    assert set(named) == {DIGEST, OTHER_DIGEST}
    assert_sound(tmp_path / into)


def test_a_deleted_post_that_gets_media_is_still_marked_as_deleted_in_search(tmp_path: Path) -> None:
    import_html(tmp_path / "ours", tmp_path / "html")
    mirror(tmp_path / "ours", [captured(2, "another")], 2, NOW)
    import_into(tmp_path / "theirs", export_of(tmp_path, entry(1, "words", **with_photo(tmp_path))))
    merge_all(tmp_path / "theirs", tmp_path / "ours")
    assert rows(tmp_path / "ours", "SELECT missing_since, media_kind FROM message WHERE message_id = 1") == [
        (NOW, "photo")
    ]
    assert_sound(tmp_path / "ours")


@pytest.mark.parametrize("how", ["import", "merged into the captured", "the captured merged into it"])
def test_an_earlier_content_that_was_captured_gets_the_file_of_an_export_with_its_words(
    tmp_path: Path, how: str
) -> None:
    photo = shown_photo(77)
    mirror(tmp_path / "captured", [captured(1, "words", media=photo)], 1, NOW)
    edited = datetime.fromtimestamp(NOW + 1, UTC)
    mirror(tmp_path / "captured", [captured(1, "edited", media=photo, edit_date=edited)], 1, NOW + 2)
    export = export_of(tmp_path, entry(1, "words", **with_photo(tmp_path)))
    into = tmp_path / ("imported" if how == "the captured merged into it" else "captured")
    import_into(into if how == "import" else tmp_path / "imported", export)
    if how != "import":
        merge_all(tmp_path / ("captured" if into.name == "imported" else "imported"), into)
    assert rows(into, "SELECT sha256, status FROM file WHERE file_key = 'photo/77'") == [(DIGEST, "downloaded")]
    assert_sound(into)
