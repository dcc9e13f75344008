"""Which files of a message an import has otherwise than the archive. Pure.

A file differs if its SHA-256 does; if one of the two hashes is not known, if its id or its size does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from archiver.model.media_file import FILE_KINDS
from archiver.model.other_values import FILE
from archiver.model.record import Media, Message

_NO_FILE: Final = frozenset({"webpage", "empty"})
"""Kinds of media that formats of other programs leave out."""


class FileBytes(NamedTuple):
    """Bytes that an import brings."""

    sha256: str
    size: int


def list_other_files(
    imported: Message, held: Message, brought: Mapping[int, FileBytes | None] | None = None, *, says_none: bool = False
) -> Iterator[tuple[str, Any]]:
    """The files that differ, by name. `brought`: those beside the import; `says_none`: whether it shows each file."""
    if not (imported.kind == held.kind == "message"):
        return
    brought = brought or {}
    theirs, ours = ({slot.slot: slot for slot in message.media} for message in (imported, held))
    for at in sorted(theirs.keys() | ours.keys()):
        new, old = theirs.get(at), ours.get(at)
        if new is None or old is None:
            lacks = at == 0 and (says_none if new is None else True)
            if not lacks or not _has_file(new or old):
                continue
        elif not _is_other(new, old, brought.get(at)):
            continue
        yield name_file(at), {"held": describe_file(old), "imported": describe_file(new, brought.get(at))}


def _is_other(new: Media, old: Media, file: FileBytes | None) -> bool:
    if not _has_file(new) and not _has_file(old):
        return False
    if not (_has_file(new) and _has_file(old)):
        return bool({new.kind, old.kind} & _NO_FILE)  # of other kinds, `media` names both
    digest = new.sha256 if file is None else file.sha256
    if digest and old.sha256:
        return digest != old.sha256
    if new.kind != old.kind:
        return True
    if _is_real(new.id) and _is_real(old.id):
        return new.id != old.id
    sizes = (new.size if file is None else file.size, old.size)
    return None not in sizes and sizes[0] != sizes[1]


def _is_real(id_: str | None) -> bool:
    """Whether Telegram gave an id."""
    return id_ is not None and not id_.startswith("-")


def _has_file(slot: Media | None) -> bool:
    return slot is not None and slot.kind in FILE_KINDS


def describe_file(slot: Media | None, file: FileBytes | None = None) -> dict[str, Any] | None:
    """The file as `other` records it; None if it has none."""
    if slot is None or not _has_file(slot):
        return None
    size, sha256 = (slot.size, slot.sha256) if file is None else (file.size, file.sha256)
    return {"kind": slot.kind, "size": size, "sha256": sha256}


def name_file(slot: int) -> str:
    """What `other` calls the file of a slot."""
    return FILE if slot == 0 else f"{FILE}_{slot}"
