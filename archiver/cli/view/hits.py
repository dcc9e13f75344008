"""Print hits: cards with highlights on a terminal, one TSV line each in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import orjson

from archiver.cli import output
from archiver.cli.terminal import is_clean_link, isolate, line_isolates, terminal_safe
from archiver.cli.view.shown import Shown
from archiver.model.row import Row
from search.query.tree import Node, Phrase, any_of
from search.show.highlight import highlight
from search.show.snippet import Snippet, snippets

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDTH = 480
"""Characters of text shown on a card; `telekeep show` shows all."""

BETWEEN = "--"
"""The line between blocks, like grep's."""

_COPIES = 5
"""Copies listed; JSON lists all."""
_SIGNS = {True: ">", False: "-"}
_MATCH = "bold underline"


def printer(tree: Node, *, in_blocks: bool = False) -> Callable[[Shown], None]:
    """A function that prints one row. `in_blocks`: mark hits and context, and print a line between blocks."""
    if not output.is_terminal():
        show = _print_marked_line if in_blocks else _print_line
    else:
        console = output.console()

        def show(shown: Shown) -> None:
            _print_card(console, shown, tree, sign=_SIGNS[shown.is_hit] if in_blocks else "")

    last = 1

    def print_row(shown: Shown) -> None:
        nonlocal last
        shown = _as_found(shown)
        if in_blocks and shown.block > last:
            output.line(BETWEEN)
        last = shown.block
        show(shown)

    return print_row


def _as_found(shown: Shown) -> Shown:
    """The row with the content that matched, which may be an earlier one."""
    earlier = shown.earlier
    if earlier is None:
        return shown
    return shown._replace(row={**shown.row, "text": earlier.text, "media": orjson.dumps(earlier.media).decode()})


def _remarks(shown: Shown) -> str:
    """Remarks on a row besides its text, in brackets."""
    parts = [describe(shown.row)]
    address = f"{shown.row['channel']}/{shown.row['message_id']}"
    if shown.revision is not None:
        parts.append(f"[version {shown.revision}, edited since: telekeep history {address}]")
    if shown.copies:
        first = ", ".join(shown.copies[:_COPIES])
        rest = f" and {len(shown.copies) - _COPIES} more" if len(shown.copies) > _COPIES else ""
        parts.append(f"[earliest found in this archive + {len(shown.copies)} copies: {first}{rest}]")
    return " ".join(filter(None, parts))


def describe(row: Row) -> str:
    """What a message has besides text: `[poll Which one?] [video clip.mp4] [pin_message] [deleted, noticed ...]`."""
    media = orjson.loads(row["media"])
    parts = [" ".join(filter(None, (one["kind"], one["title"], one["file_name"]))) for one in media]
    if row["action"]:
        parts.append(str(orjson.loads(row["action"]).get("type")))
    if row["missing_since"]:
        parts.append(f"deleted, noticed {row['missing_since']}")
    return " ".join(f"[{part}]" for part in parts)


def _print_line(shown: Shown) -> None:
    output.tsv(*_cells(shown))


def _print_marked_line(shown: Shown) -> None:
    output.tsv(_SIGNS[shown.is_hit], *_cells(shown))


def _cells(shown: Shown) -> tuple[object, ...]:
    row = shown.row
    text = " ".join(filter(None, (row["text"], _remarks(shown))))
    return row["date"], f"{row['channel']}/{row['message_id']}", row["permalink"], text


def _print_card(console: Console, shown: Shown, tree: Node, *, sign: str) -> None:
    console.print(_head(shown, sign), soft_wrap=True)
    body = _body(shown, tree) if shown.is_hit else _dim(shown.row)
    if body:
        console.print(body, soft_wrap=True)
    console.print()


def _head(shown: Shown, sign: str) -> Text:
    from rich.style import Style
    from rich.text import Text

    row = shown.row
    address = isolate(terminal_safe(f"{row['channel']}/{row['message_id']}"))
    link = Style(link=row["permalink"]) if is_clean_link(row["permalink"]) else Style()
    head = Text(f"{sign} " if sign else "")
    head.append(address, style="bold" if shown.is_hit else "dim")
    head.append(f"  {row['date']}  ", style="dim")
    head.append(terminal_safe(row["permalink"]), style=link + Style(dim=True))
    rest = isolate(terminal_safe(_remarks(shown)))
    return head.append(f"  {rest}", style="dim") if rest else head


def _body(shown: Shown, tree: Node) -> Text:
    """The text around its matches, or below it the attachment that matched."""
    wanted = any_of((tree, *map(Phrase, shown.matched)))
    text = shown.row["text"]
    spans = highlight(wanted, text)
    body = _pieces(snippets(text, spans, WIDTH))
    if spans:
        return body
    for kind, other in further_texts(shown.row):
        if found := highlight(wanted, other):
            start = f"\n[{kind}] " if text else f"[{kind}] "
            return body.append(start, style="dim").append_text(_pieces(snippets(other, found, WIDTH // 3)))
    return body


def further_texts(row: Row) -> Iterator[tuple[str, str]]:
    """The texts of attachments (titles, poll answers, file names ...), each with its kind."""
    for one in orjson.loads(row["media"]):
        for key in ("title", "performer", "file_name", "extra"):
            for text in _strings(one[key]):
                yield one["kind"], text
    if row["action"]:
        for text in _strings(orjson.loads(row["action"])):
            yield "service", text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _dim(row: Row) -> Text:
    body = _pieces(snippets(row["text"], (), WIDTH))
    body.style = "dim"
    return body


def _pieces(pieces: Sequence[Snippet]) -> Text:
    """The snippets of a text with matches highlighted and omissions marked by dots.

    Lines with right-to-left letters are isolated, so that each takes its own direction, dots included.
    """
    from rich.text import Text

    body = Text("… " if pieces[0].cut_before else "")
    for piece in pieces:
        if piece is not pieces[0]:
            body.append(" … ")
        at = 0
        for start, end in piece.spans:
            body.append(terminal_safe(piece.text[at:start], multiline=True))
            body.append(terminal_safe(piece.text[start:end], multiline=True), style=_MATCH)
            at = end
        body.append(terminal_safe(piece.text[at:], multiline=True))
    if pieces[-1].cut_after:
        body.append(" …")
    lines = []
    for line in body.split("\n", allow_blank=True):
        before, after = line_isolates(line.plain)
        lines.append(Text.assemble(before, line, after))
    return Text("\n").join(lines)
