from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.export.target import Target


def test_file_exists_only_after_commit(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("before")
    with Target(path) as target:
        target.write(b"after")
        assert path.read_text() == "before"
        target.commit()
    assert path.read_text() == "after"
    assert (target.size, target.sha256) == (5, hashlib.sha256(b"after").hexdigest())
    assert list(tmp_path.iterdir()) == [path]


def test_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Target(tmp_path / "out") as target:
            target.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_directory_that_cannot_be_written_is_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"), Target(tmp_path / "none" / "out"):
        pass


def test_kill_leaves_the_old_file_and_the_next_run_cleans_up(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before")
    script = (
        "import os, signal, sys; from pathlib import Path; from archiver.export.target import Target\n"
        "with Target(Path(sys.argv[1])) as target:\n"
        "    target.write(b'x' * 5_000_000)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False, env={**os.environ})
    assert killed.returncode == -signal.SIGKILL
    assert path.read_text() == "before"
    with Target(path) as target:
        target.write(b"short")
        target.commit()
    assert path.read_bytes() == b"short"
    assert list(tmp_path.iterdir()) == [path]
