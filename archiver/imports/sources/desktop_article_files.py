"""The photos and documents of a rich message in Telegram Desktop's JSON, which are in its blocks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from archiver.imports.json_input.mend_json import read_json, to_canonical
from archiver.imports.source import AttachedFile
from archiver.imports.sources.desktop_attached import Attached, read_attached
from archiver.imports.sources.desktop_fields import count, number
from archiver.model.record import Media

OF: Final = "rich_message"
_PHOTOS: Final = ("", "poster_", "author_")
"""What the names of a photo's fields begin with: that of a block or an article, of an embed, of an embedded post."""
_REASONS: Final[Mapping[str, str]] = {
    "file_type": "(File not included. Change data exporting settings to download.)",
    "file_size": "(File exceeds maximum size. Change data exporting settings to download.)",
}
_UNAVAILABLE: Final = "(File unavailable, please try again later)"


def read_article_files(message: object) -> Attached:
    """Each photo and document once, in slots of their own after that of the message."""
    found: dict[str, Attached] = {}
    for known, fields in _listed(message):
        if known not in found and known != "0":
            found[known] = read_attached(fields)
    media: list[Media] = []
    files: list[AttachedFile] = []
    for slot, (known, one) in enumerate(found.items(), 1):
        extra = {**(read_json(one.media[0].extra.encode()).value if one.media[0].extra else {}), "of": OF}
        media.append(replace(one.media[0], slot=slot, id=known, extra=to_canonical(extra).decode()))
        files += [replace(file, slot=slot) for file in one.files]
    return Attached(tuple(media), tuple(files))


def _listed(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """The ids, and the fields as those of a message."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending.extend(reversed(one))
        elif isinstance(one, dict):
            for prefix in _PHOTOS:
                if count(one.get(f"{prefix}photo_id")) is not None:
                    yield str(number(one[f"{prefix}photo_id"])), _photo(one, f"{prefix}photo")
            if one.get("type") in ("video", "audio") and count(one.get("document_id")) is not None:
                path = one.get("file") or _REASONS.get(str(one.get("file_skip_reason")), _UNAVAILABLE)
                yield str(number(one["document_id"])), {**one, "file": path, "media_spoiler": one.get("spoiler")}
            pending.extend(reversed(list(one.values())))


def _photo(block: Mapping[str, Any], name: str) -> dict[str, Any]:
    is_own = name == "photo"
    sizes = {side: block.get(f"{name}_{side}", block.get(side) if is_own else None) for side in ("width", "height")}
    return {
        "photo": block.get(name) or _REASONS.get(str(block.get(f"{name}_skip_reason")), _UNAVAILABLE),
        "photo_file_size": block.get(f"{name}_file_size"),
        "media_spoiler": block.get("spoiler"),
        **sizes,
    }
