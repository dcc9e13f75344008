"""Rows compared with the record that their payload stands for. Pure.

What a payload cannot tell is left out: names of peers (they came beside it), whether it is pinned (an event tells), and
of rich messages, which come in two answers, the counters and the origin that only one of them had.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

import orjson

from archiver.record import Media, Message
from archiver.store.checked import MEDIA_NAMES, REVISION_NAMES, Row
from archiver.store.message import CONTENT_NAMES, content_of

Wrong: TypeAlias = Iterator[str]
"""Sentences of what is wrong; none for what is right."""

HASH = "has another SHA-256"
_COUNTERS = frozenset({"views", "forwards", "replies", "reactions"})
_OF_TWO = _COUNTERS | {"sender", "fwd_from"}
_JSON = frozenset({"sender", "fwd_from", "reactions"})
_PINNED = CONTENT_NAMES.index("pinned")
_DIGEST = CONTENT_NAMES.index("payload_sha256")
_DATE, _LAYER = CONTENT_NAMES.index("date"), CONTENT_NAMES.index("layer")
_RICHER = frozenset({"id", "title", "url", "search_text", "extra"})
"""What an earlier answer may have told of a poll, a story or a preview, where the last one tells less."""
_slot_values = attrgetter(*MEDIA_NAMES)
_REVISED = ("edit_date", "text", "entities", "markup", "extra", "content_hash", "layer")


def compare_message(record: Message, content: Row, part: Message | None) -> Wrong:
    """`content`: the columns CONTENT_NAMES of its row; `part`: what the server showed of a rich message first."""
    expected = content_of(record)
    if content[_DIGEST] != expected[_DIGEST]:
        yield HASH
        return
    if content[_PINNED] not in (0, 1):
        yield "pinned is neither yes nor no"
    if expected[:_PINNED] == content[:_PINNED] and expected[_PINNED + 1 :] == content[_PINNED + 1 :]:
        return
    of_two = part is not None or (record.extra is not None and '"rich"' in record.extra)
    for name, told, kept in zip(CONTENT_NAMES, expected, content, strict=True):
        if name == "pinned" or (told == kept and type(told) is not float):
            continue
        if of_two and name in _OF_TWO and _may_be_of_two(name, told, kept, part):
            continue
        yield f"{name} is not what its payload says"


def _may_be_of_two(name: str, told: object, kept: object, part: Message | None) -> bool:
    """Whether a rich message may have it from the other of its two answers."""
    if part is not None and kept == getattr(part, name):
        return True
    if told is not None:
        return False
    return is_json(kept) if name in _JSON else isinstance(kept, int) and kept >= 0


def compare_stub(stub: Message, content: Row) -> Wrong:
    """The same of an object that could not be read: its date is a guess."""
    expected = content_of(stub)
    if content[_DIGEST] != expected[_DIGEST]:
        yield HASH
        return
    for at, (name, told, kept) in enumerate(zip(CONTENT_NAMES, expected, content, strict=True)):
        if at == _DATE:
            if not isinstance(kept, int):
                yield "date is none"
        elif at != _PINNED and told != kept:
            yield f"{name} is not what is known of an object that cannot be read"


def compare_media(record: Message, rows: Sequence[Row]) -> Wrong:
    """`rows`: the columns of `media` by slot, those of the files behind them last."""
    kept = [row[: len(MEDIA_NAMES)] for row in rows]
    told = [_slot_values(slot) for slot in record.media]
    if told != kept:
        yield from _compare_slots(record, told, kept)
    for row in rows:
        path, digest, status = row[len(MEDIA_NAMES) :]
        if (status == "not downloaded") != (path is None) or (path is None and digest is not None):
            yield f"media {row[0]}: the state of its file contradicts itself"


def _compare_slots(record: Message, told: list[Row], kept: list[Row]) -> Wrong:
    poor = any(map(_is_poor, record.media))
    if poor and len(kept) > len(told):
        kept = kept[: len(told)]  # an earlier answer told of what hangs inside, and that is kept
    if len(told) != len(kept):
        yield f"media has {len(kept)} slots where its payload says {len(told)}"
        return
    for said, row in zip(told, kept, strict=True):
        for name, one, other in zip(MEDIA_NAMES, said, row, strict=True):
            if one != other and not (poor and name in _RICHER and isinstance(other, str)):
                yield f"media {said[0]}: {name} is not what its payload says"


def _is_poor(slot: Media) -> bool:
    """Whether the server tells less of it than it may have told before."""
    extra = slot.extra or ""
    match slot.kind:
        case "poll":
            return '"min":true' in extra or '"total_voters"' not in extra
        case "story":
            return '"story":' not in extra
        case "webpage":
            return '"state":' in extra
    return False


def compare_revision(record: Message, row: Mapping[str, Any]) -> Wrong:
    """An earlier content with the record of its payload."""
    for name in _REVISED:
        told: object = getattr(record, name)
        if name == "edit_date":
            told = int(record.edit_date.timestamp()) if record.edit_date else None
        if told != row[name]:
            yield f"{name} is not what its payload says"
    kept = _parsed(row["media"])
    if not isinstance(kept, list) or not all(isinstance(one, dict) for one in kept):
        yield "media is garbled"
    elif not any(map(_is_poor, record.media)) and not _same_slots(record.media, kept):
        yield "media is not what its payload says"


def _same_slots(told: Sequence[Media], kept: Sequence[Mapping[str, Any]]) -> bool:
    return len(told) == len(kept) and all(
        _same(getattr(slot, name), one.get(name))
        for slot, one in zip(told, kept, strict=True)
        for name in MEDIA_NAMES
        if name not in ("slot", "extra")
    )


def _same(told: object, kept: object) -> bool:
    # SQLite writes 15 digits of a number into JSON.
    if isinstance(told, float) and isinstance(kept, int | float):
        return math.isclose(told, kept, rel_tol=1e-12)
    return told == kept


def named_revision(row: Row) -> dict[str, Any]:
    """A row of `revision` by the names of its columns."""
    return dict(zip(REVISION_NAMES, row, strict=True))


def is_json(text: object) -> bool:
    """Whether it is a JSON document."""
    return _parsed(text) is not None


def _parsed(text: object) -> Any:
    if not isinstance(text, str):
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        return None
