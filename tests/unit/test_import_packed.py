"""Zipped or compressed exports: nothing escapes the directory, and nothing is left on the disk."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import hashlib
import json
import lzma
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.view.import_report import ImportedChat, ImportReport, report_import
from archiver.compose.import_channel import ImportChannel
from archiver.errors import UsageError
from archiver.ids import ChannelId
from archiver.imports.adopt import NotAdopted
from archiver.imports.import_file import open_hashed, open_until_stopped
from archiver.imports.packed import room
from archiver.imports.packed.room import UnpackStopped
from archiver.imports.packed.unpack import Unpacked
from archiver.imports.packed.zipped import ZippedFiles, open_zip
from archiver.imports.source import Chat
from tests.capturing import archive, assert_sound, rows
from tests.importing import CHANNEL_ID, chat, entry, import_into, write_json
from tests.unit.test_import_hostile import HEAD, ROW, TAIL

__all__ = ["archive"]

PICTURE = {"photo": "photos/\u00e9t\u00e9.jpg", "photo_file_size": 7, "width": 3, "height": 4}
LISTED = [entry(1, "one", **PICTURE), entry(2, "two")]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is unpacked to."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return place


def zstandard(data: bytes) -> bytes:
    """Compressed with Zstandard, if the library that reads it is installed."""
    return bytes(pytest.importorskip("pyarrow").compress(data, codec="zstd", asbytes=True))


def zipped(path: Path, files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda _: None) -> Path:
    """A zip with these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            change(member)
            packed.writestr(member, data)
    return path


def export(*messages: dict[str, Any], root: str = "ChatExport_2024-01-01/") -> dict[str, bytes]:
    """The files of an export."""
    return {f"{root}result.json": json.dumps(chat(messages or LISTED), ensure_ascii=False, indent=1).encode()}


def test_the_folder_zipped_is_imported_with_its_files_and_named_by_its_own_hash(
    archive: Path, tmp_path: Path, temporary: Path
) -> None:
    # Apple's program writes accents apart, and directories of its own.
    files = export() | {"ChatExport_2024-01-01/photos/e\u0301te\u0301.jpg": b"picture", "__MACOSX/._result.json": b"x"}
    path = zipped(tmp_path / "ChatExport_2024-01-01.zip", files)
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files, outcome.is_flawed) == (2, 1, False)
    [(name, sha256, parts)] = rows(archive, "SELECT file_name, sha256, parts FROM import_source")
    assert (name, sha256) == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    [member] = json.loads(parts)
    inside = next(iter(files.values()))
    assert member == {"name": "result.json", "sha256": hashlib.sha256(inside).hexdigest(), "bytes": len(inside)}
    again = import_into(archive, path)
    assert (again.counts.changes, again.was_finished, list(temporary.iterdir())) == (0, True, [])
    assert_sound(archive)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstandard)],
)
def test_a_compressed_file_is_imported_with_the_files_beside_it(
    archive: Path, tmp_path: Path, temporary: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / PICTURE["photo"]).write_bytes(b"picture")
    path = tmp_path / f"result.json.{suffix}"
    path.write_bytes(compress(export(root="")["result.json"]))
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files, list(temporary.iterdir())) == (2, 1, [])


def test_the_intact_part_of_a_cut_compressed_file_is_imported(archive: Path, tmp_path: Path) -> None:
    listed = [entry(at, hashlib.sha256(str(at).encode()).hexdigest()) for at in range(1, 300)]
    path = tmp_path / "result.json.gz"
    path.write_bytes(gzip.compress(export(*listed, root="")["result.json"])[:-400])
    hashed = open_hashed(path, None)
    assert [one.what for one in hashed.flaws] == ["the compressed file ends too early: the rest is missing"]
    hashed.close()
    outcome = import_into(archive, path)
    assert outcome.counts.new > 200


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard])
def test_a_fully_damaged_compressed_file_is_not_called_empty(
    tmp_path: Path, temporary: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "result.json.packed"
    path.write_bytes(pack(export(root="")["result.json"])[:20])
    with pytest.raises(UsageError, match=r"packed: nothing in it can be unpacked\.") as raised:
        open_hashed(path, None)
    assert raised.value.hint == "It is damaged or cut: copy it again."
    assert list(temporary.iterdir()) == []


def test_a_damaged_member_is_named_and_what_precedes_it_is_imported(archive: Path, tmp_path: Path) -> None:
    listed = [entry(at, hashlib.sha256(str(at).encode()).hexdigest()) for at in range(1, 300)]
    path = zipped(tmp_path / "x.zip", export(*listed))
    data = bytearray(path.read_bytes())
    data[-400] ^= 0xFF  # in the packed text, before the list of files
    path.write_bytes(data)
    hashed = open_hashed(path, None)
    [flaw] = hashed.flaws
    hashed.close()
    assert "it is damaged in the zip" in flaw.what
    assert "message texts may be wrong" in flaw.what, "a checksum tells at the end, when words were read already"
    assert import_into(archive, path).counts.new > 200


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_media_file_is_not_stored_however_it_is_packed(tmp_path: Path, method: int) -> None:
    path, photo = tmp_path / "x.zip", hashlib.shake_256(b"photo").digest(5_000)
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.writestr("photo.jpg", photo)
    data = bytearray(path.read_bytes())
    data[50:4_000] = bytes(3_950)
    path.write_bytes(data)
    with open_zip(path, [])[0] as packed:
        beside = ZippedFiles(packed, {"photo.jpg": packed.members[0]}, "")
        with pytest.raises(NotAdopted, match="it is damaged in the zip"), beside.open("photo.jpg", tmp_path) as file:
            list(iter(lambda: file.read(1 << 14), b""))


def test_pages_in_a_zip_are_one_chat_and_each_message_names_its_page(archive: Path, tmp_path: Path) -> None:
    files = {f"e/messages{number or ''}.html": HEAD + TAIL for number in (0, 2)}
    hashed = open_hashed(zipped(tmp_path / "x.zip", files), None)
    [found] = [one for one in hashed.source.chats() if isinstance(one, Chat)]
    assert [one.name for one in hashed.unpacked] == ["messages.html", "messages2.html"]
    assert found.channel_id is None
    hashed.close()


def _linked(member: zipfile.ZipInfo) -> None:
    member.external_attr = (stat.S_IFLNK | 0o777) << 16


def _locked(path: Path) -> Path:
    """The same, as if protected by a password."""
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := data.find(mark, place + 1)) >= 0:
            data[place + at] |= 1
    path.write_bytes(data)
    return path


BAD: list[tuple[str, Callable[[Path], Path]]] = [
    ("protected by a password", lambda path: _locked(zipped(path, export()))),
    ("is a link", lambda path: zipped(path, export(), _linked)),
    ("contains 2 exports", lambda path: zipped(path, export(root="a/") | export(root="b/"))),
    (
        "leads outside it",
        lambda path: zipped(path, {"a.manifest.json": b"x", "month=../\n.parquet": b"x"}),
    ),
    ("more than 600 times its size", lambda path: zipped(path, {"result.json": b"0" * (9 << 20)})),
    ("a telekeep archive", lambda path: zipped(path, {"a/archive.db": b"x"})),
    ("everything in it leads outside", lambda path: zipped(path, {"../result.json": b"x", "C:/result.json": b"y"})),
    (
        "is a Slack export",
        lambda path: zipped(path, {"s/users.json": b"[]", "s/channels.json": b"[]", "s/g/1.json": b""}),
    ),
    ("is a WhatsApp chat", lambda path: zipped(path, {"_chat.txt": b"hello", "00000001-PHOTO.jpg": b"x"})),
    ("several files", lambda path: zipped(path, {"a.json": b"x", "b/c.json": b"y"})),
    ("is empty", lambda path: zipped(path, {})),
    ("is not an export that telekeep can read", lambda path: zipped(path, {"x.txt": b"hello"})),
    ("packed twice", lambda path: zipped(path, {"x.json": zipped(path, export()).read_bytes()})),
    ("ends too early or is damaged", lambda path: _cut(zipped(path, export()), 25)),
]


def _cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


@pytest.mark.parametrize(("why", "make"), BAD, ids=[why for why, _ in BAD])
def test_an_unreadable_zip_is_refused_in_one_line_that_names_it(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, why: str, make: Callable[[Path], Path]
) -> None:
    monkeypatch.setattr(room, "_FREE", 1 << 20)
    path = make(tmp_path / "x.zip")
    with pytest.raises(UsageError, match=why) as caught:
        open_hashed(path, None)
    assert (str(path) in str(caught.value), str(temporary) in str(caught.value)) == (True, False)
    assert list(temporary.iterdir()) == []


def test_members_that_lead_outside_the_zip_are_named_and_the_rest_is_read(archive: Path, tmp_path: Path) -> None:
    out = {"../../evil.txt": b"x", "/etc/passwd": b"x", "a/../../b": b"x", "C:\\boot.ini": b"x"}
    path = zipped(tmp_path / "x.zip", export() | out)
    hashed = open_hashed(path, None)
    [flaw] = hashed.flaws
    hashed.close()
    assert flaw.where == "../../evil.txt, /etc/passwd, a/../../b and 1 more"
    assert flaw.what == "lead outside the zip, so they are left out; do not trust its source"
    assert import_into(archive, path).counts.new == 2


def test_no_name_in_a_zip_becomes_a_path_outside(archive: Path, tmp_path: Path) -> None:
    away = [entry(at, photo=name) for at, name in enumerate(("../x.jpg", "/etc/passwd", "l.jpg", "n.jpg"), 1)]
    files = export(*away) | {"x.jpg": b"x", "/etc/passwd": b"x"}
    path = zipped(tmp_path / "x.zip", files)
    with zipfile.ZipFile(path, "a") as packed:
        link = zipfile.ZipInfo("ChatExport_2024-01-01/l.jpg")
        _linked(link)
        packed.writestr(link, "/etc/passwd")
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files, len(outcome.flaws)) == (4, 0, 3)


def test_joiners_and_spaces_of_any_kind_are_common_in_names(archive: Path, tmp_path: Path) -> None:
    [data] = export().values()
    for name in ("\u06af\u0632\u0627\u0631\u0634\u200c\u0647\u0627.json", "a\u00a0b.json"):
        outcome = import_into(archive, zipped(tmp_path / "x.zip", {name: data}))
        assert outcome.counts.new + outcome.counts.same == 2


@pytest.mark.parametrize("turns", [1, 2, 50])
def test_nothing_is_left_when_unpacking_is_interrupted(tmp_path: Path, temporary: Path, turns: int) -> None:
    path = zipped(tmp_path / "x.zip", export(*(entry(number, "bridge " * 90) for number in range(1, 400))))

    async def interrupt() -> None:
        opening = asyncio.create_task(open_until_stopped(path, None))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        with suppress(asyncio.CancelledError):
            (await opening).close()

    asyncio.run(interrupt())
    assert list(temporary.iterdir()) == []


def test_unpacking_can_be_cancelled(tmp_path: Path, temporary: Path) -> None:
    asked: list[None] = []
    path = zipped(tmp_path / "x.zip", export(*(entry(number, f"{number:0500}") for number in range(1, 400))))
    with pytest.raises(UnpackStopped):
        open_hashed(path, None, lambda: asked.append(None) or len(asked) > 1)  # type: ignore[func-returns-value]
    assert (len(asked), list(temporary.iterdir())) == (2, [])


def test_a_full_disk_is_reported_and_nothing_is_left_behind(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_KEEP", 1 << 60)
    with pytest.raises(UsageError, match="has no room to unpack it"):
        Unpacked(zipped(tmp_path / "x.zip", export()))
    assert list(temporary.iterdir()) == []


def test_the_next_import_removes_what_a_killed_one_left(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Path(tempfile.mkdtemp(prefix=room._PREFIX))
    (left / "x").write_bytes(b"x")
    monkeypatch.setattr(room, "_OLD", -1.0)
    held = Unpacked(zipped(tmp_path / "a.zip", export()))
    Unpacked(zipped(tmp_path / "b.zip", export())).close()
    assert [one.name for one in temporary.iterdir()] == [held.inside.name]
    held.close()


def test_a_picture_that_unpacks_to_far_more_than_its_size_is_not_taken(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_FREE", 1000)
    files = export(entry(1, "a", photo="photos/a.jpg"), root="")
    outcome = import_into(archive, zipped(tmp_path / "x.zip", {**files, "photos/a.jpg": bytes(1_000_000)}))
    [why] = outcome.flaws
    assert (outcome.counts.new, outcome.counts.files) == (1, 0)
    assert "it unpacks to far more than its size" in why


def test_an_import_removes_no_directory_of_a_merge_or_of_the_user(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merging = temporary / "telekeep-import-x7_w2c0a"
    merging.mkdir()
    (temporary / "telekeep-import-channels").mkdir()
    monkeypatch.setattr(room, "_OLD", -1.0)
    Unpacked(zipped(tmp_path / "a.zip", export())).close()
    assert {one.name for one in temporary.iterdir()} == {merging.name, "telekeep-import-channels"}


def test_rows_of_telekeep_in_gzip_are_compared_with_the_manifest_beside_them(archive: Path, tmp_path: Path) -> None:
    line = json.dumps(ROW).encode() + b"\n"
    listed = {"path": "x.jsonl", "bytes": len(line) + 1, "sha256": "0" * 64}
    manifest = {"manifest_version": 1, "format": "jsonl", "files": [listed, {"path": "y.jsonl"}], "channels": []}
    write_json(tmp_path / "x.jsonl.manifest.json", manifest)
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(line))
    hashed = open_hashed(tmp_path / "x.jsonl.gz", None)
    flaws = [one for one in hashed.source.chats() if not isinstance(one, Chat)]
    hashed.close()
    assert ["its manifest says" in one.what for one in flaws] == [True]


def test_a_cut_compressed_file_is_reported_once(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "result.json.gz"
    path.write_bytes(gzip.compress(export(root="")["result.json"])[:-40])
    hashed = open_hashed(path, None)
    done = import_into(archive, path)
    broken = [f"{flaw.where}: {flaw.what}" for flaw in hashed.flaws]
    hashed.close()
    channel = ImportChannel(channel_id=ChannelId(CHANNEL_ID), name="test")
    report_import(ImportReport(path, hashed, None, False, [ImportedChat(channel, done)], Counter(), broken))
    assert (len(broken), capsys.readouterr().err.count("ends too early")) == (1, 1)
