"""Files that an import of a content lacks, and another import of it has. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import orjson

from archiver.model.media_file import find_key
from archiver.model.record import Media

DESCRIBING: Final = ("width", "height", "file_name")
"""What all formats say in the same way of a file."""
LACKING: Final = ("not_exported", "not_imported")
"""What `extra` says of a file that was not stored."""


def agree(one: Media, other: Media) -> bool:
    """Whether what exports say of two files, besides their sizes, may be said of one."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in DESCRIBING]
    return one.kind == other.kind and all(None in pair or pair[0] == pair[1] for pair in pairs)


def without_lack(extra: str | None) -> str | None:
    """What `extra` says besides why the file was not stored."""
    if extra is None or not any(name in extra for name in LACKING):
        return extra
    kept = {name: value for name, value in orjson.loads(extra).items() if name not in LACKING}
    return orjson.dumps(kept).decode() if kept else None


def take_files(slots: Sequence[Media], others: Sequence[Media]) -> tuple[Media, ...]:
    """The slots of a content; those that lack a file get the one that another import of the content shows there."""
    shown = {other.slot: other for other in others if find_key(other.kind, other.id) is not None}
    return tuple(_take(slot, shown.get(slot.slot)) for slot in slots)


def _take(slot: Media, other: Media | None) -> Media:
    if slot.id is not None or other is None or not agree(slot, other):
        return slot
    if None not in (slot.size, other.size) and slot.size != other.size:
        return slot
    size = slot.size if other.size is None else other.size
    return replace(slot, id=other.id, size=size, extra=without_lack(slot.extra))
