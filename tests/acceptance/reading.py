"""An archive to read, and the command as people run it over it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from tests.acceptance import warm
from tests.sample import OTHER, build, entities, index, make_message, photo

ROOT = Path(__file__).parents[2]
NASTY = "\x1b[31mred\x07 \u202egpj.exe\u2066 bridge"
Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]
WAITING = (
    "UPDATE indexing SET seq = 1",
    (
        "INSERT OR IGNORE INTO outbox (channel_id, message_id, enqueued_at, seq)"
        " SELECT channel_id, message_id, first_seen, 1 FROM message"
    ),
)
"""Each message waits for an index, as ingest leaves it."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two channels: ids 1 to 30 without 10, 20 gone since, 31 to 40 not fetched; and one with nasty names."""
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(number, f"bridge text {number}") for number in range(1, 31) if number != 10]
    messages[4] = make_message(
        5, "👍🏽 #мост opened, see t.me/a", entities=entities(("hashtag", 5, 5), ("url", 23, 6)), media=(photo(),)
    )
    messages[6] = make_message(7, kind="service", action='{"type":"pin_message"}')
    gone = "UPDATE message SET missing_since = 1640000000, missing_how = 'update' WHERE message_id = 20"
    noticed = "INSERT INTO absence VALUES (1001, 20, 1640000000, 'update', 1639999999, NULL)"
    build(directory, messages, alias="bridge", covered=[(1, 30)], top_id=40, sql=[gone, noticed, *WAITING])
    nasty = [make_message(1, NASTY, channel_id=1002, post_author=NASTY), make_message(2, "=1+1 جسر", channel_id=1002)]
    build(directory, nasty, channel=OTHER, covered=[(1, 2)], sql=WAITING)
    index(directory, [*messages, *nasty])
    return directory


@pytest.fixture
def run(archive: Path, tmp_path: Path) -> Run:
    def run(*arguments: str, directory: Path = archive, **environment: str) -> subprocess.CompletedProcess[str]:
        return warm.run(*arguments, cwd=tmp_path, env=clean_environment(directory) | environment)

    return run


def clean_environment(directory: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TELEKEEP_", "NO_COLOR", "CLI", "PYTHON"))
    }
    home = {"HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    ours = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "TELEKEEP_ARCHIVE__DIR": str(directory)}
    return kept | home | ours


def rows(done: subprocess.CompletedProcess[str]) -> list[Any]:
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def on_a_terminal(archive: Path, *arguments: str, **environment: str) -> str:
    """What a person would get on a terminal, bytes and all."""
    leader, follower = pty.openpty()
    process = warm.start(
        [sys.executable, "-m", "archiver", *arguments],
        cwd=ROOT,
        env=clean_environment(archive) | {"TERM": "xterm-256color", "COLUMNS": "120"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    parts = []
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(leader)
    process.wait(timeout=60)
    return b"".join(parts).decode()
