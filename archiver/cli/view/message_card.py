"""The card with which `show` begins on a terminal: state, times, text, what belongs to it, and a line to cite it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from archiver.cli.terminal import is_clean_link, isolate, terminal_safe
from archiver.cli.view.attachments import describe_action, describe_buttons, describe_media, describe_reactions
from archiver.cli.view.channel_status import describe_parts
from archiver.cli.view.citation import cite
from archiver.cli.view.deletions import describe_absence
from archiver.cli.view.figures import count, number
from archiver.cli.view.heading import balanced, heading
from archiver.cli.view.moments import Moments
from archiver.cli.view.wrapping import text_width, wrap
from archiver.model.row import ChannelName
from archiver.reading.message_context import MessageContext
from archiver.store.rich import PartCount

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LABEL = 10
"""Columns of the labels."""


def print_message(console: Console, context: MessageContext, moments: Moments) -> None:
    """Print the card."""
    for line in _lines(context, moments, text_width(console.width)):
        console.print(line, soft_wrap=True)


def _lines(context: MessageContext, moments: Moments, width: int) -> Iterator[Text]:
    from rich.text import Text

    row = context.row
    yield from heading(context.channel.title, _address(context), width)
    for state in _states(context, moments):
        yield from _indented(state, width)
    yield from _indented(Text(_posted(context, moments), style="dim"), width)
    if row["text"]:
        yield Text()
        yield from wrap(Text(terminal_safe(row["text"], multiline=True)), width)
    yield Text()
    for label, value in _fields(context, moments):
        yield from _field(label, value, width)
    yield from (Text(), Text("cite as", style="dim"))
    for line in wrap(Text(isolate(terminal_safe(cite(context, moments)))), width):
        yield balanced(line)


def _states(context: MessageContext, moments: Moments) -> Iterator[Text]:
    """What to know before the text is believed: deletions, edits, restrictions."""
    from rich.text import Text

    row, address = context.row, _address(context)
    for absence in context.absences:
        yield describe_absence(absence, moments, beside=context.date)
    if row["revisions"]:
        last = f", last {moments.at(context.edit_date)}" if context.edit_date else ""
        times = "once" if row["revisions"] == 1 else f"{number(row['revisions'])} times"
        state = Text(f"edited {times}", style="bold yellow")
        hidden = " (apps do not call it edited)" if row.get("edit_hidden") else ""
        yield state.append(f"{last}{hidden}: telekeep history {address} --diff", style="not bold")
    elif context.edit_date:
        yield Text(_edit_mark(row, context.edit_date, moments), style="yellow")
    for reason in _load(row.get("restriction")) or ():
        yield Text(f"restricted on {reason.get('platform')}: {reason.get('text') or reason.get('reason')}", "yellow")
    if context.part is not None:
        yield Text(describe_parts(PartCount(1, int(bool(context.part.refused)))), style="yellow")
    if context.mirrored is not None and context.mirrored.state in ("inaccessible", "banned"):
        yield Text(f"the channel is now {context.mirrored.state}: its link may not open", style="yellow")
    if marks := [word for key, word in _MARKS.items() if row.get(key)]:
        yield Text(", ".join(marks), style="dim")


_MARKS = {"pinned": "pinned", "noforwards": "not to be forwarded or saved", "silent": "posted without a sound"}


def _edit_mark(row: Mapping[str, Any], edit_date: int, moments: Moments) -> str:
    when = moments.at(edit_date)
    if row.get("edit_hidden"):
        return f"touched {when} without a mark of editing (reactions, a preview, a bot); no other content was seen"
    return f"marked as edited {when}; no other content was seen"


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
    return " · ".join([moments.with_utc(context.date), *counted])


def _fields(context: MessageContext, moments: Moments) -> Iterator[tuple[str, str | Text]]:
    row = context.row
    if row["action"]:
        yield "service", describe_action(orjson.loads(row["action"]))
    for slot in orjson.loads(row["media"]):
        yield "media", describe_media(slot)
    if len(context.album) > 1:
        yield "album", ", ".join(f"{context.channel.name}/{one}" for one in context.album)
    if row.get("markup"):
        yield "buttons", describe_buttons(orjson.loads(row["markup"]))
    if reactions := orjson.loads(row["reactions"]):
        yield "reactions", describe_reactions(reactions)
    yield from _origins(context, moments)
    if fact := _load(row.get("fact_check")):
        yield "fact check", str(fact.get("text") or "not shown by the server yet")
    yield "link", _link(context)
    seen = f"last seen {moments.short(context.last_seen)}"
    yield "archived", f"{moments.at(context.version.first_seen)}, {seen}"
    yield "payload", f"SHA-256 {row['payload_sha256'][:16]}… (telekeep show {_address(context)} --raw)"


def _origins(context: MessageContext, moments: Moments) -> Iterator[tuple[str, str]]:
    """Who wrote it, where it was forwarded from, and what it answers."""
    row = context.row
    author = _load(row["sender"]) or {}
    names = [row["post_author"], _peer(author, context) if author else None]
    if written := ", ".join(filter(None, names)):
        yield "by", written
    if bot := _load(row.get("via_bot")):
        yield "via", _peer(bot, context)
    if origin := _load(row["fwd_from"]):
        yield "forwarded", _forwarded(origin, context, moments)
    if reply := _load(row["reply_to"]):
        yield "reply to", _reply(reply, context)


def _forwarded(origin: Mapping[str, Any], context: MessageContext, moments: Moments) -> str:
    peer = {**(origin.get("from_id") or {}), "name": origin.get("name"), "username": origin.get("username")}
    source = _peer(peer, context) if origin.get("from_id") else str(origin.get("from_name") or "a hidden source")
    post = f"/{origin['channel_post']}" if origin.get("channel_post") else ""
    signed = f", signed {origin['post_author']}" if origin.get("post_author") else ""
    date = _unix(origin.get("date"))
    when = f", posted there {moments.at(date)}" if date is not None else ""
    return f"from {source}{post}{signed}{when}"


def _reply(reply: Mapping[str, Any], context: MessageContext) -> str:
    peer = reply.get("reply_to_peer_id")
    where = _peer(peer, context) if isinstance(peer, dict) else context.channel.name
    number = reply.get("reply_to_msg_id")
    target = f"{where}/{number}" if number else "a story" if "story_id" in reply else where
    quote = reply.get("quote_text")
    return f'{target}: "{quote}"' if quote else target


def _peer(peer: Mapping[str, Any], context: MessageContext) -> str:
    """A channel by its address if it is archived, else whoever it is by name and username or id."""
    known: ChannelName | None = context.known.get(peer.get("id", 0)) if peer.get("type") == "channel" else None
    if known is not None:
        return known.name
    name, username = peer.get("name"), peer.get("username")
    label = f"@{username}" if username else str(peer.get("id") or "unknown")
    return f"{name} ({label})" if name else label


def _link(context: MessageContext) -> Text:
    from rich.style import Style
    from rich.text import Text

    url = context.row["permalink"]
    link = Text(terminal_safe(url), style=Style(link=url) if is_clean_link(url) else "")
    return link if context.channel.username else link.append(" (private channel: works for members only)")


def _address(context: MessageContext) -> str:
    return f"{context.channel.name}/{context.row['message_id']}"


def _indented(text: Text, width: int) -> Iterator[Text]:
    from rich.text import Text

    for line in wrap(_safe(text), width - 2):
        yield Text.assemble("  ", line)


def _field(label: str, value: str | Text, width: int) -> Iterator[Text]:
    """The value in a column of its own, beside its label."""
    from rich.text import Text

    shown = _safe(Text(value) if isinstance(value, str) else value)
    for at, line in enumerate(wrap(shown, width - _LABEL - 2)):
        yield Text.assemble((f"{'' if at else label:<{_LABEL}}  ", "dim"), line)


def _safe(text: Text) -> Text:
    """The text as it may be printed; only one with nothing harmful keeps its styles."""
    from rich.text import Text

    safe = terminal_safe(text.plain)
    return text if safe == text.plain else Text(safe, style=text.style)


def _load(value: object) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value


def _unix(value: object) -> float | None:
    """Unix seconds of ISO 8601, which a forward's date is stored as."""
    from datetime import datetime

    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
