from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest

from archiver.cli import pages
from archiver.cli.pages import PageEnd, ResultPages
from archiver.cli.search_options import SearchOptions
from archiver.compose.read_archive import When
from archiver.errors import UsageError

ARCHIVE = Path("/archive")


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "telekeep" / "pages.json"


def ask(query: str = "convoy", **changes: object) -> ResultPages:
    return ResultPages(ARCHIVE, query, SearchOptions(when=When(), **changes))


def test_more_goes_on_where_the_same_question_ended(state: Path) -> None:
    assert ask().end(20, "1.2.3")
    more = ask(more=True)
    assert (more.cursor, more.before, more.is_over) == ("1.2.3", 20, False)
    assert ask(more=True, limit=50, shape="jsonl").cursor == "1.2.3"
    more.end(5, None)
    assert (ask(more=True).is_over, ask(more=True).before) == (True, 25)
    assert state.stat().st_mode & 0o777 == 0o600
    assert state.parent.stat().st_mode & 0o777 == 0o700
    assert "convoy" not in state.read_text()


@pytest.mark.parametrize("changes", [{"sort": "oldest"}, {"channels": ("a",)}, {"around": 1}, {"collapse": True}])
def test_another_question_has_pages_of_its_own(changes: dict[str, object]) -> None:
    ask().end(20, "1.2.3")
    with pytest.raises(UsageError, match="no page of this search to continue"):
        ask(more=True, **changes)
    with pytest.raises(UsageError, match="no page of this search to continue"):
        ask("convoys", more=True)


def test_a_command_copied_from_a_terminal_asks_the_same() -> None:
    ask("جسر  الليل").end(20, "1.2.3")
    assert ask("\u2068جسر الليل\u2069", more=True).cursor == "1.2.3"


def test_only_the_latest_searches_are_kept(state: Path) -> None:
    for number in range(130):
        ask(f"word{number}").end(1, "1.2.3")
    kept = orjson.loads(state.read_bytes())["pages"]
    assert len(kept) == 100
    assert ask("word129", more=True).cursor == "1.2.3"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "of somebody else"}', '{"format": "telekeep pages 1"}'])
def test_a_file_that_is_not_ours_is_left_alone(state: Path, content: str) -> None:
    state.parent.mkdir()
    state.write_text(content)
    assert not ask().end(20, "1.2.3")
    assert state.read_text() == content
    with pytest.raises(UsageError, match="no page"):
        ask(more=True)


def test_a_tampered_state_file_is_harmless(state: Path) -> None:
    ask().end(20, "1.2.3")
    [name] = orjson.loads(state.read_bytes())["pages"]
    for page in (None, [], ["a", "b", "c"], [1, 2, 3], {"cursor": 1}):
        state.write_bytes(orjson.dumps({"format": "telekeep pages 1", "pages": {name: page}}))
        assert pages.recall(name) in {None, PageEnd(None, 2)}
    assert ask().end(1, "4.5.6")


def test_without_a_home_nothing_is_kept_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/none")
    assert not ask().end(20, "1.2.3")
    monkeypatch.setattr(pages, "user_state_path", lambda: Path("~/state"))
    monkeypatch.chdir(tmp_path)
    assert not ask().end(20, "1.2.3")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_in_place_of_the_file_is_not_waited_for(state: Path) -> None:
    state.parent.mkdir()
    os.mkfifo(state)
    assert not ask().end(20, "1.2.3")
    assert state.is_fifo()
