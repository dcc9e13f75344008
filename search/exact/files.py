"""Table `search_file`: which contents have a file, by the SHA-256 of its bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from search.exact.condition import Condition


def put_hashes(conn: sqlite3.Connection, files: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Record the hashes of the files of contents, by docid.

    None is removed: a file keeps its hash, and another file is another content with a docid of its own.
    """
    conn.executemany(
        "INSERT OR IGNORE INTO search_file VALUES (?, ?)",
        [(bytes.fromhex(digits), docid) for docid, hashes in files for digits in hashes],
    )


def has_hash(digits: str) -> Condition:
    """Condition on a row: a file of its content has this SHA-256, or one that begins so."""
    low, high = (bytes.fromhex(digits.ljust(64, fill)) for fill in "0f")
    return Condition("d.docid IN (SELECT docid FROM search_file WHERE sha256 BETWEEN ? AND ?)", (low, high))
