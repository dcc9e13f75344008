"""`telekeep status` as people see it: problems first, one channel, again and again; and beside it gaps and accounts."""

from __future__ import annotations

import re
import signal
import sqlite3
from pathlib import Path

import orjson
import pytest
from rich.cells import cell_len

from tests.acceptance.desk import Desk, until
from tests.acceptance.test_history import copy_of, past, server, write

__all__ = ["past", "server"]

_STYLES = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|[\u2066-\u2069]")
_DATE = re.compile("[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2} UTC")


def screen(desk: Desk, *arguments: str, width: int) -> list[str]:
    """The lines that a terminal of this width shows."""
    shown = desk.on_terminal(*arguments, COLUMNS=str(width))
    return [_STYLES.sub("", line).rstrip() for line in shown.replace("\r", "").splitlines()]


@pytest.fixture
def troubled(past: Desk, tmp_path: Path) -> Desk:
    """A copy with all kinds of trouble, an alias, and a million ids that are not fetched."""
    desk = copy_of(past, tmp_path)
    write(
        desk,
        "UPDATE channel SET alias = 'harbour', top_id = 1234567 WHERE username = 'quiet_a'",
        "INSERT INTO account (account, state, reason, since)"
        " VALUES ('second', 'dead', 'the number was banned', 1640000000)",
        "INSERT INTO service VALUES (1, 1, '0.2', 1640000000, 1640000000, 1640003600, '{}', NULL)",
        "INSERT INTO flood VALUES ('default', 'getHistory', 4000000000)",
    )
    return desk


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize("command", ["status", "status harbour", "gaps harbour --all", "accounts"])
def test_every_width_gets_whole_lines_names_and_dates(troubled: Desk, command: str, width: int) -> None:
    lines = screen(troubled, *command.split(), width=width)
    paths = [line for line in lines if "/" not in line and "`telekeep" not in line]
    assert max(map(cell_len, paths)) <= width
    assert any("quiet_a" in line or "second" in line for line in lines)
    for line in lines:  # a date is on one line, or not there at all
        assert len(re.findall("[0-9]{1,2} [A-Z][a-z]{2} 2[0-9]{3} [0-9]{2}:", line)) == len(_DATE.findall(line))
    assert not any(re.search(r"logged$|^ *(?:in|out)$", line) for line in lines)


def test_problems_come_first_each_with_a_command(troubled: Desk) -> None:
    lines = screen(troubled, "status", width=80)
    table = next(at for at, line in enumerate(lines) if line.startswith("channel "))
    before = "\n".join(lines[:table])
    for said, typed in (
        ("! account second is logged out", "    telekeep login --account second"),
        ("! quiet_c: inaccessible since", "    telekeep remove quiet_c"),
        ("! quiet_a: <1 % fetched, 1,234,5", "    telekeep sync quiet_a"),
    ):
        assert said in before
        assert f"\n{typed}\n" in f"\n{before}\n"
    assert any("harbour" in line and re.search(r"1,234,[0-9]{3}", line) for line in lines[table:])
    told = orjson.loads(troubled.do("status", "--json").out)
    commands = {one["command"] for one in told["problems"]}
    assert "telekeep sync quiet_a" in commands
    assert "telekeep run" not in commands  # it was stopped on purpose
    assert told["archive"]["free_bytes"] > 0
    piped = troubled.do("status")
    stopped = "service: stopped since 20 Dec 2021 12:33 UTC (`telekeep run` starts it)"
    assert stopped in " ".join(" ".join(lines[table:]).split())
    assert f"{stopped}\n" in piped.err
    assert [row.split("\t")[-2] for row in piped.out.splitlines()] == ["harbour", "", ""]


def test_one_channel_is_shown_whole(troubled: Desk) -> None:
    text = "\n".join(screen(troubled, "status", "harbour", "--tz", "Asia/Baghdad", width=100))
    assert "@quiet_a (alias harbour)\n  title       The quiet a desk\n" in text
    assert re.search(r"archived +37 messages \(and 2 deleted\)", text)
    assert re.search(r"synced .*\+03", text)
    assert "quiet_c" not in text
    assert troubled.do("status", "harbour").out.split("\t")[0] == "quiet_a"
    assert [row["channel"] for row in troubled.do("status", "harbour", "--jsonl").rows] == ["quiet_a"]
    assert troubled.run("status", "nobody").status == 2


def test_gaps_sum_up_on_a_terminal_and_list_elsewhere(troubled: Desk) -> None:
    lines = screen(troubled, "gaps", "harbour", width=100)
    assert lines[0].startswith("quiet_a (harbour): 1,234,567 ids, as of ")
    rows = {line.split("  ")[0]: line.split()[1:] for line in lines[3:]}
    assert rows["deleted"][0] == "2"
    assert re.search(r"not fetched +1,234,[0-9]{3}", "\n".join(lines))
    assert any(line.startswith("archived  ") for line in screen(troubled, "gaps", "harbour", "--all", width=100))
    assert "archived" not in troubled.do("gaps", "harbour").out


def test_watching_redraws_until_ctrl_c(troubled: Desk) -> None:
    shown = troubled.on_terminal("status", "--watch", typed=[("archive: ", "\x03")], COLUMNS="80", LINES="60")
    assert "\x1b[?25l\x1b[2J" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("archive: ")
    assert "stopped; nothing was changed." in shown


def test_watching_in_a_pipe_prints_only_changes(troubled: Desk) -> None:
    process = troubled.start("status", "--watch")
    assert process.stdout is not None
    first = [process.stdout.readline().decode() for _ in range(3)]
    assert [line.split("\t")[0] for line in first] == ["quiet_a", "loud_b", "quiet_c"]
    connection = sqlite3.connect(troubled.archive / "archive.db")
    with connection:
        connection.execute("UPDATE channel SET alias = 'noise' WHERE username = 'loud_b'")
    connection.close()
    assert process.stdout.readline().decode().rstrip().endswith("\tnoise\tThe loud harbour")
    process.send_signal(signal.SIGINT)
    assert troubled.end(process).status == 130
    until(lambda: process.poll() is not None)


def test_the_sum_names_what_is_kept_of_removed_channels(troubled: Desk) -> None:
    def sums() -> list[str]:
        return [line for line in troubled.do("status").err.splitlines() if line.startswith(("all: ", "mirrored: "))]

    def messages(text: str) -> int:
        return sum(int(one.replace(",", "")) for one in re.findall("([0-9,]+) (?:more )?messages?", text))

    [before] = sums()
    write(troubled, "UPDATE channel SET state = 'removed' WHERE username = 'quiet_a'")
    [after] = sums()
    assert (before[:5], after[:10], "removed channel" in before) == ("all: ", "mirrored: ", False)
    assert after.endswith("of 1 removed channel")
    assert messages(after) == messages(before)
