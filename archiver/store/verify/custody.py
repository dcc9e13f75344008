"""The log, the coverage and the channel histories, as `telekeep verify` reads them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archiver.ids import ChannelId
from archiver.model.ledger import LATER
from archiver.store.database import Reader

Row = tuple[Any, ...]
CHANNEL_NAMES = (
    "channel_id",
    "username",
    "usernames",
    "title",
    "about",
    "restriction",
    "flags",
    "state",
    "state_reason",
    "state_since",
    "generation",
    "pts",
    "top_id",
    "floor_id",
    "window_start",
    "added_at",
    "account",
    "failures",
    "server_count",
    "server_count_at",
    "participants",
)
CAPTURE_NAMES = (
    "capture_id",
    "channel_id",
    "at",
    "method",
    "lo",
    "hi",
    "count",
    "generation",
    "version",
    "layer",
    "account",
    "clock_ahead",
    "source_id",
)


class ImportLog(NamedTuple):
    """What checks need of an import."""

    at: int
    format: str
    zone: str | None


@dataclass(slots=True)
class ChannelLog:
    """The log of one channel, summarised."""

    answers: dict[int, set[str]] = field(default_factory=dict)
    """The methods of the answers, by unix second."""
    layers: set[int] = field(default_factory=set)
    generation: int = 0
    """The highest generation of any answer."""
    imports: dict[int, ImportLog] = field(default_factory=dict)
    """The imports into the channel, by their numbers."""
    is_merged: bool = False
    """Whether some answers come from another archive that was taken over."""


class Orphans(NamedTuple):
    """Rows of a table whose channel or message does not exist."""

    table: str
    rows: int
    first: str


def read_log(conn: sqlite3.Connection, channel_id: ChannelId) -> ChannelLog:
    """Summarise the log of one channel."""
    log = ChannelLog()
    query = "SELECT at, method, layer, generation, source_id FROM capture WHERE channel_id = ?"
    for at, method, layer, generation, source_id in conn.execute(query, (channel_id,)):
        log.answers.setdefault(at, set()).add(method)
        log.layers.add(layer)
        if isinstance(generation, int) and generation > log.generation:
            log.generation = generation
        if source_id is not None:
            log.is_merged, log.generation = True, max(log.generation, 1)
    query = "SELECT import_id, at, format, zone FROM import_source WHERE channel_id = ?"
    log.imports = {row[0]: ImportLog(*row[1:]) for row in conn.execute(query, (channel_id,))}
    return log


def is_merged(conn: sqlite3.Connection, channel_id: ChannelId) -> bool:
    """Whether another archive was taken over, if only for what it knows of the channel itself."""
    query = "SELECT 1 FROM import_source WHERE channel_id = ? AND format = 'telekeep' LIMIT 1"
    return conn.execute(query, (channel_id,)).fetchone() is not None


def list_channels(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """The rows of all channels, as dicts."""
    rows = conn.execute(f"SELECT {', '.join(CHANNEL_NAMES)} FROM channel ORDER BY channel_id")
    return [dict(zip(CHANNEL_NAMES, row, strict=True)) for row in rows]


def list_captures(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """The whole log in order, as dicts."""
    rows = conn.execute(f"SELECT {', '.join(CAPTURE_NAMES)} FROM capture ORDER BY capture_id")
    return [dict(zip(CAPTURE_NAMES, row, strict=True)) for row in rows]


def list_coverage(conn: sqlite3.Connection, channel_id: ChannelId) -> list[tuple[int, int, int]]:
    """All covered intervals of a channel, as (generation, lo, hi)."""
    return conn.execute(
        "SELECT generation, lo, hi FROM coverage WHERE channel_id = ? ORDER BY generation, lo", (channel_id,)
    ).fetchall()


def list_channel_revisions(conn: sqlite3.Connection, channel_id: ChannelId) -> list[Row]:
    """A channel's revisions: number, the CHANNEL_NAMES from username to flags, participants, observed_at."""
    columns = ", ".join((*CHANNEL_NAMES[1:7], "participants", "observed_at"))
    query = f"SELECT revision, {columns} FROM channel_revision WHERE channel_id = ? ORDER BY revision"
    return conn.execute(query, (channel_id,)).fetchall()


def find_last_state(conn: sqlite3.Connection, channel_id: ChannelId) -> Row | None:
    """A channel's last state change, in the order written: state, reason, time."""
    row: Row | None = conn.execute(
        "SELECT state, reason, at FROM channel_state WHERE channel_id = ? ORDER BY rowid DESC LIMIT 1", (channel_id,)
    ).fetchone()
    return row


def find_holes(conn: sqlite3.Connection) -> list[str]:
    """Append-only tables with rows missing before their end."""
    found = []
    for table, key in (("capture", "capture_id"), ("channel_state", "rowid")):
        count, low, high = conn.execute(f"SELECT count(*), min({key}), max({key}) FROM {table}").fetchone()
        if count and (low, high) != (1, count):
            found.append(table)
    return found


def find_top(conn: Reader, channel_id: ChannelId) -> tuple[int, int]:
    """The channel's highest message id (0 if none) and its number of messages."""
    high, count = conn.execute(
        "SELECT coalesce(max(message_id), 0), count(*) FROM message WHERE channel_id = ?", (channel_id,)
    ).fetchone()
    return int(high), int(count)


def find_captured_top(conn: Reader, channel_id: ChannelId) -> int:
    """The highest id of the channel's messages that Telegram showed; 0 if none. Reads rows until it has one."""
    row = conn.execute(
        "SELECT message_id FROM message WHERE channel_id = ? AND layer <> 0 ORDER BY message_id DESC LIMIT 1",
        (channel_id,),
    ).fetchone()
    return 0 if row is None else int(row[0])


_NO_MESSAGE = (
    "NOT EXISTS (SELECT 1 FROM message AS m WHERE m.channel_id = t.channel_id AND m.message_id = t.message_id)"
)
_NO_CHANNEL = "NOT EXISTS (SELECT 1 FROM channel AS c WHERE c.channel_id = t.channel_id)"
_REFERENCES = {
    **dict.fromkeys(
        ("outbox", "index_aside", "media", "revision", "absence", "counter", "rich_part", "imported"), _NO_MESSAGE
    ),
    **dict.fromkeys(
        (
            "message",
            "coverage",
            "capture",
            "access",
            "review",
            "channel_state",
            "channel_revision",
            "index_home",
            "import_source",
        ),
        _NO_CHANNEL,
    ),
    "index_walk": _NO_CHANNEL,
}


def find_orphans(conn: sqlite3.Connection) -> list[Orphans]:
    """Rows that refer to a channel or a message that does not exist."""
    found = []
    for table, missing in _REFERENCES.items():
        shown = "channel_id" if missing is _NO_CHANNEL else "channel_id || '/' || message_id"
        count, first = conn.execute(f"SELECT count(*), min({shown}) FROM {table} AS t WHERE {missing}").fetchone()
        if count:
            found.append(Orphans(table, count, str(first)))
    return found


def has_unissued_sequence(conn: sqlite3.Connection) -> bool:
    """Whether the outbox has a sequence number that was never issued."""
    row = conn.execute("SELECT seq FROM indexing").fetchall()
    [(high,)] = conn.execute("SELECT max(seq % ?) FROM outbox", (LATER,)).fetchall()
    return len(row) != 1 or (high or 0) > row[0][0]


def find_unindexed(conn: sqlite3.Connection) -> tuple[int, int, int, int] | None:
    """Where no index was ever filled: messages, rows of the outbox, and the highest place by it and as given."""
    tables = ("index_home", "index_node", "index_walk", "index_task", "index_aside")
    if any(conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables):
        return None
    row = conn.execute(
        "SELECT (SELECT count(*) FROM message), count(*), coalesce(max(seq % ?), 0), (SELECT max(seq) FROM indexing)"
        " FROM outbox",
        (LATER,),
    ).fetchone()
    return row[0], row[1], row[2], row[3]


def list_clocks(conn: sqlite3.Connection) -> set[str]:
    """The accounts with a recorded clock offset."""
    return {row[0] for row in conn.execute("SELECT account FROM account WHERE clock_ahead IS NOT NULL")}


def list_access(conn: sqlite3.Connection) -> set[tuple[int, str]]:
    """(channel_id, account) of every stored access hash."""
    return {(row[0], row[1]) for row in conn.execute("SELECT channel_id, account FROM access")}


def list_saved_names(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    """(folded name, name) of every saved query."""
    return conn.execute("SELECT folded, name FROM saved_query ORDER BY folded").fetchall()
