"""Messages of another archive, some hundred at a time, with all that it knows of them, checked before anything is used.

A message with a wrong SHA-256, or with values that telekeep never writes, is left out and named; the others are taken.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from archiver.ids import ChannelId
from archiver.model.imported import IMPORTED
from archiver.store.merging import foreign_values as values
from archiver.store.merging.foreign import LARGEST, ForeignArchive
from archiver.store.merging.foreign_values import WrongValueError, checks_of, expect_file, expect_payload
from archiver.store.messages.message import CONTENT_NAMES
from archiver.store.verify.checked import MEDIA_NAMES, PART_NAMES, REVISION_NAMES

Row: TypeAlias = tuple[Any, ...]

PAGE: Final = 1_000
_LOWEST: Final = -(2**63)
_MOST_ROWS: Final = 20_000
"""Rows of one table for the messages of a page; with more, fewer messages are read at once."""
AFTER_NAMES: Final = (
    *("origin", "generation", "first_seen", "last_seen", "missing_since", "missing_how", "revisions", "lang"),
    *("seen_pts", "import_id"),
)
ANY_REVISION_NAMES: Final = (*REVISION_NAMES, "import_id")
SLOT_NAMES: Final = (*MEDIA_NAMES, "sha256")
ABSENCE_NAMES: Final = ("noticed_at", "how", "last_seen", "returned_at")
COUNTER_NAMES: Final = ("at", "views", "forwards", "replies", "reactions")
PIECE_NAMES: Final = ("import_id", "payload_sha256", "raw", "differs")
_ROW: Final = ("message_id", *CONTENT_NAMES, *AFTER_NAMES)


@dataclass(slots=True)
class ForeignMessage:
    """A message of another archive: the rows of its tables."""

    message_id: int
    content: Row
    """CONTENT_NAMES."""
    after: Row
    """AFTER_NAMES."""
    media: list[Row] = field(default_factory=list)
    """MEDIA_NAMES: without the state of their files."""
    digests: dict[int, str] = field(default_factory=dict)
    """SHA-256 of the stored files, by slot."""
    revisions: list[Row] = field(default_factory=list)
    """ANY_REVISION_NAMES, by number."""
    absences: list[Row] = field(default_factory=list)
    """ABSENCE_NAMES."""
    counters: list[Row] = field(default_factory=list)
    """COUNTER_NAMES."""
    part: Row | None = None
    """PART_NAMES."""
    pieces: list[Row] = field(default_factory=list)
    """PIECE_NAMES: what imports into that archive held of it."""

    @property
    def is_imported(self) -> bool:
        """Whether its present content comes from an export."""
        return bool(self.content[_LAYER] == IMPORTED)


class LeftOut(NamedTuple):
    """A message that is not taken over, and why."""

    message_id: int | None
    """None: all that follow in its channel."""
    what: str


class ForeignPage(NamedTuple):
    """Some messages with adjacent ids, ascending."""

    messages: list[ForeignMessage]
    left_out: list[LeftOut]
    last_id: int

    def list_ids(self) -> set[int]:
        """The ids that the other archive has, taken or not."""
        left_out = {one.message_id for one in self.left_out if one.message_id is not None}
        return left_out | {one.message_id for one in self.messages}


class _TooManyError(Exception):
    """A page has more rows than are read at once."""


def count_messages(archive: ForeignArchive) -> dict[int, int] | None:
    """The messages of each channel, counted without any index, which may be damaged; None if the table itself is."""
    # Not `GROUP BY`: without an index SQLite would sort all of them, in memory.
    query = "SELECT channel_id FROM message NOT INDEXED"
    try:
        return dict(Counter(number for (number,) in archive.conn.execute(query)))
    except sqlite3.Error:
        return None


def count_indexed(archive: ForeignArchive, channel_id: ChannelId) -> int | None:
    """The messages of a channel that its key leads to: fewer than there are, or None, if the file is damaged."""
    query = "SELECT count(*) FROM message INDEXED BY sqlite_autoindex_message_1 WHERE channel_id = ?"
    try:
        return int(archive.conn.execute(query, (channel_id,)).fetchone()[0])
    except sqlite3.Error:
        return None


def iter_pages(archive: ForeignArchive, channel_id: ChannelId, *, size: int = PAGE) -> Iterator[ForeignPage]:
    """Yield the channel's messages, ascending."""
    after = _LOWEST
    while True:
        try:
            ids = _list_ids(archive.conn, channel_id, after, size)
            if ids and ids[-1] <= after:
                raise sqlite3.DatabaseError("the index leads back")
        except sqlite3.Error:
            where = "" if after == _LOWEST else f" after message {after}"
            yield ForeignPage(
                [], [LeftOut(None, f"the file is damaged{where}, and what follows cannot be read")], after
            )
            return
        if not ids:
            return
        yield from _read(archive, channel_id, ids)
        after = ids[-1]


def read_message(archive: ForeignArchive, channel_id: ChannelId, message_id: int) -> ForeignMessage | None:
    """A message; None if it is not there, or is left out."""
    return next((one for page in _read(archive, channel_id, [message_id]) for one in page.messages), None)


def _list_ids(conn: sqlite3.Connection, channel_id: int, after: int, size: int) -> list[int]:
    query = "SELECT message_id FROM message WHERE channel_id = ? AND message_id > ? ORDER BY message_id LIMIT ?"
    return [row[0] for row in conn.execute(query, (channel_id, after, size))]


def _read(archive: ForeignArchive, channel_id: int, ids: list[int]) -> Iterator[ForeignPage]:
    """Yield these messages; those that cannot be read are found by bisection."""
    try:
        yield _read_page(archive, channel_id, ids[0], ids[-1])
    except (_TooManyError, sqlite3.Error) as exc:
        if len(ids) == 1:
            what = "has more rows than any message" if isinstance(exc, _TooManyError) else "cannot be read"
            yield ForeignPage([], [LeftOut(ids[0], what)], ids[0])
            return
        middle = len(ids) // 2
        yield from _read(archive, channel_id, ids[:middle])
        yield from _read(archive, channel_id, ids[middle:])


def _read_page(archive: ForeignArchive, channel_id: int, lo: int, hi: int) -> ForeignPage:
    within = (channel_id, lo, hi)
    messages: dict[int, ForeignMessage] = {}
    left_out: list[LeftOut] = []
    octets = 0
    for row in archive.conn.execute(
        f"SELECT {archive.select('message', _ROW)} FROM message"
        " WHERE channel_id = ? AND message_id BETWEEN ? AND ? ORDER BY message_id",
        within,
    ):
        octets += len(row[-_FROM_END]) if isinstance(row[-_FROM_END], bytes) else 0
        if octets > LARGEST and lo < hi:
            raise _TooManyError
        try:
            messages[row[0]] = _read_message(row)
        except WrongValueError as exc:
            left_out.append(LeftOut(row[0] if isinstance(row[0], int) else None, str(exc)))
    for table in _TABLES:
        if archive.has(table.name):
            _read_rows(archive, table, within, messages, left_out)
    return ForeignPage(list(_numbered(messages.values(), left_out)), left_out, hi)


def _read_message(row: Row) -> ForeignMessage:
    _CHECKS.expect(row)
    content, after = row[1 : 1 + len(CONTENT_NAMES)], row[1 + len(CONTENT_NAMES) :]
    expect_payload(content[_DIGEST], content[_RAW])
    if (after[_MISSING] is None) != (after[_MISSING_HOW] is None):
        raise WrongValueError("missing_since and missing_how contradict each other")
    return ForeignMessage(row[0], content, after)


def _read_rows(
    archive: ForeignArchive,
    table: _Table,
    within: tuple[int, int, int],
    messages: dict[int, ForeignMessage],
    left_out: list[LeftOut],
) -> None:
    """Add the rows of a further table to their messages; a wrong one takes its message out."""
    query = (
        f"SELECT message_id, {archive.select(table.name, table.columns)} FROM {table.name} WHERE channel_id = ?"
        f" AND message_id BETWEEN ? AND ? ORDER BY message_id, {table.order} LIMIT {_MOST_ROWS + 1}"
    )
    for count, (message_id, *row) in enumerate(archive.conn.execute(query, within)):
        if count == _MOST_ROWS:
            raise _TooManyError
        found = messages.get(message_id)
        if found is None:
            continue
        try:
            table.checks.expect(row)
            table.put(found, tuple(row))
        except WrongValueError as exc:
            del messages[message_id]
            left_out.append(LeftOut(message_id, f"{table.name}: {exc}"))


def _numbered(messages: Iterable[ForeignMessage], left_out: list[LeftOut]) -> Iterator[ForeignMessage]:
    """Those whose earlier contents are all there: their numbers are cited."""
    for one in messages:
        count = one.after[_REVISIONS]
        if count == len(one.revisions) and (
            not count or [row[0] for row in one.revisions] == list(range(1, count + 1))
        ):
            yield one
        else:
            left_out.append(LeftOut(one.message_id, "some of its earlier contents are missing"))


def _put_media(one: ForeignMessage, row: Row) -> None:
    expect_file(row[1], row[2])
    put_slot(one, row)


def put_slot(one: ForeignMessage, row: Row) -> None:
    """Add a slot. `row`: SLOT_NAMES."""
    one.media.append(row[:-1])
    if row[-1] is not None:
        one.digests[row[0]] = row[-1]


def _put_revision(one: ForeignMessage, row: Row) -> None:
    expect_payload(row[_KEPT_DIGEST], row[_KEPT_RAW])
    one.revisions.append(row)


def _put_part(one: ForeignMessage, row: Row) -> None:
    expect_payload(row[_PART_DIGEST], row[_PART_RAW])
    one.part = row


def _put_piece(one: ForeignMessage, row: Row) -> None:
    if row[2] is not None:
        expect_payload(row[1], row[2])
    one.pieces.append(row)


class _Table(NamedTuple):
    """A table with rows that belong to messages."""

    name: str
    columns: tuple[str, ...]
    order: str
    checks: values.Checks
    put: Callable[[ForeignMessage, Row], None]


_CHECKS: Final = checks_of(_ROW, values.OF_MESSAGE)
_LAYER: Final = CONTENT_NAMES.index("layer")
_FROM_END: Final = len(_ROW) - _ROW.index("raw")
_DIGEST, _RAW = CONTENT_NAMES.index("payload_sha256"), CONTENT_NAMES.index("raw")
_REVISIONS, _MISSING, _MISSING_HOW = (AFTER_NAMES.index(name) for name in ("revisions", "missing_since", "missing_how"))
_KEPT_DIGEST, _KEPT_RAW = REVISION_NAMES.index("payload_sha256"), REVISION_NAMES.index("raw")
_PART_DIGEST, _PART_RAW = PART_NAMES.index("payload_sha256"), PART_NAMES.index("raw")
_TABLES: Final = tuple(
    _Table(name, columns, order, checks_of(columns, of), put)
    for name, columns, order, of, put in (
        ("media", SLOT_NAMES, "slot", values.OF_MEDIA, _put_media),
        ("revision", ANY_REVISION_NAMES, "revision", values.OF_REVISION, _put_revision),
        ("absence", ABSENCE_NAMES, "noticed_at", values.OF_ABSENCE, lambda one, row: one.absences.append(row)),
        ("counter", COUNTER_NAMES, "at", values.OF_COUNTER, lambda one, row: one.counters.append(row)),
        ("rich_part", PART_NAMES, "message_id", values.OF_PART, _put_part),
        ("imported", PIECE_NAMES, "import_id", values.OF_PIECE, _put_piece),
    )
)
