"""Values in a row that its payload lacks: an earlier answer contained more, and they are marked as kept. Pure.

`archiver/model/richer.py` marks them under `kept`: in the `extra` of a slot by field ("*": all of it), in that of the
message as "media" (all slots, and with them the content hash), "reactions" or "factcheck".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from archiver.model.record import Media
from archiver.model.richer import KEPT
from archiver.store.verify.checked import MEDIA_NAMES, Row

_EXTRA = MEDIA_NAMES.index("extra")
_COUNTED = ("voters", "correct")
_INSIDE = frozenset({"webpage", "story", "game"})
"""Media whose contents are not in every answer."""


def marks(extra: object) -> dict[str, Any]:
    """The kept marks of an `extra`; empty if malformed."""
    found = load(extra) if isinstance(extra, str) and f'"{KEPT}"' in extra else {}
    kept = found.get(KEPT) if isinstance(found, dict) else None
    return kept if isinstance(kept, dict) and all(isinstance(at, str) for at in kept.values()) else {}


def load(text: object) -> Any:
    """The value of a JSON document; None if it is not one."""
    if not isinstance(text, str):
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def is_extra(derived: str | None, kept: object) -> bool:
    """Whether a message's `extra` matches its payload, except for marked values."""
    if derived == kept:
        return True
    marked = marks(kept)
    return bool(marked) and _without(load(derived), marked) == _without(load(kept), marked)


def compare_slots(derived: Sequence[Media], rows: Sequence[Row]) -> Iterator[str]:
    """Compare the media slots of a message with those of its payload."""
    said = {slot.slot: slot for slot in derived}
    for row in rows:
        slot, marked = said.pop(row[0], None), marks(row[_EXTRA])
        if "*" in marked:
            continue
        if slot is None:
            yield f"media {row[0]} is not in its payload"
            continue
        for name, kept in zip(MEDIA_NAMES, row, strict=True):
            if name not in marked and not _matches(name, getattr(slot, name), kept, marked):
                yield f"media {row[0]}: {name} does not match its payload"
    yield from (f"media {slot} of its payload is missing" for slot in said)


def _matches(name: str, derived: object, kept: object, marked: Mapping[str, Any]) -> bool:
    if derived == kept:
        return True
    return name == "extra" and bool(marked) and _without(load(derived), marked) == _without(load(kept), marked)


def is_slot_extra(derived: str, kept: Mapping[str, Any]) -> bool:
    """Whether the `extra` of a slot of a revision matches its payload, except for marked values."""
    marked = kept.get(KEPT) or {}
    return "*" in marked or _without(load(derived), marked) == _without(kept, marked)


def _without(value: Any, marked: Mapping[str, Any]) -> Any:
    """An object without its marked values; if poll answers are marked, without their votes."""
    if not isinstance(value, dict):
        return {} if value is None else value
    left = {key: one for key, one in value.items() if key not in marked and key not in (KEPT, "min")}
    if "answers" in marked and isinstance(value.get("answers"), list):
        left["answers"] = [
            {key: one for key, one in answer.items() if key not in _COUNTED} if isinstance(answer, dict) else answer
            for answer in value["answers"]
        ]
    return left


def may_have_kept(derived: Sequence[Media], slot: int, name: str, kept: object) -> bool:
    """Whether a revision may have this value from an earlier one; revisions kept no marks at first."""
    if slot < len(derived):
        return kept is not None and getattr(derived[slot], name) is None
    return bool(derived) and derived[0].kind in _INSIDE
