"""Decide what an answer changes: seen against held, as plain data. No I/O, no clock; `ingest` acts on it.

seen, not held                      -> insert
held, same payload                  -> seen again
held, other payload, same content   -> update (counters, reactions, edit_date)
held, other content, newer answer   -> keep the old content as a revision, then update
held, other content, not older      -> the same, where nothing says which answer is the newer one
held, other content, older          -> stale: a late answer never undoes a newer one, but it is evidence, and is kept
held, other counters                -> besides all that, their change is kept
held as missing, seen               -> returned; but what was seen before it went only adds to what is known of it
held, within the proven ids, absent -> missing
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from archiver.record import Held, Message


@dataclass(slots=True)
class Changes:
    """What is to be written, by message."""

    insert: list[Message] = field(default_factory=list)
    update: list[Message] = field(default_factory=list)
    revise: list[Message] = field(default_factory=list)
    """Whose held content becomes a revision before they are written."""
    seen: list[Message] = field(default_factory=list)
    stale: list[Message] = field(default_factory=list)
    """Older than what is held: an earlier content, kept as a revision unless it is one already."""
    counted: list[Message] = field(default_factory=list)
    """Whose counters are not those that are held."""
    missing: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    """Held as missing, and seen again."""
    gone: list[int] = field(default_factory=list)
    """Held as missing, and shown as they were before that: missing they stay."""


def _never(_: int) -> bool:
    return False


def reconcile(
    messages: Iterable[Message],
    held: Mapping[int, Held],
    *,
    proven: tuple[int, int] | None = None,
    overtaken: bool = False,
    is_past: Callable[[int], bool] = _never,
    pts: int | None = None,
    asked_after: bool = False,
) -> Changes:
    """Compare what was seen with what is held. `proven`: the ids of which the answer tells all; `overtaken`: what was
    seen is known to be older than what is held; `is_past`: whether a message was seen before it went, if it is held as
    missing; `pts`: the channel's state that the answer shows, where it is known; `asked_after`: it was asked for when
    all that is held had been stored.
    """
    changes = Changes()
    present: set[int] = set()
    for message in messages:
        if message.message_id in present:
            continue  # a server may repeat itself; the first object is as good as the second
        present.add(message.message_id)
        known = held.get(message.message_id)
        if known is None:
            changes.insert.append(message)
            continue
        if known.missing_since is not None:
            (changes.gone if is_past(message.message_id) else changes.returned).append(message.message_id)
        _compare(changes, message, known, overtaken=overtaken, newer=_is_newer(pts, known, asked_after=asked_after))
    if proven and present:
        # An answer without a single message proves nothing: a lost channel looks just like that.
        lo, hi = proven
        changes.missing = sorted(
            known.message_id
            for known in held.values()
            if lo <= known.message_id <= hi and known.message_id not in present and known.missing_since is None
        )
    return changes


def find_overtaken(edits: Sequence[Message], held: Mapping[int, Held]) -> set[int]:
    """The places of those edits that are older than what is held, although their second is the same.

    What is held may be the content of a later edit of them already: a page of the history was read between two of them,
    or they are told after the new message, which the server shows as it is now.
    """
    overtaken: set[int] = set()
    earlier: dict[int, set[int]] = {}
    for place, message in enumerate(edits):
        before, known = earlier.setdefault(message.message_id, set()), held.get(message.message_id)
        if known and message.content_hash == known.content_hash and _moment(message) == _held_moment(known):
            overtaken |= before
        before.add(place)
    return overtaken


def _is_newer(pts: int | None, known: Held, *, asked_after: bool) -> bool:
    """Whether the answer surely is newer than the one that is held: then its content is true, whatever its date."""
    return pts is not None and known.seen_pts is not None and pts + asked_after > known.seen_pts


def _compare(changes: Changes, message: Message, known: Held, *, overtaken: bool, newer: bool) -> None:
    if message.payload_sha256 == known.payload_sha256:
        changes.seen.append(message)
        return
    if message.content_hash == known.content_hash:
        changes.update.append(message)
    elif (newer or _moment(message) >= _held_moment(known)) and not overtaken:
        changes.revise.append(message)
    else:
        changes.stale.append(message)
        return
    if message.counters != known.counters:
        changes.counted.append(message)


def _moment(message: Message) -> int:
    return int((message.edit_date or message.date).timestamp())


def _held_moment(known: Held) -> int:
    return known.edit_date or known.date
