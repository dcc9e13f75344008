"""Tables `import_source` and `imported`: which files were imported, and which message has which piece of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.store.bulk import insert_many
from archiver.store.channel import Mirrored
from archiver.store.database import Reader
from archiver.store.import_parts import is_earlier, split_part
from archiver.store.index_home import mark_renamed


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


class PieceRow(NamedTuple):
    """A piece of a file that belongs to a message."""

    message_id: MessageId
    payload_sha256: bytes
    raw: bytes | None
    differs: str | None


class ImportedFrom(NamedTuple):
    """What an import says about a message."""

    record: ImportRecord
    payload_sha256: bytes
    differs: str | None

    @property
    def zone(self) -> str | None:
        """The zone with which its local times were read."""
        assumed = orjson.loads(self.differs).get("assumed") if self.differs else None
        return str(assumed["tz"]) if assumed else self.record.zone

    @property
    def is_earlier(self) -> bool:
        """Whether this piece is an earlier content of the message in its file."""
        return is_earlier(self.differs)

    @property
    def has_other_date(self) -> bool:
        """Whether the message is held with another date."""
        return bool(self.differs and "date" in orjson.loads(self.differs).get("other", {}))


_RECORD = ", ".join(ImportRecord._fields)
_PIECES = (
    "FROM imported JOIN import_source USING (import_id)"
    " WHERE imported.channel_id = :channel_id AND message_id = :message_id"
)
_MERGED = (
    "FROM (SELECT import_id, payload_sha256 FROM message WHERE channel_id = :channel_id AND message_id = :message_id"
    " UNION SELECT import_id, payload_sha256 FROM revision WHERE channel_id = :channel_id AND message_id = :message_id)"
    " JOIN import_source USING (import_id)"
)
"""What other archives captured."""
_OF = ", ".join(f"import_source.{name}" for name in ImportRecord._fields)


def find_import(conn: Reader, channel_id: ChannelId, sha256: str, format_name: str) -> ImportRecord | None:
    """The import of this file into this channel, if it was begun."""
    row = conn.execute(
        f"SELECT {_RECORD} FROM import_source WHERE channel_id = ? AND sha256 = ? AND format = ?",
        (channel_id, sha256, format_name),
    ).fetchone()
    return None if row is None else ImportRecord(*row)


def list_import_files(conn: Reader, channel_id: ChannelId) -> list[str]:
    """Names of the files imported into a channel, in the order of import."""
    rows = conn.execute("SELECT file_name FROM import_source WHERE channel_id = ? ORDER BY import_id", (channel_id,))
    return [name for (name,) in rows]


def start_import(conn: sqlite3.Connection, file: ImportFile, *, now: int, version: str) -> ImportRecord:
    """Begin to import a file, or go on with it."""
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


def finish_imports(conn: sqlite3.Connection, import_ids: Iterable[int], *, now: int, zone: str | None) -> None:
    """Record that files were read to their end; a later run may have another zone than the first."""
    conn.executemany(
        "UPDATE import_source SET finished_at = coalesce(finished_at, ?1), zone = coalesce(?2, zone)"
        " WHERE import_id = ?3 AND (finished_at IS NULL OR zone IS NOT coalesce(?2, zone))",
        [(now, zone, import_id) for import_id in import_ids],
    )


def put_pieces(conn: sqlite3.Connection, channel_id: ChannelId, import_id: int, pieces: Iterable[PieceRow]) -> None:
    """Record which message has which piece."""
    insert_many(
        conn,
        "INSERT INTO imported (channel_id, message_id, import_id, payload_sha256, raw, differs)",
        [(channel_id, one.message_id, import_id, one.payload_sha256, one.raw, one.differs) for one in pieces],
        "ON CONFLICT DO NOTHING",
    )


def put_new_pieces(
    conn: sqlite3.Connection, channel_id: ChannelId, import_id: int, pieces: Sequence[tuple[int, bytes, str | None]]
) -> None:
    """Record the pieces of new messages, which their rows hold: id, SHA-256, and what is kept of each."""
    plain = [(channel_id, number, import_id, digest) for number, digest, differs in pieces if differs is None]
    head = "INSERT INTO imported (channel_id, message_id, import_id, payload_sha256"
    insert_many(conn, f"{head})", plain, "ON CONFLICT DO NOTHING")
    if len(plain) < len(pieces):
        marked = [(channel_id, one[0], import_id, *one[1:]) for one in pieces if one[2] is not None]
        insert_many(conn, f"{head}, differs)", marked, "ON CONFLICT DO NOTHING")


def list_pieces(
    conn: Reader, channel_id: ChannelId, import_id: int, message_ids: Sequence[int]
) -> dict[MessageId, set[bytes]]:
    """The hashes of this import's pieces, by message: an export may have a message twice."""
    rows = conn.execute(
        "SELECT message_id, payload_sha256 FROM imported WHERE channel_id = ? AND import_id = ?"
        " AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, import_id, json.dumps(list(message_ids))),
    )
    found: dict[MessageId, set[bytes]] = {}
    for message_id, digest in rows:
        found.setdefault(message_id, set()).add(digest)
    return found


def keep_raw(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int]) -> None:
    """Keep the pieces of messages whose rows hold them, and are about to be replaced by what Telegram shows."""
    conn.executemany(
        "UPDATE imported SET raw = (SELECT raw FROM message WHERE message.channel_id = imported.channel_id"
        " AND message.message_id = imported.message_id) WHERE channel_id = ?1 AND message_id = ?2 AND raw IS NULL"
        " AND payload_sha256 = (SELECT payload_sha256 FROM message WHERE channel_id = ?1 AND message_id = ?2)",
        [(channel_id, message_id) for message_id in message_ids],
    )


def list_imported_from(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> list[ImportedFrom]:
    """Which imports have a message, and what they say of it; if it has several files, the right one is named."""
    key = {"channel_id": channel_id, "message_id": message_id}
    rows = conn.execute(
        f"SELECT payload_sha256, differs, {_OF} {_PIECES} ORDER BY import_id, imported.payload_sha256", key
    ).fetchall()
    known = {(row[2], row[0]) for row in rows}
    merged = conn.execute(f"SELECT payload_sha256, NULL, {_OF} {_MERGED} ORDER BY import_id, payload_sha256", key)
    rows += [row for row in merged if (row[2], row[0]) not in known]
    found = []
    for row in rows:
        record = ImportRecord(*row[2:])
        (name, hashed), differs = split_part(row[1], record.parts, (record.file_name, record.sha256))
        found.append(ImportedFrom(record._replace(file_name=name, sha256=hashed), row[0], differs))
    return found


def set_imported_only(conn: sqlite3.Connection, channel_id: ChannelId, *, only: bool) -> None:
    """Record whether a channel is known only from imports."""
    conn.execute(
        "UPDATE channel SET imported_only = ? WHERE channel_id = ? AND imported_only <> ?", (only, channel_id, only)
    )


def is_unaccounted(channel: Mirrored) -> bool:
    """Whether it is unknown what a channel lacks: exports do not say, other archives do."""
    return channel.imported_only and channel.pts is None


def is_imported_only(conn: Reader, channel_id: ChannelId) -> bool:
    """Whether a channel is known only from imports."""
    row = conn.execute("SELECT imported_only FROM channel WHERE channel_id = ?", (channel_id,)).fetchone()
    return row is not None and bool(row[0])


def list_claims(
    conn: Reader, channel_id: ChannelId, message_ids: Sequence[int]
) -> dict[MessageId, tuple[int, str | None]]:
    """By which moment the exports had the current contents of imported messages, and the formats of those."""
    rows = conn.execute(
        "SELECT message_id, last_seen, (SELECT format FROM imported JOIN import_source USING (import_id)"
        " WHERE imported.channel_id = message.channel_id AND imported.message_id = message.message_id"
        " AND imported.payload_sha256 = message.payload_sha256) FROM message"
        " WHERE channel_id = ? AND layer = 0 AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, json.dumps(list(message_ids))),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def find_format(conn: Reader, import_id: int) -> str | None:
    """The format of an import; None if it is not begun."""
    row = conn.execute("SELECT format FROM import_source WHERE import_id = ?", (import_id,)).fetchone()
    return None if row is None else str(row[0])


def note_replaced(
    conn: sqlite3.Connection, channel_id: ChannelId, message_id: MessageId, sha256: bytes, differs: str | None
) -> None:
    """Record how an import differs from the later one that replaced its content."""
    if differs is not None:
        conn.execute(
            "UPDATE imported SET differs = json_patch(coalesce(differs, '{}'), ?)"
            " WHERE channel_id = ? AND message_id = ? AND payload_sha256 = ?",
            (differs, channel_id, message_id, sha256),
        )


def name_origin(channel: Mirrored) -> str | None:
    """`import` if Telegram never confirmed the @name; None if there is no @name."""
    if channel.username is None:
        return None
    return "import" if is_unaccounted(channel) else "telegram"


def set_given_name(conn: sqlite3.Connection, channel_id: ChannelId, username: str) -> None:
    """Set the @name of a channel that Telegram never showed. This is not a rename, even if it had another one."""
    names = (username, orjson.dumps([username]).decode(), channel_id)
    conn.execute("UPDATE channel SET username = ?, usernames = ? WHERE channel_id = ?", names)
    conn.execute("UPDATE channel_revision SET username = ?, usernames = ? WHERE channel_id = ?", names)
    mark_renamed(conn, channel_id)
