"""One progress for every job: a line on a terminal, plain lines elsewhere, JSON if asked for, nothing with --quiet."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator

import orjson
import pytest

from archiver.cli import output
from archiver.cli.view import progress
from archiver.cli.view.progress import Progress, set_style


class Clock:
    """The time that the tests set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    set_style("auto")
    output.set_quiet(False)


def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Stderr as a terminal of 40 columns. Not a fixture: pytest changes stderr between them and the test."""
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in {"COLUMNS": "40", "TERM": "xterm", "LC_ALL": "C", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    return stream


def run(clock: Clock, *, seconds: int = 30) -> None:
    with Progress("export") as shown:
        for second in range(1, seconds + 1):
            clock.now += 1.0
            shown.advance(1_000 * second, 30_000)


def test_a_terminal_gets_one_line_that_fits_and_is_erased_at_the_end(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = terminal(monkeypatch)
    run(clock)
    drawn = stderr.getvalue().split("\r")
    assert drawn[-1] == "\x1b[K"
    lines = [line.removesuffix("\x1b[K") for line in drawn[1:-1]]
    assert max(map(len, lines)) < 40
    assert "50 %" in lines[14]
    assert "about 15 s left" in lines[14]
    assert "\n" not in stderr.getvalue()


def test_other_lines_are_printed_above_the_one_that_moves(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    with Progress("export") as shown:
        clock.now += 1.0
        shown.advance(1_000, 30_000)
        output.note("a note")
    assert re.search("1,000 rows.*\r\x1b\\[Ka note\n$", stderr.getvalue(), re.DOTALL)


def test_quick_jobs_show_no_progress(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    with Progress("export") as shown:
        clock.now += 0.2
        shown.advance(30_000, 30_000)
    assert stderr.getvalue() == ""


def test_a_dumb_terminal_gets_a_plain_line_now_and_then(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "120")
    run(clock)
    assert stderr.getvalue().splitlines() == [
        "export: 33 %, 10,000 rows, 1,000/s, about 20 s at this rate",
        "export: 66 %, 20,000 rows, 1,000/s, about 10 s at this rate",
        "export: 100 %, 30,000 rows, 1,000/s",
    ]


def test_quiet_suppresses_everything_but_requested_json(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    output.set_quiet(True)
    run(clock)
    assert stderr.getvalue() == ""
    set_style("json")
    run(clock, seconds=3)
    said = [orjson.loads(line) for line in stderr.getvalue().splitlines()]
    assert [(one["done"], one["total"], one["seconds_left"]) for one in said] == [
        (1_000, 30_000, None),
        (2_000, 30_000, 28),
        (3_000, 30_000, 27),
    ]


def test_earlier_work_does_not_count_towards_the_rate(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    set_style("json")
    with Progress("sync", unit="ids") as shown:
        shown.begin(90_000)
        for second in range(1, 5):
            clock.now += 1.0
            shown.advance(90_000 + 100 * second, 100_000, amount=50 * second)
    last = orjson.loads(stderr.getvalue().splitlines()[-1])
    assert (last["done"], last["rate"], last["seconds_left"]) == (90_400, 50.0, 96)
