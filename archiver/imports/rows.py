"""Rows of docs/rows.md as messages: what `archiver.model.row.build_row` makes, read again. Pure.

Rows come from files that anybody may have written, so each value is checked: one that cannot be in a
row raises UnreadableRow. Rows do not hold the bytes that the server sent; links, hashtags and permalink are derived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from archiver.ids import ChannelId, MessageId
from archiver.imports.row_extra import stored_extra
from archiver.imports.row_media import attached_files, read_file_texts, read_media
from archiver.imports.row_values import (
    Shape,
    UnreadableRow,
    expect_list,
    expect_shape,
    flag,
    nested,
    text,
    time,
    to_text,
    whole_number,
)
from archiver.imports.source import EarlierContent, ImportedMessage, Seen
from archiver.model.imported import (
    HIGHEST_ID,
    IMPORTED,
    LAST_SECOND,
    imported_message,
    text_hash,
    was_shown,
)
from archiver.model.record import Message

NEEDED: Final = ("channel_id", "message_id", "kind", "date", "text")
"""Keys that every row must have."""
_TEXTS: Final = ("post_author", "grouped_id")
_COUNTS: Final = ("views", "forwards", "replies")
_FLAGS: Final = ("noforwards", "pinned", "silent")
_OBJECTS: Final = ("sender", "fwd_from")
_PEER: Final[Mapping[str, Shape]] = {"type": str, "id": int, "name": str, "username": str}
_MARK: Final[Mapping[str, Shape]] = {"type": str, "offset": int, "length": int, "url": str}
_REACTION: Final[Mapping[str, Shape]] = {"reaction": str, "custom_emoji_id": str, "count": int}
_RESTRICTION: Final[Mapping[str, Shape]] = {"platform": str, "reason": str, "text": str}
_BUTTON: Final[Mapping[str, Shape]] = {"text": str, "type": str, "url": str}
_SHAPES: Final[Mapping[str, Mapping[str, Shape]]] = {
    "sender": _PEER,
    "via_bot": _PEER,
    "fwd_from": {
        **_PEER,
        "from_id": _PEER,
        "from_name": str,
        "date": str,
        "channel_post": int,
        "post_author": str,
        "saved_from_peer": _PEER,
        "saved_from_msg_id": int,
    },
    "reply_to": {
        "reply_to_msg_id": int,
        "reply_to_top_id": int,
        "reply_to_peer_id": _PEER,
        "quote_text": str,
        "quote_offset": int,
    },
    "action": {"type": str},
    "rich": {"text": str, "blocks": list},
    "fact_check": {"text": str, "entities": list, "country": str},
    "paid": {},
}
"""Fields of objects that readers of the archive rely on."""


def message_of_row(row: Mapping[str, Any], channel_id: ChannelId, raw: bytes) -> ImportedMessage:
    """The message of a row as a JSON object. `raw`: the bytes of the row. Raises UnreadableRow."""
    rich = row.get("rich") if isinstance(row.get("rich"), dict) else None
    _expect_shapes(row)
    message_id = MessageId(whole_number(row, "message_id", lowest=1, highest=HIGHEST_ID))
    message = imported_message(
        channel_id,
        message_id,
        date=time(row, "date"),
        raw=raw,
        kind="service" if row.get("kind") == "service" else "message",
        text=text(row, "text"),
        rich_text=str(rich.get("text") or "") if rich else "",
        edit_date=_optional_time(row, "edit_date"),
        entities=_entities(row),
        reply_to=nested(row, "reply_to", dict),
        reply_to_msg_id=_id_in(row.get("reply_to"), "reply_to_msg_id"),
        reactions=nested(row, "reactions", list),
        action=nested(row, "action", dict),
        media=read_media(row),
        markup=nested(row, "markup", list),
        restriction=nested(row, "restriction", list),
        via_bot_id=_id_in(row.get("via_bot"), "id"),
        extra=stored_extra(row),
        **{name: nested(row, name, dict) for name in _OBJECTS},
        **{name: None if row.get(name) is None else text(row, name) for name in _TEXTS},
        **{name: None if row.get(name) is None else whole_number(row, name) for name in _COUNTS},
        **{name: flag(row, name) for name in _FLAGS},
    )
    return ImportedMessage(
        message=message,
        files=attached_files(row),
        seen=_seen(row),
        earlier=tuple(_earlier(row, message)),
        texts=read_file_texts(row) if row.get("annotations") else (),
    )


def _optional_time(row: Mapping[str, Any], name: str) -> datetime | None:
    return None if row.get(name) is None else time(row, name)


def _entities(row: Mapping[str, Any]) -> str | None:
    """The entities as the archive has them."""
    marks = row.get("entities")
    expect_list(marks, _MARK, "entities")
    if any(one.get("type") is None or (one["type"] != "unknown" and not _is_placed(one)) for one in marks or ()):
        raise UnreadableRow("has formatting without a kind or place")
    return nested(row, "entities", list)


def _is_placed(mark: Mapping[str, Any]) -> bool:
    return mark.get("offset") is not None and mark.get("length") is not None


def _expect_shapes(row: Mapping[str, Any]) -> None:
    for name, shape in _SHAPES.items():
        if (value := row.get(name)) is not None:
            expect_shape(value, shape, name)
    expect_list(row.get("reactions"), _REACTION, "reactions")
    expect_list(row.get("restriction"), _RESTRICTION, "restriction")
    _expect_markup(row)


def _expect_markup(row: Mapping[str, Any]) -> None:
    markup = row.get("markup")
    if markup is not None and not (isinstance(markup, list) and all(isinstance(one, list) for one in markup)):
        raise UnreadableRow("has a `markup` that is not a list of rows")
    for buttons in markup or ():
        expect_list(buttons, _BUTTON, "markup")


def _id_in(value: object, name: str) -> int | None:
    return whole_number(value, name) if isinstance(value, dict) and value.get(name) is not None else None


def _seen(row: Mapping[str, Any]) -> Seen | None:
    """When the exporting archive saw it."""
    if row.get("first_seen") is None or row.get("last_seen") is None:
        return None
    missing = row.get("missing_since")
    return Seen(
        by_telegram=was_shown(row),
        first_seen=_unix(row["first_seen"]),
        last_seen=_unix(row["last_seen"]),
        missing_since=None if missing is None else _unix(missing),
    )


@lru_cache(maxsize=4096)
def _shared_unix(value: str) -> int:
    found = int(time({"time": value}, "time").timestamp())
    if not 0 <= found <= LAST_SECOND:
        raise UnreadableRow("has a time that no archive can have")
    return found


def _unix(value: object) -> int:
    """Unix seconds of a time; many messages share those of captures."""
    if not isinstance(value, str):
        raise UnreadableRow("has an invalid time")
    return _shared_unix(value)


def _earlier(row: Mapping[str, Any], message: Message) -> Iterator[EarlierContent]:
    """The earlier contents of an export with `--revisions`, oldest first."""
    versions = row.get("versions")
    if versions is None:
        return
    if not isinstance(versions, list) or not all(isinstance(one, dict) for one in versions):
        raise UnreadableRow("has `versions` that are not a list of objects")
    for one in versions:
        raw = to_text(one, "versions").encode()
        words = text(one, "text")
        _expect_markup(one)
        content = Message(
            channel_id=message.channel_id,
            message_id=message.message_id,
            kind=message.kind,
            date=message.date,
            edit_date=_optional_time(one, "edit_date"),
            text=words,
            entities=_entities(one),
            media=read_media(one),
            markup=nested(one, "markup", list),
            content_hash=text_hash(words),
            raw=raw,
            layer=IMPORTED,
            payload_sha256=sha256(raw).digest(),
        )
        yield EarlierContent(
            message=content,
            first_seen=_unix(one.get("first_seen")),
            last_seen=_unix(one.get("last_seen")),
            **_claimant(one.get("import")),
        )


def _claimant(origin: object) -> dict[str, str | None]:
    """The file that an earlier content is from, and its SHA-256, as the export says."""
    names = ("file", "sha256", "claimed_by", "claimed_sha256")
    expect_shape(origin or {}, dict.fromkeys(names, str), "versions")
    if not isinstance(origin, dict):
        return {}
    file, sha256, claimed_by, claimed_sha256 = map(origin.get, names)
    if claimed_by:
        return {"claimed_by": claimed_by, "claimed_sha256": claimed_sha256}
    return {"claimed_by": file or "an export", "claimed_sha256": sha256}
