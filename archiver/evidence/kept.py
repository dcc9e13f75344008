"""What stands in a row although its payload lacks it: an earlier answer told more, and that is marked. Pure.

`archiver/model/richer.py` says how: under `kept`, in the `extra` of a slot by field ("*": all of it), in that of the
message as "media" (all slots, and the content hash with them), "reactions" or "factcheck".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from archiver.model.record import Media
from archiver.model.richer import KEPT
from archiver.store.checked import MEDIA_NAMES, Row

_EXTRA = MEDIA_NAMES.index("extra")
_COUNTED = ("voters", "correct")
_INSIDE = frozenset({"webpage", "story", "game"})
"""Media whose inside is shown only at times."""


def marks(extra: object) -> dict[str, Any]:
    """What is marked as kept in an `extra`; nothing where it is garbled."""
    found = load(extra) if isinstance(extra, str) and f'"{KEPT}"' in extra else {}
    kept = found.get(KEPT) if isinstance(found, dict) else None
    return kept if isinstance(kept, dict) and all(isinstance(at, str) for at in kept.values()) else {}


def load(text: object) -> Any:
    """The value of a JSON document, None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def is_extra(told: str | None, kept: object) -> bool:
    """Whether the `extra` of a message is what its payload says, but for what is marked."""
    if told == kept:
        return True
    marked = marks(kept)
    return bool(marked) and _without(load(told), marked) == _without(load(kept), marked)


def compare_slots(told: Sequence[Media], rows: Sequence[Row]) -> Iterator[str]:
    """The slots of a message with those of its payload."""
    said = {slot.slot: slot for slot in told}
    for row in rows:
        slot, marked = said.pop(row[0], None), marks(row[_EXTRA])
        if "*" in marked:
            continue
        if slot is None:
            yield f"media {row[0]} is not in its payload"
            continue
        for name, kept in zip(MEDIA_NAMES, row, strict=True):
            if name not in marked and not _is_told(name, getattr(slot, name), kept, marked):
                yield f"media {row[0]}: {name} is not what its payload says"
    yield from (f"media {slot} of its payload is missing" for slot in said)


def _is_told(name: str, told: object, kept: object, marked: Mapping[str, Any]) -> bool:
    if told == kept:
        return True
    return name == "extra" and bool(marked) and _without(load(told), marked) == _without(load(kept), marked)


def _without(value: Any, marked: Mapping[str, Any]) -> Any:
    """An object without what is marked, and of the answers of a poll without the votes."""
    if not isinstance(value, dict):
        return {} if value is None else value
    left = {key: one for key, one in value.items() if key not in marked and key not in (KEPT, "min")}
    if "answers" in marked and isinstance(value.get("answers"), list):
        left["answers"] = [
            {key: one for key, one in answer.items() if key not in _COUNTED} if isinstance(answer, dict) else answer
            for answer in value["answers"]
        ]
    return left


def may_have_kept(told: Sequence[Media], slot: int, name: str, kept: object) -> bool:
    """Whether an earlier content may have it of one before: of those, the marks are not kept."""
    if slot < len(told):
        return kept is not None and getattr(told[slot], name) is None
    return bool(told) and told[0].kind in _INSIDE
