"""The snippets of a text as one: matches marked, lines of one direction joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archiver.cli.terminal import line_isolates, terminal_safe
from archiver.cli.view.wrapping import is_rtl
from search.show.snippet import Snippet

if TYPE_CHECKING:
    from rich.text import Text

_MATCH = "bold green"


def excerpt(pieces: Sequence[Snippet], *, coloured: bool) -> Text:
    """The snippets of a text with matches marked, and dots for omissions."""
    from rich.text import Text

    opening, closing = ("", "") if coloured else ("[", "]")
    body = Text("… " if pieces[0].cut_before else "")
    for piece in pieces:
        if piece is not pieces[0]:
            body.append(" … ")
        at = 0
        for start, end in piece.spans:
            body.append(terminal_safe(piece.text[at:start], multiline=True))
            match = terminal_safe(piece.text[start:end], multiline=True)
            body.append(f"{opening}{match}{closing}", style=_MATCH if coloured else "")
            at = end
        body.append(terminal_safe(piece.text[at:], multiline=True))
    if pieces[-1].cut_after:
        body.append(" …")
    return body


def one_paragraph(body: Text, style: str = "") -> Text:
    """The text with its lines one after another, two spaces between; a line of another direction starts a new line."""
    from rich.text import Text

    paragraphs: list[Text] = []
    for line in body.split("\n"):
        line.rstrip()
        if not line.plain.strip():
            continue
        if paragraphs and _goes_with(paragraphs[-1].plain, line.plain):
            paragraphs[-1].append("  ").append_text(line)
        else:
            paragraphs.append(line)
    joined = Text("\n").join(paragraphs)
    joined.style = style
    return joined


def _goes_with(before: str, line: str) -> bool:
    has_rtl = any(line_isolates(one)[0] for one in (before, line))
    return not has_rtl or is_rtl(before) == is_rtl(line)
