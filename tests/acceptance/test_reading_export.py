"""`telekeep show`, `gaps`, `status`, `export` and `verify` as people run them, over a real archive."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from archiver.model.row import KEYS
from tests.acceptance.reading import NASTY, ROOT, WAITING, Run, archive, clean_environment, on_a_terminal, rows, run
from tests.sample import build, connect, make_message

__all__ = ["archive", "run"]


@pytest.mark.parametrize(
    "address", ["NightBridge/5", "@nightbridge/5", "bridge/5", "1001/5", "-1001001/5", "https://t.me/NightBridge/5"]
)
def test_show_takes_every_address(run: Run, address: str) -> None:
    done = run("show", address, "--json")
    [row] = rows(done)
    assert (row["message_id"], row["hashtags"], row["links"]) == (5, ["мост"], ["t.me/a"])


def test_show_of_several_messages_says_of_each_what_is_known(run: Run, archive: Path) -> None:
    done = run("show", "bridge/5", "bridge/6", "--json")
    assert [row["message_id"] for row in orjson.loads(done.stdout)] == [5, 6]
    done = run("show", "bridge/5", "bridge/10", "t.me/NightBridge/6", "bridge/35", "--jsonl")
    assert (done.returncode, [row["message_id"] for row in rows(done)]) == (3, [5, 6])
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [
        " bridge/10 is not archived",
        " bridge/35 is not archived",
    ]
    for command in ("show", "history"):
        done = run(command, "NightBridge/10")
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        assert done.stderr.startswith("telekeep: NightBridge/10 is not archived: ")  # as typed, not by its alias
        assert "the channel had no such message when it was read (20 Dec 2021 11:33 UTC)" in done.stderr
    assert run("show", "bridge/10", "bridge/35").returncode == 2
    shown = on_a_terminal(archive, "show", "bridge/5", "--all", NO_COLOR="1")
    assert "payload_sha256  " in shown
    assert "cite as" in on_a_terminal(archive, "show", "bridge/5", "--tz", "Asia/Baghdad", NO_COLOR="1")


def test_show_all_keeps_the_clauses_of_an_arabic_line_in_order(tmp_path: Path) -> None:
    words = "متابعة: الحلة — حريق محدود. والتفاصيل لاحقا."
    written = build(tmp_path / "arabic", [make_message(1, words)])
    assert f"\u2068{words}\u2069" in on_a_terminal(written, "show", "1001/1", "--all", NO_COLOR="1")


def test_show_raw_gives_the_checked_payload(run: Run, archive: Path, tmp_path: Path) -> None:
    [row] = rows(run("show", "bridge/1", "--raw", "--json"))
    assert row["raw"]["sha256"] == row["payload_sha256"]
    assert row["raw"]["layer"] == 229
    broken = build(tmp_path / "broken", [make_message(1)], sql=["UPDATE message SET raw = x'00'"])
    done = run("show", "1001/1", "--raw", directory=broken)
    assert (done.returncode, done.stdout) == (6, "")
    done = run("show", "1001/1", "--json", directory=broken)
    assert (done.returncode, rows(done)[0]["message_id"]) == (6, 1)
    assert "NightBridge/1: the payload is damaged" in done.stderr
    assert "cite as" not in on_a_terminal(broken, "show", "1001/1")


def test_export_of_a_range_in_the_future_says_so(run: Run, tmp_path: Path) -> None:
    done = run("export", "bridge", "--on", "2030-01-01", "-o", "out.jsonl")
    assert (done.returncode, (tmp_path / "out.jsonl").read_bytes()) == (0, b"")
    assert "0 rows: this range is in the future." in done.stderr
    assert "in the future" not in run("export", "bridge", "--since", "2020", "--until", "2090", "-o", "-").stderr


def test_gaps_lists_every_run_that_is_not_held(run: Run) -> None:
    done = run("gaps", "bridge", "--jsonl")
    assert done.returncode == 0
    assert [(row["state"], row["first_id"], row["last_id"]) for row in rows(done)] == [
        ("absent", 10, 10),
        ("missing", 20, 20),
        ("not fetched", 31, 40),
    ]
    assert [row["how"] for row in rows(done)] == ["history", "update", None]
    assert rows(done)[0]["noticed"] == "2021-12-20T11:33:20Z"
    assert sum(row["count"] for row in rows(run("gaps", "bridge", "--all", "--jsonl"))) == 40
    assert "28 archived, 1 deleted, 1 absent, 10 not fetched" in done.stderr


def test_gaps_exits_1_without_gaps(run: Run) -> None:
    assert run("gaps", "jisr_news").returncode == 1


def test_gaps_does_not_call_an_unread_channel_complete(run: Run, tmp_path: Path) -> None:
    unread = build(tmp_path / "unread", [], sql=["UPDATE channel SET pts = NULL, last_sync_at = NULL"])
    done = run("gaps", "1001", directory=unread)
    assert done.returncode == 2
    assert "telekeep sync" in done.stderr


def test_status_shows_what_is_archived(run: Run, archive: Path) -> None:
    told = orjson.loads(run("status", "--json").stdout)
    bridge, other = told["channels"]
    assert (bridge["held"], bridge["missing"], bridge["absent"], bridge["not_fetched"]) == (28, 1, 1, 10)
    assert bridge["coverage"] == 0.75
    assert bridge["newest_date"] == "2021-12-16T00:30:00Z"
    assert other["coverage"] == 1
    assert told["archive"]["path"] == str(archive / "archive.db")
    assert run("status").stdout.count("\n") == 2


def test_status_names_a_flood_wait_that_is_not_over(run: Run, tmp_path: Path) -> None:
    waits = ["INSERT INTO flood VALUES ('main', 'getHistory', 4e9)", "INSERT INTO flood VALUES ('main', 'old', 5)"]
    told = orjson.loads(run("status", "--json", directory=build(tmp_path / "a", [], sql=waits)).stdout)
    assert [flood["method"] for flood in told["floods"]] == ["getHistory"]


def test_export_writes_a_day_and_verify_agrees(run: Run, tmp_path: Path) -> None:
    done = run("export", "bridge", "--on", "2021-12-16", "-o", "out/day.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert len((tmp_path / "out/day.jsonl").read_bytes().splitlines()) == 29
    said = "NightBridge is not known to be complete in this range (10 of 40 ids not fetched"
    assert said in done.stderr
    assert said in run("export", "bridge", "-o", "-").stderr  # which has no manifest
    assert run("verify", "out").returncode == 0
    with (tmp_path / "out/day.jsonl").open("ab") as file:
        file.write(b"{}\n")
    changed = run("verify", "out/day.jsonl")
    assert changed.returncode == 6
    assert "bytes instead of" in changed.stdout


def test_verify_without_a_path_checks_the_archive(run: Run, tmp_path: Path) -> None:
    whole = run("verify")
    assert (whole.returncode, whole.stdout) == (0, "31 payloads\tok\n")
    broken = build(tmp_path / "broken", [make_message(1)], sql=["UPDATE message SET raw = x'00'", *WAITING])
    done = run("verify", directory=broken)
    assert (done.returncode, done.stdout) == (6, "1001/1\thas a different SHA-256\n")


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_export_leaves_no_half_file(archive: Path, tmp_path: Path, kill: signal.Signals) -> None:
    for name in ("begun", "signalled"):
        os.mkfifo(tmp_path / name)
    # Each row tells that the export is under way, then waits until the signal was sent.
    script = (
        "import signal, sys; from archiver.cli.__main__ import main\n"
        "from archiver.export.jsonl import WholeJsonlWriter\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest-xdist's workers ignore it\n"
        "once = []\n"
        "def encode(self, row):\n"
        "    if not once:\n"
        "        once.append(1); open('begun', 'w').close(); open('signalled').close()\n"
        "    return b'{}'\n"
        "WholeJsonlWriter.encode_held = encode; main(sys.argv[1:])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, "export", "-o", "out/x.jsonl"], cwd=tmp_path, env=clean_environment(archive)
    )
    with (tmp_path / "begun").open():
        process.send_signal(kill)
    while process.poll() is None:
        try:  # nobody opens it, when the signal had its way before
            os.close(os.open(tmp_path / "signalled", os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            time.sleep(0.01)
    left = [path.name for path in (tmp_path / "out").glob("*")]  # a new directory goes with what was to be in it
    assert len(left) == (kill is signal.SIGKILL)
    assert all(re.fullmatch(r"\.telekeep-[0-9a-f]{32}\.part", name) for name in left)
    assert process.returncode == (-kill if kill is signal.SIGKILL else 130)


def test_export_of_a_query_gives_what_search_finds(run: Run, tmp_path: Path) -> None:
    run("export", "--query", "bridge -text", "-o", "found/")
    exported = [orjson.loads(line) for line in (tmp_path / "found/messages.jsonl").read_bytes().splitlines()]
    found = rows(run("search", "bridge -text", "-n", "0", "--sort", "oldest", "--jsonl"))
    assert exported == found
    assert [row["channel_id"] for row in found] == [1002]
    told = orjson.loads((tmp_path / "found/manifest.json").read_bytes())
    assert (told["query"], told["engine"]) == ("bridge -text", "exact")


def test_export_to_stdout_is_data_alone(run: Run) -> None:
    done = run("export", "jisr_news", "--format", "csv", "-o", "-", "-q")
    header, *records = csv.reader(io.StringIO(done.stdout, newline=""))
    assert tuple(header) == KEYS
    assert [record[KEYS.index("text")] for record in records] == [NASTY, "=1+1 جسر"]
    assert done.stderr == ""


def test_closed_output_is_not_an_error(archive: Path) -> None:
    command = f"{sys.executable} -m archiver search bridge -n 0 | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ROOT,
        env=clean_environment(archive),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert "rror" not in done.stderr


def test_reading_goes_on_beside_a_writer(run: Run, archive: Path) -> None:
    writer = connect(archive)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE message SET views = 7")
    try:
        assert run("search", "bridge", "--count").stdout == "28\n"
        assert run("status").returncode == 0
        assert run("export", "-o", "-").stdout.count("\n") == 31
    finally:
        writer.execute("ROLLBACK")
        writer.close()


@pytest.mark.parametrize("name", ["csv", "jsonl", "markdown", "desktop-json"])
def test_an_export_on_a_terminal_shows_what_could_harm_it(archive: Path, name: str) -> None:
    shown = on_a_terminal(archive, "export", "jisr_news", "--format", name, "-o", "-", "-q")
    assert "gpj.exe" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_bytes_are_not_written_to_a_terminal(archive: Path) -> None:
    shown = on_a_terminal(archive, "export", "--format", "sqlite", "-o", "-")
    assert "sqlite is not text and is not shown on a terminal. Use -o FILE, or a pipe." in " ".join(shown.split())
