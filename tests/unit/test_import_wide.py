"""Exports that Windows' tools wrote as UTF-16, or as UTF-8 with a byte order mark: read as they are."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import json
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from archiver.errors import UsageError
from archiver.imports.import_file import open_hashed
from tests.capturing import archive, assert_sound, rows
from tests.desktop_pages import DesktopPages
from tests.desktop_read import WINTER
from tests.importing import CHANNEL_ID, chat, entry, import_into, read_all
from tests.unit.test_import_hostile import ROW
from tests.unit.test_import_packed import PICTURE, export, temporary, zipped

__all__ = ["archive", "temporary"]

WORDS = "\u0645\u0631\u062d\u0628\u0627 \u041a\u0438\u0457\u0432 \U0001f309 \ufffd end"
ENCODINGS = {
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
}


def encoded(text: str, encoding: str, *, marked: bool = True) -> bytes:
    """The text as Windows writes it, with its line ends."""
    mark = ENCODINGS[encoding] if marked else b""
    return mark + text.replace("\n", "\r\n").encode(encoding.removesuffix("-sig"))


def two_pages() -> list[str]:
    """An export as HTML of two pages with a message each."""
    pages = DesktopPages("Talk", zone="Asia/Baghdad", in_file=1)
    for number in (1, 2):
        pages.add(number, WINTER + number, by="Talk", text=WORDS)
    return pages.pages()


def exported(*entries: object) -> str:
    """An export with one message of these words."""
    listed = list(entries) or [entry(1, WORDS, **PICTURE), entry(2, WORDS)]
    return json.dumps(chat(listed), ensure_ascii=False, indent=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("is_folder", [False, True])
def test_a_result_json_is_read_in_each_encoding_with_the_files_beside_it(
    archive: Path, tmp_path: Path, temporary: Path, encoding: str, is_folder: bool
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / PICTURE["photo"]).write_bytes(b"picture")
    path = tmp_path / "result.json"
    path.write_bytes(encoded(exported(), encoding))
    outcome = import_into(archive, tmp_path if is_folder else path)
    assert (outcome.counts.new, outcome.counts.files, outcome.is_flawed) == (2, 1, False)
    assert rows(archive, "SELECT text FROM message") == [(WORDS,), (WORDS,)]
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert rows(archive, "SELECT file_name, sha256 FROM import_source") == [("result.json", sha256)]
    again = import_into(archive, path)
    assert (again.counts.changes, again.was_finished, list(temporary.iterdir())) == (0, True, [])
    assert_sound(archive)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_may_be_missing(archive: Path, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(encoded(exported(), encoding, marked=False))
    assert import_into(archive, path).counts.new == 2


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_pages_of_html_are_read_in_each_encoding_from_a_file_or_folder(
    archive: Path, tmp_path: Path, encoding: str
) -> None:
    first, second = two_pages()
    (tmp_path / "messages.html").write_bytes(encoded(first, encoding))
    (tmp_path / "messages2.html").write_bytes(second.encode())  # not all were opened in Notepad
    for path in (tmp_path, tmp_path / "messages.html"):
        hashed = open_hashed(path, ZoneInfo("Asia/Baghdad"))
        assert [one.name for one in hashed._paths] == ["messages.html", "messages2.html"]
        hashed.close()
    outcome = import_into(archive, tmp_path, str(CHANNEL_ID), ZoneInfo("Asia/Baghdad"))
    assert (outcome.counts.new, outcome.is_flawed) == (2, False)


def test_rows_that_powershell_redirected_are_read(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(encoded(json.dumps(ROW) + "\n", "utf-16-le"))
    assert import_into(archive, path).counts.new == 1
    table = ",".join(ROW) + "\n" + ",".join(str(one) for one in ROW.values()) + "\n"
    path.write_bytes(encoded(table, "utf-16-be"))
    assert import_into(archive, path).counts.same == 1


def test_a_packed_export_may_be_such_text_too(archive: Path, tmp_path: Path, temporary: Path) -> None:
    data = encoded(exported(), "utf-16-le")
    [name] = export()
    assert import_into(archive, zipped(tmp_path / "x.zip", {name: data})).counts.new == 2
    (tmp_path / "result.json.gz").write_bytes(gzip.compress(data))
    assert import_into(archive, tmp_path / "result.json.gz").counts.same == 2
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("cut", [1, 2, 3, 101])
def test_what_is_whole_in_a_cut_file_is_read_and_the_cut_is_named(archive: Path, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(encoded(exported(*(entry(at, WORDS) for at in range(1, 9))), "utf-16-le")[: -40 - cut])
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.is_cut) == (7, True)


def test_half_a_character_is_replaced_and_named(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    data = encoded(exported(), "utf-16-le").replace("\U0001f309".encode("utf-16-le"), b"\x3c\xd8")
    path.write_bytes(data)
    hashed = open_hashed(path, None)
    assert [one.what for one in hashed.flaws] == [
        "what is not UTF-16 in it was replaced by U+FFFD: it is damaged or cut"
    ]
    hashed.close()
    assert import_into(archive, path).counts.new == 2


def test_such_text_that_is_no_export_is_refused_by_its_own_name(tmp_path: Path, temporary: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(encoded("a shopping list, nothing else", "utf-16-le"))
    with pytest.raises(UsageError, match=r"notes\.txt is not an export") as caught:
        read_all_of(path)
    assert (str(temporary) in str(caught.value), list(temporary.iterdir())) == (False, [])


def read_all_of(path: Path) -> None:
    """Open it as the command does."""
    open_hashed(path, None).close()


def test_a_link_in_a_folder_is_not_followed_for_its_encoding(tmp_path: Path) -> None:
    inside, outside = tmp_path / "export", tmp_path / "outside"
    inside.mkdir()
    outside.write_bytes(encoded(exported(), "utf-16-le"))
    (inside / "messages.html").symlink_to(outside)
    (inside / "messages2.html").write_bytes(encoded(two_pages()[0], "utf-16-le"))
    with pytest.raises(UsageError, match=r"messages\.html cannot be read"):
        open_hashed(inside, None)
    shutil.rmtree(inside)


def test_read_all_needs_no_copy_of_usual_text(tmp_path: Path, temporary: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(encoded(exported(), "utf-8-sig"))
    assert len(read_all(path)) == 2
    assert list(temporary.iterdir()) == []
