"""Found messages for people: cards with highlights on a terminal, one TSV line each in a pipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from archiver.cli import output
from archiver.cli.shown import Shown
from archiver.cli.terminal import is_clean_link, isolate, terminal_safe
from archiver.row import Row
from search.highlight import highlight, snippet
from search.tree import Node, Phrase, any_of

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 480
"""Characters of a text that a card shows; `telekeep show` has it all."""

_MATCH = "bold underline"


def printer(tree: Node) -> Callable[[Shown], None]:
    """A function that prints one row."""
    if not output.is_terminal():
        return _print_line
    console = output.console()

    def print_card(shown: Shown) -> None:
        console.print(_head(shown.row, shown.is_hit), soft_wrap=True)
        body = _body(shown, tree) if shown.is_hit else _dim(shown.row)
        if body:
            console.print(body, soft_wrap=True)
        console.print()

    return print_card


def describe(row: Row) -> str:
    """What a message is besides its text: `[photo] [video clip.mp4] [pin_message] [gone since ...]`."""
    parts = [" ".join(filter(None, (one["kind"], one["file_name"]))) for one in orjson.loads(row["media"])]
    if row["action"]:
        parts.append(str(orjson.loads(row["action"]).get("type")))
    if row["missing_since"]:
        parts.append(f"gone since {row['missing_since']}")
    return " ".join(f"[{part}]" for part in parts)


def _print_line(shown: Shown) -> None:
    row = shown.row
    text = " ".join(filter(None, (row["text"], describe(row))))
    output.tsv(row["date"], f"{row['channel']}/{row['message_id']}", row["permalink"], text)


def _head(row: Row, hit: bool) -> Text:
    from rich.style import Style  # noqa: PLC0415 - a pipe needs none of it
    from rich.text import Text  # noqa: PLC0415 - see above

    address = isolate(terminal_safe(f"{row['channel']}/{row['message_id']}"))
    link = Style(link=row["permalink"]) if is_clean_link(row["permalink"]) else Style()
    head = Text()
    head.append(address, style="bold" if hit else "dim")
    head.append(f"  {row['date']}  ", style="dim")
    head.append(terminal_safe(row["permalink"]), style=link + Style(dim=True))
    rest = isolate(terminal_safe(describe(row)))
    return head.append(f"  {rest}", style="dim") if rest else head


def _body(shown: Shown, tree: Node) -> Text:
    from rich.text import Text  # noqa: PLC0415 - see _head

    text = shown.row["text"]
    piece = snippet(text, highlight(any_of((tree, *map(Phrase, shown.matched))), text), WIDTH)
    body = Text("… " if piece.cut_before else "")
    at = 0
    for start, end in piece.spans:
        body.append(terminal_safe(piece.text[at:start], multiline=True))
        body.append(terminal_safe(piece.text[start:end], multiline=True), style=_MATCH)
        at = end
    body.append(terminal_safe(piece.text[at:], multiline=True))
    return body.append(" …") if piece.cut_after else body


def _dim(row: Row) -> Text:
    from rich.text import Text  # noqa: PLC0415 - see _head

    piece = snippet(row["text"], (), WIDTH)
    return Text(terminal_safe(piece.text, multiline=True) + (" …" if piece.cut_after else ""), style="dim")
