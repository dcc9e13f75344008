"""Who may do what at a time: one mirrors, one uses a session, and each says so."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import pytest

from archiver.compose.write_archive import open_shared
from archiver.errors import Busy
from archiver.lock import find_holder, hold, hold_session
from archiver.store.database import ARCHIVE_NAME, Database
from tests.acceptance.desk import until
from tests.remarks import Heard


@contextmanager
def elsewhere(code: str, directory: Path) -> Iterator[int]:
    """Another process that holds something; its number."""
    imports = "import sys; from pathlib import Path; from archiver.lock import hold, hold_session"
    script = f"{imports}\nwith {code}:\n    print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        if process.poll() is None:
            process.communicate(b"\n")


def test_session_of_one_account_is_free_while_the_other_is_in_use(tmp_path: Path) -> None:
    with elsewhere("hold_session(Path(sys.argv[1]), 'default', command='sync')", tmp_path) as pid:
        said = rf"session of account default is in use by `telekeep sync` \(process {pid}\)"
        with pytest.raises(Busy, match=said) as raised, hold_session(tmp_path, "default", command="login"):
            pass
        assert raised.value.holder == "sync"
        with hold_session(tmp_path, "second", command="login"), hold(tmp_path, command="sync"):
            pass
    with hold_session(tmp_path, "default", command="login"):
        pass


def test_nothing_else_mirrors_while_the_service_runs_and_the_hint_says_so(tmp_path: Path) -> None:
    with elsewhere("hold(Path(sys.argv[1]), command='run')", tmp_path):
        with pytest.raises(Busy, match="already running; `telekeep status`") as raised, hold(tmp_path, command="sync"):
            pass
        assert raised.value.holder == "run"
        with hold_session(tmp_path, "default", command="login"):
            pass


def test_finding_the_holder_does_not_disturb_it(tmp_path: Path) -> None:
    assert find_holder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    with elsewhere("hold(Path(sys.argv[1]), command='run')", tmp_path) as pid:
        assert find_holder(tmp_path) == find_holder(tmp_path) == ("run", pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: find_holder(tmp_path) is None)
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            find_holder(tmp_path)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(200):
            with hold(tmp_path, command="run"):
                pass
    finally:
        stop.set()
        looking.join()


def test_locks_are_private_and_name_no_account_but_by_its_label(tmp_path: Path) -> None:
    with hold(tmp_path, command="run"), hold_session(tmp_path, "new", command="run"):
        found = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert found == {"lock": 0o600, "lock.new": 0o600}


async def test_tables_of_an_older_version_are_changed_only_where_nobody_mirrors(tmp_path: Path) -> None:
    first = resources.files("archiver.store.sql") / "0001_archive.sql"
    connection = sqlite3.connect(tmp_path / ARCHIVE_NAME)
    connection.executescript(first.read_text(encoding="utf-8"))
    connection.close()
    with elsewhere("hold(Path(sys.argv[1]), command='run')", tmp_path):
        with pytest.raises(Busy, match="runs another version"):
            async with open_shared(tmp_path, command="remove", remarks=Heard()):
                pass
        assert not await Database.is_current(tmp_path)
    async with open_shared(tmp_path, command="remove", remarks=Heard()):
        assert await Database.is_current(tmp_path)
    # Now they are of this version, and writing beside whoever mirrors is free.
    with elsewhere("hold(Path(sys.argv[1]), command='run')", tmp_path):
        async with open_shared(tmp_path, command="remove", remarks=Heard()) as database:
            assert await database.write(lambda conn: conn.execute("UPDATE channel SET alias = NULL").rowcount) == 0
