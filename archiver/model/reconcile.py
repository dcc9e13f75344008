"""Decide what an answer changes: seen against held, as plain data. No I/O, no clock; `ingest` acts on it.

seen, not held                      -> insert
held, same payload                  -> seen again
held, other payload, same content   -> update (counters, reactions, edit_date)
held, other content, newer answer   -> keep the old content as a revision, then update
held, other content, not older      -> the same, where nothing says which answer is the newer one
held, other content, older          -> stale: a late answer never undoes a newer one, but it is evidence, and is kept
held, other counters                -> besides all that, their change is kept
a part held, the whole of that edit -> completed: written in the part's place, no revision
the whole held, a part of that edit -> kept: nothing but its counters is news
held as missing, seen               -> returned; but what was seen before it went only adds to what is known of it
held, within the proven ids, absent -> missing
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from archiver.model.record import Held, Message


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
    kept: list[Message] = field(default_factory=list)
    """Parts of rich messages whose whole is held: it stays, and takes over their counters."""
    owed: list[Message] = field(default_factory=list)
    """Those of `kept` after which the whole may be another: it is to be asked for."""
    whole: list[Message] = field(default_factory=list)
    """What is whole where a part was known."""
    redated: list[Message] = field(default_factory=list)
    """Those of `update` whose date is another than is held: dates never change, so one of the two is false."""
    completed: list[Message] = field(default_factory=list)
    """Those of `update` that take the place of their own part."""


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
    completes: bool = False,
) -> Changes:
    """Compare what was seen with what is held. `proven`: the ids of which the answer tells all; `overtaken`: what was
    seen is known to be older than what is held; `is_past`: whether a message was seen before it went, if it is held as
    missing; `pts`: the channel's state that the answer shows, where it is known; `asked_after`: it was asked for when
    all that is held had been stored; `completes`: the messages are known to begin with the parts that are held.
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
        age = _age(message, known, overtaken=overtaken, newer=_is_newer(pts, known, asked_after=asked_after))
        _compare(changes, message, known, age, completes=completes)
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
        if known and known.is_content(message) and _moment(message) == _held_moment(known):
            overtaken |= before
        before.add(place)
    return overtaken


def _is_newer(pts: int | None, known: Held, *, asked_after: bool) -> bool:
    """Whether the answer surely is newer than the one that is held: then its content is true, whatever its date."""
    return pts is not None and known.seen_pts is not None and pts + asked_after > known.seen_pts


def _age(message: Message, known: Held, *, overtaken: bool, newer: bool) -> int:
    """Above 0: of a later edit than what is held; 0: of the same; below: of an earlier one."""
    if overtaken:
        return -1
    age = message.moment - _held_moment(known)
    wanted = not message.partial and message.moment == known.wanted
    return 1 if age < 0 and (newer or wanted) else age


def _compare(changes: Changes, message: Message, known: Held, age: int, *, completes: bool) -> None:
    if message.payload_sha256 in (known.payload_sha256, known.part_sha256):
        changes.seen.append(message)
        if not message.partial and message.moment == known.wanted:
            changes.whole.append(message)
        return
    if message.partial and not known.partial:
        decided = _place_part(changes, message, known, age)
    else:
        decided = _place(changes, message, known, age, completes=completes)
    decided.append(message)
    if decided is changes.stale or decided is changes.seen:
        return
    if known.part_hash is not None and not message.partial:
        changes.whole.append(message)
    if decided is changes.update and int(message.date.timestamp()) != known.date:
        changes.redated.append(message)
    if message.counters != known.counters:
        changes.counted.append(message)


def _place(changes: Changes, message: Message, known: Held, age: int, *, completes: bool) -> list[Message]:
    if message.content_hash == known.content_hash:
        # The date of a part says of which edit the whole is wanted.
        return changes.seen if message.partial and age < 0 else changes.update
    if known.partial and not message.partial and (age == 0 or (completes and age > 0)):
        changes.completed.append(message)
        return changes.update
    return changes.revise if age >= 0 else changes.stale


def _place_part(changes: Changes, message: Message, known: Held, age: int) -> list[Message]:
    """A part never takes the place of the whole of its own edit. Where it begins like the whole that is held, but was
    edited since, it may be another or not: reactions move the date, too. Only the whole can tell."""
    same = message.content_hash == known.part_hash
    if age < 0:
        return changes.seen if same else changes.stale
    if age > 0 and not same:
        return changes.revise
    if age > 0 or not (same or known.part_hash is None):
        changes.owed.append(message)
    return changes.kept


def _moment(message: Message) -> int:
    return message.moment


def _held_moment(known: Held) -> int:
    return known.edit_date or known.date
