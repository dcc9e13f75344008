"""Zips that were cut off or damaged, as by a download that broke: whatever is whole in them is imported."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.imports.import_file import open_hashed
from archiver.imports.packed.zip_salvage import SalvagedZip
from archiver.imports.packed.zipped import LISTED_WRONG, LOST, NO_END
from tests.capturing import archive, assert_sound
from tests.importing import entry, import_into
from tests.unit.test_import_packed import PICTURE, export, temporary

__all__ = ["archive", "temporary"]

KEPT = [(zipfile.ZIP_STORED, False), (zipfile.ZIP_DEFLATED, False), (zipfile.ZIP_DEFLATED, True)]


class Pipe(io.RawIOBase):
    """What zips are written to as a stream: sizes are then behind the files."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    """A zip with these files."""
    pipe, whole = Pipe(), io.BytesIO()
    with zipfile.ZipFile(pipe if streamed else whole, "w", method) as made:  # type: ignore[arg-type]
        for name, data in files.items():
            made.writestr(name, data)
    return bytes(pipe.data) if streamed else whole.getvalue()


def files_of() -> dict[str, bytes]:
    """An export of many messages with a picture, which comes first."""
    listed = [entry(at, hashlib.sha256(str(at).encode()).hexdigest()) for at in range(3, 300)]
    messages = export(entry(1, "one", **PICTURE), entry(2, "two"), *listed)
    return {"ChatExport_2024-01-01/" + PICTURE["photo"]: b"picture", **messages}


def written(path: Path, data: bytes) -> Path:
    """A file with these bytes."""
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("method", "streamed"), KEPT)
def test_a_zip_without_its_list_of_files_is_imported_with_its_pictures(
    archive: Path, tmp_path: Path, temporary: Path, method: int, streamed: bool
) -> None:
    data = packed(files_of(), method, streamed=streamed)
    path = written(tmp_path / "x.zip", data[: data.index(b"PK\x01\x02")])
    hashed = open_hashed(path, None)
    assert [one.what for one in hashed.flaws] == [LISTED_WRONG]
    hashed.close()
    outcome = import_into(archive, path)
    assert (outcome.counts.new, outcome.counts.files, list(temporary.iterdir())) == (299, 1, [])
    assert_sound(archive)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_zip_cut_in_its_messages_gives_those_before(archive: Path, tmp_path: Path, streamed: bool) -> None:
    data = packed(files_of(), streamed=streamed)
    path = written(tmp_path / "x.zip", data[: len(data) * 2 // 3])
    outcome = import_into(archive, path)
    assert 100 < outcome.counts.new < 299
    assert outcome.is_cut


def lossy(data: bytes, at: int, lost: int) -> bytes:
    """The same without some bytes in its middle."""
    return data[:at] + data[at + lost :]


@pytest.mark.parametrize(("method", "streamed"), KEPT)
def test_of_a_zip_that_lost_bytes_in_its_middle_what_is_whole_is_imported(
    archive: Path, tmp_path: Path, temporary: Path, method: int, streamed: bool
) -> None:
    filler = {f"ChatExport_2024-01-01/photos/{name}.jpg": bytes(range(256)) * 40 for name in "abc"}
    data = packed({**filler, **files_of()}, method, streamed=streamed)
    first, second = (data.index(f"ChatExport_2024-01-01/photos/{name}".encode()) - 30 for name in "ab")
    # From the end of a file over the next header, within a header, over more than a file, and within a file.
    places = ((first, second - 40, 90), (first, second + 8, 9), (first, first + 90, second), (second, second + 95, 70))
    for last, at, lost in places:
        hashed = open_hashed(written(tmp_path / "x.zip", lossy(data, at, lost)), None)
        assert [(one.where, one.what) for one in hashed.flaws] == [(f"x.zip, byte {last:,}", LOST.format(lost))]
        hashed.close()
    outcome = import_into(archive, tmp_path / "x.zip")
    assert (outcome.counts.new, outcome.counts.files) == (299, 1)
    assert list(temporary.iterdir()) == []
    assert_sound(archive)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_loss_in_the_messages_costs_those_at_or_after_it(archive: Path, tmp_path: Path, method: int) -> None:
    data = packed({**files_of(), "ChatExport_2024-01-01/photos/other.jpg": bytes(9_000)}, method)
    outcome = import_into(archive, written(tmp_path / "x.zip", lossy(data, data.index(b"result.json") + 14_000, 300)))
    assert 40 < outcome.counts.new < 299
    assert outcome.is_flawed


@pytest.mark.parametrize("gained", ["bytes in its middle", "another zip behind it"])
def test_of_a_zip_that_gained_bytes_the_files_before_them_are_imported(
    archive: Path, tmp_path: Path, gained: str
) -> None:
    data = packed({**files_of(), "ChatExport_2024-01-01/photos/other.jpg": bytes(range(256)) * 40})
    at = data.index(b"photos/other.jpg") + 60
    longer = data + data if gained == "another zip behind it" else data[:at] + b"gained" + data[at:]
    outcome = import_into(archive, written(tmp_path / "x.zip", longer))
    assert (outcome.counts.new, outcome.counts.files) == (299, 1)
    hashed = open_hashed(tmp_path / "x.zip", None)
    assert [one.what for one in hashed.flaws] == [LISTED_WRONG]
    hashed.close()


def test_a_zip_that_lost_its_first_header_or_whose_first_file_has_another_time_is_refused(tmp_path: Path) -> None:
    """Nothing else tells its list from that of a zip that somebody posted."""
    data = bytearray(packed(files_of()))
    data[10] ^= 1
    for lost in (lossy(bytes(data), len(data) // 2, 100), lossy(packed(files_of()), 60, 100)):
        with pytest.raises(UsageError, match="its first file is not the one that its list of files begins with"):
            open_hashed(written(tmp_path / "x.zip", lost), None)


@pytest.mark.parametrize(
    ("method", "streamed"), [(zipfile.ZIP_STORED, True), (zipfile.ZIP_BZIP2, False), (zipfile.ZIP_LZMA, False)]
)
def test_a_file_whose_end_only_the_list_tells_is_named_and_ends_the_reading(
    tmp_path: Path, method: int, streamed: bool
) -> None:
    first = packed(files_of())
    data = first[: first.index(b"PK\x01\x02")] + packed(
        {"ChatExport_2024-01-01/a.bin": b"a"}, method, streamed=streamed
    )
    hashed = open_hashed(written(tmp_path / "x.zip", data[: data.rindex(b"PK\x01\x02")]), None)
    assert [(one.where, one.what) for one in hashed.flaws][1:] == [("ChatExport_2024-01-01/a.bin", NO_END)]
    hashed.close()


def test_a_stored_file_whose_header_has_its_size_but_not_its_checksum_is_whole_if_that_follows(tmp_path: Path) -> None:
    data = bytearray(packed({"a.json": b"[]", "b.jpg": b"b" * 50}, zipfile.ZIP_STORED, streamed=True))
    for size, begin in ((2, 0), (50, data.index(b"PK\x03\x04", 1))):
        struct.pack_into("<LL", data, begin + 18, size, size)  # as `zip - | cat` does
    for at, whole in ((None, [True, True]), (data.rindex(b"PK\x07\x08") + 5, [True, False])):
        if at is not None:
            data[at] ^= 1
        zipped = SalvagedZip(written(tmp_path / "x.zip", bytes(data[: data.index(b"PK\x01\x02")])), lambda: False)
        assert [zipped.is_whole(one) for one in zipped.members] == whole


def test_a_zip_with_nothing_whole_is_refused_in_one_line(tmp_path: Path, temporary: Path) -> None:
    path = written(tmp_path / "x.zip", b"PK\x03\x04" + b"\xff" * 400)
    with pytest.raises(UsageError, match=r"x\.zip is a zip that ends too early or is damaged: nothing in it can"):
        open_hashed(path, None)
    assert list(temporary.iterdir()) == []


def test_files_without_a_name_are_passed_over(archive: Path, tmp_path: Path) -> None:
    data = packed({"Xa.jpg": b"x", **files_of()}).replace(b"Xa.jpg", b"\0a.jpg")
    for end in (len(data), data.index(b"PK\x01\x02")):
        outcome = import_into(archive, written(tmp_path / "x.zip", data[:end]))
        assert outcome.counts.messages == 299


def test_damage_in_a_small_zip_leaves_the_messages_before_it(archive: Path, tmp_path: Path) -> None:
    listed = [entry(at, hashlib.sha256(str(at).encode()).hexdigest()) for at in range(1, 60)]
    data = bytearray(packed(export(*listed)))
    at = len(data) // 2
    data[at : at + 40] = b"\xff" * 40
    assert 15 < import_into(archive, written(tmp_path / "x.zip", bytes(data))).counts.new < 59


@given(st.data())
def test_whatever_is_altered_its_members_are_listed_within_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(packed({"a.json": b"x" * 3000, "b/c.jpg": b"y" * 50}, streamed=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.sampled_from((0, 1, 8, 0x50, 0x80, 0xFF)))
    path = written(tmp_path_factory.mktemp("zip") / "x.zip", bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    size = path.stat().st_size
    for one in SalvagedZip(path, lambda: False).members:
        assert 0 <= one.header_offset + one.compress_size <= size
        assert one.file_size >= 0
