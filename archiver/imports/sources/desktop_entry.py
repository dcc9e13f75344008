"""One message of Telegram Desktop's JSON as a record of the archive. Pure; a bad part never costs the message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final, TypeVar

from archiver.ids import ChannelId, MessageId
from archiver.imports.json_input.mend_json import UnreadableJson, read_json, to_canonical
from archiver.imports.row_values import UnreadableRow, time
from archiver.imports.rows import message_of_row
from archiver.imports.source import AttachedFile, DerivedPiece, Flaw, ImportedMessage
from archiver.imports.sources.desktop_after import read_buttons, read_reactions
from archiver.imports.sources.desktop_article import read_article
from archiver.imports.sources.desktop_article_files import read_article_files
from archiver.imports.sources.desktop_attached import NOTHING, read_attached
from archiver.imports.sources.desktop_event import read_event
from archiver.imports.sources.desktop_fields import OF_A_GROUP, LocalDates, moment, named_peer, number, peer, words
from archiver.imports.sources.desktop_words import TooDeepText, Words, entities_json, read_words, words_of
from archiver.model.imported import HIGHEST_ID, imported_message
from archiver.model.media_file import blob_path

T = TypeVar("T")
Fields = Mapping[str, Any]

_EMPTY: Final = Words("", [])
_NO_ARTICLE: Final[dict[str, Any]] = {}


class _Parts:
    """Reads one part after another, and remembers those that cannot be read."""

    __slots__ = ("failed",)

    def __init__(self) -> None:
        self.failed: list[str] = []

    def __call__(self, part: str, read: Callable[..., T], *given: Any, fallback: T) -> T:
        try:
            return read(*given)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            self.failed.append(part)
            return fallback


def read_entry(
    entry: Fields, channel_id: ChannelId, dates: LocalDates, title: str | None = None
) -> ImportedMessage | Flaw:
    """The message of an object. `title`: the channel's. Raises desktop_fields.ZoneNeeded."""
    if isinstance(entry.get("telekeep"), dict):
        return _read_own(entry, channel_id)
    message_id = number(entry.get("id"))
    if message_id is not None and message_id <= OF_A_GROUP:
        return Flaw(
            f"message {message_id}", "it is from the group's time as a basic group, and is not imported", note=True
        )
    if message_id is None or not 0 < message_id <= HIGHEST_ID:
        return Flaw(f"message {message_id}" if message_id is not None else "", "no message can have its id")
    date = dates.of_message(entry)
    kind = entry.get("type")
    if date is None:
        why = "it has no readable date"
        if kind == "unsupported":
            why = "it is left out: Telegram Desktop did not know its kind, and wrote no date"
        return Flaw(f"message {message_id}", why, note=kind == "unsupported")
    parts = _Parts()
    extra: dict[str, Any] = {}
    said = parts("text", read_words, entry.get("text") or "", entry.get("text_entities"), fallback=_EMPTY)
    if "rich_message" in entry:
        extra |= parts("rich_message", read_article, entry["rich_message"], fallback=_NO_ARTICLE)
    attached = parts("media", read_attached, entry, fallback=NOTHING)
    inside = parts("rich_message", read_article_files, entry.get("rich_message"), fallback=NOTHING)
    fields = read_service(entry, channel_id, title) if kind == "service" else _of_post(entry, channel_id, title, extra)
    if "inline_bot_buttons" in entry:
        fields["markup"] = parts("buttons", read_buttons, entry["inline_bot_buttons"], fallback=None)
    if "reactions" in entry:
        fields["reactions"] = parts("reactions", read_reactions, entry["reactions"], fallback=None)
    if parts.failed:
        extra["convert_error"] = ",".join(parts.failed)
    message = imported_message(
        channel_id,
        MessageId(message_id),
        kind="service" if kind == "service" else "message",
        date=date,
        edit_date=dates.of_edit(entry),
        text=said.text,
        rich_text="" if said.text else str(extra.get("rich_text", "")),
        entities=entities_json(said),
        media=attached.media + inside.media,
        extra=_json(extra) if extra else None,
        raw=to_canonical(entry),
        **fields,
    )
    return ImportedMessage(message=message, files=attached.files + inside.files)


def _read_own(entry: Fields, channel_id: ChannelId) -> ImportedMessage | Flaw:
    """A message that telekeep exported: its row is whole under the key of its own, but for the text."""
    message_id = number(entry.get("id"))
    where = "" if message_id is None else f"message {message_id}"
    try:
        row = {**entry["telekeep"], "message_id": entry.get("id"), "text": _own_text(entry)}
        found = message_of_row(row, channel_id, to_canonical(entry))
        return replace(found, files=tuple(filter(_is_beside, found.files))) if found.files else found
    except TooDeepText:
        return Flaw(where, "its text is nested too deeply")
    except UnreadableRow as exc:
        return Flaw(where, f"it {exc}")


def _is_beside(file: AttachedFile) -> bool:
    """Whether a file came with the export: rows of an export without files have the paths of the archive."""
    return file.sha256 is None or file.path != blob_path(file.sha256)


def _own_text(entry: Fields) -> str:
    """The text; empty for a rich message, whose words Desktop shows in its place."""
    if isinstance(entry["telekeep"].get("text"), str):
        return str(entry["telekeep"]["text"])
    said = words_of(entry.get("text_entities") or entry.get("text") or "")
    rich = entry["telekeep"].get("rich")
    is_rich = isinstance(rich, dict) and rich.get("text") == said and not entry["telekeep"].get("entities")
    return "" if is_rich else said


def read_piece(entry: Fields, dates: LocalDates) -> tuple[str, datetime | None]:
    """The words and the date of an object, by the same functions. Raises UnreadableRow."""
    if isinstance(entry.get("telekeep"), dict):
        rich = entry["telekeep"].get("rich")
        words_inside = str(rich.get("text") or "") if isinstance(rich, dict) else ""
        return _own_text(entry) or words_inside, time(entry["telekeep"], "date")
    parts = _Parts()
    said = parts("text", read_words, entry.get("text") or "", entry.get("text_entities"), fallback=_EMPTY).text
    if not said and "rich_message" in entry:
        article = parts("rich_message", read_article, entry["rich_message"], fallback=_NO_ARTICLE)
        said = str(article.get("rich_text", ""))
    return said, dates.of_message(entry)


def derive_piece(raw: bytes, zone: tzinfo | None) -> DerivedPiece | None:
    """Read a stored piece again."""
    try:
        value = read_json(raw).value
        text, date = read_piece(value, LocalDates(zone or UTC))
        is_exact = isinstance(value.get("telekeep"), dict) or moment(value.get("date_unixtime")) is not None
    except (UnreadableJson, UnreadableRow, AttributeError, TypeError):
        return None
    return DerivedPiece(text=text, date=date if is_exact else None)


def read_service(entry: Fields, channel_id: ChannelId, title: str | None = None) -> dict[str, Any]:
    """What only service messages have: the action, who did it, and what it is about."""
    event = read_event(entry)
    replied = event.replied if event.replied is not None else number(entry.get("reply_to_message_id"))
    return {
        "action": _json(event.action),
        "sender": _sender(entry.get("actor_id"), entry.get("actor"), channel_id, title),
        "reply_to": None if replied is None else _json({"reply_to_msg_id": replied}),
        "reply_to_msg_id": replied,
    }


def _of_post(entry: Fields, channel_id: ChannelId, title: str | None, extra: dict[str, Any]) -> dict[str, Any]:
    if bot := words(entry.get("via_bot")):
        extra["via_bot"] = {"type": "user", "id": None, "name": None, "username": bot.removeprefix("@")}
    album = number(entry.get("media_group_id"))  # of 64Gram, which writes 0 where there is none
    return {
        "grouped_id": str(album) if album else None,
        "sender": read_sender(entry, channel_id, title),
        "post_author": words(entry.get("author")),
        "fwd_from": read_origin(entry),
        **read_reply(entry),
    }


def read_sender(entry: Fields, channel_id: ChannelId, title: str | None = None) -> str | None:
    """None for the channel's own posts."""
    return _sender(entry.get("from_id"), entry.get("from"), channel_id, title)


def _sender(number: object, name: object, channel_id: ChannelId, title: str | None) -> str | None:
    if isinstance(number, str | int | None) and isinstance(name, str | None):
        return _shared_sender(number, name, channel_id, title)
    return None


@lru_cache(maxsize=4096)
def _shared_sender(number: str | int | None, name: str | None, channel_id: ChannelId, title: str | None) -> str | None:
    """Few people write most messages."""
    sender = named_peer(number, name, title=title)
    if sender is None or (sender["type"], sender["id"]) == ("channel", channel_id):
        return None
    return _json(sender)


def read_origin(entry: Fields) -> str | None:
    """What it was forwarded from."""
    if "forwarded_from" not in entry and "forwarded_from_id" not in entry and "saved_from" not in entry:
        return None
    origin = peer(entry.get("forwarded_from_id"))
    name = words(entry.get("forwarded_from"))
    named = {"from_name": name} if origin is None else {"from_id": origin, "name": name}
    found = {**named, "saved_from_name": words(entry.get("saved_from"))}
    return _json({key: value for key, value in found.items() if value is not None})


def read_reply(entry: Fields) -> dict[str, Any]:
    """The reply header, and the message replied to."""
    replied = number(entry.get("reply_to_message_id"))
    if replied is None:
        return {}
    other = peer(entry.get("reply_to_peer_id"))
    header = {"reply_to_msg_id": replied, **({"reply_to_peer_id": other} if other else {})}
    return {"reply_to": _json(header), "reply_to_msg_id": replied}


def _json(value: object) -> str:
    return to_canonical(value).decode()
