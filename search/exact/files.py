"""Table `search_file`: which contents have a file, by the SHA-256 of its bytes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from search.exact.condition import Condition


def put_hashes(conn: sqlite3.Connection, files: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Set the hashes of the files of contents, by docid."""
    wanted = {(docid, bytes.fromhex(digits)) for docid, hashes in files for digits in hashes}
    known = _list_hashes(conn, [docid for docid, _ in files])
    conn.executemany("DELETE FROM search_file WHERE docid = ? AND sha256 = ?", known - wanted)
    conn.executemany("INSERT INTO search_file VALUES (?, ?)", sorted(wanted - known))


def _list_hashes(conn: sqlite3.Connection, docids: Sequence[int]) -> set[tuple[int, bytes]]:
    if not docids:
        return set()
    rows = conn.execute(
        "SELECT docid, sha256 FROM search_file WHERE docid IN (SELECT value FROM json_each(?))", (json.dumps(docids),)
    )
    return {(row[0], row[1]) for row in rows}


def has_hash(digits: str) -> Condition:
    """Condition on a row: a file of its content has this SHA-256, or one that begins so."""
    low, high = (bytes.fromhex(digits.ljust(64, fill)) for fill in "0f")
    return Condition("d.docid IN (SELECT docid FROM search_file WHERE sha256 BETWEEN ? AND ?)", (low, high))
