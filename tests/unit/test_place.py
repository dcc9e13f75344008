"""Where an export may be written, and what it never replaces."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.export.place import Stream, find_place, open_stream


def test_new_name_is_a_file_and_a_directory_has_one_inside(tmp_path: Path) -> None:
    assert find_place("day.csv", "csv") == Path("day.csv")
    assert find_place("found/", "csv") == Path("found/messages.csv")
    assert find_place(str(tmp_path), "jsonl") == tmp_path / "messages.jsonl"
    assert find_place("-", "csv") == Stream("-", 1)


@pytest.mark.parametrize("out", ["", "a\0b", "manifest.json", "one.csv.manifest.json"])
def test_what_cannot_be_a_data_file_is_refused(out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        find_place(out, "csv")


def test_existing_file_requires_force(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_text("mine")
    for out in (str(path), str(tmp_path)):
        with pytest.raises(UsageError, match="--force replaces it"):
            find_place(out, "csv", force=False)
        assert find_place(out, "csv", force=True) == path


def test_pipes_and_open_descriptors_are_written_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to_pipe").symlink_to("pipe")
    (tmp_path / "to_stdout").symlink_to("/proc/self/fd/1")
    (tmp_path / "further").symlink_to("to_stdout")
    for name in ("pipe", "to_pipe"):
        assert find_place(str(tmp_path / name), "csv") == Stream(str(tmp_path / name))
    for name in ("to_stdout", "further"):
        assert find_place(str(tmp_path / name), "csv") == Stream(str(tmp_path / name), 1)
    assert find_place("/dev/stdout", "csv") == Stream("/dev/stdout", 1)
    assert find_place("/dev/fd/63", "csv") == Stream("/dev/fd/63", 63)
    assert find_place("/dev/null", "csv") == Stream("/dev/null")


def test_links_and_sockets_are_refused_also_with_force(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to("file.csv")
    (tmp_path / "nowhere.csv").symlink_to("not there")
    (tmp_path / "round.csv").symlink_to("round.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name in ("link.csv", "nowhere.csv", "round.csv", "socket"):
            with pytest.raises(UsageError):
                find_place(str(tmp_path / name), "csv", force=True)
    assert (tmp_path / "file.csv").read_text() == "mine"


def test_what_belongs_to_the_archive_is_replaced_by_nothing(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"all of it")
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.jpg").write_bytes(b"a picture")
    for name in ("archive.db", "archive.db-wal", "session", "media/a.jpg"):
        with pytest.raises(UsageError, match="archive"):
            find_place(str(tmp_path / name), "csv", force=True, archive=tmp_path)
    assert find_place(str(tmp_path / "day.csv"), "csv", archive=tmp_path) == tmp_path / "day.csv"


def test_nothing_new_is_written_among_the_stored_files(tmp_path: Path) -> None:
    for there in (False, True):
        if there:
            (tmp_path / "media").mkdir()
        for name in ("media", "media/", "media/day.csv", "media/7f/day.csv", "media/new/"):
            with pytest.raises(UsageError, match="stored files"):
                find_place(f"{tmp_path}/{name}", "csv", archive=tmp_path)
    moved = tmp_path / "other disk"
    (tmp_path / "media").rename(moved)
    (tmp_path / "media").symlink_to(moved)
    with pytest.raises(UsageError, match="stored files"):
        find_place(str(moved / "day.csv"), "csv", archive=tmp_path)


async def test_pipe_is_waited_for_until_it_has_a_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    async def write() -> None:
        async with open_stream(Stream(str(tmp_path / "pipe"))) as sink:
            sink.write(b"rows\n")

    writing = asyncio.create_task(write())
    await asyncio.sleep(0)
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    with os.fdopen(reader, "rb") as file:
        await writing
        assert file.read() == b"rows\n"
    assert (tmp_path / "pipe").is_fifo()


async def test_unwritable_stream_is_one_error_line() -> None:
    async def write() -> None:
        async with open_stream(Stream("/dev/full")) as sink:
            sink.write(b"x" * 100_000)

    with pytest.raises(UsageError, match="/dev/full cannot be written: No space left on device"):
        await write()
    with pytest.raises(UsageError, match="cannot be written"):
        async with open_stream(Stream("/dev/fd/987", 987)):
            pass
