"""Files that an import has where another one is held: recorded in `differs`, and stored if the import brings them.

The words of such a message may be the same, so its content hash does not tell. A file differs if its SHA-256 does; if
one of the two hashes is not known, if its id or its size does. Telegram Desktop's JSON says of each message whether it
has a file: there, none is another value as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from archiver.imports.adopt import StoredFile, made_up_id
from archiver.imports.import_target import ImportTarget
from archiver.imports.later_import import Known
from archiver.imports.page_files import Files, identified
from archiver.model.compare_import import ImportDecision
from archiver.model.imported import FILE_ORIGIN
from archiver.model.media_file import FILE_KINDS, find_key
from archiver.model.other_values import FILE
from archiver.model.record import Media, Message
from archiver.store.database import Writer
from archiver.store.file import find_file, settle_downloaded

_SAYS_NONE: Final = "desktop-json"
"""The format of which a message without a file says that it had none."""
_NO_FILE: Final = frozenset({"webpage", "empty"})
"""Kinds of media that formats of other programs leave out."""


def note_other_files(target: ImportTarget, known: Sequence[Known], files: Files) -> list[Known]:
    """The known messages, each with the files in which it differs from the one held."""
    return [_noted(target, one, files) if one[0].message.media or one[1].media else one for one in known]


def keep_other_files(conn: Writer, known: Sequence[Known], files: Files, *, now: int) -> int:
    """Record the stored files that differ from those held; return how many were new."""
    kept = 0
    for one, _, decision in known:
        for slot in one.message.media if decision.other_files else ():
            file = files.get((one.message.message_id, slot.slot))
            if file is None or _name(slot.slot) not in decision.other_files:
                continue
            key = find_key(slot.kind, made_up_id(file.sha256))
            if key is not None and find_file(conn, key).status != "downloaded":
                settle_downloaded(conn, key, sha256=file.sha256, size=file.size, now=now, origin=FILE_ORIGIN)
                kept += 1
    return kept


def _noted(target: ImportTarget, known: Known, files: Files) -> Known:
    one, held, decision = known
    if "message" not in (one.message.kind, held.kind) or one.message.kind != held.kind or "media" in decision.filled:
        return known
    brought = {slot.slot: files.get((held.message_id, slot.slot)) for slot in one.message.media}
    other = dict(_list_other(one.message, held, brought, says_none=target.format == _SAYS_NONE))
    if not other:
        return known
    media = tuple(
        identified(slot, brought[slot.slot]) if _name(slot.slot) in other else slot for slot in one.message.media
    )
    found = replace(one, message=replace(one.message, media=media))
    return found, held, _with_files(decision, other)


def _with_files(decision: ImportDecision, other: Mapping[str, Any]) -> ImportDecision:
    return replace(decision, kind="differs", other={**decision.other, **other})


def _list_other(
    imported: Message, held: Message, brought: Mapping[int, StoredFile | None], *, says_none: bool
) -> Iterator[tuple[str, Any]]:
    theirs, ours = ({slot.slot: slot for slot in message.media} for message in (imported, held))
    for at in sorted(theirs.keys() | ours.keys()):
        new, old = theirs.get(at), ours.get(at)
        if new is None or old is None:
            lacks = at == 0 and (says_none if new is None else True)
            if not lacks or not _has_file(new or old):
                continue
        elif not _is_other(new, old, brought.get(at)):
            continue
        yield _name(at), {"held": _describe(old), "imported": _describe(new, brought.get(at))}


def _is_other(new: Media, old: Media, file: StoredFile | None) -> bool:
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


def _describe(slot: Media | None, file: StoredFile | None = None) -> dict[str, Any] | None:
    if slot is None or not _has_file(slot):
        return None
    size, sha256 = (slot.size, slot.sha256) if file is None else (file.size, file.sha256)
    return {"kind": slot.kind, "size": size, "sha256": sha256}


def _name(slot: int) -> str:
    return FILE if slot == 0 else f"{FILE}_{slot}"
