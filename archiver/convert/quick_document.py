"""A post's document, read from its bytes in one pass; equivalent to `archiver.convert.files` on Telethon's object."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final, TypeAlias

from telethon.tl import types

from archiver.convert.canonical import to_json
from archiver.convert.quick_string import VECTOR, end_of_string, read_bytes, read_string

Facts: TypeAlias = tuple[list[str], dict[str, Any], dict[str, Any]]
"""Kinds, fields and `extra` from the attributes."""
_HEAD = (types.MessageMediaDocument.CONSTRUCTOR_ID, types.Document.CONSTRUCTOR_ID)
_FLAGGED: Final = {1: (), 1 | 1 << 6: ("video",), 1 | 1 << 7: ("round",), 1 | 1 << 8: ("voice",)}
"""Flags of media without a spoiler, cover or time limit, and the kinds that they claim."""
_PRECEDENCE: Final = ("round", "voice", "gif", "video", "audio", "image", "document")
_SKETCHES: Final = (types.PhotoStrippedSize.CONSTRUCTOR_ID, types.PhotoPathSize.CONSTRUCTOR_ID)
_SIZE: Final[int] = types.PhotoSize.CONSTRUCTOR_ID
_PROGRESSIVE: Final[int] = types.PhotoSizeProgressive.CONSTRUCTOR_ID
_NAME: Final[int] = types.DocumentAttributeFilename.CONSTRUCTOR_ID
_VIDEO: Final[int] = types.DocumentAttributeVideo.CONSTRUCTOR_ID
_AUDIO: Final[int] = types.DocumentAttributeAudio.CONSTRUCTOR_ID
_IMAGE: Final[int] = types.DocumentAttributeImageSize.CONSTRUCTOR_ID
_ANIMATED: Final[int] = types.DocumentAttributeAnimated.CONSTRUCTOR_ID
_four, _ids, _int = Struct("<IIII").unpack_from, Struct("<qq").unpack_from, Struct("<i").unpack_from
_kind, _long, _two = Struct("<I").unpack_from, Struct("<q").unpack_from, Struct("<ii").unpack_from
_video, _flagged, _real = Struct("<Idii").unpack_from, Struct("<Ii").unpack_from, Struct("<d").unpack_from
_counted = Struct("<iIi").unpack_from
_MOST_PARTS = 100
"""Maximum number of sizes of a progressive picture."""


def document_values(raw: bytes, at: int) -> tuple[tuple[Any, ...], int] | None:
    """The columns of the document that begins at `at`, from slot to extra, and where it ends; None if it is rare."""
    medium, flags, constructor, thumbs = _four(raw, at)
    flagged = _FLAGGED.get(flags)
    if (medium, constructor) != _HEAD or flagged is None or thumbs > 1:
        return None
    number, _ = _ids(raw, at + 16)
    at = end_of_string(raw, at + 32)
    (date,) = _int(raw, at)
    mime, at = read_string(raw, at + 4)
    (size,) = _long(raw, at)
    at = _end_of_sizes(raw, at + 8) if thumbs else at + 8
    dc_id, vector, count = _counted(raw, at)
    at += 12
    extra: dict[str, Any] = {"dc_id": dc_id, "date": datetime.fromtimestamp(date, UTC)}
    kinds: list[str] = [*flagged]
    fields: dict[str, Any] = {}
    for _ in range(count):
        at = _attribute(raw, at, (kinds, fields, extra))
    if vector != VECTOR:
        return None
    if not kinds:
        kinds.append("image" if mime.startswith("image/") else "document")
    kind = next(one for one in _PRECEDENCE if one in kinds)
    get = fields.get
    values = (
        0, kind, str(number), mime or None, size, get("width"), get("height"), get("duration"), get("file_name"),
        get("title"), get("performer"), None, None, to_json(extra),
    )  # fmt: skip
    return values, at


def _end_of_sizes(raw: bytes, at: int) -> int:
    """Where the thumbnails end."""
    vector, count = _flagged(raw, at)
    if vector != VECTOR:
        raise ValueError("no vector")
    at += 8
    for _ in range(count):
        (kind,) = _kind(raw, at)
        at = end_of_string(raw, at + 4)
        if kind in _SKETCHES:
            at = end_of_string(raw, at)
        elif kind == _SIZE:
            at += 12
        elif kind == _PROGRESSIVE and (parts := _kind(raw, at + 16)[0]) < _MOST_PARTS:
            at += 20 + 4 * parts
        else:
            raise ValueError("a rare size")
    return at


def _attribute(raw: bytes, at: int, facts: Facts) -> int:
    """Add an attribute to `facts` and return where it ends. Raises ValueError if it is rare."""
    kinds, fields, _ = facts
    (kind,) = _kind(raw, at)
    if kind == _NAME:
        fields["file_name"], at = read_string(raw, at + 4)
        return at
    if kind == _VIDEO:
        return _add_video(raw, at + 4, facts)
    if kind == _AUDIO:
        return _add_audio(raw, at + 4, facts)
    if kind == _IMAGE:
        kinds.append("image")
        fields["width"], fields["height"] = _two(raw, at + 4)
        return at + 12
    if kind == _ANIMATED:
        kinds.append("gif")
        return at + 4
    raise ValueError("a rare attribute")


def _add_video(raw: bytes, at: int, facts: Facts) -> int:
    kinds, fields, extra = facts
    flags, fields["duration"], fields["width"], fields["height"] = _video(raw, at)
    at += 20
    kinds.append("round" if flags & 1 else "video")
    if flags & 2:
        extra["supports_streaming"] = True
    if flags & 8:
        extra["nosound"] = True
    if flags & 4:
        (prefix,) = _int(raw, at)
        at += 4
        if prefix:
            extra["preload_prefix_size"] = prefix
    if flags & 16:
        (start,) = _real(raw, at)
        at += 8
        if start:
            extra["video_start_ts"] = start
    if flags & 32:
        codec, at = read_string(raw, at)
        if codec:
            extra["video_codec"] = codec
    return at


def _add_audio(raw: bytes, at: int, facts: Facts) -> int:
    kinds, fields, extra = facts
    flags, seconds = _flagged(raw, at)
    at += 8
    kinds.append("voice" if flags & 1024 else "audio")
    fields.update(duration=float(seconds), title=None, performer=None)
    if flags & 1:
        fields["title"], at = read_string(raw, at)
    if flags & 2:
        fields["performer"], at = read_string(raw, at)
    if flags & 4:
        waveform, at = read_bytes(raw, at)
        if waveform:
            extra["waveform"] = b64encode(waveform).decode("ascii")
    return at
