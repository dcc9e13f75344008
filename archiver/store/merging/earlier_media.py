"""Earlier contents that imports brought to two archives: what only one knows of their files and edits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from archiver.ids import ChannelId
from archiver.model.imported import IMPORTED
from archiver.model.lacking_files import take_files
from archiver.model.merging import MergedMessage
from archiver.store.database import Reader
from archiver.store.merging.foreign_page import ForeignMessage
from archiver.store.messages.message import CONTENT_NAMES
from archiver.store.messages.revision import to_media
from archiver.store.verify.checked import MEDIA_NAMES, REVISION_NAMES
from search.exact import writer

Slots: TypeAlias = list[dict[str, Any]]
NOT_STORED: Final[dict[str, object]] = {"path": None, "sha256": None, "status": "not downloaded"}
"""The state of a file in the slot of an earlier content that comes from another archive."""


class UnitedMedia(NamedTuple):
    """What an earlier content of ours shows, once the other archive has added what it knows."""

    revision: int | None
    """None: our present content, which becomes one."""
    media: Slots
    edit_date: int | None


class _Known(NamedTuple):
    media: Slots
    edit_date: int | None


def unite_earlier(
    conn: Reader, channel_id: ChannelId, ours: ForeignMessage, theirs: ForeignMessage, merged: MergedMessage
) -> list[UnitedMedia]:
    """The earlier contents of ours to which the other archive adds something."""
    known = dict(_list_theirs(ours, theirs, merged))
    if not known:
        return []
    found = [(row[_NUMBER], row[_KEPT_HASH]) for row in ours.revisions if row[_KEPT_LAYER] == IMPORTED]
    pairs = [
        (_read(conn, channel_id, ours.message_id, number), number, digest)
        for number, digest in found
        if digest in known
    ]
    if merged.keeps and ours.is_imported and ours.content[_HASH] in known:
        pairs.append((_Known(list_slots(ours), ours.content[_EDITED]), None, ours.content[_HASH]))
    united = [(before, UnitedMedia(number, *_unite(before, known[digest]))) for before, number, digest in pairs]
    return [after for before, after in united if (after.media, after.edit_date) != before]


def put_united(
    conn: sqlite3.Connection,
    channel_id: ChannelId,
    united: Mapping[int, Sequence[UnitedMedia]],
    kept: Mapping[int, int],
) -> list[int]:
    """Write what earlier contents show now, by message; return the ids of the messages, which are to be indexed again.

    `kept`: the numbers of contents that became earlier ones just now.
    """
    found = [(message_id, one) for message_id, listed in united.items() for one in listed]
    for message_id, one in found:
        number = kept[message_id] if one.revision is None else one.revision
        conn.execute(
            "UPDATE revision SET media = ?, edit_date = ?"
            " WHERE channel_id = ? AND message_id = ? AND revision = ? AND layer = 0",
            (orjson.dumps(one.media).decode(), one.edit_date, channel_id, message_id, number),
        )
        writer.forget_revision(conn, (channel_id, message_id), number)
    return [message_id for message_id, _ in found]


def list_slots(one: ForeignMessage) -> Slots:
    """The media of its present content, as an earlier content has them."""
    slots = [dict(zip(MEDIA_NAMES, row, strict=True)) | NOT_STORED for row in one.media]
    for slot in slots:
        del slot["slot"]
        slot["extra"] = None if slot["extra"] is None else orjson.loads(slot["extra"])
    return slots


def _list_theirs(ours: ForeignMessage, theirs: ForeignMessage, merged: MergedMessage) -> Iterator[tuple[bytes, _Known]]:
    """Yield what imports into the other archive say of contents that are earlier ones here, by their hashes."""
    if theirs.is_imported and not merged.takes and theirs.content[_HASH] != ours.content[_HASH]:
        yield theirs.content[_HASH], _Known(list_slots(theirs), theirs.content[_EDITED])
    for row in theirs.revisions:
        if row[_KEPT_LAYER] == IMPORTED:
            yield row[_KEPT_HASH], _Known(orjson.loads(row[_KEPT_MEDIA]), row[_KEPT_EDITED])


def _read(conn: Reader, channel_id: ChannelId, message_id: int, number: int) -> _Known:
    query = "SELECT media, edit_date FROM revision WHERE channel_id = ? AND message_id = ? AND revision = ?"
    [(media, edit_date)] = conn.execute(query, (channel_id, message_id, number)).fetchall()
    return _Known(orjson.loads(media), edit_date)


def _unite(mine: _Known, other: _Known) -> _Known:
    dates = [one.edit_date for one in (mine, other) if one.edit_date is not None]
    if not mine.media:
        return _Known([slot | NOT_STORED for slot in other.media], max(dates, default=None))
    taken = take_files(_to_media(mine.media), _to_media(other.media))
    media = [
        slot if slot["id"] == one.id else {**slot, "id": one.id, "size": one.size, "extra": _object(one.extra)}
        for slot, one in zip(mine.media, taken, strict=True)
    ]
    return _Known(media, max(dates, default=None))


def _to_media(slots: Slots) -> Sequence[Any]:
    return [to_media(at, slot) for at, slot in enumerate(slots)]


def _object(extra: str | None) -> Any:
    return None if extra is None else orjson.loads(extra)


_NUMBER, _KEPT_HASH, _KEPT_LAYER, _KEPT_MEDIA, _KEPT_EDITED = (
    REVISION_NAMES.index(name) for name in ("revision", "content_hash", "layer", "media", "edit_date")
)
_HASH, _EDITED = CONTENT_NAMES.index("content_hash"), CONTENT_NAMES.index("edit_date")
