"""Tables `import_source`, `channel`, `capture` and `coverage` when another archive is taken over: in the caller's
transaction.

Answers of the other archive are copied into the log before the messages that they brought, without the ids that they
prove; these follow once all messages are here. So an import that is killed claims nothing, and continues later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId
from archiver.model import coverage
from archiver.model.coverage import Interval
from archiver.model.descriptions import DescribedAt, unite_descriptions
from archiver.model.imported import BY_IMPORT
from archiver.model.sync_state import TakenState
from archiver.store.channels.channel import set_state
from archiver.store.channels.coverage import BEFORE, cover
from archiver.store.database import Reader
from archiver.store.imports.import_source import ImportRecord, find_import
from archiver.store.index.index_home import mark_renamed
from archiver.store.merging.foreign_channel import ForeignChannel
from archiver.store.merging.foreign_log import ForeignCapture, is_within

FORMAT: Final = "telekeep"
"""Of `import_source`."""
_COPIED: Final = "EXISTS (SELECT 1 FROM capture WHERE import_id = ?1 AND source_id = ?2 AND at = ?3 AND method = ?4)"
_DESCRIPTION: Final = ", ".join(DescribedAt._fields[1:])


class SourceFile(NamedTuple):
    """The archive that is taken over, as the chain of custody names it."""

    file_name: str
    sha256: str
    octets: int
    version: str
    """Of the telekeep that imports."""
    archive: str
    """JSON: see migration 0021."""


def find_merge(conn: Reader, channel_id: ChannelId, sha256: str) -> ImportRecord | None:
    """The import of this channel from this archive, if there was one."""
    return find_import(conn, channel_id, sha256, FORMAT)


def start_merge(conn: sqlite3.Connection, channel: ForeignChannel, source: SourceFile, *, now: int) -> int:
    """The number of the import of this channel from this archive; recorded with the first thing that is written."""
    found = find_merge(conn, channel.channel_id, source.sha256)
    if found is not None:
        return found.import_id
    cursor = conn.execute(
        "INSERT INTO import_source (at, channel_id, format, file_name, sha256, bytes, title, version, archive)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(now, channel.channel_id, FORMAT, source.file_name, source.sha256, source.octets, channel.title),
            *(source.version, source.archive),
        ),
    )
    return int(cursor.lastrowid or 0)


def end_merge(conn: sqlite3.Connection, import_id: int, counts: dict[str, int], *, now: int) -> None:
    """Record that an import is complete. `counts` are added to those of earlier, interrupted runs."""
    [(before,)] = conn.execute("SELECT counts FROM import_source WHERE import_id = ?", (import_id,)).fetchall()
    known = orjson.loads(before)
    total = {name: count + known.get(name, 0) for name, count in counts.items()}
    conn.execute(
        "UPDATE import_source SET finished_at = ?, counts = ? WHERE import_id = ?",
        (now, orjson.dumps(total).decode(), import_id),
    )


def create_channel(
    conn: sqlite3.Connection, channel: ForeignChannel, states: Iterable[tuple[int, str, str | None]], *, now: int
) -> None:
    """Add a channel that is known only from imports: it is not mirrored until `telekeep add`."""
    names = (
        *("channel_id", "username", "usernames", "title", "about", "megagroup", "participants", "created"),
        *("noforwards", "restriction", "flags", "added_at", "described_at"),
    )
    conn.execute(
        f"INSERT INTO channel ({', '.join(names)}, imported_only) VALUES ({', '.join('?' * len(names))}, 1)",
        [getattr(channel, name) for name in names],
    )
    conn.executemany(
        "INSERT INTO channel_state (channel_id, at, state, reason) VALUES (?, ?, ?, ?)",
        [(channel.channel_id, *state) for state in states],
    )
    set_state(conn, channel.channel_id, "removed", now=now, reason=BY_IMPORT)


def unite_with(conn: Reader, channel_id: ChannelId, theirs: Iterable[DescribedAt]) -> list[DescribedAt]:
    """The channel's descriptions with theirs; empty if these add nothing. Descriptions by exports do not count."""
    query = f"SELECT observed_at, {_DESCRIPTION} FROM channel_revision WHERE channel_id = ? ORDER BY revision"
    ours = [DescribedAt._make(row) for row in conn.execute(query, (channel_id,))]
    united = unite_descriptions([] if is_unseen(conn, channel_id) else ours, theirs)
    return [] if united == ours else united


def is_unseen(conn: Reader, channel_id: ChannelId) -> bool:
    """Whether the channel is known from exports only."""
    query = "SELECT 1 FROM channel WHERE channel_id = ? AND imported_only AND pts IS NULL"
    return conn.execute(query, (channel_id,)).fetchone() is not None


def put_descriptions(conn: sqlite3.Connection, channel_id: ChannelId, united: Sequence[DescribedAt]) -> None:
    """Write the descriptions; the newest becomes the present one."""
    conn.execute("DELETE FROM channel_revision WHERE channel_id = ?", (channel_id,))
    conn.executemany(
        f"INSERT INTO channel_revision (channel_id, revision, observed_at, {_DESCRIPTION})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(channel_id, number, *row) for number, row in enumerate(united, 1)],
    )
    before = conn.execute("SELECT username, title FROM channel WHERE channel_id = ?", (channel_id,)).fetchone()
    newest = united[-1]
    conn.execute(
        "UPDATE channel SET username = ?, usernames = ?, title = ?, about = ?, restriction = ?, flags = ?,"
        " participants = ? WHERE channel_id = ?",
        (*newest[1:], channel_id),
    )
    if before != (newest.username, newest.title):
        mark_renamed(conn, channel_id)


def list_all_proven(conn: Reader, channel_id: ChannelId) -> list[Interval]:
    """The ids that our coverage accounts for, in any generation."""
    found: list[Interval] = []
    for lo, hi in conn.execute("SELECT lo, hi FROM coverage WHERE channel_id = ? ORDER BY lo", (channel_id,)):
        found = coverage.add(found, lo, hi)
    return found


def list_identities(conn: Reader, channel_id: ChannelId, import_id: int | None) -> set[int]:
    """Hashes that identify the answers in our log, except those of this import, which `find_last_capture` knows."""
    rows = conn.execute(
        "SELECT at, method, lo, hi, count, version, layer, account FROM capture"
        " WHERE channel_id = ? AND (import_id IS NULL OR import_id <> ?)",
        (channel_id, import_id or 0),
    )
    return {hash(row) for row in rows}  # of 100,000 answers 64 bits each, not the rows


def find_last_capture(conn: Reader, import_id: int) -> int:
    """The last answer that was copied, by its number in the other archive."""
    [(last,)] = conn.execute("SELECT max(source_id) FROM capture WHERE import_id = ?", (import_id,)).fetchall()
    return last or 0


def is_copied(conn: Reader, origin: tuple[int, int], one: ForeignCapture) -> bool:
    """Whether an answer of this origin is in our log."""
    [(found,)] = conn.execute(f"SELECT {_COPIED}", (*origin, one.at, one.method)).fetchall()
    return bool(found)


def copy_captures(
    conn: sqlite3.Connection, channel_id: ChannelId, captures: Iterable[tuple[tuple[int, int], ForeignCapture]]
) -> int:
    """Append answers of the other archive to our log, each with its origin; return how many were new.

    The origin: the import of the archive that captured it, and its number there (`MergeMark.origin_of`).
    """
    cursor = conn.executemany(
        "INSERT INTO capture (import_id, source_id, at, method, channel_id, lo, hi, count, generation, version, layer,"
        f" account, clock_ahead) SELECT ?1, ?2, ?3, ?4, ?5, NULL, NULL, ?6, 1, ?7, ?8, ?9, ?10 WHERE NOT {_COPIED}",
        [
            (
                *(*origin, one.at, one.method, channel_id),
                *(one.messages, one.version, one.layer, one.account, one.clock_ahead),
            )
            for origin, one in captures
        ],
    )
    return cursor.rowcount


def take_proofs(
    conn: sqlite3.Connection,
    channel: ForeignChannel,
    captures: Iterable[tuple[tuple[int, int], ForeignCapture]],
    proven: list[Interval],
    *,
    current: bool,
) -> None:
    """Let the copied answers prove what they proved there, and cover these ids. `proven`: its coverage.

    `captures`: with their origins, as `copy_captures` has them. `current`: whether the answers of its current
    generation count as of ours.
    """
    [(ours,)] = conn.execute("SELECT generation FROM channel WHERE channel_id = ?", (channel.channel_id,)).fetchall()
    added: dict[int, list[Interval]] = {}
    for (import_id, number), one in captures:
        if one.lo is None or one.hi is None or not is_within(proven, one.lo, one.hi):
            continue
        generation = ours if current and one.generation == channel.generation else BEFORE
        changed = conn.execute(
            "UPDATE capture SET lo = ?, hi = ?, generation = ?"
            " WHERE import_id = ? AND source_id IN (?, ?) AND lo IS NULL AND at = ? AND method = ?",
            # Before schema 23 an answer of a third archive had its number in the second.
            (one.lo, one.hi, generation, import_id, number, one.capture_id, one.at, one.method),
        )
        if changed.rowcount:
            added[generation] = coverage.add(added.get(generation, []), one.lo, one.hi)
    for generation, intervals in added.items():
        for lo, hi in intervals:
            cover(conn, channel.channel_id, generation, lo, hi)


def raise_top(conn: sqlite3.Connection, channel_id: ChannelId, top_id: int) -> None:
    """Record that this id is known."""
    conn.execute("UPDATE channel SET top_id = ? WHERE channel_id = ? AND top_id < ?", (top_id, channel_id, top_id))


def take_progress(conn: sqlite3.Connection, channel: ForeignChannel, taken: TakenState, *, top_id: int) -> None:
    """Take over how far the channel is known. `top_id`: the highest id taken or proven."""
    channel_id = channel.channel_id
    raise_top(conn, channel_id, top_id)
    if taken.pts is not None:
        conn.execute("UPDATE channel SET pts = ? WHERE channel_id = ?", (taken.pts, channel_id))
    if taken.synced_at is not None:
        conn.execute("UPDATE channel SET last_sync_at = ? WHERE channel_id = ?", (taken.synced_at, channel_id))
    if taken.pts is not None:
        counted = ("window_start", "floor_id", "server_count", "server_count_at", "server_count_pts")
        values: list[Any] = [getattr(channel, name) for name in counted]
        conn.execute(
            f"UPDATE channel SET {', '.join(f'{name} = ?' for name in counted)} WHERE channel_id = ? AND imported_only",
            (*values, channel_id),
        )
