"""Files of an import that differ from the archive's: recorded in `differs`, and stored if the import brings them.

The words of such a message may be the same, so its content hash does not tell. A file differs if its SHA-256 does; if
one of the two hashes is not known, if its id or its size does. Telegram Desktop's JSON says of each message whether it
has a file: there, none is another value as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from archiver.imports.adopt import made_up_id
from archiver.imports.import_target import ImportTarget
from archiver.imports.later_import import Known
from archiver.imports.page_files import Files, identified
from archiver.model.compare_import import ImportDecision
from archiver.model.imported import FILE_ORIGIN
from archiver.model.media_file import find_key
from archiver.model.other_files import FileBytes, list_other_files, name_file
from archiver.store.database import Writer
from archiver.store.media.file import find_file, settle_downloaded

_SAYS_NONE: Final = "desktop-json"
"""The only format in which a message without a file states that it had none."""


def note_other_files(target: ImportTarget, known: Sequence[Known], files: Files) -> list[Known]:
    """The known messages, each with the files in which it differs from the one held."""
    return [_noted(target, one, files) if one[0].message.media or one[1].media else one for one in known]


def keep_other_files(conn: Writer, known: Sequence[Known], files: Files, *, now: int) -> int:
    """Record the stored files that differ from those held; return how many were new."""
    kept = 0
    for one, _, decision in known:
        for slot in one.message.media if decision.other_files else ():
            file = files.get((one.message.message_id, slot.slot))
            if file is None or name_file(slot.slot) not in decision.other_files:
                continue
            key = find_key(slot.kind, made_up_id(file.sha256))
            if key is not None and find_file(conn, key).status != "downloaded":
                settle_downloaded(conn, key, sha256=file.sha256, size=file.size, now=now, origin=FILE_ORIGIN)
                kept += 1
    return kept


def _noted(target: ImportTarget, known: Known, files: Files) -> Known:
    one, held, decision = known
    if "media" in decision.filled:
        return known
    brought = {slot.slot: files.get((held.message_id, slot.slot)) for slot in one.message.media}
    octets = {at: None if file is None else FileBytes(*file) for at, file in brought.items()}
    other = dict(list_other_files(one.message, held, octets, says_none=target.format == _SAYS_NONE))
    if not other:
        return known
    media = tuple(
        identified(slot, brought[slot.slot]) if name_file(slot.slot) in other else slot for slot in one.message.media
    )
    found = replace(one, message=replace(one.message, media=media))
    return found, held, _with_files(decision, other)


def _with_files(decision: ImportDecision, other: Mapping[str, Any]) -> ImportDecision:
    return replace(decision, kind="differs", other={**decision.other, **other})
