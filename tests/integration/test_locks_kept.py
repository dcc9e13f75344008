"""A process that has the archive open keeps SQLite's locks: others must not delete its log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from archiver.store.database import Database
from archiver.store.media_policy import note_rate
from archiver.store.medium import ARCHIVE_NAME, expect_no_export, find_reading, is_export

OTHER = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
print(conn.execute("SELECT count(*) FROM media_rate").fetchone()[0])
conn.close()
"""


def count_elsewhere(path: Path) -> int:
    """The rows that another process sees; the last one to close an archive deletes its log."""
    done = subprocess.run([sys.executable, "-c", OTHER, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


async def test_another_process_sees_what_is_written_after_the_file_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / ARCHIVE_NAME
    async with await Database.open(tmp_path) as database:
        for number in range(3):
            assert not is_export(path)
            expect_no_export(tmp_path)
            find_reading(path)
            async with await Database.open_readonly(tmp_path):
                assert count_elsewhere(path) == number
            await database.write(note_rate, f"account {number}", files=1, size=1, seconds=1.0, now=number)
            assert count_elsewhere(path) == number + 1
