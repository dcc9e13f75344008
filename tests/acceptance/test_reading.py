"""The reading commands as people run them: the command as a process of its own, over a real archive."""

from __future__ import annotations

import csv
import io
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from archiver.cli.table import COMMANDS
from archiver.model.row import KEYS
from tests.acceptance import warm
from tests.sample import OTHER, START, build, connect, entities, index, make_message, photo

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


def test_help_lists_every_command_and_version_answers(run: Run) -> None:
    helped = run("--help")
    assert helped.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", helped.stdout)
    assert run("--version").stdout.startswith("telekeep ")
    assert run("--version").stdout == run("-q", "--version").stdout


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_of_a_command_begins_with_examples_and_ends_with_its_exit_statuses(run: Run, name: str) -> None:
    helped = run(name, "--help")
    assert helped.returncode == 0, helped.stderr
    assert helped.stdout.index("Examples:") < helped.stdout.index("Options:") < helped.stdout.index("Exit status:")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serch"], "Did you mean `telekeep search`?"),
        (["search"], "QUERY"),
        (["--nope"], "--nope"),
        (
            ["search", "-toll bridge"],
            "Put -- before a query that starts with -, as in: telekeep search -- -toll bridge",
        ),
        (["search", "has:vdeo"], "Did you mean has:video?"),
        (["search", "x", "--since", "then"], "is not a date"),
        (["search", "x", "--tz", "Asia/Bagdad"], "Asia/Baghdad"),
        (["search", "x", "-c", "nightbrige"], "Did you mean NightBridge or bridge?"),
        (["search", "x", "--fuzzy"], "--fuzzy needs Meilisearch, which is not configured"),
        (["search", "x", "--engine", "meilisearch"], "--engine meilisearch needs Meilisearch"),
        (["search", "x", "--facet", "colour"], "Available: channel, day, month"),
        (["show", "NightBridge"], "names no message"),
        (["show", "NightBridge/35"], "is not fetched yet"),
        (["show", "NightBridge/999"], "the highest known id"),
        (["show", "t.me/+abcdef"], "invite link"),
        (["gaps", "nobody"], "is not in the archive"),
        (["export"], "--output"),
        (["export", "-o", "x.jsonl", "--excel"], "--excel needs CSV"),
        (["export", "-o", "/proc/none/x.jsonl"], "cannot be created"),
        (["verify", "."], "no export manifest"),
        (["verify", "./not/there.csv"], "not/there.csv does not exist"),
        (["--config", "none.toml", "status"], "there is no settings file none.toml, which --config names"),
    ],
)
def test_wrong_usage_is_one_error_line_with_exit_2(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(run: Run) -> None:
    assert "Traceback" in run("show", "NightBridge/10", "--debug").stderr


def test_unknown_setting_is_one_line_with_exit_2(run: Run) -> None:
    done = run("status", TELEKEEP_ARCHIVE__DIRR="x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "TELEKEEP_ARCHIVE__DIR?" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["search", "x"],
        ["show", "a/1"],
        ["history", "a/1"],
        ["changes"],
        ["gaps", "a"],
        ["export", "-o", "x"],
    ],
)
def test_without_an_archive_it_says_what_to_run(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, directory=tmp_path / "nothing")
    assert done.returncode == 2
    assert "telekeep add" in done.stderr
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("arguments", [["status"], ["channels"], ["search", "x"], ["changes"]])
def test_older_archive_is_distinguished_from_a_damaged_one(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    with sqlite3.connect(tmp_path / "archive.db") as older:
        older.executescript((ROOT / "archiver/store/sql/0001_archive.sql").read_text(encoding="utf-8"))
    older.close()
    done = run(*arguments, directory=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Run `telekeep sync` or" in done.stderr
    repaired = run("repair", "search", directory=tmp_path)
    assert repaired.returncode == 0
    assert "upgrading the archive of an older version" in repaired.stderr
    assert "older version" not in run(*arguments, directory=tmp_path).stderr


def test_search_finds_and_gives_the_shared_rows(run: Run) -> None:
    found = run("search", "bridge", "-c", "NightBridge", "-n", "0", "--jsonl")
    assert found.returncode == 0
    assert [row["message_id"] for row in rows(found)] == [n for n in range(30, 0, -1) if n not in {5, 7, 10}]
    assert all(tuple(row) == KEYS for row in rows(found))
    assert "engine=exact exact=yes" in found.stderr
    array = run("search", "bridge", "-n", "2", "--json", "--sort", "oldest")
    assert [row["message_id"] for row in orjson.loads(array.stdout)] == [1, 1]
    assert "there are more" in array.stderr


def test_search_without_hits_exits_1(run: Run) -> None:
    done = run("search", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert run("search", "nowhere", "--json").stdout == "[]\n"
    assert run("search", "nowhere", "--count").stdout == "0\n"


def test_search_counts_and_shows_context(run: Run) -> None:
    assert run("search", "bridge", "--count").stdout == "28\n"
    block = rows(run("search", "opened", "-C", "1", "--jsonl"))
    assert [(row["message_id"], row["match"]) for row in block] == [(4, False), (5, True), (6, False)]
    assert {row["block"] for row in block} == {1}


def test_context_that_overlaps_is_one_block_and_hits_are_marked(run: Run, archive: Path) -> None:
    query = '"text 3" OR "text 4" OR "text 12"'
    told = run("search", query, "-c", "bridge", "-C", "1").stdout.splitlines()
    assert [line.split("\t")[0:3:2] if line != "--" else line for line in told] == [
        ["-", "NightBridge/11"], [">", "NightBridge/12"], ["-", "NightBridge/13"],
        "--",
        ["-", "NightBridge/2"], [">", "NightBridge/3"], [">", "NightBridge/4"], ["-", "NightBridge/5"],
    ]  # fmt: skip
    limited = run("search", query, "-C", "1", "-n", "2", "--sort", "oldest", "--json").stdout
    assert [(row["block"], row["message_id"], row["match"]) for row in orjson.loads(limited)] == [
        (1, 2, False), (1, 3, True), (1, 4, True), (1, 5, False),
    ]  # fmt: skip
    asked = ["search", query, "-c", "bridge", "-C", "1", "-n", "1"]
    pages = [run(*asked), *(run(*asked, "--more") for _ in range(3))]
    told = [page.stderr.partition(" shown")[0] for page in pages]
    assert told == ["1", "1", "1", "all 3 results of this search have been"]
    shown = on_a_terminal(archive, "search", query, "-c", "bridge", "-C", "1")
    assert shown.count("> ") == 3
    assert "\r\n--\r\n" in shown


def test_pages_continue_where_they_ended(run: Run) -> None:
    first = run("search", "bridge", "-n", "4", "--jsonl", "-c", "NightBridge")
    cursor = first.stderr.split("--after ")[1].split()[0]
    second = run("search", "bridge", "-n", "0", "--jsonl", "-c", "NightBridge", "--after", cursor)
    numbers = [orjson.loads(line)["message_id"] for line in (first.stdout + second.stdout).splitlines()]
    assert numbers == [number for number in range(30, 0, -1) if number not in {5, 7, 10}]
    assert "--after" not in second.stderr
    wrong = run("search", "bridge", "--after", "nonsense")
    assert (wrong.returncode, "cursor" in wrong.stderr) == (2, True)


def test_facets_count_in_tables_lines_and_json(run: Run) -> None:
    lines = run("search", "has:photo OR bridge", "--facet", "channel,media").stdout.splitlines()
    assert lines == ["channel\tNightBridge\t28", "channel\tjisr_news\t1", "media\tlink\t1", "media\tphoto\t1"]
    found = orjson.loads(run("search", "bridge", "--facet", "month,channel", "--json").stdout)
    assert list(found) == ["month", "channel", "incomplete"]
    assert sum(one["count"] for one in found["month"]) == sum(one["count"] for one in found["channel"]) == 28
    assert found["channel"][0] == {"value": "1001", "name": "NightBridge", "count": 27}
    wrong = run("search", "bridge", "--facet", "colour")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "channel, day, month, media, lang, fwd" in wrong.stderr
    nothing = run("search", "nowhere", "--facet", "day")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr.startswith("nothing found to count")
    assert run("search", "bridge", "--facet", "day", "--count").returncode == 2


def test_copies_are_one_row(run: Run, tmp_path: Path) -> None:
    text = "The bridge at Diwaniyah was closed for heavy lorries in the night"
    origin = '{"channel_post":3,"from_id":{"id":1001,"type":"channel"}}'
    here = [
        make_message(3, text),
        make_message(4, "short one"),
        make_message(9, text.upper()),
        make_message(10, ""),
        make_message(11, ""),
    ]
    there = [
        make_message(1, f"Look: {text}", channel_id=1002, fwd_from=origin),
        make_message(2, "short one", channel_id=1002),
        make_message(3, "Short one", channel_id=1002),
    ]
    build(tmp_path / "copies", here)
    build(tmp_path / "copies", there, channel=OTHER)
    index(tmp_path / "copies", [*here, *there])
    found = run("search", "*", "--collapse", "--sort", "oldest", "--json", directory=tmp_path / "copies")
    rows = {f"{row['channel']}/{row['message_id']}": row["copies"] for row in orjson.loads(found.stdout)}
    groups = sorted(sorted([first, *others]) for first, others in rows.items() if others)
    assert groups == [["NightBridge/3", "NightBridge/9", "jisr_news/1"], ["NightBridge/4", "jisr_news/2"]]
    assert len(rows) == 5, "short texts that only read alike are no copies, and no text is no text"
    assert run("search", "*", "--collapse", "--count", directory=tmp_path / "copies").stdout == "5\n"
    pages = []
    cursor: list[str] = []
    for _ in range(5):
        page = run("search", "*", "--collapse", "-n", "1", *cursor, directory=tmp_path / "copies")
        pages += page.stdout.splitlines()
        cursor = ["--after", page.stderr.split("--after ")[1].split()[0]] if "--after" in page.stderr else []
    assert len(set(pages)) == 5
    assert sum("+ 2 copies" in line for line in pages) == 1


def test_search_in_a_pipe_is_one_line_a_hit(run: Run) -> None:
    done = run("search", "bridge", "-c", "1001", "-n", "3")
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == [
        "NightBridge/30",
        "NightBridge/29",
        "NightBridge/28",
    ]


def test_dates_are_echoed_as_instants(run: Run) -> None:
    done = run("search", "bridge", "--on", "2021-12-16", "--tz", "Asia/Baghdad", "--count")
    assert "from 2021-12-15T21:00:00Z until before 2021-12-16T21:00:00Z" in done.stderr
    done = run("search", "bridge -on:2021-12-16 OR until:2022", "--tz", "Asia/Baghdad", "--count")
    told = "in the query: date:2021-12-15T21:00:00Z..2021-12-16T21:00:00Z, until:2022-12-31T21:00:00Z"
    assert told in done.stderr


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
        assert "the channel had no such message when it was read (20 Dec 2021 11:33 UTC)" in done.stderr
    assert run("show", "bridge/10", "bridge/35").returncode == 2
    shown = on_a_terminal(archive, "show", "bridge/5", "--all", NO_COLOR="1")
    assert "payload_sha256  " in shown
    assert "cite as" in on_a_terminal(archive, "show", "bridge/5", "--tz", "Asia/Baghdad", NO_COLOR="1")


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
    assert "NightBridge: not known to be complete in this range: 10 of 40 ids not fetched" in done.stderr
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
        "import signal, sys; from archiver.cli.__main__ import main; from archiver.export.jsonl import JsonlWriter\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest-xdist's workers ignore it\n"
        "once = []\n"
        "def encode(self, row):\n"
        "    if not once:\n"
        "        once.append(1); open('begun', 'w').close(); open('signalled').close()\n"
        "    return b'{}'\n"
        "JsonlWriter.encode = encode; main(sys.argv[1:])"
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


@pytest.mark.parametrize("arguments", [["search", "bridge", "-c", "jisr_news"], ["show", "jisr_news/1"]])
def test_untrusted_text_cannot_harm_a_terminal(archive: Path, arguments: list[str]) -> None:
    shown = on_a_terminal(archive, *arguments)
    assert "␛[31mred␇ ⟨U+202E⟩gpj.exe⟨U+2066⟩" in shown
    for harmful in ("\x1b[31m", "\x07", "\u202e", "\u2066"):
        assert harmful not in shown


@pytest.mark.parametrize("arguments", [["search", "bridge", "-c", "jisr_news"], ["show", "jisr_news/1"]])
def test_untrusted_text_is_harmless_in_a_pipe_and_as_json(run: Run, arguments: list[str]) -> None:
    for shape in ([], ["--json"]):
        printed = run(*arguments, *shape).stdout
        assert not set(printed) & set("\x1b\x07\u202e\u2066")
    assert orjson.loads(run("show", "jisr_news/1", "--json").stdout)["text"] == NASTY


def test_right_to_left_lines_take_their_own_direction_on_a_terminal_only(run: Run, archive: Path) -> None:
    line = "\u2068=1+1 \x1b[1;32mجسر\x1b[0m\u2069"
    assert line in on_a_terminal(archive, "search", "جسر")
    assert "\u2068" not in run("search", "جسر").stdout


def test_matches_outside_the_text_are_shown(run: Run, tmp_path: Path) -> None:
    poll = photo(
        kind="poll",
        title="Which depot?",
        extra='{"answers":[{"text":"the northern one"}]}',
        search_text="the northern one",
    )
    messages = [make_message(1, "Vote!", media=(poll,)), make_message(2, "Vote northern")]
    build(tmp_path, messages)
    index(tmp_path, messages)
    shown = on_a_terminal(tmp_path, "search", "northern", "--sort", "oldest")
    assert "poll: \x1b[0mthe \x1b[1;32mnorthern\x1b[0m one" in shown
    assert shown.count("poll:") == 1
    assert "Vote! [poll Which depot?]" in run("search", "northern", directory=tmp_path).stdout


def test_terminal_gets_highlights_and_links_unless_told_otherwise(archive: Path) -> None:
    shown = on_a_terminal(archive, "search", "opened")
    assert "\x1b[1;32mopened\x1b[0m" in shown
    assert ";https://t.me/NightBridge/5\x1b\\" in shown
    for environment in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
        assert "[opened]" in (plain := on_a_terminal(archive, "search", "opened", **environment))
        assert "\x1b[1;32" not in plain
    assert "\x1b" not in on_a_terminal(archive, "search", "opened", TERM="dumb")
    assert "\x1b[3" not in on_a_terminal(archive, "status", NO_COLOR="1")


@pytest.mark.parametrize(
    "arguments",
    [["search", "bridge"], ["show", "bridge/1"], ["history", "bridge/1"], ["changes"], ["status"], ["gaps", "bridge"]],
)
def test_reading_commands_import_no_unneeded_sdk(archive: Path, arguments: list[str]) -> None:
    script = (
        "import sys; from archiver.cli.__main__ import run; status = run(sys.argv[1:]); "
        "assert not {'telethon', 'meilisearch', 'requests'} & sys.modules.keys(); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=clean_environment(archive),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0)


def test_dates_of_the_sample_are_what_the_tests_say() -> None:
    assert datetime.fromtimestamp(START, UTC).isoformat() == "2021-12-16T00:00:00+00:00"


def test_more_continues_a_search_on_a_terminal_and_in_a_pipe(run: Run, archive: Path, tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    first = on_a_terminal(archive, "search", "bridge", "-c", "bridge", "-n", "20", **state)
    assert "20 of 27, newest first · next: telekeep search bridge -c bridge -n 20 --more\r\n" in first
    second = on_a_terminal(archive, "search", "bridge", "-c", "bridge", "-n", "20", "--more", **state)
    assert "27 of 27, newest first\r\n" in second
    assert "next:" not in second
    over = run("search", "bridge", "-c", "bridge", "--more", **state)
    assert (over.returncode, over.stdout) == (1, "")
    assert over.stderr == "all 27 results of this search have been shown; without --more it starts again\n"
    piped = run("search", "bridge", "-c", "bridge", "-n", "5", "--jsonl", **state)
    rest = run("search", "bridge", "-c", "bridge", "-n", "0", "--jsonl", "--more", **state)
    assert len({row["message_id"] for row in rows(piped) + rows(rest)}) == 27
    missing = run("search", "bridge", "--more", "--sort", "oldest", **state)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "Search without --more first" in missing.stderr
    assert run("search", "bridge", "--more", "--count", **state).returncode == 2


def test_nothing_found_says_what_may_help(run: Run) -> None:
    said = run("search", "brigde").stderr
    assert "no archived message has brigde; similar words: bridge 28" in said
    assert "found separately: bridge 28 · has:photo 1" in run("search", "bridge has:photo").stderr
    assert "at any time: 28 found" in run("search", "bridge", "--until", "2001").stderr
    assert "in all channels: 1 found" in run("search", "opened", "-c", "jisr_news").stderr
    assert "the dates are in the future: from 1 Jan 2098" in run("search", "bridge", "--on", "2098").stderr
    assert "did you mean: telekeep search bridge -c bridge" in run("search", "bridge -c bridge").stderr
    empty = run("search", " ")
    assert (empty.returncode, empty.stderr.startswith("telekeep: the query is empty. Use '*' for all")) == (2, True)
    assert run("search", "*", "--count").stdout == "31\n"


def test_rows_are_picked_by_field_and_written_as_csv(run: Run) -> None:
    table = run("search", "opened", "--csv", "--fields", "message_id,hashtags,text")
    assert table.stdout == 'message_id,hashtags,text\r\n5,"[""мост""]","👍🏽 #мост opened, see t.me/a"\r\n'
    assert rows(run("search", "opened", "--jsonl", "--fields", "message_id")) == [{"message_id": 5}]
    everything = run("search", "*", "--csv", "-n", "0", "--sort", "oldest", "-c", "jisr_news").stdout
    assert everything == run("export", "jisr_news", "--format", "csv", "-o", "-").stdout
    wrong = run("search", "opened", "--json", "--fields", "txt")
    assert 'there is no field "txt". Did you mean text?' in wrong.stderr
    assert run("search", "opened", "--fields", "text").returncode == 2
    assert orjson.loads(run("show", "bridge/5", "--json", "--fields", "kind,partial").stdout) == {
        "kind": "message",
        "partial": None,
    }
    assert run("show", "bridge/5", "bridge/6", "--csv", "--fields", "message_id").stdout == "message_id\r\n5\r\n6\r\n"


def test_days_are_drawn_as_bars_on_a_terminal_and_as_many_as_asked_for(run: Run, archive: Path) -> None:
    drawn = on_a_terminal(archive, "search", "*", "--facet", "channel", LANG="en_US.UTF-8")
    assert re.search(r"NightBridge +29  █{60,}", drawn)
    assert re.search(r"NightBridge +29  #{60,}", on_a_terminal(archive, "search", "*", "--facet", "channel", LANG="C"))
    one = run("search", "*", "--facet", "channel", "-n", "1")
    assert one.stdout == "channel\tNightBridge\t29\n"
    assert "1 of 2 shown by channel (-n 0 shows all)" in one.stderr
