"""Print hits: cards with highlights on a terminal, one TSV line each in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import orjson

from archiver.cli import output
from archiver.cli.view.annotations import annotation_remarks
from archiver.cli.view.import_words import say_others
from archiver.cli.view.shown import Shown
from archiver.ids import ChannelId
from archiver.model.imported import list_others
from archiver.model.row import ChannelName, Row
from search.query.scope import includes_annotations
from search.query.tree import EVERYTHING, Node, Phrase, any_of

if TYPE_CHECKING:
    from archiver.cli.view.card import CardView

BETWEEN = "--"
"""The line between blocks, like grep's."""

_COPIES = 5
"""Copies listed; JSON lists all."""
_NO_NAMES: Mapping[ChannelId, ChannelName] = MappingProxyType({})
_SIGNS = {True: ">", False: "-"}


def printer(
    view: CardView | None,
    *,
    in_blocks: bool = False,
    tree: Node = EVERYTHING,
    names: Mapping[ChannelId, ChannelName] = _NO_NAMES,
) -> Callable[[Shown], None]:
    """A function that prints one row, as a card if there is a view, as a line otherwise.

    `in_blocks`: mark hits and context, and print a line between blocks.
    `tree`: what was searched, for lines; `names`: of the channels, for the same.
    """
    show = _line_printer(tree, names, in_blocks=in_blocks) if view is None else _card_printer(view, in_blocks=in_blocks)
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


def _line_printer(tree: Node, names: Mapping[ChannelId, ChannelName], *, in_blocks: bool) -> Callable[[Shown], None]:
    wanted = tree if includes_annotations(tree) else None

    def show(shown: Shown) -> None:
        channel = names.get(shown.row["channel_id"])
        sign = (_SIGNS[shown.is_hit],) if in_blocks else ()
        output.tsv(*sign, *_cells(shown, wanted), channel.title if channel else "")

    return show


def _card_printer(view: CardView, *, in_blocks: bool) -> Callable[[Shown], None]:
    from archiver.cli.view.card import card

    console = output.console()

    def show(shown: Shown) -> None:
        for line in card(shown, view, sign=f"{_SIGNS[shown.is_hit]} " if in_blocks else ""):
            console.print(line, soft_wrap=True)
        console.print()

    return show


def _cells(shown: Shown, wanted: Node | None) -> tuple[object, ...]:
    """The cells of a line but the title. `wanted`: what was searched in annotations too."""
    row = shown.row
    made: Iterable[str] = ()
    if wanted is not None and shown.is_hit:
        made = annotation_remarks(row, any_of((wanted, *map(Phrase, shown.matched))))
    text = " ".join(filter(None, (row["text"], _remarks(shown), *made)))
    return row["date"], f"{row['channel']}/{row['message_id']}", row["permalink"], text


def _remarks(shown: Shown) -> str:
    """Remarks on a row, in brackets."""
    parts = [describe(shown.row, is_imported=shown.is_imported)]
    address = f"{shown.row['channel']}/{shown.row['message_id']}"
    if shown.is_imported and shown.earlier is None and shown.file:
        parts.append(say_only_in(shown.file))
    if others := list_others(shown.row["extra"]):
        parts.append(f"[{say_others(others)}]")
    if shown.revision is not None:
        which = f"only in the import of {shown.file}" if shown.earlier and shown.file else "not the current one"
        parts.append(f"[version {shown.revision}, {which}: telekeep history {address}]")
    if shown.copies:
        first = ", ".join(shown.copies[:_COPIES])
        rest = f" and {len(shown.copies) - _COPIES} more" if len(shown.copies) > _COPIES else ""
        parts.append(f"[earliest found in this archive + {len(shown.copies)} copies: {first}{rest}]")
    return " ".join(filter(None, parts))


def say_only_in(file: str) -> str:
    """The remark on a post that Telegram never showed to telekeep."""
    return f"[only in the import of {file}]"


def describe(row: Row, *, is_imported: bool = False) -> str:
    """What a message has besides text: `[poll Which one?] [video clip.mp4] [pin_message] [deleted, noticed ...]`.

    `is_imported`: only an import says that it was posted.
    """
    media = orjson.loads(row["media"])
    parts = [" ".join(filter(None, (one["kind"], one["title"], one["file_name"]))) for one in media]
    if row["action"]:
        parts.append(str(orjson.loads(row["action"]).get("type")))
    if row["missing_since"]:
        doubt = ", if it was posted as the import says" if is_imported else ""
        parts.append(f"deleted, noticed {row['missing_since']}{doubt}")
    return " ".join(f"[{part}]" for part in parts)
