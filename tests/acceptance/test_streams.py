"""Streams as they may be: every command with a stdout or stderr that is closed, full, or left by its reader."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from archiver.cli.table import COMMANDS
from tests.acceptance.desk import Desk, Done, Telegram, until
from tests.tiers import SOAK

# The command, its exit status, and whether it says something on stdout.
TABLE: tuple[tuple[str, int, bool], ...] = (
    ("--version", 0, True),
    ("--help", 0, True),
    ("search --help", 0, True),
    ("help query", 0, True),
    ("completion bash", 0, True),
    ("nonsense", 2, False),
    ("search", 2, False),
    ("login", 0, False),
    ("add @quiet_a", 0, False),
    ("add @nobody_has_this", 2, False),
    ("channels", 0, True),
    ("remove quiet_b", 0, False),
    ("accounts --json", 0, True),
    ("move quiet_a --to default", 0, False),
    ("sync quiet_a", 0, False),
    ("search the -n 0 --jsonl", 0, True),
    ("search --count the", 0, True),
    ("search zyxwvut", 1, False),
    ("query save harbour report", 0, False),
    ("query list", 0, True),
    ("show everything/1", 0, True),
    ("similar everything/1", 1, False),
    ("show everything/999999", 2, False),
    ("history everything/1", 0, True),
    ("changes", 0, True),
    ("gaps atlas_desk --all --jsonl", 0, True),
    ("status", 0, True),
    ("health", 2, False),
    ("health --json", 2, True),
    ("export -o -", 0, True),
    ("import missing.json", 2, False),
    ("media status", 0, True),
    ("index status", 2, False),
    ("verify", 0, True),
    ("repair search", 0, False),
)


@pytest.fixture
def laden(filled: Desk) -> Desk:
    """A desk whose saved query, changes and index have something to show."""
    filled.do("query", "save", "first", "bridge")
    return filled


@pytest.fixture
def full(tmp_path: Path) -> Iterator[int]:
    """A descriptor that is always full: a device of our own, or the file that may have no more than 8 bytes."""
    path = tmp_path / "full"
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 7))
    except OSError:
        pytest.skip("only root makes devices")
    handle = os.open(path, os.O_WRONLY)
    yield handle
    os.close(handle)


def without(desk: Desk, closed: Sequence[int], command: str) -> Done:
    """The command with these of its streams closed."""
    return desk.run(*command.split(), closed=closed)


def begun_without(redirections: str, *arguments: str) -> list[str]:
    """The command line under a shell that closes streams: the interpreter, too, begins without them."""
    return ["bash", "-c", f'exec "$@" {redirections}', "bash", sys.executable, "-m", "archiver", *arguments]


def left(desk: Desk, command: str, stream: str) -> Done:
    """The command whose reader left before it began."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return desk.run(*command.split(), **{stream: writing})
    finally:
        os.close(writing)


def lines(done: Done) -> list[str]:
    return [line for line in done.err.splitlines() if line.startswith("telekeep: ")]


def assert_table_holds(run: Callable[[str], Done], said: str | None, *, each: int = 1) -> None:
    for command, status, speaks in TABLE[::each]:
        done = run(command)
        if said is not None and speaks:
            assert done.status == (2 if status in (0, 1) else status), (command, done)
            assert said in done.err, (command, done)
            assert len(lines(done)) == 1, (command, done)
        else:
            assert done.status == status, (command, done)


def test_every_command_is_in_the_table() -> None:
    tried = {word for command, *_ in TABLE for word in command.split()}
    assert set(COMMANDS) - tried == {"run", "tail", "serve", "open"}  # they have tests of their own


def test_closed_stdout_is_one_line_and_a_failure_where_something_was_to_be_shown(laden: Desk) -> None:
    assert_table_holds(lambda command: without(laden, [1], command), "stdout is closed", each=1 if SOAK else 2)


def test_full_stdout_is_one_line_and_a_failure_where_something_was_to_be_shown(laden: Desk, full: int) -> None:
    assert_table_holds(lambda command: laden.run(*command.split(), stdout=full), "full", each=2)


def test_closed_stderr_and_stdin_change_neither_the_answer_nor_the_status(laden: Desk) -> None:
    assert_table_holds(lambda command: without(laden, [0, 2], command), None, each=2)
    assert without(laden, [0, 2], "search --count the").out == laden.do("search", "--count", "the").out


def test_full_stderr_changes_neither_the_answer_nor_the_status(laden: Desk, full: int) -> None:
    assert_table_holds(lambda command: laden.run(*command.split(), stderr=full), None, each=3)


def test_closed_output_changes_neither_success_nor_verdict(laden: Desk) -> None:
    for command, status, speaks in TABLE:
        done = left(laden, command, "stdout")
        answers = speaks and command.split()[0] not in ("accounts", "verify", "health")
        assert done.status == (0 if answers else status), (command, done)
    for command, status, _ in TABLE[::4]:
        assert left(laden, command, "stderr").status == status, command


def test_all_three_streams_closed_harm_nothing_that_is_stored(laden: Desk) -> None:
    before = [row["text"] for row in laden.export("quiet_a", name="before.jsonl")]
    for command in ("sync", "add @quiet_c", "query save again harbour", "verify", "search the"):
        laden.run(args=begun_without("<&- >&- 2>&-", *command.split()))
    assert laden.query("PRAGMA integrity_check") == [("ok",)]
    assert [row["text"] for row in laden.export("quiet_a", name="after.jsonl")] == before
    assert laden.do("query", "list").out.count("\n") == 2


def test_damaged_archive_still_exits_6_without_a_reader(laden: Desk) -> None:
    with sqlite3.connect(laden.archive / "archive.db") as connection:
        connection.execute("UPDATE message SET payload_sha256 = zeroblob(32) WHERE message_id = 1")
    connection.close()
    assert left(laden, "verify", "stdout").status == 6
    assert without(laden, [1], "verify").status == 6


def test_non_blocking_stdout_is_waited_for(laden: Desk) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = laden.start("search", "the", "-n", "0", "--jsonl", stdout=writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        until(lambda: pipe.peek(1), what="its beginning")
        got = pipe.read()
    done = laden.end(process)
    assert (done.status, done.errors) == (0, [])
    assert got.decode() == laden.do("search", "the", "-n", "0", "--jsonl").out


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP])
def test_terminal_that_goes_away_ends_the_service_as_a_polite_kill_does(filled: Desk, kind: signal.Signals) -> None:
    if signal.getsignal(kind) is signal.SIG_IGN:
        pytest.skip(f"{kind.name} is ignored here, as nohup wants it, and commands inherit that")
    service = filled.start("run")
    until(lambda: filled.query("SELECT 1 FROM service WHERE stopped_at IS NULL AND detail <> '{}'"), what="its life")
    service.send_signal(kind)
    done = filled.end(service)
    assert (done.status, done.errors) == (0, [])
    assert "everything received is kept" in done.err
    assert filled.query("SELECT stopped_at IS NOT NULL FROM service") == [(1,)]


def test_service_keeps_mirroring_without_its_streams(desk: Desk, telegram: Telegram) -> None:
    desk.do("add", "quiet_d")
    service = desk.start(args=begun_without(">&- 2>&- <&-", "run", "-vv"))
    until(lambda: desk.query("SELECT count(*) FROM message")[0][0] > 30, what="its mirroring")
    service.send_signal(signal.SIGTERM)
    assert desk.end(service).status == 0


@pytest.mark.parametrize("command", ["sync", "search the -C 3 -n 0", "export -o all.jsonl", "verify", "run"])
def test_interrupted_command_says_in_one_line_what_is_kept(laden: Desk, telegram: Telegram, command: str) -> None:
    telegram.order("net", rtt=0.3)
    code = (
        "import os, signal, sys, threading; from archiver.cli.__main__ import main\n"
        "import archiver.store.database as database\n"
        "before = database.Database.open_readonly.__func__\n"
        "async def held(*arguments):\n"
        "    opened = await before(*arguments)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return opened\n"
        "database.Database.open_readonly = classmethod(held)\n"
        "opening = database.Database.open.__func__\n"
        "async def wrote(*arguments):\n"
        "    opened = await opening(*arguments)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return opened\n"
        "database.Database.open = classmethod(wrote)\n"
        "main(sys.argv[1:])"
    )
    done = laden.run(args=[sys.executable, "-c", code, *command.split()], imported="archiver")
    assert (done.status, done.out) == (130, "")
    said = [line for line in done.err.splitlines() if not line.startswith(("mirroring", "add channels"))]
    assert len(said) == 1, done
    assert said[0].startswith("stopped; ")
    assert not list(laden.home.glob("*.jsonl*"))


def test_archive_that_is_no_directory_or_no_file_is_one_line_at_once(desk: Desk, tmp_path: Path) -> None:
    places = {"fifo": tmp_path / "fifo", "file": tmp_path / "file"}
    os.mkfifo(places["fifo"])
    places["file"].write_text("x")
    for name, make in (("db_fifo", os.mkfifo), ("db_directory", os.mkdir)):
        places[name] = tmp_path / name
        places[name].mkdir(mode=0o700)
        shutil.copy(desk.archive / "session", places[name])
        make(places[name] / "archive.db")
    for name, in_it in (("session_fifo", "session"), ("lock_fifo", "lock"), ("wal_fifo", "archive.db-wal")):
        places[name] = tmp_path / name
        shutil.copytree(desk.archive, places[name])
        (places[name] / in_it).unlink(missing_ok=True)
        os.mkfifo(places[name] / in_it)
    for name, place in places.items():
        desk.environment["TELEKEEP_ARCHIVE__DIR"] = str(place)
        for command in ("login --phone 1", "add @quiet_a", "sync", "run", "search x", "status", "health", "verify"):
            done = desk.run(*command.split())
            assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1), (name, command, done)
            assert "directory" in done.err, (name, command, done)


@pytest.mark.parametrize("command", ["add @a", "sync", "search x", "health", "run", "accounts", "index status"])
def test_home_that_cannot_be_expanded_is_one_line(desk: Desk, command: str) -> None:
    desk.environment["TELEKEEP_ARCHIVE__DIR"] = "~nobody-here/x"
    done = desk.run(*command.split())
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "home directory is unknown" in done.err
    assert not list(desk.home.glob("~*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user, and makes files immutable")
def test_archive_without_permissions_is_one_line(filled: Desk) -> None:
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", sys.executable, "-m", "archiver"]
    if subprocess.run([*as_nobody[:-2], "-c", ""], cwd="/", capture_output=True, check=False).returncode:
        pytest.skip("this user cannot be another, or another cannot run this interpreter")
    for command in ("status", "search x", "sync", "health", "run"):
        done = filled.run(args=[*as_nobody, *command.split()], cwd="/")
        assert (done.status, len(done.err.splitlines())) == (2, 1), done
    immutable = filled.archive / "archive.db"
    if subprocess.run(["chattr", "+i", immutable], capture_output=True, check=False).returncode:
        pytest.skip("this file system knows no immutable files")
    try:
        for command in ("add @quiet_a", "sync", "run"):
            done = filled.run(*command.split())
            assert (done.status, len(done.err.splitlines())) == (2, 1), done
            assert "Set archive.dir" in done.err or "read-only" in done.err
        filled.do("search", "--count", "the")
    finally:
        subprocess.run(["chattr", "-i", immutable], check=True)


def test_widened_permissions_are_reported_by_readers_and_fixed_by_writers(filled: Desk) -> None:
    filled.archive.chmod(0o755)
    (filled.archive / "archive.db").chmod(0o644)
    readers = ("status", "search the", "channels", "accounts", "export -o -", "verify", "health", "show everything/1")
    for command in readers:
        said = [line for line in filled.run(*command.split()).err.splitlines() if "is open to other users" in line]
        assert len(said) == 1, (command, said)
        assert "archive (mode 0755), archive.db (mode 0644)" in said[0]
        assert f"chmod -R go= {filled.archive}" in said[0]
    done = filled.run("sync", "quiet_a")
    assert (done.status, len(done.errors)) == (0, 1)
    assert "it is now private again" in done.errors[0]
    assert filled.archive.stat().st_mode & 0o777 == 0o700
    assert (filled.archive / "archive.db").stat().st_mode & 0o777 == 0o600
    filled.do("status")


def fill(directory: Path) -> None:
    with (directory / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_full_disk_is_named_by_every_command_that_writes_and_by_health(telegram: Telegram, filled: Desk) -> None:
    small = filled.home / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m,mode=0700", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        shutil.copytree(filled.archive, small, dirs_exist_ok=True)
        filled.environment["TELEKEEP_ARCHIVE__DIR"] = str(small)
        with closing(sqlite3.connect(small / "archive.db")) as reader:
            reader.execute("SELECT count(*) FROM message").fetchall()  # as a page or another program has it open
            fill(small)
            for command in ("add @big", "sync", "run", "query save x harbour"):
                done = filled.run(*command.split())
                assert (done.status, len(done.errors)) == (2, 1), (command, done)
                assert "disk is full" in done.err, (command, done)
            done = filled.run("health")
            assert done.status == 2
            assert "telekeep: the disk is full: " in done.err
        for left_over in small.glob("archive.db-*"):
            left_over.unlink()
        fill(small)
        for command in ("sync", "health", "status"):  # nor can SQLite make the files that it needs
            done = filled.run(*command.split())
            assert done.status == 2, (command, done)
            assert "disk is full" in done.err, (command, done)
        (small / "filler").unlink()
        filled.do("sync", "quiet_a")
    finally:
        subprocess.run(["umount", str(small)], check=True)


TWICE = """
import os, signal, sys
from archiver.cli.__main__ import main
{hook}
main(sys.argv[1:])
"""
CLOSING = """
import archiver.store.database as database
closing = database.Database.close
async def close(self):
    for _ in range(3):  # as somebody who does not wait presses it
        os.kill(os.getpid(), signal.SIGINT)
    await closing(self)
    os.kill(os.getpid(), signal.SIGINT)
database.Database.close = close
opening = database.Database.{open}.__func__
async def opened(*arguments):
    found = await opening(*arguments)
    os.kill(os.getpid(), signal.SIGINT)
    return found
database.Database.{open} = classmethod(opened)
"""
UNPUBLISHED = """
import archiver.export.publish as publish
discarding = publish.os.unlink
def unlink(*arguments, **options):
    os.kill(os.getpid(), signal.SIGINT)
    discarding(*arguments, **options)
    os.kill(os.getpid(), signal.SIGINT)
publish.os.unlink = unlink
import archiver.export.jsonl as jsonl
writing = jsonl.WholeJsonlWriter.encode_held
def encode(*arguments):
    os.kill(os.getpid(), signal.SIGINT)
    return writing(*arguments)
jsonl.WholeJsonlWriter.encode_held = encode
"""


KEPT_AT_HOME = ("archive", "telekeep.toml", ".telekeep.toml.checked")


@pytest.mark.parametrize(
    ("command", "hook"),
    [
        ("sync", CLOSING.format(open="open")),
        ("export -o all.jsonl", CLOSING.format(open="open_readonly")),
        ("export -o all.jsonl", UNPUBLISHED),
        ("search the -n 0", CLOSING.format(open="open_readonly")),
        ("verify --quick", CLOSING.format(open="open_readonly")),
        ("verify", CLOSING.format(open="open_readonly")),
    ],
)
def test_ctrl_c_again_while_it_cleans_up_changes_nothing(laden: Desk, command: str, hook: str) -> None:
    done = laden.run(args=[sys.executable, "-c", TWICE.format(hook=hook), *command.split()], imported="archiver")
    assert (done.status, done.out) == (130, "")
    assert len(done.err.splitlines()) == 1, done
    assert done.err.startswith("stopped; ")
    assert not [path.name for path in laden.home.iterdir() if path.name not in KEPT_AT_HOME]
    laden.do("verify", "--quick")
    laden.do("sync", "quiet_a")


def test_ctrl_c_after_a_while_of_cleaning_up_ends_it_at_once(laden: Desk) -> None:
    hook = (
        "import asyncio, time, archiver.cli.interrupted as interrupted, archiver.store.database as database\n"
        "interrupted.CLEAN_UP = 0.2\n"
        "async def close(self):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(0.3)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    await asyncio.sleep(60)\n"
        "database.Database.close = close\n"
    )
    done = laden.run(args=[sys.executable, "-c", TWICE.format(hook=hook), "status"], imported="archiver")
    assert (done.status, done.err.splitlines()[-1]) == (130, "stopped; nothing was changed.")


def test_ctrl_c_when_all_is_done_does_not_say_that_nothing_was(laden: Desk) -> None:
    hook = (
        "import asyncio\n"
        "closing = asyncio.Runner.close\n"
        "def close(self):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    closing(self)\n"
        "asyncio.Runner.close = close\n"
    )
    args = [sys.executable, "-c", TWICE.format(hook=hook)]
    done = laden.run(args=[*args, "export", "quiet_a", "-o", "all.jsonl"], imported="archiver")
    assert (done.status, "stopped" in done.err, "rows in all.jsonl" in done.err) == (0, False, True)
    assert (laden.home / "all.jsonl").exists()
    done = laden.run(args=[*args, "verify"], imported="archiver")  # of several parts: it stops after the first
    assert (done.status, done.out, done.err.startswith("stopped; ")) == (130, "", True)
