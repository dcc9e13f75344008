"""Zips and tars that somebody posted, in an export that was cut or damaged: they are never taken for the export."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.imports.adopt import NotAdopted
from archiver.imports.packed.room import UnpackStopped
from archiver.imports.packed.single import MAY_BE_WRONG
from archiver.imports.packed.unpack import Unpacked
from archiver.imports.packed.zipped import LISTED_WRONG
from tests.importing import entry
from tests.unit.test_import_packed import export, temporary
from tests.unit.test_import_salvaged import Pipe, packed, written
from tests.unit.test_import_tar import tarred

__all__ = ["temporary"]

ROOT = "ChatExport/"
MESSAGES = f"{ROOT}result.json"
FORGED = export(entry(1, "FORGED"), root=ROOT)
GENUINE = export(*(entry(at, hashlib.sha256(str(at).encode()).hexdigest()) for at in range(1, 30)), root=ROOT)
PHOTO = hashlib.shake_256(b"photo").digest(3_000)
STORED = packed({**FORGED, f"{ROOT}photos/a.jpg": b"FORGED"}, zipfile.ZIP_STORED)
POSTED = {
    f"{ROOT}files/stored.zip": STORED,
    f"{ROOT}files/streamed.zip": packed(FORGED, streamed=True),
    f"{ROOT}files/result.json": FORGED[MESSAGES],
    f"{ROOT}files/twice.zip": packed({"x.zip": STORED}, zipfile.ZIP_STORED),
    f"{ROOT}files/ended.bin": b"a" + struct.pack("<4sLLL", b"PK\x07\x08", zlib.crc32(b"a"), 1, 1) + STORED,
}
Files = Mapping[str, tuple[bytes, int]]


def zipped(files: Files, *, streamed: bool) -> bytes:
    """A zip with these files, each packed by its own method."""
    pipe, whole = Pipe(), io.BytesIO()
    with zipfile.ZipFile(pipe if streamed else whole, "w") as made:  # type: ignore[arg-type]
        for name, (data, method) in files.items():
            made.writestr(zipfile.ZipInfo(name), data, method)
    return bytes(pipe.data) if streamed else whole.getvalue()


@contextmanager
def opened(path: Path) -> Iterator[Unpacked | None]:
    """What is unpacked; None if it is refused."""
    try:
        found = Unpacked(path)
    except UsageError:
        yield None
        return
    try:
        yield found
    finally:
        found.close()


def messages_in(found: Unpacked) -> bytes:
    """The unpacked file with the messages."""
    path = found.inside if found.inside.is_file() else found.inside / "result.json"
    return path.read_bytes() if path.exists() else b""


def media_in(found: Unpacked, name: str) -> bytes | None:
    """A whole media file; None if it is not adopted."""
    with suppress(NotAdopted), found.media.open(name.removeprefix(ROOT), Path("/nowhere")) as (_, read):
        return b"".join(iter(lambda: read(1 << 16), b""))
    return None


def assert_own(found: Unpacked, files: Mapping[str, bytes]) -> None:
    """Messages and media files are the export's own."""
    data = messages_in(found)
    assert b"FORGED" not in data
    if not any(MAY_BE_WRONG in flaw.what for flaw in found.flaws):
        assert data == files[MESSAGES]
    for name, whole in files.items():
        assert media_in(found, name) in (None, whole)


def ordered(position: int) -> dict[str, bytes]:
    """The export, with its messages at this position among what was posted."""
    files = [*POSTED.items(), (f"{ROOT}photos/a.jpg", PHOTO)]
    files.insert(position, (MESSAGES, GENUINE[MESSAGES]))
    return dict(files)


@given(st.data())
@settings(max_examples=150)
def test_whatever_is_cut_off_or_altered_in_a_zip_only_the_exports_own_is_taken(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    names = data.draw(st.permutations(list(ordered(0))))
    files = {name: ordered(0)[name] for name in names}
    methods = {name: data.draw(st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) for name in names}
    whole = bytearray(
        zipped({name: (one, methods[name]) for name, one in files.items()}, streamed=data.draw(st.booleans()))
    )
    kind = data.draw(st.sampled_from(("cut", "flip", "list cut and flip", "lost")))
    at = data.draw(st.integers(4, len(whole) - 1))
    if "flip" in kind:
        whole[at] ^= 1 << data.draw(st.integers(0, 7))
    if kind == "lost":
        del whole[at : at + data.draw(st.integers(1, 600))]
    end = {"cut": at, "list cut and flip": len(whole) - 30}.get(kind, len(whole))
    with opened(written(tmp_path_factory.mktemp("zip") / "x.zip", bytes(whole[:end]))) as found:
        if found is not None:
            assert_own(found, files)
            if kind == "cut":
                assert found.flaws
                assert GENUINE[MESSAGES].startswith(messages_in(found))


@pytest.mark.parametrize("position", [0, 2, len(POSTED)])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_zip_cut_right_behind_a_posted_one_is_not_that_one(tmp_path: Path, position: int, streamed: bool) -> None:
    files = ordered(position)
    whole = zipped({name: (one, zipfile.ZIP_STORED) for name, one in files.items()}, streamed=streamed)
    for posted in POSTED.values():
        end = whole.index(posted) + len(posted)
        for cut in range(end - 3, end + 40):
            with opened(written(tmp_path / "x.zip", whole[:cut])) as found:
                if found is not None:
                    assert_own(found, files)
                    assert found.flaws[0].what == LISTED_WRONG


def test_one_damaged_header_costs_its_file_alone(tmp_path: Path) -> None:
    files = {**GENUINE, f"{ROOT}photos/a.jpg": PHOTO, f"{ROOT}photos/b.jpg": PHOTO}
    whole = zipped({name: (one, zipfile.ZIP_STORED) for name, one in files.items()}, streamed=True)
    begin = whole.index(b"PK\x03\x04", 1)
    for at in (0, 26, 29, 30):  # its mark, the lengths of its name and of what follows that, and its name
        data = bytearray(whole)
        data[begin + at] ^= 0x40
        with opened(written(tmp_path / "x.zip", bytes(data))) as found:
            assert found is not None
            assert (found.flaws, messages_in(found)) == ([], GENUINE[MESSAGES])
            assert [media_in(found, name) for name in list(files)[1:]] == [None, PHOTO]


def test_media_that_is_cut_or_altered_is_not_stored(tmp_path: Path) -> None:
    files = {**GENUINE, f"{ROOT}photos/a.jpg": PHOTO}
    whole = zipped({name: (one, zipfile.ZIP_DEFLATED) for name, one in files.items()}, streamed=True)
    listed = whole.index(b"PK\x01\x02")
    altered = bytearray(whole[:listed])
    altered[whole.index(PHOTO[500:600])] ^= 1  # random bytes are stored in it as they are
    for data in (whole[: listed - 1500], bytes(altered), whole[: listed - 10]):
        with opened(written(tmp_path / "x.zip", data)) as found:
            assert found is not None
            assert (messages_in(found), media_in(found, f"{ROOT}photos/a.jpg")) == (GENUINE[MESSAGES], None)
    with opened(written(tmp_path / "x.zip", whole[:listed])) as found:
        assert found is not None
        assert media_in(found, f"{ROOT}photos/a.jpg") == PHOTO


def test_posted_messages_are_not_the_export_where_its_own_are_missing(tmp_path: Path) -> None:
    for data in (tarred({f"{ROOT}files/result.json": FORGED[MESSAGES]}), packed({"files/a.jsonl": b"{}"})):
        with pytest.raises(UsageError, match=r"the only messages in it are in .*files/, where exports have files"):
            Unpacked(written(tmp_path / "x", data))


@pytest.mark.parametrize("name", ["files", "Downloads/media"])
def test_an_export_in_a_directory_called_as_those_for_posted_files_is_one_by_its_own_directories(
    tmp_path: Path, name: str
) -> None:
    whole = {one.replace(ROOT, f"{name}/"): data for one, data in {**GENUINE, **POSTED}.items()}
    cut = bytes(packed(whole)[:-30])
    for data in (tarred(whole), packed(whole)):
        with opened(written(tmp_path / "x", data)) as found:
            assert found is not None
            assert messages_in(found) == GENUINE[MESSAGES]
    with pytest.raises(UsageError, match=r"the only messages in it are in .*/, where exports have files"):
        Unpacked(written(tmp_path / "x", cut))


def test_a_name_altered_in_the_first_header_makes_no_posted_file_the_export(tmp_path: Path) -> None:
    """Else messages would be read from a directory that is not called `files`."""
    files = {f"{ROOT}files/result.json": FORGED[MESSAGES], **POSTED, **GENUINE}
    for streamed in (False, True):
        whole = zipped({name: (one, 8) for name, one in files.items()}, streamed=streamed)
        first, slash = bytearray(whole), bytearray(whole)
        first[30 + len(ROOT)] ^= 1
        slash[30 + len(ROOT) - 1] ^= 1
        for data in (first, first[:600], slash, slash[:600]):
            with pytest.raises(
                UsageError, match=r"its first file is not the one that its list|the export's own are mis"
            ):
                Unpacked(written(tmp_path / "x.zip", bytes(data)))


def test_messages_that_lost_their_end_and_all_headers_after_it_take_nothing_of_a_posted_file(tmp_path: Path) -> None:
    files = {**GENUINE, f"{ROOT}files/rows.json": FORGED[MESSAGES], f"{ROOT}photos/a.jpg": bytes(20_000)}
    whole = zipped({name: (one, zipfile.ZIP_STORED) for name, one in files.items()}, streamed=False)
    lost = whole.index(b"rows.json") + len(b"rows.json")
    for data in (whole[: lost - 500] + whole[lost:], whole[: lost - 500] + whole[lost : lost + 4000]):
        with opened(written(tmp_path / "x.zip", data)) as found:
            assert found is None or b"FORGED" not in messages_in(found)


@pytest.mark.parametrize(("method", "streamed"), [(zipfile.ZIP_STORED, False), (zipfile.ZIP_DEFLATED, True)])
def test_of_messages_that_are_cut_off_what_precedes_the_cut_is_taken(
    tmp_path: Path, method: int, streamed: bool
) -> None:
    whole = zipped({name: (one, method) for name, one in GENUINE.items()}, streamed=streamed)
    listed = whole.index(b"PK\x01\x02")
    for cut in range(200, listed + 40, 40 if streamed else 400):
        with opened(written(tmp_path / "x.zip", whole[:cut])) as found:
            assert found is not None
            assert GENUINE[MESSAGES].startswith(messages_in(found))
            assert (len(messages_in(found)) == len(GENUINE[MESSAGES])) == (cut >= listed - 16 * streamed)


@given(st.data())
def test_whatever_is_damaged_in_a_tar_no_posted_tar_is_taken_for_it(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    posted = bytes(data.draw(st.sampled_from((0, 512)))) + tarred({**FORGED, f"{ROOT}photos/a.jpg": b"FORGED"})
    files = {**GENUINE, f"{ROOT}files/x.tar": posted, f"{ROOT}photos/a.jpg": PHOTO, f"{ROOT}files/y.tar": posted}
    whole = bytearray(tarred({name: files[name] for name in data.draw(st.permutations(list(files)))}))
    heads = [whole.index(name.encode() + b"\0") for name in files]
    kind = data.draw(st.sampled_from(("altered", "zeroed", "cut")))
    at = data.draw(st.sampled_from(heads))
    if kind == "altered":
        whole[at + data.draw(st.integers(0, 511))] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "zeroed":
        whole[at : at + 512] = bytes(512)
    end = data.draw(st.integers(512, len(whole))) if kind == "cut" else len(whole)
    with opened(written(tmp_path_factory.mktemp("tar") / "x.tar", bytes(whole[:end]))) as found:
        if found is not None:
            assert b"FORGED" not in messages_in(found)
            assert media_in(found, f"{ROOT}photos/a.jpg") in (None, PHOTO)


@pytest.mark.parametrize("end", [0, 30])
def test_listing_and_looking_through_a_zip_or_tar_can_be_stopped(tmp_path: Path, temporary: Path, end: int) -> None:
    files = {name: (one, zipfile.ZIP_STORED) for name, one in ordered(0).items()}
    whole = zipped(files, streamed=False)
    for data in (whole[: len(whole) - end], tarred(dict(ordered(0)))):
        asked: list[None] = []
        with pytest.raises(UnpackStopped):
            Unpacked(written(tmp_path / "x", data), lambda: asked.append(None) or True)  # type: ignore[func-returns-value] # noqa: B023
        assert (len(asked), list(temporary.iterdir())) == (1, [])
