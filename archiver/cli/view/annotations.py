"""Texts that programs made of a message's files, as people see them: always apart, and marked. Untrusted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view.excerpt import excerpt, one_paragraph
from archiver.cli.view.heading import wrap_prose
from archiver.cli.view.moments import Moments
from archiver.cli.view.wrapping import wrap
from archiver.model.row import Row
from search.query.tree import Node
from search.show.highlight import highlight
from search.show.snippet import snippets

if TYPE_CHECKING:
    from rich.text import Text

_CALLED = {"transcribe": "transcript", "ocr": "text in the picture"}
_EXCERPT = 240
"""Characters shown among search results; `telekeep show` shows all."""


def list_annotations(row: Row) -> list[Mapping[str, Any]]:
    """The annotations of a row."""
    return list(orjson.loads(row["annotations"])) if row.get("annotations") else []


def annotation_lines(row: Row, moments: Moments, width: int) -> Iterator[Text]:
    """Each annotation as a paragraph of its own, under who made it and when."""
    from rich.text import Text

    for made in list_annotations(row):
        yield Text()
        yield from wrap_prose(Text(isolate(terminal_safe(_describe(made, moments))), style="magenta"), width)
        text = terminal_safe(str(made["text"]), multiline=True) or "(no words found)"
        for line in wrap(Text(text, style="dim" if not made["text"] else ""), width - 2):
            yield Text.assemble("  ", line)


def annotation_excerpts(row: Row, wanted: Node, *, coloured: bool) -> Iterator[Text]:
    """What matches in the annotations of a hit."""
    from rich.text import Text

    for made in list_annotations(row):
        text = str(made["text"])
        if found := highlight(wanted, text):
            name = terminal_safe(f"{_name(made)}: ")
            pieces = one_paragraph(excerpt(snippets(text, found, _EXCERPT), coloured=coloured))
            yield Text.assemble((name, "magenta"), pieces)


def annotation_remarks(row: Row, wanted: Node) -> Iterator[str]:
    """The same in brackets, on one line."""
    for made in list_annotations(row):
        text = str(made["text"])
        if found := highlight(wanted, text):
            pieces = snippets(text, found, _EXCERPT)
            before, after = ("… " if pieces[0].cut_before else ""), (" …" if pieces[-1].cut_after else "")
            words = " ".join(" … ".join(piece.text for piece in pieces).split())
            yield f"[{_name(made)}: {before}{words}{after}]"


def _name(made: Mapping[str, Any]) -> str:
    return f"{_CALLED.get(str(made['hook']), str(made['hook']))} by {made['program']}"


def _describe(made: Mapping[str, Any], moments: Moments) -> str:
    """`transcript by whisper-cli 1.7.2, made 30 Nov 2026, language en: a program's output, may be wrong`."""
    version = f" ({made['version']})" if made["version"] else ""
    language = f", language {made['language']}" if made["language"] else ""
    when = moments.at(datetime.fromisoformat(str(made["at"])).timestamp())
    return f"{_name(made)}{version}, made {when}{language}: a program's output, may be wrong"
