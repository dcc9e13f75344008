"""Messages that come from an export instead of from Telegram: layer 0. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from archiver.ids import ChannelId, MessageId

if TYPE_CHECKING:
    from archiver.model.record import Kind, Message

BY_IMPORT: Final = "known only from imports; `telekeep add` mirrors it"
"""Why a channel is not mirrored."""
HIGHEST_ID: Final = 2**31 - 1
"""The highest id that Telegram gives a message."""
LAST_SECOND: Final = 2**32 - 1
"""Telegram's dates are 32-bit unix seconds, and docids of the search tables are made of them."""
EXACT_DATE: Final = b'"date_unixtime"'
"""What a piece of Telegram Desktop's JSON has if its date is exact."""
FILE_ORIGIN: Final = "from an import, not from Telegram"
"""The reason kept with a stored file that came with an import: only its size and the words show whose it is."""
FILLED_KEY: Final = "filled_by_import"
"""Key in `extra` of a row: keys that an import filled in a message that Telegram showed without them."""
OTHER_KEY: Final = "other_in_imports"
"""Key in `extra` of a row: what imports have otherwise, by keys of rows, and `file`."""
VALUES_KEY: Final = "other_values"
"""Key in `extra` of a row: these values, lists by key of the row."""
SHOWN_KEY: Final = "shown_by_telegram"
"""Key in `extra` of a row that an import brought first: true, once Telegram showed the message."""
IMPORTED: Final = 0
"""The layer of rows and revisions whose payload is a piece of an export, not TL."""


_FILLED_WORDS: Final = {
    "post_author": "signature",
    "sender": "sender",
    "fwd_from": "forward",
    "reply_to": "reply",
    "grouped_id": "album",
    "action": "title",
    "kind": "kind of message",
}


def list_filled_keys(extra: str | None) -> list[str]:
    """The keys that an import filled in a message that Telegram showed without them, by the `extra` of its row."""
    return list(orjson.loads(extra).get(FILLED_KEY) or ()) if extra is not None and FILLED_KEY in extra else []


def list_filled(extra: str | None) -> list[str]:
    """The same in words."""
    return [_FILLED_WORDS.get(name, name) for name in list_filled_keys(extra)]


def list_others(extra: str | None) -> list[str]:
    """What imports have otherwise, in words; edits come and go, so their time is left out."""
    found = orjson.loads(extra).get(OTHER_KEY) or () if extra is not None and OTHER_KEY in extra else ()
    return [_FILLED_WORDS.get(name, name) for name in found if name != "edit_date"]


def is_possible(message: Message) -> bool:
    """Whether a message of Telegram can have this id and this date."""
    return 0 < message.message_id <= HIGHEST_ID and 0 <= int(message.date.timestamp()) <= LAST_SECOND


def text_hash(text: str, rich_text: str = "") -> bytes:
    """The content hash of layer 0, over the words alone: exports hold less than the server shows.

    A capture has the same words if its own `text_hash` is the same. Spaces around them do not count, because some
    exports drop them. `rich_text`: the words of a rich message's blocks, which has no `text`; formats cut it into lines
    in their own ways.
    """
    words = text.strip() if text else " ".join(rich_text.split())
    return sha256(b"text\0" + words.encode("utf-8", "replace")).digest()


def hash_of(message: Message) -> bytes:
    """The `text_hash` of any message."""
    if message.text or not message.extra or '"rich_text"' not in message.extra:
        return text_hash(message.text)
    return text_hash("", orjson.loads(message.extra).get("rich_text") or "")


def imported_message(
    channel_id: ChannelId,
    message_id: MessageId,
    *,
    date: datetime,
    raw: bytes,
    kind: Kind = "message",
    text: str = "",
    rich_text: str = "",
    **fields: Any,
) -> Message:
    """A message of an export. `fields`: any others of `Message`, in the shapes that captured messages have.

    Its language is guessed where it is stored: the texts of a page one after the other, which takes a fifth less.
    `rich_text` is what `extra` has under that name, if anything. `text` must have no lone surrogates.
    """
    from archiver.model.record import Message  # commands that only show messages do without

    return Message(
        channel_id=channel_id,
        message_id=message_id,
        kind=kind,
        date=date,
        text=text,
        content_hash=text_hash(text, rich_text),
        raw=raw,
        layer=IMPORTED,
        payload_sha256=sha256(raw).digest(),
        **fields,
    )


def how_to_mirror(username: str | None, verb: str = "mirrors it") -> str:
    """How to mirror a channel that only imports know: Telegram does not find it by its id alone."""
    return f"`telekeep add @{username}` {verb}" if username else f"`telekeep add` with its @name or t.me link {verb}"


def was_shown(row: Mapping[str, Any]) -> bool:
    """Whether the telekeep that wrote a row says that Telegram showed it the message."""
    extra = row.get("extra")
    return row.get("origin") != "import" or (isinstance(extra, Mapping) and extra.get(SHOWN_KEY) is True)


def rests_on_zone(format_name: str, zone: str | None, raw: bytes) -> bool:
    """Whether the date of a piece is a local time. `zone`: of its import; None: no date of it needed one."""
    return zone is not None and not (format_name == "desktop-json" and EXACT_DATE in raw)


def is_day_only(extra: str | None) -> bool:
    """Whether the time of day is a guess, by a message's `extra`: HTML shows none of service messages."""
    return extra is not None and '"day_only"' in extra
