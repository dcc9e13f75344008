"""Annotations as people see them: apart from the message's own words, marked, and harmless on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from archiver.cli.view.annotations import annotation_excerpts, annotation_lines
from archiver.cli.view.moments import Moments
from archiver.model.row import Row
from search.query.parse import Context, parse

CONTEXT = Context(now=datetime(2026, 1, 1, tzinfo=UTC))
MOMENTS = Moments(UTC, 1_700_000_000)


def row(text: str, **more: object) -> Row:
    made = {
        "hook": "transcribe",
        "text": text,
        "program": "whisper-cli",
        "version": "1.7.2",
        "language": "en",
        "at": "2023-11-14T22:13:20Z",
    }
    return {"annotations": orjson.dumps([{**made, **more}]).decode()}


def shown(one: Row) -> str:
    return "\n".join(line.plain for line in annotation_lines(one, MOMENTS, 120))


def test_it_says_which_program_made_it_and_when() -> None:
    assert shown(row("The bridges.")).splitlines() == [
        "",
        "transcript by whisper-cli (1.7.2), made 14 Nov 2023 22:13 UTC, language en: a program's output, may be wrong",
        "  The bridges.",
    ]


def test_nothing_found_is_said() -> None:
    assert shown(row("", hook="ocr", version=None, language=None)).splitlines()[1:] == [
        "text in the picture by whisper-cli, made 14 Nov 2023 22:13 UTC: a program's output, may be wrong",
        "  (no words found)",
    ]


@pytest.mark.parametrize("nasty", ["\x1b[31mred", "a\x07b", "\u202eevil", "\x9b1m"])
def test_control_characters_are_made_visible(nasty: str) -> None:
    for whole in (shown(row(nasty)), shown(row("x", program=nasty, version=nasty))):
        assert not any(char in whole for char in "\x1b\x07\u202e\x9b")


def test_a_message_without_annotations_has_no_paragraph() -> None:
    assert shown({"annotations": None}) == ""


def test_what_matched_is_shown_among_results() -> None:
    one = row("before " * 80 + "the bridge \x1b[31mfell\n" + "after " * 80)
    [excerpt] = annotation_excerpts(one, parse("bridge in:annotations", CONTEXT), coloured=False)
    assert excerpt.plain.startswith("transcript by whisper-cli: … ")
    assert "the [bridge] ␛[31mfell" in excerpt.plain
    assert not list(annotation_excerpts(one, parse("river in:annotations", CONTEXT), coloured=False))
