from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk, Telegram, desk_at
from tests.acceptance.world import FILLED

# Archives that tests make by hand are as private as telekeep's own: it warns of others.
os.umask(0o077)
# Whoever runs the tests in the background of a script may have Ctrl-C ignored, which all processes inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_telegram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    worlds = ("small", "mixed", "demo", "big:3000")
    arguments = [word for world in worlds for word in ("--world", world)]
    with Telegram(tmp_path_factory.mktemp("telegram"), *arguments) as running:
        yield running


@pytest.fixture(scope="session")
def session(shared_telegram: Telegram, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that is logged in; every desk that takes a copy is the same device."""
    desk = desk_at(shared_telegram, tmp_path_factory.mktemp("login"))
    desk.log_in()
    return desk.archive / "session"


@pytest.fixture
def telegram(shared_telegram: Telegram) -> Iterator[Telegram]:
    """The server for all tests: whoever changes a channel or logs out takes one that nobody else reads."""
    yield shared_telegram
    shared_telegram.calm()


@pytest.fixture
def desk(telegram: Telegram, session: Path, tmp_path: Path) -> Desk:
    """A desk of the test's own, logged in, with no channel yet."""
    return desk_at(telegram, tmp_path / "desk", session)


@pytest.fixture(scope="session")
def filled_archive(shared_telegram: Telegram, session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of all channels but the big one, made by one sync before any test changed them."""
    desk = desk_at(shared_telegram, tmp_path_factory.mktemp("filled") / "desk", session)
    desk.do("add", *FILLED)
    done = desk.do("sync")
    assert done.out == ""
    *told, whole = done.err.splitlines()
    assert sorted(line.partition(": up to date (")[0] for line in told) == sorted(FILLED)
    assert whole.startswith(f"all {len(FILLED)} channels complete (")
    return desk.archive


@pytest.fixture
def filled(telegram: Telegram, filled_archive: Path, tmp_path: Path) -> Desk:
    """A desk of the test's own over a copy of that archive."""
    desk = desk_at(telegram, tmp_path / "filled")
    shutil.copytree(filled_archive, desk.archive)
    return desk
