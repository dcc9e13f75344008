"""What imports filled in messages that Telegram showed, and what they have otherwise. Rows name both.

So nothing of an import is attributed to Telegram, and no contradicted value passes for the only one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.imported import FILLED_KEY, IMPORTED, OTHER_KEY, SHOWN_KEY
from archiver.model.other_values import FILE
from archiver.model.row import StoredMessage
from archiver.store.database import Reader
from archiver.store.soundness import is_damage

_SPREAD: Final = 4
"""Scan a range if it has at most this many ids per wanted message, which is cheaper than looking each one up."""
_FILLED: Final = (
    "SELECT message_id, differs ->> '$.filled', differs ->> '$.other' FROM imported WHERE channel_id = ? AND {within}"
    " AND differs IS NOT NULL AND coalesce(json_type(differs, '$.filled'), json_type(differs, '$.other')) IS NOT NULL"
    " ORDER BY message_id, import_id"
)
_COLUMNS: Final = {"reply_to_msg_id": "reply_to", "fwd_name": "fwd_from", "title": "action"}
"""Columns that have another key in rows."""


class _Said(NamedTuple):
    """What imports say of a message."""

    filled: dict[str, Any]
    other: set[str]
    """The values that they have otherwise."""


_NOTHING: Final = _Said({}, set())


def mark_filled(conn: Reader, messages: Sequence[StoredMessage]) -> Sequence[StoredMessage]:
    """The messages, with what concerns imports in `extra`.

    It lists the keys that an import filled, and those that imports have otherwise, and says whether Telegram showed
    what an import brought first.
    """
    try:
        if conn.execute("SELECT 1 FROM imported LIMIT 1").fetchone() is None:
            return messages
        said = _list_said(conn, messages)
    except sqlite3.Error as exc:
        if not is_damage(exc):
            raise
        return messages  # an unreadable list must not cost the messages
    return [_marked(one, said.get((one.channel_id, one.message_id), _NOTHING)) for one in messages]


def _list_said(conn: Reader, messages: Sequence[StoredMessage]) -> dict[tuple[int, int], _Said]:
    by_channel: dict[ChannelId, list[int]] = {}
    for one in messages:
        by_channel.setdefault(one.channel_id, []).append(one.message_id)
    found: dict[tuple[int, int], _Said] = {}
    for channel_id, ids in by_channel.items():
        low, high = min(ids), max(ids)
        if high - low < _SPREAD * len(ids):
            rows = conn.execute(_FILLED.format(within="message_id BETWEEN ? AND ?"), (channel_id, low, high))
        else:
            asked = orjson.dumps(ids).decode()
            within = "message_id IN (SELECT value FROM json_each(?))"
            rows = conn.execute(_FILLED.format(within=within), (channel_id, asked))
        for message_id, filled, other in rows:
            said = found.setdefault((channel_id, message_id), _Said({}, set()))
            said.filled.update(orjson.loads(filled or "{}"))
            said.other.update(orjson.loads(other or "{}"))
    return found


def _marked(message: StoredMessage, said: _Said) -> StoredMessage:
    if message.kind == "stub":
        return message
    filled = {} if message.layer == IMPORTED else said.filled
    names = [_COLUMNS.get(name, name) for name, value in filled.items() if _is_held(message, name, value)]
    others = [FILE if name.startswith(FILE) else _COLUMNS.get(name, name) for name in said.other]
    found = ((FILLED_KEY, names), (OTHER_KEY, others))
    marks: dict[str, Any] = {key: sorted(set(listed)) for key, listed in found if listed}
    if message.origin == "import" and message.layer != IMPORTED:
        marks[SHOWN_KEY] = True
    if not marks:
        return message
    extra = orjson.loads(message.extra) if message.extra else {}
    return message._replace(extra=orjson.dumps({**extra, **marks}).decode())


def _is_held(message: StoredMessage, name: str, value: Any) -> bool:
    """Whether the value is still the import's: Telegram may have shown another one since."""
    return name in _COLUMNS or getattr(message, name, None) == value
