"""What strangers wrote on a terminal and in a pipe: harmless, in its direction, highlighted."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.acceptance.reading import NASTY, Run, archive, on_a_terminal, run
from tests.sample import build, index, make_message, photo

__all__ = ["archive", "run"]


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
