"""Rows compared with the record derived from their payload. Pure.

Fields that a payload does not contain are not compared: names of peers (sent alongside), whether it is pinned (an event
says so), and for rich messages, which come in two answers, the counters and the origin that only one of them has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

from archiver.evidence.kept import compare_slots, is_extra, is_slot_extra, load, marks, may_have_kept
from archiver.model.media_file import KEPT_STATES
from archiver.model.record import Media, Message
from archiver.store.messages.message import CONTENT_NAMES, content_of
from archiver.store.verify.checked import MEDIA_NAMES, REVISION_NAMES, Row

Wrong: TypeAlias = Iterator[str]
"""Yields a sentence for each problem."""

HASH = "has a different SHA-256"
_COUNTERS = frozenset({"views", "forwards", "replies", "reactions"})
_OF_TWO = _COUNTERS | {"sender", "fwd_from"}
_JSON = frozenset({"sender", "fwd_from", "reactions"})
_PINNED = CONTENT_NAMES.index("pinned")
_DIGEST = CONTENT_NAMES.index("payload_sha256")
_DATE, _LAYER = CONTENT_NAMES.index("date"), CONTENT_NAMES.index("layer")
_FILLED = frozenset({"views", "forwards"})
"""Fields that keep their value if an answer lacks them."""
_DIGEST_SIZE = 32
_KEPT_SINCE = frozenset({"search_text", "extra"})
_slot_values = attrgetter(*MEDIA_NAMES)
_REVISED = ("edit_date", "text", "entities", "markup", "extra", "content_hash", "layer")


def compare_message(record: Message, content: Row, part: Message | None) -> Wrong:
    """Compare a message's row with its record.

    `content`: the columns CONTENT_NAMES of the row; `part`: the part of a rich message that the server showed first.
    """
    expected = content_of(record)
    if content[_DIGEST] != expected[_DIGEST]:
        yield HASH
        return
    if content[_PINNED] not in (0, 1):
        yield "pinned is neither true nor false"
    if expected[:_PINNED] == content[:_PINNED] and expected[_PINNED + 1 :] == content[_PINNED + 1 :]:
        return
    of_two = part is not None or (record.extra is not None and '"rich"' in record.extra)
    marked = marks(content[CONTENT_NAMES.index("extra")])
    for name, derived, kept in zip(CONTENT_NAMES, expected, content, strict=True):
        if name == "pinned" or (derived == kept and type(derived) is not float):
            continue
        if name == "content_hash" and kept == record.unmarked_hash:
            continue  # as earlier versions computed it
        if (of_two and name in _OF_TWO) or name in _FILLED:
            if _may_be_of_two(name, derived, kept, part):
                continue
        elif _may_be_kept(name, derived, kept, marked):
            continue
        yield f"{name} does not match its payload"


def _may_be_of_two(name: str, derived: object, kept: object, part: Message | None) -> bool:
    """Whether a rich message may have this value from the other of its two answers."""
    if part is not None and name in _OF_TWO and kept == getattr(part, name):
        return True
    if derived is not None:
        return False
    return is_json(kept) if name in _JSON else isinstance(kept, int) and kept >= 0


def compare_stub(stub: Message, content: Row) -> Wrong:
    """Compare the row of a stub, an unreadable object, whose date is a guess."""
    expected = content_of(stub)
    if content[_DIGEST] != expected[_DIGEST]:
        yield HASH
        return
    for at, (name, derived, kept) in enumerate(zip(CONTENT_NAMES, expected, content, strict=True)):
        if at == _DATE:
            if not isinstance(kept, int):
                yield "date is missing"
        elif at != _PINNED and derived != kept and not (name in _FILLED and _may_be_of_two(name, derived, kept, None)):
            yield f"{name} does not match what is known of an unreadable object"


def compare_media(derived: Sequence[Media], rows: Sequence[Row]) -> Wrong:
    """Compare the media of a payload with its rows of `media` by slot; what is known of a file comes last in a row."""
    kept = [row[: len(MEDIA_NAMES)] for row in rows]
    if [_slot_values(slot) for slot in derived] != kept:
        yield from compare_slots(derived, kept)
    for row in rows:
        if not is_file_state(row[len(MEDIA_NAMES) :]):
            yield f"media {row[0]}: the state of its file is contradictory"


def is_file_state(known: Row) -> bool:
    """Whether the path, SHA-256 and status of a file are consistent."""
    path, digest, status = known
    return (status == "downloaded") == (path is not None) and not (status in KEPT_STATES and digest is None)


def compare_revision(record: Message, row: Mapping[str, Any]) -> Wrong:
    """Compare a revision with the record of its payload."""
    marked = marks(row["extra"])
    for name in _REVISED:
        derived: object = getattr(record, name)
        if name == "edit_date":
            derived = int(record.edit_date.timestamp()) if record.edit_date else None
        if name == "content_hash" and row[name] == record.unmarked_hash:
            continue  # as earlier versions computed it
        if derived != row[name] and not _may_be_kept(name, derived, row[name], marked):
            yield f"{name} does not match its payload"
    kept = load(row["media"])
    if not isinstance(kept, list) or not all(isinstance(one, dict) for one in kept):
        yield "media is unreadable"
    elif "media" not in marked and not _same_slots(record.media, kept):
        yield "media does not match its payload"


def _may_be_kept(name: str, derived: object, kept: object, marked: Mapping[str, Any]) -> bool:
    """Whether a message may have this value from an earlier answer; if so, it is marked."""
    if name == "extra":
        return isinstance(derived, str | None) and is_extra(derived, kept)
    if name == "reactions":
        return "reactions" in marked and derived is None and is_json(kept)
    if "media" not in marked:
        return False
    return (name == "content_hash" and isinstance(kept, bytes) and len(kept) == _DIGEST_SIZE) or name == "media_kind"


def _same_slots(derived: Sequence[Media], kept: Sequence[Mapping[str, Any]]) -> bool:
    return len(derived) <= len(kept) and all(
        (slot < len(derived) and _same(getattr(derived[slot], name), one.get(name)))
        or may_have_kept(derived, slot, name, one.get(name))
        for slot, one in enumerate(kept)
        for name in MEDIA_NAMES
        # Earlier versions kept neither search_text nor extra.
        if name != "slot" and (name in one or name not in _KEPT_SINCE)
    )


def _same(derived: object, kept: object) -> bool:
    if isinstance(kept, dict):
        return isinstance(derived, str) and is_slot_extra(derived, kept)
    # SQLite writes 15 digits of a number into JSON.
    if isinstance(derived, float) and isinstance(kept, int | float):
        return math.isclose(derived, kept, rel_tol=1e-12)
    return derived == kept


def named_revision(row: Row) -> dict[str, Any]:
    """A row of `revision` as a dict by column."""
    return dict(zip(REVISION_NAMES, row, strict=True))


def is_json(text: object) -> bool:
    """Whether the text is a JSON document other than null."""
    return load(text) is not None
