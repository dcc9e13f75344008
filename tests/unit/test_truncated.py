"""A file shorter than its header says is truncated, unless its log (-wal) has the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from archiver.store.verify.soundness import check_header

PAGE = 4096


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@pytest.fixture
def cut_short(tmp_path: Path) -> Path:
    """An archive as a full disk leaves it: its header was moved to the file, all other pages are in the log alone."""
    made, path = tmp_path / "made.db", tmp_path / "archive.db"
    with closing(sqlite3.connect(made, isolation_level=None)) as conn:
        conn.executescript("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE kept (value BLOB)")
        conn.execute("PRAGMA wal_checkpoint")
        for _ in range(3):
            conn.execute("BEGIN")
            conn.executemany("INSERT INTO kept VALUES (randomblob(3000))", [()] * 20)
            conn.execute("COMMIT")
        before = made.read_bytes()
        log_of(path).write_bytes(log_of(made).read_bytes())
        conn.execute("PRAGMA wal_checkpoint")
        path.write_bytes(made.read_bytes()[:PAGE] + before[PAGE:])
    return path


def test_a_short_file_is_sound_if_its_log_has_the_rest(cut_short: Path) -> None:
    assert check_header(cut_short) is None
    with closing(sqlite3.connect(cut_short)) as conn:
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (60,)
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def flip(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda log: log.unlink(), "its log (archive.db-wal), which may have the rest, is missing"),
        (lambda log: log.write_bytes(b""), "its log (archive.db-wal), which may have the rest, is missing"),
        (lambda log: log.write_bytes(flip(log.read_bytes())), "its log (archive.db-wal) does not have the rest"),
        (lambda log: log.write_bytes(log.read_bytes()[: 32 + 30 * (PAGE + 24)]), "does not have the rest"),
        (lambda log: log.write_bytes(bytes(40) + log.read_bytes()[40:]), "does not have the rest"),
    ],
    ids=["lost", "emptied", "damaged", "cut", "without its beginning"],
)
def test_a_short_file_without_the_rest_in_its_log_is_truncated(
    cut_short: Path, change: Callable[[Path], object], said: str
) -> None:
    change(log_of(cut_short))
    wrong = check_header(cut_short)
    assert wrong is not None
    assert wrong.startswith(f"is truncated: it has {cut_short.stat().st_size:,} bytes, but its header says ")
    assert said in wrong
