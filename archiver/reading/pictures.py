"""The pictures of a message that can be shown: stored files, else thumbnails, else the tiny previews in the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.model.media_file import file_key, is_file, thumb_key
from archiver.model.shown_media import ELEMENTS
from archiver.store.database import Reader
from archiver.store.media.file import find_file
from archiver.store.media.picture import PICTURE_KINDS
from archiver.store.messages.rows import find_payload

if TYPE_CHECKING:
    from archiver.convert.thumbnails import Preview

_SHOWN: Final = frozenset({*PICTURE_KINDS, "sticker"})


class FoundPicture(NamedTuple):
    """What can be shown of an attachment."""

    kind: str
    sha256: str | None = None
    """Of a stored file that is the picture."""
    jpeg: bytes | None = None
    """The tiny preview."""
    what: str = ""
    """What it is, if not the file itself: `thumbnail`, `preview`."""


def find_pictures(
    conn: Reader, channel_id: ChannelId, message_id: MessageId, media: Sequence[Mapping[str, Any]]
) -> list[FoundPicture]:
    """The pictures of a message's attachments, as its row has them; those without any are left out."""
    found: list[FoundPicture] = []
    previews: Mapping[str, Preview] | None = None
    for slot in media:
        kind, id_ = slot["kind"], slot["id"]
        if kind not in _SHOWN or not is_file(kind, id_):
            continue
        key = file_key(kind, id_)
        thumbnail = find_file(conn, thumb_key(key))
        if ELEMENTS.get(kind) == "img" and slot["path"]:
            found.append(FoundPicture(kind, sha256=slot["sha256"]))
        elif thumbnail.path is not None:
            found.append(FoundPicture(kind, sha256=thumbnail.sha256, what="thumbnail"))
        else:
            previews = read_message_previews(conn, channel_id, message_id) if previews is None else previews
            preview = previews.get(key)
            found.append(FoundPicture(kind, jpeg=preview.jpeg if preview else None, what="preview"))
    return found


def read_message_previews(conn: Reader, channel_id: ChannelId, message_id: MessageId) -> Mapping[str, Preview]:
    """The tiny previews that a message brings, by the key of their file."""
    from archiver.convert.stored import read_payload
    from archiver.convert.thumbnails import read_previews

    payload = find_payload(conn, channel_id, message_id)
    obj = None if payload is None else read_payload(payload.raw)
    return {} if obj is None else read_previews(obj)
