"""Write what `merge_plan` decided: in the caller's transaction, with search rows and outbox. Nothing captured
is overwritten: a content that a newer one replaces becomes an earlier one with the next number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from archiver.ids import MessageId
from archiver.model.document import to_document
from archiver.model.merging import CURRENT
from archiver.store.bulk import insert_many
from archiver.store.imports.claimed import list_claimed
from archiver.store.imports.contradicted import note_contradicted
from archiver.store.imports.imported import keep_raw
from archiver.store.imports.imported_content import fill_columns
from archiver.store.imports.imported_files import carry_files
from archiver.store.index.outbox import enqueue
from archiver.store.media.file import fill_files
from archiver.store.merging.earlier_media import NOT_STORED, list_slots, put_united
from archiver.store.merging.foreign_log import ForeignCapture
from archiver.store.merging.foreign_page import AFTER_NAMES, Row
from archiver.store.merging.foreign_record import list_shown, with_digests
from archiver.store.merging.known_message import absences_of, known_of
from archiver.store.merging.merge_plan import PagePlan, PlannedMessage
from archiver.store.merging.merged_pieces import put_pieces
from archiver.store.merging.merged_records import Made
from archiver.store.messages import message as messages
from archiver.store.messages.message import CONTENT_NAMES, read_messages_of
from archiver.store.messages.revision import keep_revisions
from archiver.store.search.index_revisions import index_revisions
from archiver.store.verify.checked import PART_NAMES, REVISION_NAMES
from search.document import Key
from search.exact import writer

_NEW: Final = (
    f"INSERT INTO message (channel_id, message_id, {', '.join(CONTENT_NAMES)}, lang, origin, generation, first_seen,"
    " last_seen, missing_since, missing_how, revisions, seen_pts, import_id)"
)
_REPLACE: Final = (
    f"UPDATE message SET {', '.join(f'{name} = ?' for name in CONTENT_NAMES)}, lang = ?, import_id = ?"
    " WHERE channel_id = ? AND message_id = ?"
)
_TIMES: Final = (
    "UPDATE message SET origin = ?, first_seen = ?, last_seen = ?, seen_pts = ?, missing_since = ?, missing_how = ?"
    " WHERE channel_id = ? AND message_id = ?"
)
_GENERATION: Final = 1
"""Of messages that this archive never saw: the earliest, so that they never count as read in the present one."""


@dataclass(frozen=True, slots=True)
class MergeMark:
    """Marks rows that were taken over."""

    import_id: int
    """Of what the other archive captured itself."""
    earlier: Mapping[int, int]
    """Ours for its own `import_id`s."""
    now: int
    zones: Mapping[int, str]
    """Time zones of the other archive's imports, by its own `import_id`, where ours are different."""

    def of(self, theirs: int | None) -> int:
        """Ours for a row of the other archive."""
        return self.import_id if theirs is None else self.earlier.get(theirs, self.import_id)

    def origin_of(self, one: ForeignCapture) -> tuple[int, int]:
        """The import of the archive that captured an answer, also through the other one, and its number there."""
        if one.import_id in self.earlier and one.source_id is not None:
            return self.of(one.import_id), one.source_id
        return self.import_id, one.capture_id


def write_page(conn: sqlite3.Connection, plan: PagePlan, made: Mapping[int, Made], mark: MergeMark) -> None:
    """Write a page. `made`: by `make_records`."""
    _Writing(conn, plan, made, mark).write()


class _Writing:
    def __init__(self, conn: sqlite3.Connection, plan: PagePlan, made: Mapping[int, Made], mark: MergeMark) -> None:
        self._conn, self._plan, self._made, self._mark = conn, plan, made, mark
        self._channel_id = plan.channel_id

    def write(self) -> None:
        """Write messages first, then what refers to them."""
        conn, held = self._conn, self._plan.held
        replaced = [one for one in held if one.replaces]
        self._carry_files(replaced)
        taken = [with_digests(self._made[one.theirs.message_id].record, one.theirs) for one in replaced]
        note_contradicted(conn, self._channel_id, taken)
        kept = self._replace(replaced)
        messages.put_media(conn, [self._made[one.theirs.message_id].record for one in held if one.fills])
        for one in held:
            columns = dict(one.filled)
            if one.media and (one.fills or one.replaces):
                columns["media_kind"] = self._made[one.theirs.message_id].record.media_kind
            fill_columns(conn, self._channel_id, MessageId(one.theirs.message_id), columns)
        self._insert_new(self._plan.new)
        planned = [*self._plan.new, *held]
        self._put_times(held)
        self._put_absences(planned)
        self._put_counters(planned)
        self._put_parts(planned)
        put_pieces(conn, self._channel_id, planned, self._mark.of, self._mark.zones)
        revised = self._add_revisions(planned)
        revised += put_united(conn, self._channel_id, {one.theirs.message_id: one.earlier for one in held}, kept)
        for message_id, notice in self._plan.gone:
            messages.mark_missing(conn, self._channel_id, [message_id], now=notice.at, how=notice.how)
        self._update_search(planned, kept, revised)

    def _carry_files(self, replaced: Sequence[PlannedMessage]) -> None:
        """Give the files of our imports to what the other archive captured in their place."""
        imported = [one.theirs for one in replaced if one.ours is not None and one.ours.is_imported]
        records = [shown for one in imported for shown in list_shown(self._made[one.message_id].record, one)]
        if not records:
            return
        carry_files(self._conn, records, now=self._mark.now)
        shown = fill_files(self._conn, [one.record for one in self._made.values()])  # others may show them, too
        self._made = {one.message_id: Made(one, to_document(one)) for one in shown}

    def _insert_new(self, new: Sequence[PlannedMessage]) -> None:
        rows = []
        for one in new:
            theirs, merged, record = one.theirs, one.merged, self._made[one.theirs.message_id].record
            gone = merged.absence
            since, how = (gone.noticed_at, gone.how) if gone is not None else (None, None)
            language = messages.language_of(record)
            rows.append(
                (
                    *(self._channel_id, theirs.message_id, *theirs.content, language, merged.origin, _GENERATION),
                    *(merged.first_seen, merged.last_seen, since, how, 0, merged.seen_pts),
                    self._mark.of(theirs.after[_IMPORT]),
                )
            )
        if rows:
            insert_many(self._conn, _NEW, rows)
        messages.put_media(self._conn, [self._made[one.theirs.message_id].record for one in new])

    def _replace(self, replaced: Sequence[PlannedMessage]) -> dict[int, int]:
        """Write the newer contents; return the numbers under which those that they replace are kept."""
        numbers = {}
        for one in replaced:
            message_id = one.theirs.message_id
            if one.merged.keeps:
                [number] = keep_revisions(
                    self._conn, self._channel_id, [MessageId(message_id)], now=one.merged.replaced_at
                )
                numbers[message_id] = number
            elif one.ours is not None and one.ours.is_imported:
                keep_raw(self._conn, self._channel_id, [message_id])
            record = self._made[message_id].record
            values = (*one.theirs.content, messages.language_of(record), self._mark.of(one.theirs.after[_IMPORT]))
            self._conn.execute(_REPLACE, (*values, self._channel_id, message_id))
            self._conn.execute("DELETE FROM media WHERE channel_id = ? AND message_id = ?", self._key(message_id))
        messages.put_media(self._conn, [self._made[one.theirs.message_id].record for one in replaced])
        return numbers

    def _put_times(self, held: Sequence[PlannedMessage]) -> None:
        rows = []
        for one in held:
            gone = one.merged.absence
            since, how = (gone.noticed_at, gone.how) if gone is not None else (None, None)
            times = (one.merged.origin, one.merged.first_seen, one.merged.last_seen, one.merged.seen_pts, since, how)
            rows.append((*times, *self._key(one.theirs.message_id)))
        self._conn.executemany(_TIMES, rows)

    def _put_absences(self, planned: Sequence[PlannedMessage]) -> None:
        for one in planned:
            if one.ours is None and not one.merged.absences:
                continue
            before = absences_of(one.ours) if one.ours is not None else ()
            if one.merged.absences == before:
                continue
            key = self._key(one.theirs.message_id)
            self._conn.execute("DELETE FROM absence WHERE channel_id = ? AND message_id = ?", key)
            self._conn.executemany(
                "INSERT INTO absence (channel_id, message_id, noticed_at, how, last_seen, returned_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(*key, *gone) for gone in one.merged.absences],
            )

    def _put_counters(self, planned: Sequence[PlannedMessage]) -> None:
        self._conn.executemany(
            "INSERT INTO counter (channel_id, message_id, at, views, forwards, replies, reactions)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(*self._key(one.theirs.message_id), *row) for one in planned for row in one.counters],
        )

    def _put_parts(self, planned: Sequence[PlannedMessage]) -> None:
        """Rows of `rich_part` belong to the content: they come with it."""
        for one in planned:
            if not one.replaces:
                continue
            key = self._key(one.theirs.message_id)
            if one.ours is not None and one.ours.part is not None:
                self._conn.execute("DELETE FROM rich_part WHERE channel_id = ? AND message_id = ?", key)
            if one.theirs.part is not None:
                places = ", ".join("?" * (2 + len(PART_NAMES)))
                self._conn.execute(
                    f"INSERT INTO rich_part (channel_id, message_id, {', '.join(PART_NAMES)}) VALUES ({places})",
                    (*key, *one.theirs.part),
                )

    def _add_revisions(self, planned: Sequence[PlannedMessage]) -> list[int]:
        """Add earlier contents; return the ids of the messages that got some."""
        revised = []
        for one in planned:
            rows = list(self._list_revisions(one)) if one.theirs.revisions or one.merged.adds else []
            if not rows:
                continue
            key = self._key(one.theirs.message_id)
            query = "SELECT revisions FROM message WHERE channel_id = ? AND message_id = ?"
            [(count,)] = self._conn.execute(query, key).fetchall()
            columns = ("channel_id", "message_id", "import_id", *REVISION_NAMES)
            self._conn.executemany(
                f"INSERT INTO revision ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                [(*key, mark, number, *row) for number, (mark, row) in enumerate(rows, count + 1)],
            )
            self._conn.execute(
                "UPDATE message SET revisions = ? WHERE channel_id = ? AND message_id = ?", (count + len(rows), *key)
            )
            revised.append(one.theirs.message_id)
        return revised

    def _list_revisions(self, one: PlannedMessage) -> Iterable[tuple[int, Row]]:
        """The marks and rows of the earlier contents to add: the columns of REVISION_NAMES after the number."""
        theirs = one.theirs
        places = range(len(theirs.revisions)) if one.ours is None else one.merged.adds
        for place in places:
            if place == CURRENT:
                yield self._mark.of(theirs.after[_IMPORT]), self._as_revision(one)
            else:
                row = theirs.revisions[place]
                values = (*row[1:_KEPT_MEDIA], _without_files(row[_KEPT_MEDIA]), *row[_KEPT_MEDIA + 1 : -1])
                yield self._mark.of(row[-1]), values

    def _as_revision(self, one: PlannedMessage) -> Row:
        """Their present content, as an earlier one here."""
        content = dict(zip(CONTENT_NAMES, one.theirs.content, strict=True))
        values: dict[str, Any] = {
            **content,
            "media": orjson.dumps(list_slots(one.theirs)).decode(),
            "first_seen": known_of(one.theirs).current.began,
            "last_seen": one.theirs.after[_LAST],
            "replaced_at": one.merged.replaced_at,
        }
        return tuple(values[name] for name in REVISION_NAMES[1:])

    def _update_search(
        self, planned: Sequence[PlannedMessage], kept: Mapping[int, int], revised: Sequence[int]
    ) -> None:
        conn, channel_id = self._conn, self._channel_id
        numbers: dict[Key, int] = {(channel_id, message_id): number for message_id, number in kept.items()}
        written = [self._made[one.theirs.message_id].document for one in planned if one.replaces or one.fills]
        moved = writer.upsert(conn, written, numbers, unedited=list_claimed(conn, numbers)).moved if written else ()
        if late := sorted({*revised, *(number for _, number in moved)}):
            index_revisions(conn, read_messages_of(conn, channel_id, late))
        marked = {one.theirs.message_id: one.merged.absence is not None for one in planned if _may_be_marked(one)}
        marked.update(dict.fromkeys((message_id for message_id, _ in self._plan.gone), True))
        for missing in (False, True):
            keys = [(channel_id, message_id) for message_id, gone in marked.items() if gone == missing]
            if keys:
                writer.mark_missing(conn, keys, missing=missing)
        changed = {document.message_id for document in written} | marked.keys() | set(revised)
        if changed:
            enqueue(conn, channel_id, sorted(changed), now=self._mark.now, later=True)

    def _key(self, message_id: int) -> tuple[int, int]:
        return self._channel_id, message_id


def _may_be_marked(one: PlannedMessage) -> bool:
    """Whether its search rows may lack or have the mark of missing messages wrongly."""
    gone = one.merged.absence is not None
    was = one.ours is not None and one.ours.after[_MISSING] is not None
    is_written = one.ours is None or one.replaces or one.fills or bool(one.merged.adds or one.earlier)
    return gone != was or (gone and is_written)


def _without_files(media: str) -> str:
    """The media of an earlier content without the state of their files in the other archive."""
    slots = orjson.loads(media)
    if not slots:
        return media
    return orjson.dumps([slot | NOT_STORED for slot in slots]).decode()


_IMPORT, _LAST, _MISSING = (AFTER_NAMES.index(name) for name in ("import_id", "last_seen", "missing_since"))
_KEPT_MEDIA = REVISION_NAMES.index("media")
