"""`telekeep repair search` tells a full disk from damage."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from archiver.cli.commands import repair_search
from archiver.store import database as databases
from config.settings import ArchiveSettings, Settings
from tests.sample import build, make_message


async def test_a_full_disk_is_not_called_messages_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, [make_message(number, f"words {number}") for number in range(1, 400)])
    with contextlib.closing(sqlite3.connect(tmp_path / "archive.db")) as conn:
        conn.execute("VACUUM")
        [(pages,)] = conn.execute("PRAGMA page_count").fetchall()
    monkeypatch.setattr(databases, "_PRAGMAS", f"{databases._PRAGMAS}; PRAGMA max_page_count = {pages};")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await repair_search.run(Settings(archive=ArchiveSettings(dir=tmp_path)))
