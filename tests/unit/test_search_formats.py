"""`search --format`: what it prints, and what to do instead for other formats."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from archiver.cli.search_options import SEARCH_FORMATS
from archiver.cli.view.export_instead import expect_printable, list_typed
from archiver.errors import UsageError
from archiver.export.formats.registry import FORMATS

QUERY = 'bridge\'s "closed" -toll'


@pytest.mark.parametrize("name", sorted({*FORMATS, "excel", "graphml"} - {*SEARCH_FORMATS}))
def test_what_search_does_not_print_is_written_by_the_export_command_that_it_names(name: str) -> None:
    typed = [
        "atlas",
        *list_typed({"--since": "7d", "--tz": None, "--expand": True, "--glossary": Path("my words.txt")}),
    ]
    with pytest.raises(UsageError) as refused:
        expect_printable(name, SEARCH_FORMATS, QUERY, typed)
    words = shlex.split(str(refused.value.hint).partition(": ")[2])
    begin = ["telekeep", "export", "atlas", "--since", "7d", "--expand", "--glossary", "my words.txt", "--query", QUERY]
    assert words[: len(begin)] == begin
    rest = words[len(begin) :]
    if name in FORMATS:
        assert rest[:3] == ["--format", name, "-o"]
        assert FORMATS[name].endings == () or rest[3].endswith(FORMATS[name].endings)


@pytest.mark.parametrize(
    ("name", "said"), [("ids", "--fields channel_id,message_id"), ("md", "markdown"), ("x", "csv")]
)
def test_another_name_is_answered_with_the_option_that_does_it(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=f'unknown format "{name}"') as refused:
        expect_printable(name, SEARCH_FORMATS, QUERY, [])
    assert said in str(refused.value.hint)


def test_what_search_prints_is_not_refused() -> None:
    for name in (None, *SEARCH_FORMATS):
        expect_printable(name, SEARCH_FORMATS, QUERY, [])
