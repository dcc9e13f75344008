"""The card at the top of `show` on a terminal: state, times, text, related messages, and a citation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from archiver.cli.terminal import is_clean_link, isolate, terminal_safe
from archiver.cli.terminal import width as cells
from archiver.cli.view.annotations import annotation_lines
from archiver.cli.view.attachments import (
    describe_action,
    describe_buttons,
    describe_media,
    describe_payment,
    describe_reactions,
)
from archiver.cli.view.channel_status import describe_parts
from archiver.cli.view.citation import cite
from archiver.cli.view.deletions import describe_absence
from archiver.cli.view.figures import count, number
from archiver.cli.view.formatted import format_text
from archiver.cli.view.heading import called, heading, wrap_prose
from archiver.cli.view.import_words import (
    describe_capture,
    describe_claim,
    describe_contents,
    describe_import,
    describe_imports,
    describe_relayed,
    say_posted_day,
)
from archiver.cli.view.message_origins import beginning, list_origins
from archiver.cli.view.moments import Moments
from archiver.cli.view.wrapping import text_width, wrap
from archiver.model.row import Row
from archiver.reading.cited_origin import NAME_GIVEN
from archiver.reading.message_context import MessageContext
from archiver.store.messages.rich import PartCount

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_FILE = "file"
_LABEL = 10
"""Columns of the labels."""


def print_message(console: Console, context: MessageContext, moments: Moments, archive: Path) -> None:
    """Print the card. `archive`: the directory below which files are stored."""
    for line in _lines(context, moments, text_width(console.width), archive):
        console.print(line, soft_wrap=True)


def _lines(context: MessageContext, moments: Moments, width: int, archive: Path) -> Iterator[Text]:
    from rich.text import Text

    row = context.row
    yield from heading(context.channel.title, _address(context), width)
    for state in _states(context, moments):
        yield from _indented(state, width)
    yield from _indented(Text(_posted(context, moments), style="dim"), width)
    if text := row["text"] or (_load(row.get("rich")) or {}).get("text"):
        yield Text()
        yield from format_text(text, row["entities"] if row["text"] else "[]", width)
    yield from annotation_lines(row, moments, width)
    yield Text()
    for label, value in _fields(context, moments, archive):
        yield from _field(label, value, width)
    yield Text()
    if not context.intact:
        warning = "DAMAGED: the payload no longer has the SHA-256 with which it was received; do not cite it"
        yield from wrap(Text(f"{warning} (telekeep verify)", style="bold red"), width)
        return
    yield Text("cite as", style="dim")
    yield from wrap_prose(Text(isolate(terminal_safe(cite(context, moments)))), width)


def _states(context: MessageContext, moments: Moments) -> Iterator[Text]:
    """What to know before trusting the text: deletions, edits, restrictions."""
    from rich.text import Text

    row, address = context.row, terminal_safe(_address(context))
    for absence in context.absences:
        by = context.claimant(absence)
        claimed = "" if by is None else describe_claim(by.file_name)
        yield describe_absence(absence, moments, next_to=context.date, claimed=claimed)
    edits = row["revisions"] - context.claims
    if context.claims:
        claimed = describe_contents(context.claims, context.claimed_in)
        yield Text(f"{claimed}: telekeep history {address} --diff", style="yellow")
    if edits > 0:
        last = f", last {moments.at(context.edit_date)}" if context.edit_date else ""
        times = "once" if edits == 1 else f"{number(edits)} times"
        state = Text(f"edited {times}", style="bold yellow")
        hidden = " (apps do not show it as edited)" if row.get("edit_hidden") else ""
        yield state.append(f"{last}{hidden}: telekeep history {address} --diff", style="not bold")
    elif context.edit_date:
        yield Text(_edit_mark(context, context.edit_date, moments), style="yellow")
    for what, reasons in (("", row["restriction"]), ("the channel is ", context.channel_restriction)):
        for reason in _load(reasons) or ():
            said = f"{what}restricted on {reason.get('platform')}: {reason.get('text') or reason.get('reason')}"
            yield Text(isolate(terminal_safe(said)), "yellow")
    if context.part is not None:
        yield Text(describe_parts(PartCount(1, int(bool(context.part.refused)))), style="yellow")
    if context.mirrored is not None and context.mirrored.state in ("inaccessible", "banned"):
        yield Text(f"the channel is now {context.mirrored.state}: its link may not open", style="yellow")
    if marks := [word for key, word in _MARKS.items() if row.get(key)]:
        yield Text(", ".join(marks), style="dim")


_MARKS = {"pinned": "pinned", "noforwards": "not to be forwarded or saved", "silent": "posted silently"}


def _edit_mark(context: MessageContext, edit_date: int, moments: Moments) -> str:
    """Describe an edit when only one version is archived."""
    when = moments.at(edit_date)
    if context.row.get("edit_hidden"):
        return f"touched {when}, but not marked as edited: by reactions, a preview or a bot"
    if context.imported_from is not None:
        return f"edited {when}, as the import says"
    if context.claims:  # another line names the import that has other content
        return f"edited {when}"
    if edit_date <= context.version.first_seen:
        return f"edited {when}, before it was archived: no earlier content is known"
    return f"marked as edited {when}: its content is the same as before"


def _posted(context: MessageContext, moments: Moments) -> str:
    row = context.row
    counted = [
        count(row[key], one, many)
        for key, one, many in (
            ("views", "view", "views"),
            ("forwards", "forward", "forwards"),
            ("replies", "reply", "replies"),
        )
        if row[key] is not None
    ]
    posted = moments.with_utc(context.date) if context.date else "date unknown"
    if (day := context.posted_day) is not None:
        posted = f"{say_posted_day(day)}: the export does not say"
    elif context.is_day_only:
        posted = f"{posted}, or later that day: the export does not say"
    if context.assumed:
        posted = f"{posted} ({context.assumed})"
    return " · ".join([posted, *counted])


def _fields(context: MessageContext, moments: Moments, archive: Path) -> Iterator[tuple[str, str | Text]]:
    row = context.row
    if row["action"]:
        yield "service" if row["kind"] == "service" else "note", describe_action(orjson.loads(row["action"]), moments)
    for slot in orjson.loads(row["media"]):
        yield from _media(slot, moments, archive)
    if len(context.album) > 1:
        yield from _album(context)
    for words, url in _hidden_links(row):
        yield "links to", f'{url} under "{words}"'
    if row.get("markup"):
        yield "buttons", describe_buttons(orjson.loads(row["markup"]))
    if reactions := orjson.loads(row["reactions"]):
        yield "reactions", describe_reactions(reactions)
    yield from list_origins(context, moments)
    if fact := _load(row.get("fact_check")):
        yield "fact check", str(fact.get("text") or "not shown by the server yet")
    if paid := _load(row["paid"]):
        yield "paid", describe_payment(paid)
    if row["boosts"]:
        yield "boosts", f"{number(row['boosts'])} by its sender"
    if row["effect"]:
        yield "effect", f"animation {row['effect']}"
    yield "link", _link(context)
    yield "archived", _archived(context, moments)
    yield from (("import", said) for said in describe_imports(context.imports, moments))
    yield from (("import", said) for said in describe_relayed(row["extra"], context.imports))
    checked = "verified;" if context.intact else "DAMAGED;"
    yield "payload", f"SHA-256 {row['payload_sha256'][:16]}…, {checked} --raw shows it"


def _archived(context: MessageContext, moments: Moments) -> str:
    if (record := context.imported_from) is not None:
        return describe_import(record, moments)
    by = describe_capture(context.captured_by, moments)
    return f"{moments.at(context.version.first_seen)}, last seen {moments.short(context.last_seen)}{by}"


def _media(slot: Mapping[str, Any], moments: Moments, archive: Path) -> Iterator[tuple[str, str]]:
    """An attachment, where its file is, and the beginning of its hash."""
    yield "media", describe_media(slot, moments)
    if slot["path"]:
        yield _FILE, str(archive / slot["path"])
    if slot["sha256"]:
        yield "SHA-256", f"{slot['sha256'][:16]}… (telekeep search sha256:{slot['sha256'][:16]})"


def _album(context: MessageContext) -> Iterator[tuple[str, str]]:
    """The messages of the album, and its caption if that belongs to another of them."""
    addresses = {f"{called(context.channel)}/{one}": text for one, text in context.album.items()}
    yield "album", ", ".join(addresses)
    if not context.row["text"]:
        yield from (("caption", f"{address}: {beginning(text)}") for address, text in addresses.items() if text)


def _hidden_links(row: Row) -> Iterator[tuple[str, str]]:
    """The words and URL of each link whose URL differs from its text."""
    units = row["text"].encode("utf-16-le", "surrogatepass")
    for entity in orjson.loads(row["entities"]):
        if entity.get("type") == "text_url" and entity.get("url"):
            start, length = 2 * entity["offset"], 2 * entity["length"]
            yield units[start : start + length].decode("utf-16-le", "replace"), str(entity["url"])


def _link(context: MessageContext) -> Text:
    from rich.style import Style
    from rich.text import Text

    url = context.row["permalink"]
    link = Text(terminal_safe(url), style=Style(link=url) if is_clean_link(url) else "")
    if context.channel.username:
        return link.append(f" ({NAME_GIVEN})") if context.is_name_given else link
    why = "the export does not say its @name" if context.is_name_unknown else "private channel"
    return link.append(f" ({why}: works for members only)")


def _address(context: MessageContext) -> str:
    return f"{called(context.channel)}/{context.row['message_id']}"


def _indented(text: Text, width: int) -> Iterator[Text]:
    from rich.text import Text

    for line in wrap_prose(text, width - 2):
        yield Text.assemble("  ", line)


def _field(label: str, value: str | Text, width: int) -> Iterator[Text]:
    """A label and its value in two columns. A string is untrusted; a Text has already been made safe."""
    from rich.text import Text

    shown = Text(isolate(terminal_safe(value))) if isinstance(value, str) else value
    room = width - _LABEL - 2
    # A link stays whole on a line of its own, and so does a path, however long it is: people copy it.
    if room < cells(shown.plain) and (label == _FILE or (" " not in shown.plain and cells(shown.plain) <= width - 2)):
        yield Text(label, style="dim")
        yield Text.assemble("  ", shown)
        return
    for at, line in enumerate(wrap_prose(shown, room)):
        yield Text.assemble((f"{'' if at else label:<{_LABEL}}  ", "dim"), line)


def _load(value: object) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value
