"""Photos and documents: the media that are files.

The attributes of a document give its kind; several may apply (a round video is a video, a sticker is an image), and the
most specific kind wins. See https://core.telegram.org/api/files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from telethon.tl import types

from archiver.convert.canonical import base64_text, present
from archiver.convert.plain import plain, plain_fields
from archiver.convert.slots import Slots

_PRECEDENCE = ("round", "voice", "sticker", "custom_emoji", "gif", "video", "audio", "image")


class _Facts:
    """What a document's attributes say together."""

    __slots__ = ("extra", "fields", "kinds")

    def __init__(self, extra: dict[str, Any]) -> None:
        self.kinds: set[str] = set()
        self.fields: dict[str, Any] = {}
        self.extra = extra

    @property
    def kind(self) -> str:
        kinds = self.kinds
        return next((kind for kind in _PRECEDENCE if kind in kinds), "document") if kinds else "document"


def _file_name(attribute: Any, facts: _Facts) -> None:
    facts.fields["file_name"] = attribute.file_name


def _video(attribute: Any, facts: _Facts) -> None:
    facts.kinds.add("round" if attribute.round_message else "video")
    facts.fields.update(width=attribute.w, height=attribute.h, duration=attribute.duration)
    for name in ("supports_streaming", "nosound", "preload_prefix_size", "video_start_ts", "video_codec"):
        value = getattr(attribute, name)
        if value:
            facts.extra[name] = value


def _audio(attribute: Any, facts: _Facts) -> None:
    facts.kinds.add("voice" if attribute.voice else "audio")
    facts.fields.update(duration=float(attribute.duration), title=attribute.title, performer=attribute.performer)
    if attribute.waveform:
        facts.extra["waveform"] = base64_text(attribute.waveform)


def _image_size(attribute: Any, facts: _Facts) -> None:
    facts.kinds.add("image")
    facts.fields.update(width=attribute.w, height=attribute.h)


def _animated(_: Any, facts: _Facts) -> None:
    facts.kinds.add("gif")


def _sticker(attribute: Any, facts: _Facts) -> None:
    facts.kinds.add("sticker")
    facts.extra.update(plain_fields(attribute))


def _custom_emoji(attribute: Any, facts: _Facts) -> None:
    facts.kinds.add("custom_emoji")
    facts.extra.update(plain_fields(attribute))


def _has_stickers(_: Any, facts: _Facts) -> None:
    facts.extra["has_stickers"] = True


_ATTRIBUTES: dict[type, Callable[[Any, _Facts], None]] = {
    types.DocumentAttributeFilename: _file_name,
    types.DocumentAttributeVideo: _video,
    types.DocumentAttributeAudio: _audio,
    types.DocumentAttributeImageSize: _image_size,
    types.DocumentAttributeAnimated: _animated,
    types.DocumentAttributeSticker: _sticker,
    types.DocumentAttributeCustomEmoji: _custom_emoji,
    types.DocumentAttributeHasStickers: _has_stickers,
}


def read_attributes(attributes: Iterable[Any], extra: dict[str, Any]) -> _Facts:
    """Read the attributes; an attribute of a newer layer is kept in `extra`."""
    facts = _Facts(extra)
    for attribute in attributes:
        read = _ATTRIBUTES.get(type(attribute))
        if read is None:
            extra.setdefault("attributes", []).append(plain(attribute))
        else:
            read(attribute, facts)
    return facts


def add_document(
    document: Any,
    slots: Slots,
    of: str | None,
    *,
    flagged: Iterable[str] = (),
    extra: dict[str, Any] | None = None,
) -> None:
    """Add a file; `flagged`: kinds that its message claims."""
    extra = {} if extra is None else extra
    if type(document) is not types.Document:
        # Gone (such as a play-once voice note) or withheld: only the flags tell what it was.
        facts = _Facts(extra)
        facts.kinds.update(flagged)
        id_ = getattr(document, "id", None)
        slots.add(facts.kind, str(id_), of, extra, id=None if id_ is None else str(id_))
        return
    extra["dc_id"] = document.dc_id
    if document.date is not None:
        extra["date"] = document.date
    facts = read_attributes(document.attributes, extra)
    facts.kinds.update(flagged)
    if not facts.kinds and (document.mime_type or "").startswith("image/"):
        facts.kinds.add("image")
    id_ = str(document.id)
    slots.add(
        facts.kind,
        id_,
        of,
        extra,
        id=id_,
        mime=document.mime_type or None,
        size=document.size,
        **facts.fields,
    )


def add_photo(photo: Any, slots: Slots, of: str | None, *, extra: dict[str, Any] | None = None) -> None:
    """Add a photo, with the dimensions of its largest size."""
    extra = {} if extra is None else extra
    id_ = None if photo is None else str(photo.id)
    if type(photo) is not types.Photo:
        slots.add("photo", str(id_), of, extra, id=id_)
        return
    extra["dc_id"] = photo.dc_id
    if photo.date is not None:
        extra["date"] = photo.date
    if photo.has_stickers:
        extra["has_stickers"] = True
    if photo.video_sizes:
        extra["video_sizes"] = plain(photo.video_sizes)
    width, height, size = largest_size(photo.sizes or ())
    slots.add("photo", str(id_), of, extra, id=id_, mime="image/jpeg", width=width, height=height, size=size)


def largest_size(sizes: Iterable[Any]) -> tuple[int | None, int | None, int | None]:
    """Width, height and bytes of the largest size; stripped and outlined thumbnails have no dimensions."""
    best: tuple[int, int, int] | None = None
    for size in sizes:
        kind = type(size)
        if kind is types.PhotoSize:
            length = size.size
        elif kind is types.PhotoSizeProgressive:
            length = max(size.sizes, default=0)
        elif kind is types.PhotoCachedSize:
            length = len(size.bytes)
        else:
            continue
        if best is None or size.w * size.h > best[0] * best[1]:
            best = (size.w, size.h, length)
    return best or (None, None, None)


def alternatives(documents: Iterable[Any] | None) -> list[dict[str, object]] | None:
    """The same video in other qualities: not separate content, so without slots of their own."""
    if not documents:
        return None
    listed = []
    for document in documents:
        facts = read_attributes(getattr(document, "attributes", ()), {})
        listed.append(
            present(
                id=str(document.id),
                mime=getattr(document, "mime_type", None),
                size=getattr(document, "size", None),
                width=facts.fields.get("width"),
                height=facts.fields.get("height"),
                video_codec=facts.extra.get("video_codec"),
            )
        )
    return listed
