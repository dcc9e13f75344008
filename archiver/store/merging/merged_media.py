"""The media of a content that imports brought into two archives: files that one of them lacks come from the other."""

from __future__ import annotations

from typing import Final

from archiver.model.lacking_files import take_files
from archiver.model.record import Media
from archiver.store.merging.foreign_page import ForeignMessage, Row
from archiver.store.messages.message import CONTENT_NAMES
from archiver.store.verify.checked import MEDIA_NAMES

_HASH: Final = CONTENT_NAMES.index("content_hash")


def to_media(rows: list[Row]) -> tuple[Media, ...]:
    """The media in rows of MEDIA_NAMES."""
    return tuple(Media(**dict(zip(MEDIA_NAMES, row, strict=True))) for row in rows)


def unite_media(stays: ForeignMessage, goes: ForeignMessage) -> list[Row]:
    """The media of the content that stays, with the files that only the other has, if an import brought it to both."""
    if not (stays.media and goes.media and stays.is_imported and goes.is_imported):
        return stays.media
    if stays.media == goes.media or stays.content[_HASH] != goes.content[_HASH]:
        return stays.media
    united = take_files(to_media(stays.media), to_media(goes.media))
    return [tuple(getattr(slot, name) for name in MEDIA_NAMES) for slot in united]
