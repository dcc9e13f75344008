"""An archive on a read-only medium: read as it is there, or said what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from archiver.errors import UsageError
from archiver.store.medium import find_reading
from tests.acceptance.desk import clean_environment
from tests.sample import build, connect, make_message

_MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


def on_readonly_medium(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run it in a mount namespace of its own, in which the directory is read-only."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root mounts")
    words = ["unshare", "--mount", "sh", "-c", _MOUNT, str(directory), *command]
    environment = clean_environment(TELEKEEP_ARCHIVE__DIR=str(directory))
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    if on_readonly_medium(tmp_path, "true").returncode:
        pytest.skip("mounts are not allowed here")
    return build(tmp_path / "a", [make_message(number) for number in range(1, 9)], covered=[(1, 8)])


def export(archive: Path) -> subprocess.CompletedProcess[str]:
    return on_readonly_medium(archive, sys.executable, "-m", "archiver", "export", "-o", "-")


def test_archive_that_was_closed_is_read_with_a_remark(archive: Path) -> None:
    done = export(archive)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 8)
    assert done.stderr.splitlines()[0] == "the archive is on a read-only medium; nothing is written to it."


def test_an_older_archive_that_cannot_be_upgraded_there_is_to_be_copied(archive: Path) -> None:
    with closing(connect(archive)) as conn:
        conn.execute("PRAGMA user_version = 27")
    done = export(archive)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "must be upgraded first. It cannot be written to: copy it" in done.stderr


def test_leftover_log_is_read_or_reported(archive: Path, tmp_path: Path) -> None:
    writing = connect(archive)
    writing.execute("UPDATE message SET text = 'later' WHERE message_id = 3")
    whole, torn = shutil.copytree(archive, tmp_path / "whole"), shutil.copytree(archive, tmp_path / "torn")
    writing.close()
    assert (whole / "archive.db-wal").stat().st_size > 0
    assert orjson.loads(export(whole).stdout.splitlines()[2])["text"] == "later"
    (torn / "archive.db-shm").unlink()
    done = export(torn)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "Copy archive.db and archive.db-wal together" in done.stderr


def test_another_users_directory_is_not_mistaken_for_a_read_only_medium(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = build(tmp_path / "a", []) / "archive.db"
    assert find_reading(path)[1] is None
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="read a copy"):
        find_reading(path)
