"""Table `import_source`: which files were imported into which channel, and what they brought."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.store.database import Reader


class ImportFile(NamedTuple):
    """A file that is imported into a channel."""

    channel_id: ChannelId
    format: str
    file_name: str
    """Without directories."""
    sha256: str
    """Of several files: over the list of their hashes."""
    bytes: int
    parts: str = "[]"
    """JSON list of {name, sha256, bytes}, if there are several."""
    newest: int | None = None
    """The newest date in it, unix seconds."""
    title: str | None = None
    chat_type: str | None = None
    """The chat's type according to the file: `public_channel`..."""
    is_altered: bool = False
    """Whether it does not match its own manifest."""


class ImportRecord(NamedTuple):
    """A row of `import_source`. Times are unix seconds."""

    import_id: int
    at: int
    finished_at: int | None
    channel_id: ChannelId
    format: str
    file_name: str
    sha256: str
    parts: str
    bytes: int
    zone: str | None
    newest: int | None
    title: str | None
    version: str
    counts: str


_RECORD = ", ".join(ImportRecord._fields)


def find_import(conn: Reader, channel_id: ChannelId, sha256: str, format_name: str) -> ImportRecord | None:
    """The import of this file into this channel, if it was begun."""
    row = conn.execute(
        f"SELECT {_RECORD} FROM import_source WHERE channel_id = ? AND sha256 = ? AND format = ?",
        (channel_id, sha256, format_name),
    ).fetchone()
    if row is None:
        return None
    found = ImportRecord(*row)
    return found._replace(parts=sys.intern(found.parts))  # a hundred channels have one list, of thousands of files


def find_format(conn: Reader, import_id: int) -> str | None:
    """The format of an import; None if it is not begun."""
    row = conn.execute("SELECT format FROM import_source WHERE import_id = ?", (import_id,)).fetchone()
    return None if row is None else str(row[0])


def start_import(conn: sqlite3.Connection, file: ImportFile, *, now: int, version: str) -> ImportRecord:
    """Begin to import a file, or continue."""
    conn.execute(
        "INSERT INTO import_source (at, channel_id, format, file_name, sha256, parts, bytes, newest, title, version,"
        " chat_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET chat_type = excluded.chat_type WHERE chat_type IS NULL",
        (
            now,
            file.channel_id,
            file.format,
            file.file_name,
            file.sha256,
            file.parts,
            file.bytes,
            file.newest,
            file.title,
            version,
            file.chat_type,
        ),
    )
    found = find_import(conn, file.channel_id, file.sha256, file.format)
    assert found is not None, "it was just written"
    return found


def add_counts(conn: sqlite3.Connection, import_id: int, counts: Mapping[str, int]) -> None:
    """Add to what an import brought."""
    [(text,)] = conn.execute("SELECT counts FROM import_source WHERE import_id = ?", (import_id,)).fetchall()
    total = orjson.loads(text)
    for name, number in counts.items():
        if number:
            total[name] = total.get(name, 0) + number
    conn.execute("UPDATE import_source SET counts = ? WHERE import_id = ?", (orjson.dumps(total).decode(), import_id))


def finish_imports(
    conn: sqlite3.Connection, import_ids: Iterable[int], *, now: int, zone: str | None, newest: Mapping[int, int]
) -> None:
    """Record that files were read to their end; a later run may have another zone than the first.

    `newest`: the newest date of those whose dates another zone moved. It belongs to the same transaction: once an
    import is finished with a zone, nothing corrects it to that zone again.
    """
    conn.executemany(
        "UPDATE import_source SET finished_at = coalesce(finished_at, ?1), zone = coalesce(?2, zone)"
        " WHERE import_id = ?3 AND (finished_at IS NULL OR zone IS NOT coalesce(?2, zone))",
        [(now, zone, import_id) for import_id in import_ids],
    )
    conn.executemany(
        "UPDATE import_source SET newest = ? WHERE import_id = ?", [(date, one) for one, date in newest.items()]
    )
