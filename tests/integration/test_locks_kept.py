"""A process that has the archive open keeps SQLite's locks: others must not delete its log or rebuild its index."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.store import raw_file
from archiver.store.database import Database
from archiver.store.journal import check_journal
from archiver.store.media.media_policy import note_rate
from archiver.store.medium import ARCHIVE_NAME, expect_no_export, find_reading, is_export
from archiver.store.verify.checked import reading
from archiver.store.verify.soundness import check_header

COUNT = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
print(conn.execute("SELECT count(*) FROM media_rate").fetchone()[0])
conn.close()
"""
TRY_LOCKS = """
import fcntl, sys
for name, start, length in ((sys.argv[1], 0x4000_0002, 510), (sys.argv[1] + "-shm", 128, 1)):
    with open(name, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except OSError:
            print(1)
        else:
            print(0)
"""
"""Of the locks that SQLite holds while the archive is open: on the file, and on the log's index."""


def run_elsewhere(script: str, path: Path) -> list[int]:
    """The numbers that another process prints; the last one to close an archive deletes its log."""
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.splitlines()]


def check_log(path: Path) -> None:
    with reading(path) as conn:
        assert check_journal(conn, path) is None


async def test_another_process_sees_what_is_written_after_the_file_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / ARCHIVE_NAME
    async with await Database.open(tmp_path) as database:
        for number in range(3):
            assert not is_export(path)
            expect_no_export(tmp_path)
            find_reading(path)
            async with await Database.open_readonly(tmp_path):
                assert run_elsewhere(COUNT, path) == [number]
            await database.write(note_rate, f"account {number}", files=1, size=1, seconds=1.0, now=number)
            assert run_elsewhere(COUNT, path) == [number + 1]


@pytest.mark.parametrize("look", [is_export, find_reading, check_header, check_log, raw_file.create])
async def test_looking_at_the_files_of_an_open_archive_leaves_its_locks(
    tmp_path: Path, look: Callable[[Path], object]
) -> None:
    path = tmp_path / ARCHIVE_NAME
    async with await Database.open(tmp_path) as database:
        await database.write(note_rate, "account", files=1, size=1, seconds=1.0, now=1)
        assert run_elsewhere(TRY_LOCKS, path) == [1, 1]
        for _ in range(2):
            look(path)
            assert run_elsewhere(TRY_LOCKS, path) == [1, 1]


async def test_an_archive_that_was_opened_twice_keeps_its_locks_when_the_second_is_closed(tmp_path: Path) -> None:
    async with await Database.open(tmp_path):
        async with await Database.open(tmp_path):
            pass
        assert run_elsewhere(TRY_LOCKS, tmp_path / ARCHIVE_NAME) == [1, 1]


async def test_a_process_that_looks_at_many_files_closes_those_that_it_has_not_open_otherwise(tmp_path: Path) -> None:
    async with await Database.open(tmp_path):
        before = len(list(Path("/dev/fd").iterdir()))
        for number in range(3 * raw_file.MOST):
            one = tmp_path / f"{number}"
            one.write_bytes(b"0123")
            assert raw_file.read_at(one, 2, 1) == b"12"
        assert len(list(Path("/dev/fd").iterdir())) <= before + raw_file.MOST
        assert run_elsewhere(TRY_LOCKS, tmp_path / ARCHIVE_NAME) == [1, 1]


def test_a_file_that_took_the_place_of_another_is_read_itself(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"first")
    assert raw_file.read_at(path, 10) == b"first"
    path.unlink()
    path.write_bytes(b"second")
    assert raw_file.read_at(path, 10) == b"second"
