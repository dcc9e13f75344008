"""How attachments look on a page: a thumbnail, the picture itself, the tiny preview, or only words."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId
from archiver.media.blob_store import BlobStore
from archiver.model.media_file import FILE_KINDS, FileKey, FileStatus, file_key, is_file, thumb_key
from archiver.model.row import StoredMedia
from archiver.model.shown_media import ELEMENTS, find_element, list_covered
from archiver.reading.pictures import read_message_previews
from archiver.store.database import Connection, Reader, read
from archiver.store.media.file import find_files
from archiver.store.media.media_list import list_previewed
from archiver.store.media.picture import PICTURE_KINDS
from archiver.web.site import Site

SMALL: Final = 600_000
"""Bytes up to which a picture itself is shown in a list, where it has no thumbnail."""
_EMPTY: Final = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
"""One transparent point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attachment as shown."""

    media: StoredMedia
    message_id: int
    file: str | None = None
    """Where its stored bytes are."""
    picture: str | None = None
    """Where a picture of it is."""
    is_covered: bool = False
    """Whether its author covered it with a spoiler."""

    @property
    def words(self) -> dict[str, Any]:
        """The attachment as a row has it, to be described in words."""
        return {**self.media._asdict(), "extra": _load_extra(self.media)}

    @property
    def has_more(self) -> bool:
        """Whether it has more to say than a file: a poll, a place, a preview of a web page."""
        return self.media.kind not in FILE_KINDS

    @property
    def is_preview(self) -> bool:
        """Whether that picture is only the tiny preview."""
        return self.picture is not None and self.picture.startswith("/preview/")

    @property
    def is_sound(self) -> bool:
        """Whether it is stored, and to be heard."""
        return self.file is not None and ELEMENTS.get(self.media.kind) == "audio"

    @property
    def is_film(self) -> bool:
        """Whether it is stored, and to be watched."""
        return self.file is not None and ELEMENTS.get(self.media.kind) == "video"


class KnownPictures(NamedTuple):
    """What there is to show of some attachments."""

    thumbnails: Mapping[FileKey, FileStatus] = MappingProxyType({})
    previewed: frozenset[tuple[int, int]] = frozenset()
    """The messages (channel, id) that bring tiny previews."""
    absent: frozenset[str] = frozenset()
    """Hashes of files that are recorded as stored, but are not there."""


async def read_pictures(
    conn: Connection, held: Iterable[tuple[ChannelId, int, StoredMedia]], directory: Path
) -> KnownPictures:
    """What there is to show of these attachments of (channel, message); `directory`: the archive's."""
    files = [(channel, number, one) for channel, number, one in held if one.id and is_file(one.kind, one.id)]
    if not files:
        return KnownPictures()
    keys = [thumb_key(file_key(one.kind, str(one.id))) for _, _, one in files]
    known = await read(conn, _read_pictures, keys, {(channel, number) for channel, number, _ in files})
    stored = {one.sha256 for _, _, one in files if one.sha256 and one.status == "downloaded"}
    stored |= {one.sha256 for one in known.thumbnails.values() if one.sha256 and one.path}
    return known._replace(absent=await asyncio.to_thread(_list_absent, BlobStore(directory), stored))


def _list_absent(store: BlobStore, hashes: Iterable[str]) -> frozenset[str]:
    return frozenset(sha256 for sha256 in hashes if not _is_there(store, sha256))


def _is_there(store: BlobStore, sha256: str) -> bool:
    try:
        return store.size(sha256) is not None
    except (UsageError, OSError):  # a link in its place, or a disk that cannot be read
        return False


def _read_pictures(conn: Reader, keys: Sequence[FileKey], messages: Iterable[tuple[ChannelId, int]]) -> KnownPictures:
    by_channel: dict[ChannelId, list[int]] = {}
    for channel_id, number in messages:
        by_channel.setdefault(channel_id, []).append(number)
    previewed = {
        (channel_id, number)
        for channel_id, numbers in by_channel.items()
        for number in list_previewed(conn, channel_id, numbers)
    }
    return KnownPictures(find_files(conn, keys), frozenset(previewed))


def list_attachments(
    channel_id: ChannelId,
    slots: Sequence[tuple[int, StoredMedia]],
    known: KnownPictures,
    spoilers: Collection[int] = (),
) -> list[Attachment]:
    """The attachments (by message id) as shown. `spoilers`: messages that may have other, covered ones."""
    shown: list[Attachment] = []
    for message_id, group in groupby(slots, key=lambda one: one[0]):
        media = [one for _, one in group]
        covered = list_covered([_load_extra(one) for one in media], has_other=message_id in spoilers)
        shown += [_attachment(channel_id, message_id, *one, known) for one in zip(media, covered, strict=True)]
    return shown


def _load_extra(media: StoredMedia) -> dict[str, Any] | None:
    return orjson.loads(media.extra) if media.extra else None


def _attachment(
    channel_id: ChannelId, message_id: int, media: StoredMedia, is_covered: bool, known: KnownPictures
) -> Attachment:
    if media.sha256 in known.absent and media.status == "downloaded":
        media = media._replace(path=None, status="failed", reason="the stored copy is missing")
    stored = f"/media/{media.sha256}" if media.sha256 and media.status == "downloaded" else None
    picture = None
    if media.id and is_file(media.kind, media.id):
        thumbnail = known.thumbnails.get(thumb_key(file_key(media.kind, media.id)))
        if thumbnail is not None and thumbnail.path is not None and thumbnail.sha256 not in known.absent:
            picture = f"/media/{thumbnail.sha256}"
        elif stored and find_element(media.kind, media.mime) == "img" and (media.size or 0) <= SMALL:
            picture = stored
        elif media.kind in PICTURE_KINDS and (channel_id, message_id) in known.previewed:
            picture = f"/preview/{channel_id}/{message_id}/{media.id}"
    return Attachment(media=media, message_id=message_id, file=stored, picture=picture, is_covered=is_covered)


class Previews:
    """Answers requests for the tiny pictures that messages bring."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def serve(self, request: Request) -> Response:
        """The preview of the attachment with this id; nothing to see, where it has none."""
        channel_id, message_id = request.path_params["channel_id"], request.path_params["message_id"]
        async with self._site.reading() as conn:
            jpeg = await read(conn, _find_preview, channel_id, message_id, str(request.path_params["media_id"]))
        kind, body = ("image/gif", _EMPTY) if jpeg is None else ("image/jpeg", jpeg)
        return Response(body, headers={"Content-Type": kind})


def _find_preview(conn: Reader, channel_id: int, message_id: int, media_id: str) -> bytes | None:
    found = read_message_previews(conn, ChannelId(channel_id), MessageId(message_id))
    return next((one.jpeg for key, one in found.items() if key.partition("/")[2] == media_id), None)
