"""The service starts, is spoken to by other commands while it mirrors, and stops in good order."""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from archiver.cli.view.moments import Moments
from tests.acceptance.compare import expect_equal
from tests.acceptance.desk import Desk, until
from tests.acceptance.running import (
    STOPS_WITHIN,
    Ground,
    detail,
    ground,
    service,
    standing,
    status,
    stop,
    wait_until_equal,
)


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(tmp_path_factory.mktemp("telegram")) as made:
        yield made


@pytest.fixture
def field(shared_ground: Ground) -> Iterator[Ground]:
    yield shared_ground
    shared_ground.telegram.calm()


def life(desk: Desk) -> dict[str, object]:
    return dict(status(desk)["service"])


# stopping


def test_sigterm_stops_cleanly_and_the_next_run_continues(field: Ground, tmp_path: Path) -> None:
    names = field.names(3)
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk) as process:
        wait_until_equal(desk, field.telegram, *names)
        assert (life(desk)["running"], life(desk)["pid"], life(desk)["stopped_at"]) == (True, process.pid, None)
        done = stop(desk, process)
    assert done.err.splitlines() == ["mirroring 3 channels; Ctrl-C stops.", "stopped; everything received is kept."]
    assert (life(desk)["running"], life(desk)["stopped_at"] is not None) == (False, True)
    for name in names:
        field.telegram.post(name, "while nobody mirrored")
        field.telegram.order("edit", channel=name, id=3, text="corrected while nobody mirrored")
    field.telegram.order("mark")
    with service(desk):
        wait_until_equal(desk, field.telegram, *names)
    expect_equal(desk, field.telegram, *names)
    # From where it was: what was read is not read again.
    assert field.telegram.calls("messages.getHistory") == 0


@pytest.mark.parametrize(
    "trouble", ["slow answers", "a question that takes long", "silence to one question", "a frozen server"]
)
def test_sigterm_stops_within_5_seconds_whatever_the_server_does(field: Ground, tmp_path: Path, trouble: str) -> None:
    telegram, names = field.telegram, field.names(2)
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk) as process:
        wait_until_equal(desk, telegram, *names)
        if trouble == "slow answers":
            telegram.order("net", rtt=1.5)
        elif trouble != "a frozen server":
            one = "updates.getChannelDifference"
            spec = {
                "a question that takes long": f"{one}:delay(30)",
                "silence to one question": f"{one}:hang()",
            }
            telegram.order("fault", spec=spec[trouble])
        telegram.order("post_many", text="posted in trouble", channels=names)
        if trouble == "a frozen server":
            telegram.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(0.7)  # so that it is in the middle of it
            stop(desk, process)
        finally:
            telegram.process.send_signal(signal.SIGCONT)
    telegram.calm()
    with service(desk):
        wait_until_equal(desk, telegram, *names)
    expect_equal(desk, telegram, *names)


def test_page_in_progress_is_finished(field: Ground, tmp_path: Path) -> None:
    [name] = field.names(1)
    desk = field.desk(tmp_path / "desk", name)
    with service(desk) as process:
        wait_until_equal(desk, field.telegram, name)
        field.telegram.order("fault", spec="updates.getChannelDifference:delay(1.5)x1")
        field.telegram.order("mark")
        new = field.telegram.post(name, "just before the end")
        until(lambda: field.telegram.calls("updates.getChannelDifference"), what="the question")
        stop(desk, process)
    assert (new, "just before the end") in desk.query("SELECT message_id, text FROM message")


def test_signal_during_start_up_stops_cleanly(field: Ground, tmp_path: Path) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(1))
    lock = desk.archive / "lock"
    lock.unlink()
    process = desk.start("run")
    until(lambda: lock.exists() or process.poll() is not None, what="its taking the archive")
    assert stop(desk, process).status == 0
    assert life(desk)["running"] is False


def people(stamp: str) -> str:
    """The time as people read it."""
    return Moments().at(datetime.fromisoformat(stamp).timestamp())


def test_status_immediately_reports_a_killed_service(field: Ground, tmp_path: Path) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(1))
    with service(desk) as process:
        assert f"service: running since {people(life(desk)['started_at'])}" in desk.do("status").err
        assert desk.kill(process)
        assert (life(desk)["running"], life(desk)["stopped_at"]) == (False, None)
        assert (
            f"service: ended unexpectedly after {people(life(desk)['beat_at'])} (process {process.pid})"
            in desk.do("status").err
        )


_SIGNALLED = """
import os, signal, sys
from archiver.cli.__main__ import main
def at(event, of):
    if event == "import" and of[0] == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGTERM)
sys.addaudithook(at)
main(sys.argv[2:])
"""
"""The command, which is asked to stop at the moment that it first loads a module."""


@pytest.mark.parametrize("moment", ["archiver.cli.app", "archiver.errors", "config.load", "archiver.service.service"])
def test_signal_before_start_up_stops_cleanly(field: Ground, tmp_path: Path, moment: str) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(1))
    script = [sys.executable, "-c", _SIGNALLED, moment]
    done = desk.run(args=[*script, "--config", "telekeep.toml", "run", "-q"])
    assert (done.status, done.out, done.errors) == (0, "", [])
    # Any other command has not done what it was asked for.
    done = desk.run(args=[*script[:3], "archiver.cli.app", "sync"])
    assert (done.status, done.out, done.errors) == (130, "", [])


def test_service_that_reaches_no_server_is_stopped_as_well(field: Ground, tmp_path: Path) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(1))
    desk.port = 1
    desk.settle()
    with service(desk, mirroring=False) as process:
        until(lambda: detail(desk, process).get("default", {}).get("trouble"), what="its saying so")
        said = detail(desk, process)["default"]
        assert said["state"] == "offline"
        assert "127.0.0.1:1 cannot be reached" in said["trouble"]
        (told,) = stop(desk, process).errors
        assert "account default is offline: " in told
        assert "127.0.0.1:1 cannot be reached" in told
        assert "run the command again" not in told


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_ctrl_c_is_130_and_a_later_signal_ends_it_at_once(
    field: Ground, tmp_path: Path, second: signal.Signals
) -> None:
    names = field.names(2)
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk) as process:
        assert stop(desk, process, signal.SIGINT).err.endswith("stopped; everything received is kept.\n")
    with service(desk) as process:
        wait_until_equal(desk, field.telegram, *names)
        field.telegram.order("fault", spec="*:hang()")
        field.telegram.order("post_many", text="in the meantime", channels=names)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        time.sleep(1.2)
        process.send_signal(second)
        done = desk.end(process)
        assert (done.status, done.out) == (130, "")
        assert done.err.count("stopped; ") == 1
    field.telegram.calm()
    with service(desk):
        wait_until_equal(desk, field.telegram, *names)
    expect_equal(desk, field.telegram, *names)


def test_two_signals_in_a_row_are_one_stop(field: Ground, tmp_path: Path) -> None:
    names = field.names(1)
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk) as process:
        wait_until_equal(desk, field.telegram, *names)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert desk.end(process).status == 0
    assert "killed" not in desk.run("status").out


def test_service_runs_without_a_reader_of_its_output(field: Ground, tmp_path: Path) -> None:
    names = field.names(2)
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk, "-v") as process:
        assert process.stderr is not None
        process.stderr.close()
        process.stderr = None
        field.telegram.order("fault", spec="updates.getChannelDifference:flood(4)x1")
        field.telegram.order("post_many", text="told to nobody", channels=names)
        wait_until_equal(desk, field.telegram, *names)
        stop(desk, process)


# adding


def test_channels_can_be_added_while_it_runs_with_each_outcome_reported(field: Ground, tmp_path: Path) -> None:
    first, second, third, listed = field.names(4)
    desk = field.desk(tmp_path / "desk", first)
    with service(desk):
        assert desk.do("add", f"@{second}").err == f"@{second} (The {second} desk): added.\n"
        done = desk.do("add", third, "--alias", "harbour", "--since", "2021-12-15T23:00")
        assert done.err == f"@{third} (The {third} desk): added as harbour, from 15 Dec 2021 23:00 UTC on.\n"
        (desk.home / "list.txt").write_text(f"@{listed}\n@nobody_at_all\n{first}\n")
        partly = desk.run("add", "-f", "list.txt")
        assert (partly.status, partly.out, len(partly.errors)) == (3, "", 1)
        assert partly.errors[0].startswith("telekeep: @nobody_at_all: no channel has that username")
        assert f"@{first} (The {first} desk): already mirrored; nothing changed.\n" in partly.err
        wrong = desk.run("add", "@nobody_at_all", "t.me/+AbCdEf012345")
        assert (wrong.status, wrong.out, len(wrong.errors)) == (2, "", 2)
        taken = desk.run("add", second, "--alias", "harbour")
        assert (taken.status, len(taken.errors)) == (2, 1)
        assert "another channel is already called 'harbour'" in taken.err
        field.telegram.post(third, "after it was added")
        wait_until_equal(desk, field.telegram, first, second, listed)
        until(lambda: standing(desk, "harbour")["not_fetched"] == 0, what="the filling")
        held = [row["text"] for row in desk.export(third)]
        until(lambda: "after it was added" in [row["text"] for row in desk.export(third)], what="the post")
        assert not [text for text in held if text == f"{third}, report 1"]
    expect_equal(desk, field.telegram, first, second, listed)
    assert [row["channel"] for row in status(desk)["channels"]] == [first, second, third, listed]


def test_added_channel_is_read_before_the_histories_of_others(field: Ground, tmp_path: Path) -> None:
    busy, added = field.names(2)
    for _ in range(80):
        field.telegram.order("post_many", text="of a long history", channels=[busy], each=100)
    desk = field.desk(tmp_path / "desk", busy)
    field.telegram.order("fault", spec="messages.getHistory:delay(0.4)")  # half a minute for the busy one
    with service(desk):
        desk.do("add", added)
        until(lambda: standing(desk, added)["held"] == 4, what="its first page")
        assert standing(desk, busy)["not_fetched"] > 0


def test_ctrl_c_stops_waiting_but_the_service_still_adds_the_channel(field: Ground, tmp_path: Path) -> None:
    first, second = field.names(2)
    desk = field.desk(tmp_path / "desk", first)
    with service(desk):
        field.telegram.order("fault", spec="contacts.resolveUsername:flood(1)")  # again and again
        adding = desk.start("add", second)
        until(lambda: desk.query("SELECT 1 FROM intake"), what="the order")
        adding.send_signal(signal.SIGINT)
        done = desk.end(adding)
        assert (done.status, done.out) == (130, "")
        told = f"Requested but not yet added: {second}. The service will add them as soon as it can.\n"
        assert told in done.err
        assert "are added or requested" in done.err
        assert desk.query("SELECT count(*) FROM channel") == [(1,)]
        field.telegram.calm()
        until(lambda: desk.query("SELECT count(*) FROM channel") == [(2,)], what="the adding")
        wait_until_equal(desk, field.telegram, second)


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_order_interrupted_by_a_crash_is_carried_out_by_the_next_service(
    field: Ground, tmp_path: Path, end: str
) -> None:
    first, second = field.names(2)
    desk = field.desk(tmp_path / "desk", first)
    field.telegram.order("mark")
    with service(desk) as process:
        field.telegram.order("fault", spec="contacts.resolveUsername:hang()x1")
        adding = desk.start("add", second)
        until(lambda: field.telegram.calls("contacts.resolveUsername"), what="the order's being looked at")
        if end == "killed":
            assert desk.kill(process)
        else:
            stop(desk, process)
            done = desk.end(adding)
            assert (done.status, done.out) == (3, "")
            assert f"Requested but not yet added: {second}." in done.err
    with service(desk):
        if end == "killed":  # it waits on: a service that was killed is started again
            done = desk.end(adding)
            assert (done.status, done.out, done.errors) == (0, "", [])
        wait_until_equal(desk, field.telegram, first, second)
    assert desk.query("SELECT count(*), count(done_at) FROM intake") == [(1, 1)]
    expect_equal(desk, field.telegram, first, second)


# beside


def test_other_commands_work_while_the_service_runs(field: Ground, tmp_path: Path) -> None:
    first, second, third = field.names(3)
    desk, telegram = field.desk(tmp_path / "desk", first, second, third), field.telegram
    with service(desk) as process:
        wait_until_equal(desk, telegram, first, second, third)
        telegram.order("edit", channel=first, id=2, text="the lighthouse")
        telegram.order("edit", channel=first, id=2, text="the lighthouse keeper")
        telegram.order("delete", channel=first, ids=[3])
        wait_until_equal(desk, telegram, first)
        assert desk.do("search", "lighthouse", "--count").out == "1\n"
        [history] = desk.do("history", f"{first}/2", "--jsonl").rows[-1:]
        assert history["text"] == "the lighthouse keeper"
        changed = desk.do("changes", first, "--jsonl").rows
        assert {(row["kind"], row["message_id"]) for row in changed} == {("edited", 2), ("missing", 3)}
        [gap] = desk.do("gaps", first, "--jsonl").rows
        assert (gap["first_id"], gap["last_id"], gap["state"], gap["how"]) == (3, 3, "missing", "update")
        assert {row["message_id"] for row in desk.export(second)} == {1, 2, 3, 4}
        assert desk.do("verify").out.endswith("\tok\n")
        assert desk.do("show", f"{second}/4").out
        assert [row["account"] for row in orjson.loads(desk.do("accounts", "--json").out)] == ["default"]
        desk.do("remove", third)
        new = telegram.post(third, "after the removal")
        telegram.post(second, "goes on")
        wait_until_equal(desk, telegram, second)
        time.sleep(1)
        assert new not in [row["message_id"] for row in desk.export(third)]
        assert standing(desk, third)["state"] == "removed"
        desk.do("add", third)
        wait_until_equal(desk, telegram, third)
        moved = desk.run("move", first, "--to", "nobody")
        assert (moved.status, len(moved.errors)) == (2, 1)
        assert desk.do("move", first, "--to", "default").status == 0
        assert process.poll() is None
    expect_equal(desk, telegram, first, second, third)


def test_another_program_that_writes_is_waited_for_and_holds_up_no_stop(field: Ground, tmp_path: Path) -> None:
    names = field.names(2)
    desk = field.desk(tmp_path / "desk", *names)

    @contextmanager
    def another_writer() -> Iterator[None]:
        with closing(sqlite3.connect(desk.archive / "archive.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    with service(desk) as process:
        wait_until_equal(desk, field.telegram, *names)
        with another_writer():
            field.telegram.order("post_many", text="while another one wrote", channels=names)
            time.sleep(12)  # longer than a command would wait
            assert process.poll() is None
        wait_until_equal(desk, field.telegram, *names)
        with another_writer():
            field.telegram.order("post_many", text="just before the end", channels=names)
            began = time.monotonic()
            process.terminate()
            done = desk.end(process)
            assert time.monotonic() - began < STOPS_WITHIN
        assert (done.status, done.out) == (0, "")
    with service(desk):
        wait_until_equal(desk, field.telegram, *names)
    expect_equal(desk, field.telegram, *names)


@pytest.mark.parametrize("command", ["sync", "run"])
def test_second_mirror_is_refused_with_a_hint(field: Ground, tmp_path: Path, command: str) -> None:
    desk = field.desk(tmp_path / "desk", *field.names(1))
    with service(desk) as process:
        done = desk.run(command)
        assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
        assert f"`telekeep run` (process {process.pid})" in done.err
        assert "`telekeep status`" in done.err
        login = desk.run("login", stdin="")
        assert (login.status, len(login.err.splitlines())) == (2, 1)
        assert process.poll() is None


def test_no_message_text_appears_on_its_stderr(field: Ground, tmp_path: Path) -> None:
    names = field.names(2)
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk, "-vv") as process:
        field.telegram.order("fault", spec="updates.getChannelDifference:rpc(500,RPC_CALL_FAIL)x1;*:drop()%0.05")
        field.telegram.order("post_many", text="meet the sailor Zebulon", channels=names)
        wait_until_equal(desk, field.telegram, *names)
        process.send_signal(signal.SIGTERM)
        done = desk.end(process)
    assert (done.status, done.out) == (0, "")
    assert "Zebulon" not in done.err
    assert "report" not in done.err
