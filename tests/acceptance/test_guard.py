"""One process at a time, private files, and nothing said that should stay unsaid."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.desk import Desk, Telegram, clean_environment, until


@contextmanager
def sync_that_lasts(desk: Desk, telegram: Telegram) -> Iterator[subprocess.Popen[bytes]]:
    """A sync of the big channel that has begun to write and is still at it."""
    telegram.order("net", rtt=0.05)
    process = desk.start("sync")
    until(lambda: desk.query("SELECT count(*) FROM message")[0][0] > 200, what="the first pages")
    try:
        yield process
    finally:
        if process.poll() is None:
            desk.kill(process)


@pytest.fixture
def big(desk: Desk) -> Desk:
    desk.do("add", "big")
    return desk


def test_second_process_says_who_holds_the_archive_and_readers_go_on(big: Desk, telegram: Telegram) -> None:
    with sync_that_lasts(big, telegram) as holder:
        for command in (["sync"], ["add", "@alpha"], ["remove", "big"], ["login"]):
            done = big.run(*command, stdin="")
            assert (done.status, len(done.err.splitlines())) == (2, 1), done
            assert f"`telekeep sync` (process {holder.pid})" in done.err
        shown = big.do("status").out.split("\t")
        assert (shown[0], shown[1]) == ("big", "active")
        rows = big.export("big")
        assert len(rows) > 200
        assert holder.poll() is None
        big.kill(holder)
    # The kernel gave the lock back; nobody has to clean up.
    telegram.calm()
    big.do("sync")
    assert len(big.export("big")) == 6_000


def test_search_answers_while_a_sync_writes(big: Desk, telegram: Telegram) -> None:
    with sync_that_lasts(big, telegram) as writer:
        first = int(big.do("search", "has:photo", "--count").out)
        assert first > 0
        seen = big.query("SELECT count(*) FROM message")[0][0]
        until(lambda: big.query("SELECT count(*) FROM message")[0][0] > seen + 500, what="some more pages")
        assert int(big.do("search", "has:photo", "--count").out) > first
        assert writer.poll() is None


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}


def test_archive_is_private_under_any_umask_and_exports_follow_it(big: Desk, telegram: Telegram) -> None:
    with sync_that_lasts(big, telegram):
        found = modes(big.archive)
        assert found.keys() >= {"archive.db", "archive.db-wal", "archive.db-shm", "session", "lock"}
        assert set(found.values()) == {0o600}
    assert big.archive.stat().st_mode & 0o777 == 0o700
    big.export("big", "--since", "2022-01-31")
    assert (big.home / "out.jsonl").stat().st_mode & 0o777 == 0o644
    assert (big.home / "manifest.json").stat().st_mode & 0o777 == 0o644
    assert set(modes(big.archive).values()) == {0o600}


def test_directory_that_was_open_is_closed_by_the_first_run(desk: Desk) -> None:
    desk.archive.chmod(0o755)
    (desk.archive / "session").chmod(0o644)
    desk.do("add", "alpha")
    assert desk.archive.stat().st_mode & 0o777 == 0o700


def test_nothing_that_a_message_says_stands_on_stderr(desk: Desk, telegram: Telegram) -> None:
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


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "--help"], ["search", "x"], ["status"], ["channels"]])
def test_commands_that_talk_to_nobody_do_not_import_telethon(tmp_path: Path, arguments: list[str]) -> None:
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
