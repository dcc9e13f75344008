"""Where a stored file of an import belongs: in a slot of the content that the export shows, never of another one.

Two contents are the same if their words are, and if all that is known of their files agrees.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.imports.adopt import StoredFile, made_up_id
from archiver.model.compare_import import is_contradicted
from archiver.model.imported import IMPORTED, hash_of
from archiver.model.lacking_files import DESCRIBING, LACKING, agree, without_lack
from archiver.model.media_file import FileKey, find_key
from archiver.model.record import Media, Message
from archiver.store.database import Reader
from archiver.store.messages.revision import EarlierMedia, find_imported_media, to_kept


class FileOf(NamedTuple):
    """A stored file of an imported message."""

    said: Message
    """The message as its export has it."""
    at: int
    """The slot."""
    file: StoredFile

    @property
    def slot(self) -> Media | None:
        """What the export says of the file."""
        return _slot_of(self.said, self.at)


class EarlierPlace(NamedTuple):
    """An earlier content that shows a file."""

    key: FileKey
    filled: EarlierMedia | None
    """Its media with the file, if it lacked it."""


def find_place(found: FileOf, held: Message) -> Media | None:
    """The slot of the held message that shows a file, with its id; None: it shows another file."""
    said, file, mine, shown = found.said, found.file, found.slot, _slot_of(held, found.at)
    if mine is None or shown is None or mine.kind != shown.kind or shown.size not in (None, file.size):
        return None
    own = _id_of(mine, file)
    if shown.id == own:
        return shown
    if not is_made_up(own) and shown.id is not None:
        return None
    if held.layer != IMPORTED:
        is_fitting = said.content_hash == hash_of(held) and not is_contradicted(said, held)
        return shown if shown.id is not None and is_fitting else None
    if said.content_hash != held.content_hash or not agree(mine, shown):
        return None
    if shown.id is None and find_key(shown.kind, own) is not None:
        return replace(shown, id=own, size=file.size, extra=without_lack(shown.extra))
    return None if is_made_up(shown.id) else shown


def find_own(conn: Reader, found: FileOf, held: Message, import_id: int) -> Media | None:
    """The slot of an imported message with the file of its own piece, if it shows the file of another content.

    Earlier versions of telekeep could leave it so. If several imports have that piece, the file of the first counts.
    """
    mine, shown = found.slot, _slot_of(held, found.at)
    if held.layer != IMPORTED or held.payload_sha256 != found.said.payload_sha256 or mine is None or shown is None:
        return None
    own = _id_of(mine, found.file)
    if shown.id == own or not (is_made_up(shown.id) and is_made_up(own)) or mine.kind != shown.kind:
        return None
    query = "SELECT min(import_id) FROM imported WHERE channel_id = ? AND message_id = ? AND payload_sha256 = ?"
    [(first,)] = conn.execute(query, (held.channel_id, held.message_id, held.payload_sha256)).fetchall()
    return replace(shown, id=own, size=found.file.size) if first == import_id else None


def find_earlier(conn: Reader, found: FileOf) -> EarlierPlace | None:
    """The imports' earlier content that shows a file; None if there is none."""
    said, file, mine = found.said, found.file, found.slot
    kept = find_imported_media(conn, ChannelId(said.channel_id), said.message_id, said.content_hash)
    if mine is None or kept is None:
        return None
    is_bare = not kept.media  # another format knew nothing of its files
    if is_bare:
        kept = kept._replace(media=orjson.loads(orjson.dumps([to_kept(slot) for slot in said.media])))
    if len(kept.media) <= found.at:
        return None
    own, slot = _id_of(mine, file), kept.media[found.at]
    key = find_key(mine.kind, own)
    if key is None or slot["kind"] != mine.kind:
        return None
    if slot["id"] is not None:
        return EarlierPlace(key, kept if is_bare else None) if slot["id"] == own else None
    described: dict[str, Any] = {name: slot.get(name) for name in DESCRIBING}
    if slot["size"] not in (None, file.size) or not agree(mine, replace(mine, **described)):
        return None
    extra = {name: value for name, value in (slot.get("extra") or {}).items() if name not in LACKING} or None
    media = [{**one, "id": own, "size": file.size, "extra": extra} if one is slot else one for one in kept.media]
    return EarlierPlace(key, kept._replace(media=media))


def is_made_up(id_: str | None) -> bool:
    """Whether an id was made from the bytes of a file."""
    return id_ is not None and id_.startswith("-")


def _slot_of(message: Message, at: int) -> Media | None:
    return next((slot for slot in message.media if slot.slot == at), None)


def _id_of(slot: Media, file: StoredFile) -> str:
    return made_up_id(file.sha256) if slot.id is None else slot.id
