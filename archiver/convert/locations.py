"""The files that a message shows, and where they lie: by file key, since a file may be shown in several slots.

Only what a slot may name counts (`convert.files`): photos and documents anywhere in the message, at their largest size,
and their small thumbnails. https://core.telegram.org/api/files, https://core.telegram.org/api/file_reference
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from telethon.tl import types
from telethon.tl.tlobject import TLObject

from archiver.convert.stored import read_payload
from archiver.model.file_location import FileLocation

THUMBNAIL = 320
"""Longest side of a small thumbnail, in pixels."""


def list_locations(raw: bytes) -> dict[str, FileLocation]:
    """The files of a message, given its exact bytes: file key -> location; none for bytes that cannot be read."""
    obj = read_payload(raw)
    found = {} if obj is None else find_locations(obj)
    return protect(found) if getattr(obj, "noforwards", False) else found


def protect(found: Mapping[str, FileLocation]) -> dict[str, FileLocation]:
    """These files, of a message or channel that forbids saving."""
    return {key: replace(location, protected=True) for key, location in found.items()}


def find_locations(obj: Any) -> dict[str, FileLocation]:
    """The files of a message: file key -> location."""
    found: dict[str, FileLocation] = {}
    for file, ttl in _walk(obj, ttl=False):
        for location in _photo(file, ttl) if type(file) is types.Photo else _document(file, ttl):
            known = found.get(location.key)
            if known is None or (known.ttl and not location.ttl):
                found[location.key] = location
    return found


def _walk(node: Any, *, ttl: bool) -> Iterator[tuple[Any, bool]]:
    """Each photo and document, and whether it destroys itself."""
    if isinstance(node, list):
        for item in node:
            yield from _walk(item, ttl=ttl)
    elif type(node) in (types.Photo, types.Document):
        yield node, ttl
    elif isinstance(node, TLObject):
        ttl = ttl or bool(getattr(node, "ttl_seconds", None))
        for value in vars(node).values():
            if isinstance(value, list | TLObject):
                yield from _walk(value, ttl=ttl)


def _photo(photo: Any, ttl: bool) -> Iterator[FileLocation]:
    sizes = [size for size in photo.sizes or () if type(size) in _LENGTH]
    if largest := max(sizes, key=_area, default=None):
        yield _location(photo, f"photo/{photo.id}", largest, ttl)
    if small := _thumbnail(sizes):
        yield _location(photo, f"photo/{photo.id}/thumb", small, ttl)


def _document(document: Any, ttl: bool) -> Iterator[FileLocation]:
    key = f"document/{document.id}"
    yield FileLocation(
        key=key,
        id=document.id,
        access_hash=document.access_hash,
        reference=document.file_reference,
        dc_id=document.dc_id,
        size=document.size or None,
        ttl=ttl,
    )
    if small := _thumbnail(size for size in document.thumbs or () if type(size) in _LENGTH):
        yield _location(document, f"{key}/thumb", small, ttl)


def _thumbnail(sizes: Iterable[Any]) -> Any | None:
    """The largest one that is small; otherwise the smallest one."""
    listed = sorted(sizes, key=_area)
    small = [size for size in listed if max(size.w, size.h) <= THUMBNAIL]
    return small[-1] if small else next(iter(listed), None)


def _area(size: Any) -> int:
    return int(size.w * size.h)


_LENGTH: dict[type, Any] = {
    types.PhotoSize: lambda size: size.size,
    types.PhotoSizeProgressive: lambda size: max(size.sizes, default=None),
    types.PhotoCachedSize: lambda size: len(size.bytes),
}


def _location(file: Any, key: str, size: Any, ttl: bool) -> FileLocation:
    return FileLocation(
        key=key,
        id=file.id,
        access_hash=file.access_hash,
        reference=file.file_reference,
        dc_id=file.dc_id,
        letter=size.type,
        size=_LENGTH[type(size)](size) or None,
        inline=bytes(size.bytes) if type(size) is types.PhotoCachedSize else None,
        ttl=ttl,
    )
