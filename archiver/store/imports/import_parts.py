"""What `imported.differs` says of a piece besides other values: its file, and what it filled.

Which of the files of an import has it, a series of exports, the pages of HTML, is `part`, the place in
`import_source.parts`, so that a citation names the file and the hash that a reader can check. `filled` are values
of the content that is held now: it ends with that content.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model.compare_import import CONTEXT

if TYPE_CHECKING:
    from archiver.model.record import Message

_PART: Final = "part"
_EARLIER: Final = "earlier"
NOT_EARLIER: Final = f"(i.differs IS NULL OR i.differs ->> '$.{_EARLIER}' IS NULL)"
"""As SQL: whether a piece `i` of `imported` is the message itself in its file, not an earlier content of it."""


class Claimant(NamedTuple):
    """The file from which an exporting archive had a content, as its export says."""

    file: str
    sha256: str | None


def earlier_note(claimed_by: str | None, sha256: str | None = None) -> str:
    """The note kept with an earlier content of an export; `claimed_by`: the file that the export names for it."""
    return orjson.dumps({_EARLIER: {"claimed_by": claimed_by, **({"sha256": sha256} if sha256 else {})}}).decode()


def is_earlier(differs: str | None) -> bool:
    """Whether a piece is an earlier content of the message in its file."""
    return differs is not None and f'"{_EARLIER}"' in differs


def read_claimant(differs: str | None) -> Claimant | None:
    """The file from which the exporting archive had an earlier content, as its export says."""
    if differs is None or not is_earlier(differs):
        return None
    note = orjson.loads(differs)[_EARLIER]
    return Claimant(note["claimed_by"], note.get("sha256")) if note.get("claimed_by") else None


def with_part(differs: str | None, part: int | None) -> str | None:
    """What is kept in `differs` of a piece. `part`: None if the import has one file."""
    if part is None:
        return differs
    found = {} if differs is None else orjson.loads(differs)
    return orjson.dumps({_PART: part, **found}).decode()


def split_part(differs: str | None, parts: str, whole: tuple[str, str]) -> tuple[tuple[str, str], str | None]:
    """The name and SHA-256 of the file that has a piece, and `differs` without that. `whole`: those of the import."""
    if differs is None or f'"{_PART}"' not in differs:
        return whole, differs
    found = orjson.loads(differs)
    part, listed = found.pop(_PART, None), orjson.loads(parts)
    rest = orjson.dumps(found).decode() if found else None
    if type(part) is not int or not 0 <= part < len(listed):
        return whole, rest
    return (str(listed[part]["name"]), str(listed[part]["sha256"])), rest


def without_filled(differs: str | None) -> str | None:
    """What a piece says beside a content in which it filled nothing."""
    if differs is None or '"filled"' not in differs:
        return differs
    rest = {name: value for name, value in orjson.loads(differs).items() if name != "filled"}
    return orjson.dumps(rest).decode() if rest else None


def forget_filled(conn: sqlite3.Connection, channel_id: ChannelId, message_ids: Iterable[int]) -> None:
    """Forget what imports filled in contents that are being replaced: the new ones have their own values."""
    conn.executemany(
        "UPDATE imported SET differs = nullif(json_remove(differs, '$.filled'), '{}')"
        " WHERE channel_id = ? AND message_id = ? AND json_type(differs, '$.filled') IS NOT NULL",
        [(channel_id, message_id) for message_id in message_ids],
    )


def keep_filled(conn: sqlite3.Connection, channel_id: ChannelId, seen: Sequence[Message]) -> list[Message]:
    """The messages just seen with what imports filled in the same contents, and Telegram does not say."""
    notes = conn.execute(
        "SELECT message_id, json_extract(differs, '$.filled') FROM imported WHERE channel_id = ?"
        " AND message_id IN (SELECT value FROM json_each(?)) AND json_type(differs, '$.filled') IS NOT NULL",
        (channel_id, orjson.dumps([one.message_id for one in seen]).decode()),
    ).fetchall()
    filled: dict[int, dict[str, Any]] = {}
    for message_id, values in notes:
        filled.setdefault(message_id, {}).update(orjson.loads(values))
    return (
        [_with(one, filled[one.message_id]) if one.message_id in filled else one for one in seen] if filled else [*seen]
    )


def _with(message: Message, filled: Mapping[str, Any]) -> Message:
    lacking = [name for name in CONTEXT if name in filled and getattr(message, name) is None]
    return replace(message, **{name: filled[name] for name in lacking})


def take_filled(
    conn: sqlite3.Connection, channel_id: ChannelId, message_id: int, pieces: Iterable[tuple[bytes, str | None]]
) -> None:
    """Record what these pieces, by SHA-256, filled in a content that was taken over."""
    conn.executemany(
        "UPDATE imported SET differs = json_set(coalesce(differs, '{}'), '$.filled', json_extract(?1, '$.filled'))"
        " WHERE channel_id = ?2 AND message_id = ?3 AND payload_sha256 = ?4",
        [(differs, channel_id, message_id, digest) for digest, differs in pieces if without_filled(differs) != differs],
    )
