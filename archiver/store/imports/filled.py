"""What imports filled in messages that Telegram showed, and what they have otherwise. Rows name both.

So nothing of an import is attributed to Telegram, and no contradicted value passes for the only one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.imported import FILLED_KEY, IMPORTED, OTHER_KEY, SHOWN_KEY, VALUES_KEY
from archiver.model.iso_time import iso
from archiver.model.other_values import FILE, TIMES
from archiver.model.row import StoredMessage
from archiver.store.database import Reader
from archiver.store.faults import is_damage

_SPREAD: Final = 4
"""Scan a range if it has at most this many ids per wanted message, which is cheaper than looking each one up."""
_FILLED: Final = (
    "SELECT message_id, differs ->> '$.filled', differs ->> '$.other' FROM imported WHERE channel_id = ? AND {within}"
    " AND differs IS NOT NULL AND coalesce(json_type(differs, '$.filled'), json_type(differs, '$.other')) IS NOT NULL"
    " ORDER BY message_id, import_id"
)
_COLUMNS: Final = {"reply_to_msg_id": "reply_to", "fwd_name": "fwd_from", "title": "action"}
"""Columns that have another key in rows."""
_WITHIN: Final = {
    "reply_to_msg_id": "reply_to_msg_id",
    "fwd_from": "from_id",
    "fwd_name": "from_name",
    "title": "title",
}
"""The key, within an object of a row, that has the value of a column."""


class _Said(NamedTuple):
    """What imports say of a message."""

    filled: dict[str, Any]
    other: dict[str, list[Any]]
    """What they have otherwise, by keys of rows, each value once."""


_NOTHING: Final = _Said({}, {})


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
            said = found.setdefault((channel_id, message_id), _Said({}, {}))
            said.filled.update(orjson.loads(filled or "{}"))
            for name, both in orjson.loads(other or "{}").items():
                _add(said.other, *_as_in_row(name, both.get("imported")))
    return found


def _marked(message: StoredMessage, said: _Said) -> StoredMessage:
    if message.kind == "stub":
        return message
    filled = {} if message.layer == IMPORTED else said.filled
    names = [_COLUMNS.get(name, name) for name, value in filled.items() if _is_held(message, name, value)]
    marks: dict[str, Any] = {FILLED_KEY: sorted(set(names))} if names else {}
    if message.origin == "import" and message.layer != IMPORTED:
        marks[SHOWN_KEY] = True
    if not marks and not said.other:
        return message
    extra = orjson.loads(message.extra) if message.extra else {}
    if said.other:  # beside what the archive that exported the row had of imports
        others = {name: list(values) for name, values in extra.get(VALUES_KEY, {}).items()}
        for name, values in said.other.items():
            _add(others, name, *values)
        marks |= {OTHER_KEY: sorted({*extra.get(OTHER_KEY, ()), *others}), VALUES_KEY: others}
    return message._replace(extra=orjson.dumps({**extra, **marks}).decode())


def _as_in_row(name: str, value: Any) -> tuple[str, Any]:
    """The key of a row for a column, and the value in its shape."""
    if name in TIMES:
        return name, iso(value)
    within = _WITHIN.get(name)
    key = FILE if name.startswith(FILE) else _COLUMNS.get(name, name)
    return key, value if within is None else {within: value}


def _add(others: dict[str, list[Any]], name: str, *values: Any) -> None:
    listed = others.setdefault(name, [])
    listed += [one for one in values if one not in listed]


def _is_held(message: StoredMessage, name: str, value: Any) -> bool:
    """Whether the value is still the import's: Telegram may have shown another one since."""
    return name in _COLUMNS or getattr(message, name, None) == value
