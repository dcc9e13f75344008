"""Decide what an answer changes, comparing messages seen with messages held. No I/O, no clock; `apply` acts on it.

seen, not held                       -> insert
held, same payload                   -> seen again
held, new payload, same content      -> update (counters, reactions, edit_date)
held, new content, newer answer      -> keep the old content as a revision, then update
held, new content, not older         -> the same, if nothing says which answer is newer
held, new content, older             -> stale: never undoes a newer answer, but is kept as a revision
held, new counters                   -> in addition, record the change of the counters
part held, whole of the same edit    -> completed: replaces the part, no revision
whole held, part of the same edit    -> kept: only the counters are taken over
imported, same words                 -> confirmed: what Telegram shows replaces it, no revision
imported, other words                -> keep the import as a revision, then update
held as missing, seen                -> returned, unless it was seen before it was deleted: then it stays missing
held, within the proven ids, absent  -> missing
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from archiver.model.imported import hash_of
from archiver.model.record import Held, Message


@dataclass(slots=True)
class Changes:
    """What to write, by message."""

    insert: list[Message] = field(default_factory=list)
    update: list[Message] = field(default_factory=list)
    revise: list[Message] = field(default_factory=list)
    """Messages whose held content becomes a revision before they are written."""
    seen: list[Message] = field(default_factory=list)
    stale: list[Message] = field(default_factory=list)
    """Messages older than the one held: an earlier content, kept as a revision unless it is one already."""
    counted: list[Message] = field(default_factory=list)
    """Messages whose counters differ from those held."""
    missing: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    """Held as missing, and seen again."""
    still_missing: list[int] = field(default_factory=list)
    """Held as missing, and shown in a state before the deletion: they stay missing."""
    kept: list[Message] = field(default_factory=list)
    """Parts of rich messages whose whole is held: it stays, with the counters of the part."""
    wanted: list[Message] = field(default_factory=list)
    """Those of `kept` that may belong to a changed whole, which has to be fetched."""
    whole: list[Message] = field(default_factory=list)
    """Whole rich messages that were held in part."""
    redated: list[Message] = field(default_factory=list)
    """Those of `update` with a date other than the one held: dates never change, so one of the two is wrong."""
    completed: list[Message] = field(default_factory=list)
    """Those of `update` that replace their own part."""
    confirmed: list[Message] = field(default_factory=list)
    """Those of `update` whose words were imported: their pieces are kept."""
    denied_words: int = 0
    """Those of `revise` whose held content is that of an import: telekeep saw no edit."""
    denied: int = 0
    """Those of `missing` that only an import had: telekeep did not see them before."""


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
    """Compare messages seen with messages held.

    `proven`: the ids the answer fully accounts for; `overtaken`: the messages seen are known to be older than those
    held; `is_past`: whether a message held as missing was seen in a state before its deletion; `pts`: the channel's pts
    when the answer was served, if known; `asked_after`: the answer was requested after everything held was stored;
    `completes`: the messages are known to begin with the parts held.
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
            (changes.still_missing if is_past(message.message_id) else changes.returned).append(message.message_id)
        age = _age(message, known, overtaken=overtaken, newer=_is_newer(pts, known, asked_after=asked_after))
        _compare(changes, message, known, age, completes=completes)
    if proven and present:
        # An answer without any message proves nothing: an inaccessible channel looks the same.
        lo, hi = proven
        changes.missing = sorted(
            known.message_id
            for known in held.values()
            if lo <= known.message_id <= hi and known.message_id not in present and known.missing_since is None
        )
        changes.denied = sum(held[message_id].imported for message_id in changes.missing)
    return changes


def find_overtaken(edits: Sequence[Message], held: Mapping[int, Held]) -> set[int]:
    """Positions of the edits that are older than the message held, although they have the same second.

    The message held may already have the content of a later one of these edits: a history page was read between them,
    or they follow the new message, which the server shows as it is now.
    """
    overtaken: set[int] = set()
    earlier: dict[int, set[int]] = {}
    for position, message in enumerate(edits):
        before, known = earlier.setdefault(message.message_id, set()), held.get(message.message_id)
        if known and known.is_content(message) and _moment(message) == _held_moment(known):
            overtaken |= before
        before.add(position)
    return overtaken


def _is_newer(pts: int | None, known: Held, *, asked_after: bool) -> bool:
    """Whether the answer is certainly newer than the one held: then its content is current, regardless of its date."""
    return pts is not None and known.seen_pts is not None and pts + asked_after > known.seen_pts


def _age(message: Message, known: Held, *, overtaken: bool, newer: bool) -> int:
    """Positive if the message shows a later edit than the one held, 0 for the same, negative for an earlier one."""
    if overtaken:
        return -1
    age = message.moment - _held_moment(known)
    wanted = not message.partial and message.moment == known.wanted
    return 1 if age < 0 and (newer or wanted) else age


def _compare(changes: Changes, message: Message, known: Held, age: int, *, completes: bool) -> None:
    if known.imported:
        _replace_import(changes, message, known)
        return
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


def _replace_import(changes: Changes, message: Message, known: Held) -> None:
    """What Telegram shows counts for more than an export, however new that is; other words stay as a revision."""
    if hash_of(message) == known.content_hash:
        changes.update.append(message)
        changes.confirmed.append(message)
        if int(message.date.timestamp()) != known.date:
            changes.redated.append(message)
    else:
        changes.revise.append(message)
        changes.denied_words += 1
    if message.counters != known.counters:
        changes.counted.append(message)


def _place(changes: Changes, message: Message, known: Held, age: int, *, completes: bool) -> list[Message]:
    if message.content_hash == known.content_hash:
        # The date of a part says which edit's whole is wanted.
        return changes.seen if message.partial and age < 0 else changes.update
    if known.partial and not message.partial and (age == 0 or (completes and age > 0)):
        changes.completed.append(message)
        return changes.update
    return changes.revise if age >= 0 else changes.stale


def _place_part(changes: Changes, message: Message, known: Held, age: int) -> list[Message]:
    """Never replace a whole by a part of the same edit.

    A part that begins like the whole held but has a later date may or may not be a new content, because reactions move
    the date too. Only the new whole can show which.
    """
    same = message.content_hash == known.part_hash
    if age < 0:
        return changes.seen if same else changes.stale
    if age > 0 and not same:
        return changes.revise
    if age > 0 or not (same or known.part_hash is None):
        changes.wanted.append(message)
    return changes.kept


def _moment(message: Message) -> int:
    return message.moment


def _held_moment(known: Held) -> int:
    return known.edit_date or known.date
