"""What a page of another archive changes in ours: compared, decided by `archiver.model.merging`, not written yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.model.imported import IMPORTED
from archiver.model.merged_counters import CounterRow, CounterSeries, unite_counters
from archiver.model.merging import MergedMessage, Notice, merge_message, take_message
from archiver.store.database import Reader
from archiver.store.faults import go_on
from archiver.store.imports.earlier_words import list_earlier_words
from archiver.store.merging.earlier_media import UnitedMedia, unite_earlier
from archiver.store.merging.foreign_page import (
    ABSENCE_NAMES,
    AFTER_NAMES,
    ANY_REVISION_NAMES,
    COUNTER_NAMES,
    PIECE_NAMES,
    SLOT_NAMES,
    ForeignMessage,
    Row,
    put_slot,
)
from archiver.store.merging.foreign_record import list_filled
from archiver.store.merging.known_message import absences_of, hash_words, known_of
from archiver.store.merging.merged_media import unite_media
from archiver.store.messages.message import CONTENT_NAMES
from archiver.store.verify.checked import PART_NAMES

FindNotice: TypeAlias = Callable[[int, int], Notice | None]
"""Given an id and a time, the proof that the message was gone later, if an archive without it has one."""


def no_notice(_message_id: int, _after: int) -> Notice | None:
    """The other archive proves nothing."""
    return None


_GONE: Final = 5_000
"""Maximum number of our messages examined in one transaction."""


class PlannedMessage(NamedTuple):
    """What becomes of one message."""

    theirs: ForeignMessage
    ours: ForeignMessage | None
    merged: MergedMessage
    counters: list[CounterRow]
    """To add."""
    media: list[Row]
    """MEDIA_NAMES of the content that it will have."""
    filled: Mapping[str, Any] = MappingProxyType({})
    """Columns that this content lacks, and gets from the other one: `list_filled`."""
    pieces: Sequence[Row] = ()
    """Those of imports into the other archive that we lack."""
    earlier: Sequence[UnitedMedia] = ()
    """Earlier contents of ours to which the other archive adds something."""

    @property
    def replaces(self) -> bool:
        """Whether the present content, or what is known with it, is replaced."""
        return self.merged.takes and (self.ours is None or self.ours.content != self.theirs.content)

    @property
    def fills(self) -> bool:
        """Whether the present content stays, and gets files or columns that only the other archive has."""
        return self.ours is not None and not self.replaces and (self.media != self.ours.media or bool(self.filled))

    @property
    def is_change(self) -> bool:
        """Whether anything of the message changes."""
        ours, merged = self.ours, self.merged
        if ours is None or self.replaces or self.fills or merged.keeps or merged.adds or self.counters:
            return True
        before = (ours.after[_ORIGIN], ours.after[_FIRST], ours.after[_LAST], ours.after[_PTS])
        return (
            before != (merged.origin, merged.first_seen, merged.last_seen, merged.seen_pts)
            or absences_of(ours) != merged.absences
            or bool(self.pieces or self.earlier)
        )

    @property
    def is_claimed(self) -> bool:
        """Whether only imports have it, here and there."""
        return self.theirs.is_imported and (self.ours is None or self.ours.is_imported)

    @property
    def was_missing(self) -> bool:
        """Whether we held it as missing."""
        return self.ours is not None and self.ours.after[_MISSING] is not None


@dataclass(slots=True)
class PagePlan:
    """What becomes of a page of messages."""

    channel_id: ChannelId
    new: list[PlannedMessage] = field(default_factory=list)
    held: list[PlannedMessage] = field(default_factory=list)
    """Messages held here that change."""
    gone: list[tuple[int, Notice]] = field(default_factory=list)
    """Messages that only we hold, and that the other archive proves were gone later."""
    gone_claimed: int = 0
    """Of these, those that only imports say were posted."""
    same: int = 0
    """Messages that do not change."""

    @property
    def is_change(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.new or self.held or self.gone)


def plan_page(
    conn: Reader,
    channel_id: ChannelId,
    messages: Sequence[ForeignMessage],
    ours_proves: FindNotice = no_notice,
    imports: Mapping[int, int | None] = MappingProxyType({}),
) -> PagePlan:
    """Decide what becomes of messages. `ours_proves`: that a message only the other holds was gone when we looked.

    `imports`: by `merged_sources.find_imports`.
    """
    plan = PagePlan(channel_id)
    held = _list_light(conn, channel_id, [one.message_id for one in messages])
    different: list[ForeignMessage] = []
    for one in messages:
        light = held.get(one.message_id)
        if light is None:
            taken = _take(one, ours_proves)
            plan.new.append(PlannedMessage(one, None, taken, one.counters, one.media, pieces=one.pieces))
        elif light == _light(one) and not (one.absences or one.counters or one.pieces):
            plan.same += 1
        else:
            different.append(one)
    ours = read_messages(conn, channel_id, [one.message_id for one in different])
    words = list_earlier_words(conn, channel_id, [MessageId(one.message_id) for one in different])
    for theirs in different:
        shown = words.get(MessageId(theirs.message_id), ())
        held_here = ours[theirs.message_id]
        planned = _plan_held(channel_id, held_here, theirs, shown)
        planned = planned._replace(
            pieces=_list_pieces(held_here, theirs, imports),
            earlier=unite_earlier(conn, channel_id, held_here, theirs, planned.merged),
        )
        if planned.is_change:
            plan.held.append(planned)
        else:
            plan.same += 1
    return plan


def plan_gone(
    conn: Reader, channel_id: ChannelId, within: tuple[int, int], theirs: Collection[int], prove: FindNotice
) -> tuple[PagePlan, int]:
    """Decide which of our messages with ids `within` these the other archive proves gone; and how far that reaches.

    `theirs`: ids that it has.
    """
    plan = PagePlan(channel_id)
    rows = conn.execute(
        "SELECT message_id, last_seen, missing_since, layer FROM message"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id LIMIT ?",
        (channel_id, *within, _GONE),
    ).fetchall()
    for message_id, last_seen, missing_since, layer in rows:
        if missing_since is None and message_id not in theirs:
            notice = prove(message_id, last_seen)
            if notice is not None:
                plan.gone.append((message_id, notice))
                plan.gone_claimed += layer == IMPORTED
    return plan, go_on(within[0] - 1, rows[-1][0]) if len(rows) == _GONE else within[1]


def _take(one: ForeignMessage, ours_proves: FindNotice) -> MergedMessage:
    after = one.after
    notice = None if after[_MISSING] is not None else ours_proves(one.message_id, after[_LAST])
    if notice is not None or one.absences:
        return take_message(known_of(one), [] if notice is None else [notice])
    return MergedMessage(
        takes=True,
        first_seen=after[_FIRST],
        origin=after[_ORIGIN],
        last_seen=after[_LAST],
        seen_pts=after[_PTS],
        absences=(),
    )


def _plan_held(
    channel_id: ChannelId, ours: ForeignMessage, theirs: ForeignMessage, shown: Iterable[bytes]
) -> PlannedMessage:
    words = ours.is_imported or theirs.is_imported
    mine, other = known_of(ours, words=words), known_of(theirs, words=words)
    if not (ours.media or theirs.media):  # an import's content may be what alone shows its file
        kept = (dict(zip(ANY_REVISION_NAMES, row, strict=True)) for row in theirs.revisions)
        words_there = frozenset(hash_words(one["text"], one["extra"]) for one in kept if one["layer"] != IMPORTED)
        mine, other = replace(mine, shown=frozenset(shown)), replace(other, shown=words_there)
    planned = PlannedMessage(theirs, ours, merge_message(mine, other), _list_counters(ours, theirs), ours.media)
    stays, goes = (theirs, ours) if planned.replaces else (ours, theirs)
    filled = dict(list_filled(channel_id, stays, goes))
    media = goes.media if filled.pop("media", None) else unite_media(stays, goes)
    return planned._replace(media=media, filled=filled)


def _list_pieces(ours: ForeignMessage, theirs: ForeignMessage, imports: Mapping[int, int | None]) -> list[Row]:
    """Their pieces that we lack: two files may have the same one, and each is an origin."""
    known = set(ours.pieces)
    digests = {digest for _, digest in known}

    def is_known(number: int, digest: bytes) -> bool:
        return (imports[number], digest) in known if number in imports else digest in digests

    return [row for row in theirs.pieces if not is_known(row[_PIECE_OF], row[_PIECE_DIGEST])]


def _list_counters(ours: ForeignMessage, theirs: ForeignMessage) -> list[CounterRow]:
    """The counters to add; an export without any says nothing about them."""
    if theirs.is_imported and not theirs.counters:
        return []
    if ours.is_imported and not ours.counters:
        return list(theirs.counters)
    series = [CounterSeries(one.after[_FIRST], one.content[_COUNTED], one.counters) for one in (ours, theirs)]
    return unite_counters(*series)


def _list_light(conn: Reader, channel_id: ChannelId, ids: list[int]) -> dict[int, Row]:
    """The columns of messages held here that show cheaply whether anything may differ."""
    rows = conn.execute(
        "SELECT message_id, payload_sha256, content_hash, origin, first_seen, last_seen, missing_since, revisions,"
        " seen_pts FROM message WHERE channel_id = ? AND message_id IN (SELECT value FROM json_each(?))",
        (channel_id, orjson.dumps(ids).decode()),
    )
    return {row[0]: row[1:] for row in rows}


def _light(one: ForeignMessage) -> Row:
    content, after = one.content, one.after
    return (
        *(content[_DIGEST], content[_HASH], after[_ORIGIN], after[_FIRST], after[_LAST], after[_MISSING]),
        *(after[_REVISIONS], after[_PTS]),
    )


def read_messages(conn: Reader, channel_id: ChannelId, ids: list[int]) -> Mapping[int, ForeignMessage]:
    """Everything we hold of these messages; of earlier contents only what is compared."""
    among = "channel_id = ? AND message_id IN (SELECT value FROM json_each(?))"
    values = (channel_id, orjson.dumps(ids).decode())
    found: dict[int, ForeignMessage] = {}
    columns = ", ".join((*CONTENT_NAMES, *AFTER_NAMES))
    for row in conn.execute(f"SELECT message_id, {columns} FROM message WHERE {among}", values):
        split = 1 + len(CONTENT_NAMES)
        found[row[0]] = ForeignMessage(row[0], row[1:split], row[split:])
    for table, names, put in _FURTHER:
        query = f"SELECT message_id, {', '.join(names)} FROM {table} WHERE {among} ORDER BY message_id, {names[0]}"
        for message_id, *further in conn.execute(query, values):
            put(found[message_id], tuple(further))
    return found


def _set_part(one: ForeignMessage, row: Row) -> None:
    one.part = row


_KEPT_NAMES: Final = tuple("NULL" if name in ("text", "media", "raw") else name for name in ANY_REVISION_NAMES)
_FURTHER: Final[tuple[tuple[str, tuple[str, ...], Callable[[ForeignMessage, Row], None]], ...]] = (
    ("media", SLOT_NAMES, put_slot),
    ("revision", _KEPT_NAMES, lambda one, row: one.revisions.append(row)),
    ("absence", ABSENCE_NAMES, lambda one, row: one.absences.append(row)),
    ("counter", COUNTER_NAMES, lambda one, row: one.counters.append(row)),
    ("rich_part", PART_NAMES, _set_part),
    ("imported", ("import_id", "payload_sha256"), lambda one, row: one.pieces.append(row)),
)
_PIECE_OF, _PIECE_DIGEST = PIECE_NAMES.index("import_id"), PIECE_NAMES.index("payload_sha256")
_ORIGIN, _FIRST, _LAST, _PTS, _MISSING, _REVISIONS = (
    AFTER_NAMES.index(name) for name in ("origin", "first_seen", "last_seen", "seen_pts", "missing_since", "revisions")
)
_HASH, _DIGEST = CONTENT_NAMES.index("content_hash"), CONTENT_NAMES.index("payload_sha256")
_COUNTED: Final = slice(CONTENT_NAMES.index("views"), CONTENT_NAMES.index("reactions") + 1)
