"""The media of a row, read again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from archiver.imports.row_values import Shape, UnreadableRow, expect_list, nested, text, time, whole_number
from archiver.imports.source import AttachedFile, FileText
from archiver.model.media_file import is_file
from archiver.model.record import Media

_TEXTS: Final = ("id", "mime", "file_name", "title", "performer", "url")
_NUMBERS: Final = ("size", "width", "height")
_WORDS: Final[Mapping[str, Sequence[str]]] = {
    "webpage": ("site_name", "description", "author"),
    "venue": ("address",),
    "game": ("description",),
    "invoice": ("description",),
    "giveaway": ("prize_description",),
    "giveaway_results": ("prize_description",),
}
"""What else is searched of a medium: fields of its `extra`, as archiver/convert/media.py has them."""
_LONGEST: Final = 1e12
"""Seconds."""
_FILE_ID: Final = re.compile(r"-?[0-9]{1,20}")
_ANNOTATION: Final[Mapping[str, Shape]] = {"hook": str, "exit_status": int}
HOOKS: Final = frozenset({"transcribe", "ocr"})
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def read_media(row: Mapping[str, Any]) -> tuple[Media, ...]:
    """The media of a row or version. What became of their files is another matter: `attached_files`."""
    items = _items(row)
    if not items:
        return ()
    # Slot 0 is the message's own medium; media nested in it have `of`.
    first = 1 if "of" in (items[0].get("extra") or {}) else 0
    return tuple(_medium(slot, one) for slot, one in enumerate(items, first))


def attached_files(row: Mapping[str, Any]) -> tuple[AttachedFile, ...]:
    """The files that the row says are stored."""
    if not (row.get("media") and any(one.get("path") for one in _items(row))):
        return ()
    media = read_media(row)
    return tuple(
        AttachedFile(slot=slot.slot, path=one["path"], size=slot.size, sha256=_sha256(one))
        for slot, one in zip(media, _items(row), strict=True)
        if isinstance(one.get("path"), str) and one["path"]
    )


def read_file_texts(row: Mapping[str, Any]) -> tuple[FileText, ...]:
    """What programs made of its files."""
    expect_list(row.get("annotations"), _ANNOTATION, "annotations")
    return tuple(
        FileText(
            sha256=_sha256(one) or "",
            hook=text(one, "hook"),
            program=text(one, "program"),
            version=None if one.get("version") is None else text(one, "version"),
            language=None if one.get("language") is None else text(one, "language"),
            text=text(one, "text"),
            exit_status=one.get("exit_status"),
            at=int(time(one, "at").timestamp()),
        )
        for one in row.get("annotations") or ()
        if one.get("hook") in HOOKS
    )


def _items(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = row.get("media") or []
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise UnreadableRow("has a `media` that is not a list of objects")
    if not all(one.get("extra") is None or isinstance(one["extra"], dict) for one in items):
        raise UnreadableRow("has media whose `extra` is not an object")
    return items


def _sha256(item: Mapping[str, Any]) -> str | None:
    value = item.get("sha256")
    return value if isinstance(value, str) and _SHA256.fullmatch(value) else None


def _medium(slot: int, item: Mapping[str, Any]) -> Media:
    duration = item.get("duration")
    if duration is not None and not (type(duration) in (int, float) and abs(duration) <= _LONGEST):
        raise UnreadableRow("has media without a valid `duration`")
    kind = text(item, "kind")
    fields = _fields(item)
    if is_file(kind, fields["id"]) and _FILE_ID.fullmatch(fields["id"] or "") is None:
        raise UnreadableRow("has a file whose id is not a number")
    return Media(
        slot=slot,
        kind=kind,
        duration=None if duration is None else float(duration),
        search_text=_search_text(kind, item.get("extra") or {}),
        extra=nested(item, "extra", dict),
        **fields,
    )


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: None if item.get(name) is None else text(item, name) for name in _TEXTS}
    return texts | {name: None if item.get(name) is None else whole_number(item, name) for name in _NUMBERS}


def _search_text(kind: str, extra: Mapping[str, Any]) -> str | None:
    """More text to search, which rows have in `extra` only."""
    if kind in ("poll", "todo"):
        items = extra.get("answers" if kind == "poll" else "items")
        lines = [one.get("text") for one in items if isinstance(one, dict)] if isinstance(items, list) else []
        return "\n".join(line for line in lines if isinstance(line, str)) or None
    if kind == "story":
        story = extra.get("story")
        words = [story.get("caption")] if isinstance(story, dict) else []
    else:
        words = [extra.get(name) for name in _WORDS.get(kind, ())]
    return "\n".join(word for word in words if isinstance(word, str) and word) or None
