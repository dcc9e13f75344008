from __future__ import annotations

import io

import orjson
from hypothesis import given
from rich.console import Console

from archiver.cli.view.formatted import format_text
from tests.sample import entities
from tests.unit.test_formatting import mark_lists, texts


def printed(text: str, marks: str, width: int = 40) -> str:
    """What a terminal with colours gets."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=width, _environ={})
    for line in format_text(text, marks, width):
        console.print(line, soft_wrap=True)
    return out.getvalue()


def test_formatting_is_shown_by_styles() -> None:
    shown = printed("plain bold", entities(("bold", 6, 4)))
    assert shown == "plain \x1b[1mbold\x1b[0m\n"


def test_a_quote_has_a_bar_on_each_of_its_wrapped_lines() -> None:
    lines = printed("one two three four\nafter", entities(("blockquote", 0, 18)), width=12).splitlines()
    assert [line.count("▎") for line in lines] == [1, 1, 0]
    assert lines[2] == "after"


def test_a_link_is_clickable_only_if_its_address_is_harmless() -> None:
    def link(url: str) -> str:
        return printed("words", entities(("text_url", 0, 5), url=url))

    assert "\x1b]8;" in link("https://example.com/")
    for url in ("javascript:alert(1)", "https://example.com/\x07", "https://пример.рф/"):
        assert "\x1b]8;" not in link(url)


@given(texts, mark_lists)
def test_no_text_writes_escape_sequences_of_its_own(text: str, marks: list[object]) -> None:
    shown = printed(text, orjson.dumps([mark for mark in marks if _is_json(mark)]).decode())
    plain = "".join(part.partition("m")[2] if at else part for at, part in enumerate(shown.split("\x1b[")))
    assert "\x07" not in plain
    assert "\u202e" not in plain
    assert all(char >= " " or char == "\n" for char in shown.replace("\x1b", ""))


def _is_json(mark: object) -> bool:
    try:
        orjson.dumps(mark)
    except TypeError:
        return False
    return True
