"""Imports that the other archive had made itself: their records are taken over, so that each piece keeps its origin."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, Final

from archiver.ids import ChannelId
from archiver.store.database import Reader
from archiver.store.imports.import_source import find_import
from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_values import is_count, is_integer, is_object, is_text, is_time, or_null

_NAMES: Final = (
    *("at", "finished_at", "channel_id", "format", "file_name", "sha256", "parts", "bytes", "zone", "newest"),
    *("title", "version", "counts", "archive", "chat_type"),
)
_CHECKS: Final = {
    **dict.fromkeys(_NAMES, is_text),
    **dict.fromkeys(("at",), is_time),
    **dict.fromkeys(("finished_at", "newest"), or_null(is_time)),
    **dict.fromkeys(("channel_id", "bytes"), is_integer),
    **dict.fromkeys(("zone", "title", "chat_type"), or_null(is_text)),
    "counts": is_object,
    "archive": or_null(is_object),
}


def find_imports(conn: Reader, archive: ForeignArchive, channel_id: ChannelId) -> dict[int, int | None]:
    """Our number for each import that the other archive made of the channel; None if we do not have it yet."""
    return {number: _find(conn, values) for number, values in _list(archive, channel_id)}


def map_imports(conn: sqlite3.Connection, archive: ForeignArchive, channel_id: ChannelId) -> dict[int, int]:
    """Our number for each import that the other archive made of the channel; recorded if we do not have it."""
    return {number: _put(conn, values) for number, values in _list(archive, channel_id)}


def list_other_zones(
    conn: sqlite3.Connection, archive: ForeignArchive, channel_id: ChannelId, mapped: Mapping[int, int]
) -> dict[int, str]:
    """The zone of each import that both made, where they read it with different ones."""
    if not mapped:
        return {}
    ours = dict(conn.execute("SELECT import_id, zone FROM import_source WHERE channel_id = ?", (channel_id,)))
    query = "SELECT import_id, zone FROM import_source WHERE channel_id = ? AND zone IS NOT NULL LIMIT 100000"
    theirs = archive.fetch(query, (channel_id,))
    return {number: zone for number, zone in theirs if number in mapped and zone != ours.get(mapped[number])}


def _list(archive: ForeignArchive, channel_id: ChannelId) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the values of each import; those with impossible values are left out."""
    if not archive.has("import_source"):
        return
    columns = archive.select("import_source", _NAMES)
    query = f"SELECT import_id, {columns} FROM import_source WHERE channel_id = ? ORDER BY import_id LIMIT 100000"
    for import_id, *row in archive.fetch(query, (channel_id,)):
        values = dict(zip(_NAMES, row, strict=True))
        if is_count(import_id) and all(check(values[name]) for name, check in _CHECKS.items()):
            yield import_id, values


def _find(conn: Reader, values: Mapping[str, Any]) -> int | None:
    held = find_import(conn, values["channel_id"], values["sha256"], values["format"])
    return None if held is None else held.import_id


def _put(conn: sqlite3.Connection, values: dict[str, Any]) -> int:
    held = _find(conn, values)
    if held is not None:
        return held
    cursor = conn.execute(
        f"INSERT INTO import_source ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})",
        [values[name] for name in _NAMES],
    )
    return int(cursor.lastrowid or 0)
