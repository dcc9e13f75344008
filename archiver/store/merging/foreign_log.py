"""Another archive's log and coverage: its answers, and which ids they account for."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model import coverage
from archiver.model.completeness import Proof, first_proofs
from archiver.model.coverage import Interval
from archiver.model.merging import Notice
from archiver.model.sync_state import SyncState
from archiver.store.channels.capture import METHODS, WAYS
from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_channel import ForeignChannel
from archiver.store.merging.foreign_values import (
    Check,
    checks_of,
    is_count,
    is_id,
    is_integer,
    is_time,
    or_null,
)
from archiver.store.verify.custody import CAPTURE_NAMES


class ForeignCapture(NamedTuple):
    """A row of another archive's log."""

    capture_id: int
    at: int
    method: str
    lo: int | None
    hi: int | None
    messages: int
    generation: int
    version: str
    layer: int
    account: str
    clock_ahead: float | None
    import_id: int | None
    source_id: int | None
    """Its number in the archive that captured it, if that was another one."""

    @property
    def identity(self) -> tuple[object, ...]:
        """What it has in common with a copy of it."""
        return (self.at, self.method, self.lo, self.hi, self.messages, self.version, self.layer, self.account)


def iter_captures(archive: ForeignArchive, channel_id: ChannelId, *, after: int = 0) -> Iterator[ForeignCapture]:
    """Yield the log of a channel, in order; rows with impossible values are left out."""
    columns = archive.select("capture", ForeignCapture._fields).replace("NULL AS messages", "count AS messages")
    query = f"SELECT {columns} FROM capture WHERE channel_id = ? AND capture_id > ? ORDER BY capture_id"
    for row in archive.fetch(query, (channel_id, after)):
        if _CAPTURE.accept(row):
            yield ForeignCapture._make(row)


def read_sync_state(archive: ForeignArchive, channel: ForeignChannel) -> SyncState:
    """How far it knows the channel."""
    query = "SELECT lo, hi FROM coverage WHERE channel_id = ? AND generation = ? ORDER BY lo"
    rows = archive.conn.execute(query, (channel.channel_id, channel.generation))
    return SyncState(channel.pts, _join(rows), channel.last_sync_at)


def list_proven(archive: ForeignArchive, channel_id: ChannelId) -> list[Interval]:
    """The ids that it read completely, in any generation. An archive of some messages has none."""
    return _join(archive.conn.execute("SELECT lo, hi FROM coverage WHERE channel_id = ? ORDER BY lo", (channel_id,)))


def is_within(proven: list[Interval], lo: int | None, hi: int | None) -> bool:
    """Whether a range of ids is covered."""
    return lo is not None and hi is not None and not coverage.gaps(proven, lo, hi)


class Notices:
    """The last answer that accounted for each id of a channel: a message that is not held then was gone."""

    def __init__(self, proofs: Iterator[Proof]) -> None:
        """`proofs`: latest first."""
        self._proofs = first_proofs(proofs)

    def find(self, message_id: int, after: int) -> Notice | None:
        """The answer that shows that a message was gone, if it came later than this."""
        low, high = 0, len(self._proofs)
        while low < high:
            middle = (low + high) // 2
            if self._proofs[middle].hi < message_id:
                low = middle + 1
            else:
                high = middle
        if low == len(self._proofs) or self._proofs[low].lo > message_id or self._proofs[low].at <= after:
            return None
        return Notice(self._proofs[low].at, self._proofs[low].how)


def iter_latest_proofs(
    conn: sqlite3.Connection | Any, channel_id: ChannelId, proven: list[Interval]
) -> Iterator[Proof]:
    """Yield what the answers in a log prove, latest first. `proven`: what its coverage confirms."""
    query = (
        "SELECT lo, hi, at, method FROM capture WHERE channel_id = ? AND lo IS NOT NULL"
        " ORDER BY at DESC, capture_id DESC"
    )
    for lo, hi, at, method in conn.execute(query, (channel_id,)):
        if method in WAYS and is_time(at) and is_id(lo) and is_id(hi) and lo <= hi and is_within(proven, lo, hi):
            yield Proof(lo, hi, at, WAYS[method])


class LogSummary(NamedTuple):
    """A summary of a log: of accounts only their labels."""

    accounts: list[str]
    captures: int
    first: int | None
    last: int | None


def describe_log(archive: ForeignArchive) -> LogSummary:
    """Summarise the log."""
    labels = archive.conn.execute("SELECT DISTINCT account FROM capture ORDER BY account LIMIT 100")
    accounts = [label for (label,) in labels if _is_label(label)]
    count, first, last = archive.conn.execute("SELECT count(*), min(at), max(at) FROM capture").fetchone()
    return LogSummary(accounts, count, first if is_time(first) else None, last if is_time(last) else None)


def hash_log(archive: ForeignArchive) -> str:
    """The SHA-256 over its log, which only grows: what an archive is known by while it is in use."""
    digest = hashlib.sha256()
    columns = archive.select("capture", CAPTURE_NAMES)
    for row in archive.conn.execute(f"SELECT {columns} FROM capture ORDER BY capture_id"):
        digest.update(orjson.dumps(row, default=repr))
    return digest.hexdigest()


def _join(rows: Any) -> list[Interval]:
    found: list[Interval] = []
    for lo, hi in rows:
        if is_id(lo) and is_id(hi) and lo <= hi:
            found = coverage.add(found, lo, hi)
    return found


def _is_label(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= 100 and "\0" not in value


_OF_CAPTURE: Final[dict[str, Check]] = {
    "capture_id": is_integer,
    "at": lambda value: is_time(value) and value > 0,
    "method": lambda value: type(value) is str and value in METHODS,
    **dict.fromkeys(("lo", "hi"), or_null(is_id)),
    **dict.fromkeys(("messages", "generation"), is_count),
    **dict.fromkeys(("version", "account"), _is_label),
    "layer": lambda value: type(value) is int and 0 <= value <= 10_000,
    "clock_ahead": lambda value: value is None or (type(value) in (int, float) and abs(value) < 10**11),
    **dict.fromkeys(("import_id", "source_id"), or_null(is_integer)),
}
_CAPTURE: Final = checks_of(ForeignCapture._fields, _OF_CAPTURE)
