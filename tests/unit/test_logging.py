from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from config.errors import SettingsError
from config.logging import configure


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("TELEKEEP_LOG", raising=False)
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.mark.parametrize(
    ("verbosity", "level"), [(-1, logging.ERROR), (0, logging.WARNING), (1, logging.INFO), (2, logging.DEBUG)]
)
def test_verbosity_chooses_the_level(verbosity: int, level: int) -> None:
    configure(verbosity=verbosity)
    assert logging.getLogger().level == level


def test_variable_has_the_last_word_and_must_be_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEKEEP_LOG", "info")
    configure(verbosity=-1)
    assert logging.getLogger().level == logging.INFO
    monkeypatch.setenv("TELEKEEP_LOG", "loud")
    with pytest.raises(SettingsError, match="error, warning, info, debug"):
        configure()


def test_record_is_one_harmless_line_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    try:
        raise ValueError("what a message said")
    except ValueError:
        logging.getLogger("x").warning("odd \x1b[31m %s", "a\nb", exc_info=sys.exc_info())
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said
    assert "what a message said" not in said


@pytest.mark.parametrize("name", ["telethon", "telethon.network", "aiosqlite"])
def test_libraries_that_log_contents_stay_silent_even_when_all_is_said(name: str) -> None:
    configure(verbosity=2)
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    ("terminal", "verbosity", "line"),
    [
        (True, 0, "telekeep: indexing paused\n"),
        (True, 1, "telekeep: WARNING archiver.index: indexing paused\n"),
        (False, 0, "telekeep: WARNING archiver.index: indexing paused\n"),
    ],
)
def test_a_terminal_gets_no_module_names_unless_more_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, verbosity: int, line: str
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    configure(verbosity=verbosity)
    logging.getLogger("archiver.index").warning("indexing paused")
    assert stream.getvalue() == line
