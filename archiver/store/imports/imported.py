"""Table `imported`: which message has which piece of an imported file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.other_values import ALTERED
from archiver.store.bulk import insert_many
from archiver.store.database import Reader
from archiver.store.imports.import_parts import is_earlier, split_part
from archiver.store.imports.import_source import ImportRecord


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


def list_altered(conn: Reader, channel_id: ChannelId, message_ids: Sequence[int]) -> set[MessageId]:
    """The messages whose current content is only from files that did not match their own manifests."""
    rows = conn.execute(
        "SELECT message_id FROM imported JOIN message USING (channel_id, message_id, payload_sha256)"
        " WHERE channel_id = ? AND message_id IN (SELECT value FROM json_each(?)) GROUP BY message_id"
        f" HAVING min(coalesce(json_type(differs, '$.{ALTERED}'), '')) <> ''",
        (channel_id, json.dumps(list(message_ids))),
    )
    return {row[0] for row in rows}


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
