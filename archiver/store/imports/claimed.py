"""What only imports say of messages, and Telegram never showed to telekeep. Reading only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from archiver.model.imported import IMPORTED
from archiver.store.database import Reader
from archiver.store.imports.import_names import FileNames, read_file_names
from archiver.store.imports.import_parts import split_part
from archiver.store.messages.rows import HeldMessage


class Claims(NamedTuple):
    """What only imports say of a message."""

    is_import: bool
    """Whether Telegram never showed it to telekeep."""
    contents: int
    """Its earlier or other contents that are of imports."""
    file: str
    """The file that its content is from, else the first file that has it, as people read of it."""
    beside: str
    """The file of the first of the other contents."""
    further: int = 0
    """How many further imports have the message."""

    @property
    def sources(self) -> str:
        """The file, and how many more have it: `result.json and 1 more`."""
        return f"{self.file} and {self.further} more" if self.further else self.file


def list_sole_claims(conn: Reader, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Claims]:
    """What only imports say of these messages; messages without such claims are left out."""
    query = """
        SELECT m.channel_id, m.message_id, m.layer = 0,
            (SELECT count(*) FROM revision AS r
             WHERE r.channel_id = m.channel_id AND r.message_id = m.message_id AND r.layer = 0),
            (SELECT json_array(file_name, sha256, parts, differs)
             FROM (SELECT s.file_name, s.sha256, s.parts, i.differs, i.raw, import_id,
                       i.payload_sha256 = m.payload_sha256 AS own
                   FROM imported AS i JOIN import_source AS s USING (import_id)
                   WHERE i.channel_id = m.channel_id AND i.message_id = m.message_id)
             ORDER BY own DESC, raw IS NOT NULL, import_id
             LIMIT 1),
            (SELECT json_array(s.file_name, s.sha256, s.parts, i.differs)
             FROM revision AS r JOIN imported AS i USING (channel_id, message_id, payload_sha256)
             JOIN import_source AS s ON s.import_id = i.import_id
             WHERE r.channel_id = m.channel_id AND r.message_id = m.message_id AND r.layer = 0
             ORDER BY r.revision, i.import_id
             LIMIT 1),
            (SELECT count(DISTINCT import_id) FROM imported AS i
             WHERE i.channel_id = m.channel_id AND i.message_id = m.message_id)
        FROM json_each(?) AS k JOIN message AS m ON m.channel_id = k.value ->> 0 AND m.message_id = k.value ->> 1
    """
    rows = [row for row in conn.execute(query, (json.dumps(list(keys)),)) if row[2] or row[3]]
    names = {channel_id: read_file_names(conn, channel_id) for channel_id in {row[0] for row in rows}}
    return {
        (row[0], row[1]): Claims(
            bool(row[2]),
            row[3],
            _name_file(row[4], names[row[0]]),
            _name_file(row[5] or row[4], names[row[0]]),
            max(row[6] - 1, 0),
        )
        for row in rows
    }


def read_claims(conn: Reader, held: Iterable[HeldMessage]) -> dict[tuple[int, int], Claims]:
    """What only imports say of these messages; messages without such claims are left out."""
    keys = [(one.channel_id, one.message_id) for one, _ in held if one.revisions or one.layer == IMPORTED]
    return list_sole_claims(conn, keys) if keys else {}


def count_claimed(conn: Reader, held: Iterable[HeldMessage]) -> dict[tuple[int, int], int]:
    """How many other contents of these messages only imports have, of those that have any."""
    keys = [(message.channel_id, message.message_id) for message, _ in held if message.revisions]
    return {key: one.contents for key, one in (list_sole_claims(conn, keys) if keys else {}).items() if one.contents}


def list_claimed(conn: Reader, numbers: Mapping[tuple[int, int], int]) -> set[tuple[int, int]]:
    """The messages whose earlier content with this number is from an import."""
    if not numbers:
        return set()
    rows = conn.execute(
        "SELECT r.channel_id, r.message_id FROM json_each(?) AS k JOIN revision AS r ON r.channel_id = k.value ->> 0"
        " AND r.message_id = k.value ->> 1 AND r.revision = k.value ->> 2 WHERE r.layer = 0",
        (json.dumps([(*key, number) for key, number in numbers.items()]),),
    )
    return {(row[0], row[1]) for row in rows}


def _name_file(found: str | None, names: FileNames) -> str:
    if found is None:
        return "an export"
    name, digest, parts, differs = json.loads(found)
    return names.call(*split_part(differs, parts, (name, digest))[0])
