"""One process at a time, private files, and nothing said that should stay unsaid."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk, Telegram, clean_environment, desk_at, until


@dataclass(frozen=True)
class Busy:
    """A sync that has begun to write and is at it for a while."""

    desk: Desk
    telegram: Telegram
    process: subprocess.Popen[bytes]

    def stored(self) -> int:
        return int(self.desk.query("SELECT count(*) FROM message")[0][0])


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    """For all tests that look on; the last one may kill it."""
    place = tmp_path_factory.mktemp("busy")
    with Telegram(place, "--world", "big:4000", "--channels", "alpha") as telegram:
        desk = desk_at(telegram, place / "desk")
        desk.log_in()
        desk.do("add", "big")
        telegram.order("net", rtt=0.25)
        running = Busy(desk, telegram, desk.start("sync"))
        until(lambda: running.stored() > 200, what="the first pages")
        telegram.order("net", rtt=5.0)  # it is to last until the end of these tests
        yield running
        if running.process.poll() is None:
            desk.kill(running.process)


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}


def test_archive_is_private_under_any_umask_and_exports_follow_it(busy: Busy) -> None:
    found = modes(busy.desk.archive)
    assert found.keys() >= {"archive.db", "archive.db-wal", "archive.db-shm", "session", "lock"}
    assert set(found.values()) == {0o600}
    assert busy.desk.archive.stat().st_mode & 0o777 == 0o700
    assert len(busy.desk.export("big")) > 200
    assert modes(busy.desk.home)["out.jsonl"] == modes(busy.desk.home)["manifest.json"] == 0o644
    assert set(modes(busy.desk.archive).values()) == {0o600}


def test_search_answers_while_a_sync_writes(busy: Busy) -> None:
    first, seen = int(busy.desk.do("search", "has:photo", "--count").out), busy.stored()
    assert first > 0
    busy.telegram.order("net", rtt=0.25)
    until(lambda: busy.stored() > seen + 300, what="some more pages")
    busy.telegram.order("net", rtt=5.0)
    assert int(busy.desk.do("search", "has:photo", "--count").out) > first
    assert busy.process.poll() is None


@pytest.mark.parametrize(
    ("command", "held"), [(["sync"], "the archive"), (["add", "alpha"], "the archive"), (["login"], "account default")]
)
def test_second_process_names_the_holder_of_archive_or_session(busy: Busy, command: list[str], held: str) -> None:
    done = busy.desk.run(*command, stdin="")
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert f"`telekeep sync` (process {busy.process.pid})" in done.err
    assert held in done.err
    assert busy.process.poll() is None


def test_lock_of_a_killed_process_is_free_at_once(busy: Busy) -> None:
    assert busy.desk.kill(busy.process)
    busy.telegram.calm()
    busy.desk.do("sync")
    assert busy.stored() == 4_000


def test_first_run_makes_an_open_directory_private(desk: Desk) -> None:
    desk.archive.chmod(0o755)
    (desk.archive / "session").chmod(0o644)
    done = desk.run("add", "alpha")
    assert (done.status, len(done.errors)) == (0, 1)
    assert "it is now private again" in done.errors[0]
    assert desk.archive.stat().st_mode & 0o777 == 0o700


def test_no_message_text_appears_on_stderr(desk: Desk, telegram: Telegram) -> None:
    telegram.order("fault", spec="messages.getHistory:rpc(500,RPC_CALL_FAIL)x1;messages.getHistory:drop()+1x1")
    desk.do("add", "quiet_h", "-vv")
    telegram.post("quiet_h", "meet the sailor Zebulon at the crane")
    said = [desk.run("sync", "-vv"), desk.run("sync", "-vv", "--debug")]
    said += [desk.run("search", "Zebulon", "-vv"), desk.run("export", "-o", "x.csv", "--query", "Zebulon", "-vv")]
    for done in said:
        assert done.status == 0
        for private in ("Zebulon", "sailor", "harbour", "report 1"):
            assert private not in done.err
    assert "RpcCallFail" in said[0].err  # so much may be said
    assert "Zebulon" in said[2].out


@pytest.mark.parametrize("arguments", [["sync", "--help"], ["search", "x"], ["channels"]])
def test_offline_commands_do_not_import_telethon(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "archiver", *arguments],
        cwd=tmp_path,
        env=clean_environment(HOME=str(tmp_path), TELEKEEP_ARCHIVE__DIR=str(tmp_path / "none")),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "archiver.cli.app" in imported
    assert not [name for name in imported if name.split(".")[0] in {"telethon", "cryptg", "rsa"}]
