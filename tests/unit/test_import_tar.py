"""Exports in a tar, as it is or compressed: read like a zip, confined, and whatever is damaged in it."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.imports.import_file import open_hashed
from archiver.imports.packed import room
from archiver.imports.packed.tar_members import list_tar
from tests.capturing import archive, assert_sound, rows
from tests.importing import entry, import_into
from tests.unit.test_import_hostile import HEAD, TAIL
from tests.unit.test_import_packed import PICTURE, export, temporary, zstandard

__all__ = ["archive", "temporary"]

FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
WAYS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar.zst": zstandard,
}


def tarred(files: dict[str, bytes | tarfile.TarInfo], how: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar with these files, or members that are none."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=how) as packed:
        for name, data in files.items():
            member = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.name = name
            if isinstance(data, bytes):
                member.size = len(data)
                packed.addfile(member, io.BytesIO(data))
            else:
                packed.addfile(member)
    return out.getvalue()


def link(kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A member that is no file."""
    member = tarfile.TarInfo()
    member.type, member.linkname = kind, target
    return member


def written(path: Path, data: bytes) -> Path:
    """A file with these bytes."""
    path.write_bytes(data)
    return path


def with_picture(root: str = "./ChatExport/") -> dict[str, bytes | tarfile.TarInfo]:
    """The files of an export with a picture."""
    return {**export(root=root), root + PICTURE["photo"]: b"picture"}


@pytest.mark.parametrize("suffix", WAYS)
def test_a_tar_is_imported_with_its_pictures_and_named_by_its_own_hash(
    archive: Path, tmp_path: Path, temporary: Path, suffix: str
) -> None:
    path = written(tmp_path / f"x.{suffix}", WAYS[suffix](tarred(with_picture())))
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files, outcome.is_flawed) == (2, 1, False)
    [found] = rows(archive, "SELECT file_name, sha256, parts FROM import_source")
    assert found[:2] == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    assert "result.json" in found[2]
    again = import_into(archive, path)
    assert (again.counts.changes, again.was_finished, list(temporary.iterdir())) == (0, True, [])
    assert_sound(archive)


@pytest.mark.parametrize("how", FORMATS)
@pytest.mark.parametrize("name", ["a" * 90, "\u043e\u0442\u0447\u0451\u0442 " * 4, f"{'d' * 60}/{'f' * 80}"])
def test_long_and_foreign_names_are_read_in_each_format(archive: Path, tmp_path: Path, how: int, name: str) -> None:
    picture = f"photos/{name}.jpg"
    files = export(entry(1, photo=picture, photo_file_size=7), root="e/") | {f"e/{picture}": b"picture"}
    outcome = import_into(archive, written(tmp_path / "x.tar", tarred(dict(files), how)))
    assert (outcome.counts.new, outcome.counts.files) == (1, 1)


def test_pages_of_html_in_a_tar_are_one_chat(tmp_path: Path) -> None:
    pages: dict[str, bytes | tarfile.TarInfo] = {f"e/messages{number or ''}.html": HEAD + TAIL for number in (0, 2)}
    hashed = open_hashed(written(tmp_path / "x.tar", tarred(pages)), None)
    assert [one.name for one in hashed.unpacked] == ["messages.html", "messages2.html"]
    hashed.close()


def test_no_link_device_or_path_of_a_tar_leads_anywhere(archive: Path, tmp_path: Path) -> None:
    names = ("symbolic.jpg", "absolute.jpg", "device.jpg", "../up.jpg", "away.jpg", "same.jpg")
    files: dict[str, bytes | tarfile.TarInfo] = {
        **export(*(entry(at, photo=name) for at, name in enumerate(names, 1)), root="e/"),
        "e/real.jpg": b"real",
        "e/symbolic.jpg": link(tarfile.SYMTYPE, "/etc/passwd"),
        "e/absolute.jpg": link(tarfile.LNKTYPE, "/etc/passwd"),
        "e/device.jpg": link(tarfile.CHRTYPE),
        "e/away.jpg": link(tarfile.LNKTYPE, "../../etc/passwd"),
        "e/same.jpg": link(tarfile.LNKTYPE, "./e/real.jpg"),
    }
    outcome = import_into(archive, written(tmp_path / "x.tar", tarred(files)))
    assert (outcome.counts.new, outcome.counts.files) == (6, 1), "only another name of a file in the tar is a file"
    assert rows(archive, "SELECT size FROM file WHERE sha256 IS NOT NULL") == [(4,)]


BAD: list[tuple[str, dict[str, bytes | tarfile.TarInfo]]] = [
    ("is a link", {"e/result.json": link(tarfile.SYMTYPE, "/etc/passwd")}),
    ("is a link", {"e/result.json": link(tarfile.FIFOTYPE)}),
    ("contains 2 exports", {**export(root="a/"), **export(root="b/")}),
    ("everything in it leads outside", {"../result.json": b"x", "/result.json": b"y"}),
    ("a telekeep archive", {"a/archive.db": b"x"}),
    ("packed twice", {"x.json": tarred({"result.json": b"x"})}),
    ("is a Slack export", {"s/users.json": b"[]", "s/channels.json": b"[]"}),
]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
@pytest.mark.parametrize(("why", "files"), BAD, ids=[why for why, _ in BAD])
def test_an_unreadable_tar_is_refused_in_one_line_that_names_it(
    tmp_path: Path, temporary: Path, suffix: str, why: str, files: dict[str, bytes | tarfile.TarInfo]
) -> None:
    path = written(tmp_path / f"x.{suffix}", WAYS[suffix](tarred(files)))
    with pytest.raises(UsageError, match=why) as caught:
        open_hashed(path, None)
    assert (str(path) in str(caught.value), str(temporary) in str(caught.value)) == (True, False)
    assert list(temporary.iterdir()) == []


def test_a_compressed_tar_that_unpacks_to_far_more_is_refused(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_FREE", 1 << 20)
    path = written(tmp_path / "x.tar.gz", gzip.compress(tarred({"result.json": b"0" * (9 << 20)})))
    with pytest.raises(UsageError, match="more than 600 times its size"):
        open_hashed(path, None)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.xz", "tar.zst"])  # a cut of bzip2 costs a whole large block
def test_a_tar_cut_in_its_messages_gives_those_before(archive: Path, tmp_path: Path, suffix: str) -> None:
    listed = [entry(at, hashlib.shake_256(str(at).encode()).hexdigest(200)) for at in range(1, 900)]
    data = WAYS[suffix](tarred(dict(export(*listed))))
    path = written(tmp_path / f"x.{suffix}", data[: len(data) * 9 // 10])
    hashed = open_hashed(path, None)
    [flaw] = hashed.flaws
    hashed.close()
    assert "the tar ends in it" in flaw.what or "ends too early" in flaw.what
    assert 300 < import_into(archive, path).counts.new < 899


def test_a_tar_cut_between_two_files_is_said_to_end_early(tmp_path: Path) -> None:
    data = tarred(with_picture())
    end = data.index(b"ustar", data.index(b"picture")) if b"ustar" in data[data.index(b"picture") :] else len(data)
    hashed = open_hashed(written(tmp_path / "x.tar", data[: min(end, data.rindex(b"picture") + 505)]), None)
    assert [one.what for one in hashed.flaws] == ["the tar ends too early: files in it may be missing"]
    hashed.close()


def test_a_damaged_header_costs_its_file_alone_and_is_named(archive: Path, tmp_path: Path) -> None:
    data = bytearray(tarred({"e/notes.txt": b"n" * 5000, **with_picture("e/")}, tarfile.USTAR_FORMAT))
    data[1] ^= 0xFF  # the first header is right, or this would not be taken for a tar
    data = bytearray(tarred({"e/first.txt": b"1"}, tarfile.USTAR_FORMAT)[:1024]) + data
    path = written(tmp_path / "x.tar", bytes(data))
    hashed = open_hashed(path, None)
    assert [(one.where, one.what) for one in hashed.flaws] == [
        ("x.tar, byte 1,024", "the tar is damaged there: files in it may be missing")
    ]
    hashed.close()
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files) == (2, 1)


def test_tars_that_were_joined_and_what_follows_their_end_are_no_damage(archive: Path, tmp_path: Path) -> None:
    joined = tarred({"e/a.txt": b"a"}) + tarred(with_picture("e/")) + b"trailing " * 400
    hashed = open_hashed(written(tmp_path / "x.tar", joined), None)
    assert hashed.flaws == ()
    hashed.close()


def test_a_last_file_of_the_same_name_counts_as_for_every_unpacker(archive: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "x.tar", tarred(dict(export(entry(1, "old"), root=""))) + tarred(dict(export(root=""))))
    assert import_into(archive, path).counts.new == 2


@given(st.data())
def test_whatever_is_altered_in_a_tar_it_is_listed_in_bounded_time(data: st.DataObject) -> None:
    how = data.draw(st.sampled_from(FORMATS))
    whole = bytearray(
        tarred({f"{'d' * 60}/{'n' * 80}": b"x" * 700, "e/l": link(tarfile.SYMTYPE, "t" * 99), "b": b"y"}, how)
    )
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.sampled_from((0, 0x20, 0x2D, 0x37, 0x80, 0xFF)))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    listing = list_tar(io.BytesIO(cut))
    assert all(0 <= one.at <= len(cut) + 512 and one.size >= 0 for one in listing.members.values())


def test_sizes_below_zero_and_headers_without_end_are_damage() -> None:
    member = tarfile.TarInfo("x")
    member.size = -512
    negative = member.tobuf(tarfile.GNU_FORMAT)
    about = tarfile.TarInfo("long")
    about.type, about.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    for damage in (negative, about.tobuf(tarfile.GNU_FORMAT)):
        found = list_tar(io.BytesIO(tarred({"good": b"x"})[:1024] + damage + tarred({"after": b"x"})))
        assert (list(found.members), found.damaged) == (["good"], [1024])


def test_a_sparse_file_is_listed_by_its_own_name_but_never_read_as_it_is_packed() -> None:
    """Its bytes are packed without the holes, and in one of the two forms after a map of them."""
    pax, gnu = tarfile.TarInfo("GNUSparseFile.1/a.jpg"), tarfile.TarInfo("b.jpg")
    pax.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a.jpg"}
    gnu.type = tarfile.GNUTYPE_SPARSE
    pax.size = gnu.size = 1024
    packed = pax.tobuf(tarfile.PAX_FORMAT) + bytes(1024) + gnu.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    found = list_tar(io.BytesIO(packed + tarred({"after": b"x"})))
    assert {name: one.is_file for name, one in found.members.items()} == {"a.jpg": False, "b.jpg": False, "after": True}
    assert found.damaged == []


def test_a_size_beyond_the_tar_in_a_record_is_damage_not_a_full_disk(archive: Path, tmp_path: Path) -> None:
    member, [(name, data)] = tarfile.TarInfo(), export().items()
    member.name, member.size, member.pax_headers = name, len(data), {"size": "9" * 18}
    packed = member.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512 + 1024)
    path = written(tmp_path / "x.tar", packed)
    hashed = open_hashed(path, None)
    assert [one.what for one in hashed.flaws] == ["the tar is damaged there: files in it may be missing"]
    hashed.close()
    assert import_into(archive, path).counts.new == 2


def test_hard_links_lead_to_a_file_in_any_form_of_its_name_and_through_other_links(
    archive: Path, tmp_path: Path
) -> None:
    apart = unicodedata.normalize("NFD", "e/\u00e9t\u00e9.jpg")
    files: dict[str, bytes | tarfile.TarInfo] = {
        **export(*(entry(at, photo=name) for at, name in enumerate(("one.jpg", "two.jpg", "round.jpg"), 1)), root="e/"),
        apart: b"real",
        "e/one.jpg": link(tarfile.LNKTYPE, apart),
        "e/two.jpg": link(tarfile.LNKTYPE, "e/one.jpg"),
        "e/round.jpg": link(tarfile.LNKTYPE, "e/round.jpg"),
    }
    outcome = import_into(archive, written(tmp_path / "x.tar", tarred(files)))
    assert outcome.counts.new == 3
    assert rows(archive, "SELECT message_id FROM media WHERE status = 'downloaded' ORDER BY 1") == [(1,), (2,)]
