"""Where a stored file of an import belongs: in a slot of the content that the export shows, never of another one.

Two contents are the same if their words are, and if the sizes of their files, or the dates of their edits, agree.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.imports.adopt import StoredFile, made_up_id
from archiver.model.compare_import import is_contradicted
from archiver.model.imported import IMPORTED, hash_of
from archiver.model.media_file import FileKey, find_key
from archiver.model.record import Media, Message
from archiver.store.database import Reader
from archiver.store.revision import EarlierMedia, find_imported_media

_LACKING = ("not_exported", "not_imported")
"""What `extra` says of a file that was not stored."""


def find_place(said: Message, held: Message, at: int, file: StoredFile, *, is_dated: bool) -> Media | None:
    """The slot of the held message that shows a file of an imported one, with its id; None: it shows another file.

    `is_dated`: whether the export says when messages were edited.
    """
    mine, shown = _slot_of(said, at), _slot_of(held, at)
    if mine is None or shown is None or mine.kind != shown.kind or shown.size not in (None, file.size):
        return None
    own = made_up_id(file.sha256) if mine.id is None else mine.id
    if shown.id == own:
        return shown
    if not is_made_up(own) and shown.id is not None:
        return None
    if held.layer != IMPORTED:
        is_fitting = said.content_hash == hash_of(held) and not is_contradicted(said, held)
        return shown if shown.id is not None and is_fitting else None
    if not _is_same(said, held, is_sized=shown.size is not None, is_dated=is_dated):
        return None
    if shown.id is None and find_key(shown.kind, own) is not None:
        return replace(shown, id=own, size=file.size, extra=without_lack(shown.extra))
    return None if is_made_up(shown.id) else shown


class EarlierPlace(NamedTuple):
    """An earlier content that shows a file."""

    key: FileKey
    filled: EarlierMedia | None
    """Its media with the file, if it lacked it."""


def find_earlier(conn: Reader, said: Message, at: int, file: StoredFile, *, is_dated: bool) -> EarlierPlace | None:
    """The earlier content of imports that shows a file of an imported message; None: there is none."""
    mine = _slot_of(said, at)
    kept = find_imported_media(conn, ChannelId(said.channel_id), said.message_id, said.content_hash)
    if mine is None or kept is None or len(kept.media) <= at:
        return None
    own = made_up_id(file.sha256) if mine.id is None else mine.id
    key, slot = find_key(mine.kind, own), kept.media[at]
    if key is None or slot["kind"] != mine.kind:
        return None
    if slot["id"] is not None:
        return EarlierPlace(key, None) if slot["id"] == own else None
    edited = None if said.edit_date is None else int(said.edit_date.timestamp())
    is_same = slot["size"] is not None or edited == kept.edit_date or (edited is None and not is_dated)
    if slot["size"] not in (None, file.size) or not (is_same or said.payload_sha256 == kept.payload_sha256):
        return None
    extra = {name: value for name, value in (slot.get("extra") or {}).items() if name not in _LACKING} or None
    media = [{**one, "id": own, "size": file.size, "extra": extra} if one is slot else one for one in kept.media]
    return EarlierPlace(key, kept._replace(media=media))


def is_made_up(id_: str | None) -> bool:
    """Whether an id was made from the bytes of a file."""
    return id_ is not None and id_.startswith("-")


def without_lack(extra: str | None) -> str | None:
    """What `extra` says besides why the file was not stored."""
    if extra is None or not any(name in extra for name in _LACKING):
        return extra
    kept = {name: value for name, value in orjson.loads(extra).items() if name not in _LACKING}
    return orjson.dumps(kept).decode() if kept else None


def _slot_of(message: Message, at: int) -> Media | None:
    return next((slot for slot in message.media if slot.slot == at), None)


def _is_same(said: Message, held: Message, *, is_sized: bool, is_dated: bool) -> bool:
    """Whether two imported contents are the same. `is_sized`: whether their files have the same size."""
    if said.payload_sha256 == held.payload_sha256:
        return True
    if said.content_hash != held.content_hash:
        return False
    return is_sized or said.edit_date == held.edit_date or (said.edit_date is None and not is_dated)
