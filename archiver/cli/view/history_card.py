"""The history of a message on a terminal: its versions, deletions and counters, in local time, wrapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view.attachments import describe_action, describe_media, describe_reactions
from archiver.cli.view.deletions import describe_absence
from archiver.cli.view.figures import count
from archiver.cli.view.heading import balanced, called, heading, wrap_prose
from archiver.cli.view.import_words import (
    describe_capture,
    describe_claim,
    describe_import,
    describe_imports,
    say_posted_day,
)
from archiver.cli.view.moments import Moments
from archiver.cli.view.wrapping import text_width, wrap
from archiver.model.difference import name_changed, say_differences
from archiver.model.imported import IMPORTED, is_day_only
from archiver.model.row import StoredMessage, permalink
from archiver.model.versions import Counters, Version
from archiver.reading.imported_from import read_posted_day
from archiver.reading.message_history import MessageHistory
from archiver.reading.word_diff import MARKS, DiffPiece

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {"equal": "", "delete": "red", "insert": "green"}
_FSI, _PDI = "\u2068", "\u2069"
_INDENT = 2
_HASH = 64


class _VersionWords(NamedTuple):
    """The heading of a version."""

    name: str
    compared: str
    """What it is compared with, as words before what differs."""
    seen: str


def print_card(console: Console, history: MessageHistory, moments: Moments, *, diff: bool) -> None:
    """Print the history."""
    width = text_width(console.width)
    for line in _lines(history, moments, width, diff=diff):
        console.print(line, soft_wrap=True)


def _lines(history: MessageHistory, moments: Moments, width: int, *, diff: bool) -> Iterator[Text]:
    from rich.text import Text

    message = history.message
    yield from heading(history.channel.title, f"{called(history.channel)}/{message.message_id}", width)
    for absence in history.absences:
        record = history.claimant(absence)
        claimed = "" if record is None else describe_claim(record.file_name)
        yield from _indented(describe_absence(absence, moments, next_to=message.date, claimed=claimed), width)
    is_imported = all(history.imported_from(one) for one in history.versions)
    first = "" if is_imported else f", first seen {moments.at(message.first_seen)}"
    posted = f"posted {_posted(history, moments, is_imported=is_imported)}{first}"
    yield from _indented(Text(posted, style="dim"), width)
    yield Text(f"  {permalink(history.channel, message.message_id)}", style="dim")
    diffs = history.diffs() if diff else ([DiffPiece("equal", one.text)] for one in history.versions)
    before = None
    for version, pieces in zip(history.versions, diffs, strict=True):
        yield Text()
        compared, before = _compared(version, message, before), version
        record = history.imported_from(version)
        by = describe_capture(history.captured_by(version), moments)
        seen = f"{_seen(version, moments)}{by}" if record is None else describe_import(record, moments)
        if (claimant := history.imports.claimant_of(version)) is not None:
            seen += f"; that file has it from {describe_claim(claimant)}"
        words = _VersionWords(_name(version, message), compared, seen)
        yield from _describe(version, words, moments, width)
        if version.text and any("media" in one.changed for one in history.versions):
            yield from _list_files(version, moments, width)
        body = list(pieces)
        if any(text for _, text in body):
            yield from _body(body, width)
        else:
            yield from _describe_textless(history, version, moments, width)
    for said in describe_imports(history.imports, moments, in_history=True):
        yield from (Text(), *_indented(Text(_isolated(f"import {said}")), width))
    if history.counters is not None:
        yield from _list_counters(history.counters, moments, width)


def _posted(history: MessageHistory, moments: Moments, *, is_imported: bool) -> str:
    """When; of a service message in HTML only the day is known."""
    extra = history.message.extra
    record = history.imported_from(history.versions[-1]) if is_imported else None
    if (day := read_posted_day(record, extra)) is not None:
        return f"{say_posted_day(day)}: the export does not say"
    later = ", or later that day: the export does not say" if is_imported and is_day_only(extra) else ""
    assumed = f" (time zone {history.assumed_zone} assumed at import)" if history.assumed_zone else ""
    return f"{moments.with_utc(history.message.date)}{later}{assumed}"


def _list_files(version: Version, moments: Moments, width: int) -> Iterator[Text]:
    """The attachments of a version, where they differ between versions."""
    from rich.text import Text

    for slot in version.media:
        yield from _indented(Text(_isolated(_describe_file(slot, moments)), style="dim"), width)


def _describe_file(slot: Mapping[str, Any], moments: Moments) -> str:
    """An attachment, and the beginning of the hash of its file if it was stored."""
    hashed = f", file SHA-256 {slot['sha256'][:16]}…" if slot.get("sha256") else ""
    return describe_media(slot, moments) + hashed


def _describe_textless(history: MessageHistory, version: Version, moments: Moments, width: int) -> Iterator[Text]:
    """Describe a version without text."""
    from orjson import loads
    from rich.text import Text

    action = history.message.action
    shown = [_describe_file(slot, moments) for slot in version.media]
    shown = shown or ([describe_action(loads(action), moments)] if action else [])
    for line in shown or ["no text"]:
        yield from wrap(Text(terminal_safe(line), style="" if shown else "dim"), width)


def _name(version: Version, message: StoredMessage) -> str:
    if version.revision is not None:
        return f"version {version.revision}"
    if message.missing_since is None:
        return f"version {message.revisions + 1}, current"
    return f"version {message.revisions + 1}, the last one{'' if version.layer == IMPORTED else ' seen'}"


def _compared(version: Version, message: StoredMessage, before: Version | None) -> str:
    """What a version is compared with: `changed`, `changed since version 1`, `differs from version 3 in`."""
    base = version.base
    if base is None:
        return ""
    number = message.revisions + 1 if base.revision is None else base.revision
    if version.layer == IMPORTED:
        return f"differs from version {number} in"
    is_next = before is not None and before.revision == base.revision
    return "changed" if is_next else f"changed since version {number}"


def _describe(version: Version, said: _VersionWords, moments: Moments, width: int) -> Iterator[Text]:
    from rich.text import Text

    head = Text(said.name, style="bold")
    if version.edit_date is not None:
        head.append(f", edited {moments.at(version.edit_date)}", style="not bold")
    if version.changed:
        changed = name_changed(version.changed, version.differences)
        head.append(f", {said.compared}: {', '.join(changed)}", style="not bold")
    yield from wrap_prose(head, width)
    for one in say_differences(version.differences, text_changed="text" in version.changed, safe=_isolated):
        yield from _indented(Text(one), width)
    yield from _indented(Text(_isolated(said.seen), style="dim"), width)
    digest = version.payload_sha256.hex()
    shown = digest if width >= _HASH + len("  SHA-256 ") else f"{digest[:16]}…"
    yield Text(f"  SHA-256 {shown}", style="dim")


def _isolated(text: str) -> str:
    return isolate(terminal_safe(text))


def _seen(version: Version, moments: Moments) -> str:
    if version.first_seen == version.last_seen:
        return f"seen once, {moments.short(version.first_seen, seconds=True)}"
    return f"seen {moments.span(version.first_seen, version.last_seen)}"


def _body(pieces: Sequence[DiffPiece], width: int) -> Iterator[Text]:
    """The text with its marks. In right-to-left text each change is an isolate, and so is each line.

    So a line takes the direction of its first letter, and no change affects the order of the text around it.
    """
    from rich.text import Text

    isolated = any(isolate(safe) != safe for safe in (terminal_safe(text, multiline=True) for _, text in pieces))
    begin, end = (_FSI, _PDI) if isolated else ("", "")
    body = Text()
    for op, text in pieces:
        opening, closing = MARKS[op]
        safe = terminal_safe(text, multiline=True)
        # An isolate ends at the end of a line.
        inner = safe.replace("\n", f"{end}\n{begin}").join((begin, end)) if opening else safe
        body.append(f"{opening}{inner}{closing}", style=_STYLES[op])
    yield from (balanced(line) for line in wrap(body, width))


def _indented(text: Text, width: int) -> Iterator[Text]:
    from rich.text import Text

    for line in wrap_prose(text, width - _INDENT):
        yield Text.assemble(" " * _INDENT, line)


def _list_counters(counters: Sequence[Counters], moments: Moments, width: int) -> Iterator[Text]:
    from rich.text import Text

    yield from (Text(), Text("counted from", style="bold"))
    for one in counters:
        yield from _indented(Text(f"{moments.at(one.at, seconds=True)}: {_count(one)}"), width)


def _count(one: Counters) -> str:
    from orjson import loads

    named = ((one.views, "view", "views"), (one.forwards, "forward", "forwards"), (one.replies, "reply", "replies"))
    parts = [count(value, single, many) for value, single, many in named if value is not None]
    reactions = describe_reactions(loads(one.reactions)) if one.reactions else ""
    return " · ".join(filter(None, [*parts, terminal_safe(reactions)])) or "nothing"
