"""Damage to an archive's file, and what can be said of it without our own code."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from archiver.evidence.run import verify
from archiver.store.verify.soundness import check_header

UNTOLD = {
    # What nothing else in the archive says: only a hash over all of it can.
    "message": {"seen_pts"},
    "channel": {
        "alias", "megagroup", "participants", "created", "noforwards", "window_start", "pts", "floor_id",
        "server_count", "server_count_at", "last_sync_at", "account", "failures", "retry_at", "last_error",
        "described_at", "server_count_pts", "accepted_count", "unexplained_count",
    },
    "channel_revision": {
        "observed_at", "participants", "username", "usernames", "title", "about", "restriction", "flags",
    },
    "capture": {"at", "count", "version", "layer", "method", "clock_ahead", "lo", "hi"},
    "coverage": {"generation"},
    "absence": {"noticed_at", "how", "last_seen", "returned_at"},
    "counter": {"at", "views", "forwards", "replies", "reactions"},
    "rich_part": {"row", "attempts", "retry_at", "refused", "completed_at", "noticed_at"},
    "outbox": {"enqueued_at", "seq"},
    "access": {"access_hash", "resolved_at"},
    "account": {"since", "first_name", "phone_end", "clock_ahead", "clock_at"},
    "saved_query": {"row", "query", "saved_at"},
    "search_layout": {"norm"},
    "search_block": {"flags", "views", "forwards", "low", "high"},
    "search_channel_range": {"low", "high"},
    "search_origin": {"name"},
    "search_text_config": {"v"},
    # Of the words of annotations: these only rank hits, and without any annotation nothing is in them.
    "search_annotation_config": {"k", "v", "row"},
    "search_annotation_data": {"id", "block", "row"},
    # Of what was superseded neither the last counters nor all words are kept.
    "search_document": {"views", "forwards", "date", "fingerprint"},
}  # fmt: skip
"""By table the columns, and `row` where one may vanish."""


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@contextmanager
def writing(directory: Path) -> Iterator[sqlite3.Connection]:
    """The archive's file, with no rule held."""
    with closing(sqlite3.connect(directory / "archive.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA ignore_check_constraints = ON")
        yield conn


def tables_of(path: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each table that has rows, with its columns and its key."""
    with closing(sqlite3.connect(path)) as conn:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('search_text', 'sqlite_sequence')"
        for (table,) in conn.execute(query).fetchall():
            columns = conn.execute(f"PRAGMA table_info({table})").fetchall()
            if conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
                key = [one[1] for one in sorted(columns, key=lambda one: one[5]) if one[5]] or ["rowid"]
                yield table, [one[1] for one in columns], key


def damage(path: Path, table: str, column: str, key: list[str], chance: random.Random) -> str | None:
    """Change a value of some row, or delete the row; say what was done, None if the table forbids it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA ignore_check_constraints = ON")
        rows = conn.execute(f"SELECT {', '.join(key)} FROM {table}").fetchall()
        row = chance.choice(rows)
        where = " AND ".join(f"{name} IS ?" for name in key)
        if column == "row":
            conn.execute(f"DELETE FROM {table} WHERE {where}", row)
            return f"{row} deleted"
        [(value,)] = conn.execute(f"SELECT {column} FROM {table} WHERE {where}", row).fetchall()
        new = other(value, chance)
        moved = table in ("message", "revision") and column in ("first_seen", "last_seen", "replaced_at")
        if moved and conn.execute("SELECT 1 FROM capture WHERE at = ?", (new,)).fetchone():
            return None  # another answer came in that second: as likely as the true one
        try:
            conn.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (new, *row))
        except sqlite3.IntegrityError:
            return None
        return f"{row} was {value!r:.40}"


def other(value: Any, chance: random.Random) -> Any:
    """A value close to this one, but different."""
    match value:
        case None:
            return chance.choice(["x", 7])
        case int() | float():
            return value + chance.choice([-1, 1, 64])
        case bytes() if value:
            at = chance.randrange(len(value))
            return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
        case str() if value:
            at = chance.randrange(len(value))
            return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    return "x" if value == "" else b"x"


def is_damaged(path: Path) -> bool:
    return bool(check_header(path)) or not is_opened(path) or bool(verify(path, deep=True).faults)


def is_opened(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA user_version").fetchone()
            conn.execute("SELECT * FROM sqlite_master").fetchall()
    except sqlite3.Error:
        return False
    return True


def dump(path: Path) -> list[Any]:
    """All that can be read of the file and can be compared; the error where something cannot."""
    found: list[Any] = []
    try:
        with closing(sqlite3.connect(path)) as conn:
            conn.text_factory = bytes
            tables = conn.execute("SELECT name, sql, type FROM sqlite_master ORDER BY name").fetchall()
            found += [tables, conn.execute("PRAGMA user_version").fetchone()]
            for name, _, kind in tables:
                table = name.decode()
                if kind == b"table" and table != "search_text":
                    told = [one[1].decode() for one in conn.execute(f"PRAGMA table_info({table})")]
                    told = [column for column in told if column not in UNTOLD.get(table, ())]
                    found.append(conn.execute(f"SELECT {', '.join(told)} FROM {table}").fetchall())
    except (sqlite3.Error, UnicodeDecodeError) as exc:
        return [str(exc)]
    return found
