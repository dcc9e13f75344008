"""Print the history of a message: versions and other events on a terminal, one TSV line per event in a pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archiver.cli import output
from archiver.cli.terminal import terminal_safe
from archiver.model.row import iso, permalink
from archiver.model.versions import Version, name_change
from archiver.reading.message_history import MessageHistory
from archiver.reading.word_diff import MARKS, DiffPiece, mark

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {"equal": "", "delete": "red", "insert": "green"}
_FSI, _PDI = "\u2068", "\u2069"
_COUNTED = ("views", "forwards", "replies")


def print_history(history: MessageHistory, *, diff: bool) -> None:
    """Print the history."""
    if output.is_terminal():
        _print_cards(history, diff=diff)
        return
    for event in history.events(diff=diff):
        output.tsv(*_cells(event))


def _cells(event: Mapping[str, Any]) -> tuple[object, ...]:
    """at, event, last seen, number, edit_date, what changed or how, payload, text."""
    kind = event["event"]
    if kind == "version":
        text = mark([DiffPiece(**piece) for piece in event["diff"]]) if "diff" in event else event["text"]
        version = (event["revision"] or "current", event["edit_date"], ",".join(event["changed"]))
        return event["at"], kind, event["last_seen"], *version, event["payload_sha256"], text
    if kind == "counters":
        return event["at"], kind, None, None, None, _counted(event), None, None
    return event["at"], kind, event["last_seen"], None, None, event["how"], None, None


def _print_cards(history: MessageHistory, *, diff: bool) -> None:
    from rich.text import Text

    console = output.console()
    message = history.message
    head = Text(output.text(f"{history.channel.name}/{message.message_id}"), style="bold")
    head.append(f"  {iso(message.date)}  {permalink(history.channel, message.message_id)}", style="not bold dim")
    console.print(head, soft_wrap=True)
    diffs = history.diffs() if diff else ([DiffPiece("equal", one.text)] for one in history.versions)
    for version, pieces in zip(history.versions, diffs, strict=True):
        console.print()
        for line in _describe(version):
            console.print(line, soft_wrap=True)
        if version.text:
            console.print(_body(list(pieces)), soft_wrap=True)
    _print_rest(history)


def _describe(version: Version) -> list[Text]:
    from rich.text import Text

    edited = f"  edit_date {iso(version.edit_date)}" if version.edit_date is not None else ""
    changed = f"  changed: {', '.join(version.changed)}" if version.changed else ""
    head = Text(f"version {version.revision}" if version.revision else "current version", style="bold")
    head.append(f"{edited}{changed}", style="not bold")
    lines = [
        head,
        Text(f"  seen from {iso(version.first_seen)} to {iso(version.last_seen)}", style="dim"),
        Text(f"  payload SHA-256 {version.payload_sha256.hex()}", style="dim"),
    ]
    lines += [Text(f"  {output.text(name_change(change))}") for change in version.media_changes]
    return lines


def _body(pieces: Sequence[DiffPiece]) -> Text:
    """The text with its marks. In right-to-left text each line is one isolate, and each change another.

    So a line takes the direction of its first letter, and no change affects the order of the text around it.
    """
    from rich.text import Text

    isolated = any(output.text(text) != terminal_safe(text) for _, text in pieces)
    begin, end = (_FSI, _PDI) if isolated else ("", "")
    body = Text(begin)
    for op, text in pieces:
        opening, closing = MARKS[op]
        inner = (begin, end) if opening else ("", "")
        # An isolate ends at the end of a line.
        lines = [line.join(inner) for line in terminal_safe(text, multiline=True).split("\n")]
        body.append(opening + f"{end}\n{begin}".join(lines) + closing, style=_STYLES[op])
    return body.append(end)


def _print_rest(history: MessageHistory) -> None:
    if history.absences:
        output.line()
        rows = (
            (iso(one.last_seen), iso(one.noticed_at), one.how, iso(one.returned_at) or "no") for one in history.absences
        )
        output.table(("deleted: last seen", "noticed", "how", "returned"), rows)
    if history.counters is not None:
        output.line()
        counted = (
            (iso(one.at), one.views, one.forwards, one.replies, _reactions(one.reactions)) for one in history.counters
        )
        output.table(("counted from", "views", "forwards", "replies", "reactions"), counted, right=_COUNTED)


def _counted(event: Mapping[str, Any]) -> str:
    parts = [f"{name}={event[name]}" for name in _COUNTED if event[name] is not None]
    return " ".join([*parts, *_each(event["reactions"])])


def _reactions(text: str | None) -> str:
    from orjson import loads

    return " ".join(_each(loads(text))) if text else ""


def _each(reactions: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{one.get('reaction') or one.get('custom_emoji_id') or '?'}={one.get('count')}" for one in reactions]
