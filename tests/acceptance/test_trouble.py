"""Bad situations: each is one clear line with what to do, its own exit status, and a whole archive."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.acceptance.compare import told, true
from tests.acceptance.desk import PHONE, Desk, Done, Telegram, clean_environment, desk_at, until
from tests.acceptance.world import STEADY

_COUNT = "SELECT count(*) FROM message"
_COLOUR = "\x1b\\[(?:[0-9]+;)*[34][0-9]"


@pytest.fixture
def own_telegram(tmp_path: Path) -> Iterator[Telegram]:
    """A server that a test may log out of or take away."""
    with Telegram(tmp_path, "--world", "small", "--channels", "delta") as running:
        yield running


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_unreachable_server_and_one_with_another_key_are_one_line_soon(desk: Desk, tmp_path: Path) -> None:
    # A good key that is not the server's: a first login finds out, later runs have their own key.
    stranger = Desk(tmp_path / "stranger", desk.port, Path(__file__).with_name("another.pem"))
    login = stranger.start("login", "--phone", PHONE)
    desk.port = closed_port()
    desk.settle()
    unreachable = desk.run("add", "@alpha", limit=30)
    other_key = stranger.end(login, limit=30)
    for done in (unreachable, other_key):
        assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
        assert "telegram.server" in done.err
        assert "Error" not in done.err
    assert f"127.0.0.1:{desk.port} cannot be reached" in unreachable.err


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("no key", "contains no RSA public key")])
def test_invalid_key_file_is_named(desk: Desk, tmp_path: Path, content: str | None, said: str) -> None:
    desk.public_key = tmp_path / "key.pem"
    if content:
        desk.public_key.write_text(content)
    desk.settle()
    done = desk.run("add", "@alpha")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert f"telegram.server.public_key: {desk.public_key} {said}" in done.err


def test_settings_without_an_api_id_are_one_line(desk: Desk) -> None:
    desk.settle(api_id="")
    done = desk.run("sync")
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "my.telegram.org" in done.err


def test_rejected_api_id_is_reported(own_telegram: Telegram, tmp_path: Path) -> None:
    desk = desk_at(own_telegram, tmp_path / "desk")
    desk.environment["TELEKEEP_TELEGRAM__API_HASH"] = "another"
    done = desk.run("login", "--phone", PHONE, stdin="1\n")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert "my.telegram.org" in done.err


def test_logged_out_session_exits_4_and_a_new_login_continues(own_telegram: Telegram, tmp_path: Path) -> None:
    held = desk_at(own_telegram, tmp_path / "desk")
    held.log_in()
    held.do("add", "alpha")
    held.do("sync")
    before = held.export()
    own_telegram.order("log_out")
    own_telegram.post("alpha", "while logged out")
    for command in (["sync"], ["add", "delta"]):
        done = held.run(*command)
        assert (done.status, done.out, len(done.errors)) == (4, "", 1)
        assert "telekeep login" in done.err
    assert held.export() == before
    held.log_in()
    held.do("sync")
    assert len(held.export()) == len(before) + 1


def test_long_flood_wait_exits_5_and_the_next_run_sends_nothing(desk: Desk, telegram: Telegram) -> None:
    before = telegram.order("calls")["violations"]  # of other tests on this server
    desk.do("add", "big")
    telegram.order("fault", spec="messages.getHistory:flood(5000)+3x1")
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (5, 1)
    seconds = [int(word) for word in done.errors[0].split() if word.isdigit()]
    assert seconds
    assert 4_990 <= seconds[0] <= 5_002
    floods = orjson.loads(desk.do("status", "--json").out)["floods"]
    assert len(floods) == 1
    calls = telegram.calls("messages.getHistory")
    again = desk.run("sync")
    assert (again.status, len(again.errors)) == (5, 1)
    assert telegram.calls("messages.getHistory") == calls
    assert telegram.order("calls")["violations"] == before
    assert len(desk.export("big")) == 300


def test_channel_that_became_private_keeps_its_archive_and_says_so(filled: Desk, telegram: Telegram) -> None:
    both, before = ("quiet_i", "quiet_j"), filled.export("quiet_i")
    telegram.order("private", channel="quiet_i")
    telegram.post("quiet_j", "still open")
    done = filled.run("sync", *both)
    assert (done.status, len(done.errors)) == (3, 1)
    assert done.errors[0].startswith("telekeep: quiet_i: the channel is private")
    assert filled.run("sync", "quiet_i").status == 2
    assert filled.export("quiet_i") == before
    assert filled.export("quiet_j")[-1]["text"] == "still open"
    states = {row["channel"]: row for row in orjson.loads(filled.do("status", "--json").out)["channels"]}
    assert [states[name]["state"] for name in both] == ["inaccessible", "active"]
    assert "private" in states["quiet_i"]["state_reason"]
    telegram.order("private", channel="quiet_i", on=False)
    filled.do("sync", "quiet_i")
    states = {row["username"]: row["state"] for row in filled.do("channels", "--jsonl").rows}
    assert [states[name] for name in both] == ["active", "active"]


def test_unusable_archive_path_is_one_line(desk: Desk) -> None:
    (desk.archive / "session").rename(desk.home / "session")
    desk.archive.rmdir()
    desk.archive.write_text("a file")
    for command in (["login", "--phone", PHONE], ["sync"], ["search", "x"], ["status"]):
        done = desk.run(*command, stdin="1\n")
        assert done.status in {2, 4}
        assert len(done.err.splitlines()) == 1
    assert desk.archive.read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_directory_that_may_not_be_written_is_one_line(desk: Desk) -> None:
    desk.archive.chmod(0o500)
    done = desk.run("add", "@alpha")
    assert (done.status, len(done.err.splitlines())) == (2, 1)


def test_file_that_is_not_an_archive_is_left_alone(desk: Desk) -> None:
    (desk.archive / "archive.db").write_bytes(b"not a database, " * 400)
    for command in (["add", "@alpha"], ["sync"], ["status"], ["verify"], ["remove", "alpha"]):
        done = desk.run(*command)
        assert (done.status, len(done.err.splitlines())) == (6 if command == ["verify"] else 2, 1), done
    assert (desk.archive / "archive.db").read_bytes() == b"not a database, " * 400


def test_full_disk_is_one_line_and_costs_nothing(filled: Desk) -> None:
    """A limit on the size of files stands for the disk: the kernel refuses the write in the same way."""

    def run_within(kilobytes: int, *arguments: str) -> Done:
        command = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash", sys.executable, "-m", "archiver"]
        return filled.run(args=[*command, *arguments])

    before = filled.export(*STEADY, name="before.jsonl")
    filled.do("add", "big")
    size = (filled.archive / "archive.db").stat().st_size // 1024
    stored, written = run_within(size + 500, "sync", "big"), run_within(200, "export", "-o", "full/all.jsonl")
    for done in (stored, written):
        assert (done.status, done.out, len(done.errors)) == (2, "", 1), done
    assert "the archive could not be" in stored.err
    assert "full/all.jsonl cannot be written" in written.err
    assert not (filled.home / "full").exists()
    assert filled.query("PRAGMA integrity_check") == [("ok",)]
    assert 0 < len(filled.export("big")) < 3_000
    filled.do("sync", "big")
    assert len(filled.export("big")) == 3_000
    assert filled.export(*STEADY, name="after.jsonl") == before


def test_recovered_connections_are_not_errors(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "big")
    telegram.order("net", rtt=0.05)
    process = desk.start("sync")
    until(lambda: desk.query(_COUNT)[0][0] > 200, what="the first pages")
    for _ in range(3):  # the line, and the new one as soon as it is there
        until(lambda: telegram.order("drop")["connections"], what="a connection")
    telegram.order("net", rtt=0.0)
    done = desk.end(process)
    assert (done.status, done.errors) == (0, [])
    assert told(desk.export()) == true(telegram.truth("big"))


def test_interrupted_sync_exits_130_and_resumes(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "big")
    telegram.order("net", rtt=0.2)
    stored = 0
    for kind in (signal.SIGINT, signal.SIGTERM):
        process = desk.start("sync")
        until(lambda least=stored + 200: desk.query(_COUNT)[0][0] > least, what="some pages")
        process.send_signal(kind)
        done = desk.end(process)
        assert (done.status, done.errors) == (130, [])
        kept = r"stopped; everything fetched is kept \([0-9,]+ new\); the next sync continues from there\.\n"
        assert re.search(f"{kept}$", done.err)
        stored = desk.query(_COUNT)[0][0]
        assert stored < 3_000
    calls = telegram.calls("messages.getHistory")
    telegram.order("net", rtt=0.0)
    desk.do("sync")
    assert desk.query(_COUNT) == [(3_000,)]
    # What was read is not read again.
    assert telegram.calls("messages.getHistory") - calls <= 61 - stored // 100


def test_interrupt_while_waiting_for_a_dead_server_is_heard(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "quiet_i")
    telegram.order("fault", spec="*:hang()")
    process = desk.start("sync")
    calls = telegram.order("calls")["calls"]
    until(lambda: telegram.order("calls")["calls"] != calls, what="a call")
    process.send_signal(signal.SIGINT)
    assert desk.end(process).status == 130


def test_closed_output_is_not_an_error(filled: Desk) -> None:
    for command in ("search the -n 0", "export -o -", "gaps atlas_desk --all --jsonl"):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m archiver {command} | head -n 1"],
            cwd=filled.home,
            env=clean_environment(HOME=str(filled.home)),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout.count("\n")) == (0, 1), done
        assert "telekeep: " not in done.stderr


def test_hostile_texts_never_reach_a_terminal_or_pipe_raw(filled: Desk) -> None:
    number = next(row["message_id"] for row in filled.export("everything") if "\x1b[31mred" in row["text"])
    harmful = ("\x1b[31m", "\x07", "\u202e", "\u2066", "\r")
    screens = [
        filled.on_terminal(*words).replace("\r\n", "\n")
        for words in (["search", "bell"], ["show", f"everything/{number}"])
    ]
    assert all("␛[31mred" in screen for screen in screens)
    pipes = [filled.do("search", "bell").out, filled.do("search", "bell", "--json").out]
    for shown in screens + pipes:
        assert not [raw for raw in harmful if raw in shown]
    assert re.search(_COLOUR, filled.on_terminal("search", "bell")) is not None
    assert re.search(_COLOUR, filled.on_terminal("search", "bell", NO_COLOR="1")) is None


def test_narrow_terminal_shows_the_whole_sha256_of_a_manifest(filled: Desk) -> None:
    said = re.search("[0-9a-f]{64}", filled.do("export", "everything", "-o", "narrow/all.jsonl").err)
    assert said is not None
    assert said.group() in filled.on_terminal("verify", "narrow", COLUMNS="80")
