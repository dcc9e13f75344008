"""A hit as a card on a terminal: who, where and when; what became of it; its words around the matches.

    Atlas Inquiry Desk  atlas/396   25 Jan 2022 17:13 +03            1.8k views
      DELETED between 29 Nov 17:52 and 17:58
      Point de situation: Diwaniyah — the warehouse permit was extended by a
      year. Geolocated to within 20 metres.  #convoy

Everything fits the width of the terminal, words whole, but no line of text is longer than is easy to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from archiver.cli.terminal import is_clean_link, terminal_safe, width
from archiver.cli.view import figures
from archiver.cli.view.annotations import annotation_excerpts
from archiver.cli.view.attachments import describe_action
from archiver.cli.view.excerpt import excerpt, one_paragraph
from archiver.cli.view.import_words import describe_claim, describe_contents, say_others
from archiver.cli.view.kinds import describe_kinds, further_texts, list_attachments
from archiver.cli.view.moments import Moments, write_day
from archiver.cli.view.shown import Shown
from archiver.cli.view.wrapping import text_width, wrap
from archiver.ids import ChannelId
from archiver.model.imported import list_filled, list_others
from archiver.model.particulars import find_posted_day
from archiver.model.row import ChannelName, Row
from search.query.scope import includes_annotations
from search.query.tree import Node, Phrase, any_of
from search.show.highlight import highlight
from search.show.snippet import snippets

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 480
"""Characters of text shown; `telekeep show` shows all."""
INDENT = 2
_COPIES = 5
"""Copies listed; JSON lists all."""
_ATTACHMENTS = 3
_GAPS = {"when": 3}
"""Columns before a part of the head, if not 2."""
_TOGETHER = frozenset({"when", "kinds"})
"""The item that wraps together with everything after it, so that the views are not alone on a line."""

_DELETED, _EDITED = "bold red", "yellow"


@dataclass(frozen=True, slots=True)
class CardView:
    """How cards are shown."""

    tree: Node
    names: Mapping[ChannelId, ChannelName]
    moments: Moments
    columns: int
    coloured: bool
    """Whether matches are coloured; otherwise they are put in brackets."""


def card(shown: Shown, view: CardView, *, sign: str = "") -> Iterator[Text]:
    """The lines of a card. `sign`: a mark before the head; items that do not fit go below it."""
    from rich.text import Text

    yield from _head(shown, view, sign)
    indent = " " * (INDENT + width(sign))
    room = text_width(view.columns, indent=len(indent))
    for part in _parts(shown, view, room):
        for line in wrap(part, room):
            yield Text(indent).append_text(line)


def address(shown: Shown, names: Mapping[ChannelId, ChannelName]) -> str:
    """`atlas/396`: with the alias if one is set, since people type that."""
    row = shown.row
    return f"{names[row['channel_id']].alias or row['channel']}/{row['message_id']}"


def _head(shown: Shown, view: CardView, sign: str) -> Iterator[Text]:
    """Title, address and so on, on as few lines as possible; views at the right edge."""
    from rich.text import Text

    columns = text_width(view.columns)
    line, below, is_begun = Text(sign), " " * (INDENT + width(sign)), False
    parts = list(_head_parts(shown, view))
    for at, (name, part) in enumerate(parts):
        gap = _GAPS.get(name, 2) if is_begun else 0
        needed = width(part.plain)
        if name in _TOGETHER and len(below) + (rest := _width_of(parts[at:])) <= columns:
            needed = rest
        if is_begun and width(line.plain) + gap + needed > columns:
            yield line
            line, gap = Text(below), 0
        room = columns - width(line.plain) - gap
        *full, last = wrap(part, room if width(part.plain) <= room else columns - len(below))
        for one in full:
            yield line.append_text(one)
            line = Text(below)
        free = columns - width(line.plain) - width(last.plain)
        line.append(" " * (free if name == "views" else gap)).append_text(last)
        is_begun = True
    yield line


def _width_of(parts: Sequence[tuple[str, Text]]) -> int:
    return sum(width(part.plain) + 2 for _, part in parts) - 2


def _when(row: Row, moments: Moments) -> str:
    """When it was posted; an export as HTML shows only the day of a service message."""
    day = find_posted_day(row["extra"])
    return moments.at(_unix(row["date"])) if day is None else f"{write_day(day)}, time not known"


def _head_parts(shown: Shown, view: CardView) -> Iterator[tuple[str, Text]]:
    from rich.style import Style
    from rich.text import Text

    row, plain = shown.row, "" if shown.is_hit else "dim"
    link = Style(link=row["permalink"]) if is_clean_link(row["permalink"]) else Style()
    if title := terminal_safe(view.names[row["channel_id"]].title):
        yield "title", Text(title, style="bold" if shown.is_hit else "dim")
    yield "address", Text(terminal_safe(address(shown, view.names)), style=link + Style(dim=not shown.is_hit))
    yield "when", Text(_when(row, view.moments), style=plain)
    if kinds := describe_kinds(row, view.names):
        yield "kinds", Text(terminal_safe(", ".join(kinds)), style=plain or "cyan")
    if view.names[row["channel_id"]].username is None:
        yield "link", Text("no public link", style="dim")
    if row["views"] is not None:
        yield "views", Text(f"{figures.short(row['views'])} view{'' if row['views'] == 1 else 's'}", style="dim")


def _parts(shown: Shown, view: CardView, room: int) -> Iterator[Text]:
    """The parts below the head, each on a new line."""
    from rich.text import Text

    states = list(_states(shown, view))
    together = Text(" · ").join(states)
    yield from [together] if states and width(together.plain) <= room else states
    yield from _body(shown, view)
    if shown.is_hit and includes_annotations(view.tree):
        wanted = any_of((view.tree, *map(Phrase, shown.matched)))
        yield from annotation_excerpts(shown.row, wanted, coloured=view.coloured)
    yield from _remarks(shown, view)


def _states(shown: Shown, view: CardView) -> Iterator[Text]:
    """What happened to the message since it was posted."""
    from rich.text import Text

    row = shown.row
    if row["missing_since"]:
        noticed = _unix(row["missing_since"])
        when = view.moments.between(min(_unix(row["last_seen"]), noticed), noticed, next_to=_unix(row["date"]))
        if shown.claims is not None and shown.claims.is_import:
            by = describe_claim(shown.claims.file)
            yield Text(f"DELETED by {view.moments.at(noticed)}, if it was posted as {by} says", style=_DELETED)
        else:
            yield Text(f"DELETED {when}", style=_DELETED)
    elif shown.claims is not None and shown.claims.is_import:
        yield Text(f"from {describe_claim(shown.claims.sources)}, not seen on Telegram", style="dim")
    if others := list_others(row["extra"]):
        yield Text(say_others(others), style=_EDITED)
    if filled := list_filled(row["extra"]):
        yield Text(f"{', '.join(filled)} from an import, not from Telegram", style="dim")
    edits = row["revisions"] - (shown.claims.contents if shown.claims is not None else 0)
    if shown.claims is not None and shown.claims.contents:
        yield Text(describe_contents(shown.claims.contents, shown.claims.beside), style=_EDITED)
    if edits > 0:
        yield Text(f"edited {'once' if edits == 1 else figures.count(edits, 'time')}", style=_EDITED)
    elif row["edit_date"] and not row.get("edit_hidden") and row["edit_date"] <= row["first_seen"]:
        said = "edited as the import says" if shown.is_imported else "edited before it was archived"
        yield Text(said, style=_EDITED)
    for reason in orjson.loads(row["restriction"] or "[]"):
        said = terminal_safe(str(reason.get("text") or reason.get("reason")))
        yield Text(f"restricted on {terminal_safe(str(reason.get('platform')))}: {said}", style=_EDITED)


def _body(shown: Shown, view: CardView) -> Iterator[Text]:
    """The text around its matches, or what matched of the attachments below it."""
    from rich.text import Text

    text = shown.row["text"]
    if not shown.is_hit:
        if text:
            yield one_paragraph(excerpt(snippets(text, (), WIDTH), coloured=view.coloured), "dim")
        return
    wanted = any_of((view.tree, *map(Phrase, shown.matched)))
    spans = highlight(wanted, text)
    if text:
        yield one_paragraph(excerpt(snippets(text, spans, WIDTH), coloured=view.coloured))
    found = None if spans or shown.row["action"] else _matched(shown.row, wanted, view)
    if found is not None:
        yield found
        return
    if shown.row["action"]:
        action = describe_action(orjson.loads(shown.row["action"]))
        yield excerpt(snippets(action, highlight(wanted, action), WIDTH), coloured=view.coloured)
    attached = list_attachments(shown.row)
    for kind, what in attached[:_ATTACHMENTS]:
        known = describe_kinds(shown.row, view.names) == [kind]  # in the head
        yield _line(terminal_safe(what if known else f"{kind}: {what}"))
    if len(attached) > _ATTACHMENTS:
        yield _line(f"and {figures.count(len(attached) - _ATTACHMENTS, 'more attachment')}")
    if not text and not attached and not describe_kinds(shown.row, view.names):
        yield Text("(no text)", style="dim")


def _matched(row: Row, wanted: Node, view: CardView) -> Text | None:
    """The attachments that match."""
    from rich.text import Text

    for kind, other in further_texts(row):
        if found := highlight(wanted, other):
            pieces = excerpt(snippets(other, found, WIDTH // 3), coloured=view.coloured)
            return Text.assemble((f"{kind}: ", "dim"), pieces)
    return None


def _remarks(shown: Shown, view: CardView) -> Iterator[Text]:
    here = terminal_safe(address(shown, view.names))
    if shown.revision is not None:
        is_claimed = shown.earlier is not None and shown.file
        which = f"which only {describe_claim(shown.file)} has" if is_claimed else "not the current one"
        yield _line(f"found in version {shown.revision}, {which}: telekeep history {here}", _EDITED)
    if shown.copies:
        first = ", ".join(terminal_safe(one) for one in shown.copies[:_COPIES])
        rest = f" and {len(shown.copies) - _COPIES:,} more" if len(shown.copies) > _COPIES else ""
        copies = figures.count(len(shown.copies), "copy", "copies")
        yield _line(f"earliest found in this archive; {copies}: {first}{rest}")


def _line(text: str, style: str = "dim") -> Text:
    from rich.text import Text

    return Text(text, style=style)


def _unix(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
