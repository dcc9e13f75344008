"""Constraints on the values of each table that hold in any archive; SQLite's own check does not know them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from archiver.model.ledger import LATER

LATEST: Final = 10**11 - 1
"""The latest valid time, in the year 5138."""
MOST: Final = 2**31 - 1
"""The largest valid Telegram message id, count or pts."""


def _times(*names: str) -> str:
    return " AND ".join(f"coalesce({name}, 0) BETWEEN 0 AND {LATEST}" for name in names)


def _numbers(*names: str) -> str:
    return " AND ".join(f"coalesce({name}, 0) BETWEEN 0 AND {MOST}" for name in names)


def _flags(*names: str) -> str:
    return " AND ".join(f"{name} IN (0, 1)" for name in names)


def _list(name: str) -> str:
    return f"CASE WHEN json_valid({name}) THEN json_type({name}) = 'array' ELSE 0 END"


def _text(name: str, most: int) -> str:
    text = f"coalesce({name}, 'x')"
    return f"{text} <> '' AND length({text}) <= {most} AND instr({text}, char(0)) = 0"


def _ahead(name: str) -> str:
    return f"abs(coalesce({name}, 0)) <= {LATEST}"


_RULES: Final[dict[str, tuple[str, ...]]] = {
    "channel": (
        "state IN ('active', 'inaccessible', 'banned', 'needs_newer_layer', 'removed')",
        _flags("megagroup", "noforwards"),
        _times("added_at", "described_at", "server_count_at", "last_sync_at", "state_since", "retry_at"),
        f"abs(coalesce(window_start, 0)) <= {LATEST} AND abs(coalesce(created, 0)) <= {LATEST}",
        _numbers("server_count", "server_count_pts", "participants", "floor_id"),
        f"coalesce(pts, 1) BETWEEN 1 AND {MOST}",
        f"abs(coalesce(accepted_count, 0)) <= {MOST} AND abs(coalesce(unexplained_count, 0)) <= {MOST}",
        "(server_count IS NULL) = (server_count_at IS NULL)",
        "server_count IS NOT NULL OR server_count_pts IS NULL",
        "coalesce(floor_id, 0) = 0 OR window_start IS NOT NULL",
        "failures >= 0 AND (failures = 0) = (retry_at IS NULL) AND (failures = 0) = (last_error IS NULL)",
        _text("account", 100),
    ),
    "channel_revision": (
        _list("usernames"),
        _list("flags"),
        "json_valid(coalesce(restriction, '[]'))",
        _times("observed_at"),
        _numbers("participants"),
    ),
    "channel_state": (_times("at"),),
    "access": (_times("resolved_at"),),
    "account": (
        "state IN ('active', 'dead') AND (state = 'dead' OR reason IS NULL)",
        "length(coalesce(phone_end, '')) <= 2 AND coalesce(phone_end, '') NOT GLOB '*[^0-9]*'",
        _text("account", 100),
        "length(coalesce(first_name, '')) <= 1000 AND length(coalesce(reason, '')) <= 10000",
        _times("since", "clock_at"),
        _ahead("clock_ahead"),
        "(clock_ahead IS NULL) = (clock_at IS NULL)",
    ),
    "capture": (
        _times("at"),
        _numbers("count", "hi"),
        _ahead("clock_ahead"),
        "(import_id IS NULL) = (source_id IS NULL)",  # an answer of another archive has both
    ),
    "coverage": ("hi >= lo",),
    "counter": (_times("at"), _numbers("views", "forwards", "replies")),
    "absence": (_times("noticed_at", "last_seen", "returned_at"),),
    "rich_part": (_numbers("attempts"), _times("retry_at"), _text("refused", 1000)),
    "outbox": (
        "node = '' OR node IN (SELECT node FROM index_home UNION SELECT node FROM index_node)",
        _times("enqueued_at"),
        f"seq BETWEEN 0 AND {2 * LATER}",
    ),
    "indexing": (f"indexing_id = 1 AND seq BETWEEN 0 AND {LATER}",),
    "index_home": (
        "phase IN ('wanted', 'filling', 'held', 'leaving')",
        _flags("serves", "renamed"),
        _times("since"),
    ),
    "index_node": (_times("since", "success_at", "asked_at"),),
    "service": (
        "service_id = 1 AND json_valid(detail) AND length(coalesce(failure, '')) <= 10000",
        "failure IS NULL OR stopped_at IS NOT NULL",
        _times("started_at", "beat_at", "stopped_at"),
    ),
    "intake": (
        _times("asked_at", "done_at"),
        _flags("keep_window", "coalesce(added, 0)"),
        "coalesce(exit_status, 0) BETWEEN 0 AND 255",
    ),
    "review": (_times("started_at", "reviewed_at"), _numbers("next_id", "lowest_id")),
    "flood": (f"until BETWEEN 0 AND {LATEST}",),
    "flood_order": (f"ordered BETWEEN 0 AND {LATEST}",),
    "takeout": (f"coalesce(not_before, 0) BETWEEN 0 AND {LATEST}",),
    "saved_query": (_text("query", 100_000), _times("saved_at")),
}


def check_values(conn: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield (table, problem) for every table with invalid rows."""
    for table, rules in _RULES.items():
        rule = " AND ".join(f"({one})" for one in rules)
        (count,) = conn.execute(f"SELECT count(*) FROM {table} WHERE NOT ({rule})").fetchone()
        if count:
            yield table, f"{count} rows contain impossible values"


_SEARCH_RULES: Final[dict[str, str]] = {
    "search_document": " AND ".join(
        [f"typeof({name}) = 'integer'" for name in ("channel", "message_id", "date", "flags", "fingerprint")]
        + [f"typeof({name}) IN ('integer', 'null')" for name in ("views", "forwards")]
    ),
    "search_block": " AND ".join(
        f"typeof({name}) = 'integer'" for name in ("flags", "views", "forwards", "low", "high")
    )
    + " AND low <= high",
    "search_channel_range": "typeof(low) = 'integer' AND typeof(high) = 'integer' AND low <= high",
    "search_file": "typeof(sha256) = 'blob' AND length(sha256) = 32 AND typeof(docid) = 'integer'",
    "search_origin": "typeof(name) IN ('text', 'null') AND coalesce(channel_id, name) IS NOT NULL",
    "search_text_config": "(k = 'version' AND v IN (4, 5))"
    " OR (k = 'automerge' AND typeof(v) = 'integer' AND v BETWEEN 0 AND 64)",
}
_SEARCH_SIZES: Final = {"search_text_config": 2}


def check_search_values(conn: sqlite3.Connection) -> Iterator[str]:
    """Yield a problem for every search table with invalid rows, or with a wrong number of rows where that is fixed."""
    for table, rule in _SEARCH_RULES.items():
        (wrong,) = conn.execute(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE ({rule}) IS NOT TRUE)").fetchone()
        if wrong or (table in _SEARCH_SIZES and _count(conn, table) != _SEARCH_SIZES[table]):
            yield f"{table} contains impossible values"


def _count(conn: sqlite3.Connection, table: str) -> int:
    (count,) = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)
