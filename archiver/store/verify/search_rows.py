"""The embedded engine's tables as `telekeep verify` reads them: rows, terms and block summaries."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from archiver.ids import ChannelId
from search.exact.changes import Row
from search.exact.schema import SCHEMA, SCHEMA_VERSION
from search.exact.skip_index import BLOCK_BITS, is_in_block
from search.flags import HAS_BITS, LANG_MASK, LANG_SHIFT, MISSING, PINNED, STATE_BITS, SUPERSEDED
from search.text.normalize import NORM_VERSION

_FORWARDED = STATE_BITS["forwarded"]
STATES: Final = (
    MISSING
    | PINNED
    | STATE_BITS["edited"]
    | _FORWARDED
    | STATE_BITS["reply"]
    | STATE_BITS["service"]
    | HAS_BITS["album"]
)
"""Flags that follow from the columns of a message."""
_ROW = ", ".join(f"d.{name}" for name in Row._fields)
_PRESENT = f"""
    SELECT d.message_id, d.date, d.views, d.forwards, d.flags & {STATES}, d.flags >> {LANG_SHIFT} & {LANG_MASK}
    FROM search_channel_range AS r CROSS JOIN search_document AS d ON {is_in_block("r.block")}
    WHERE r.channel = ?1 AND r.low <= ?3 AND r.high >= ?2 AND d.channel = ?1
      AND d.message_id BETWEEN ?2 AND ?3 AND d.flags & {SUPERSEDED} = 0
"""
_TRIES = 5
"""Shares to count one by one, since most are about as large; to sort the rows by share takes as long, and memory."""
_VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.verified_term USING fts5vocab(main, search_text, instance)"

PLACE_BITS: Final = 31
"""Bits of a term's position in `Places`; FTS5 has no more."""
_MOST: Final = (1 << 63 - PLACE_BITS) - 1
Places: TypeAlias = list[int]
"""Where a term occurs: docid, and position in the lower PLACE_BITS."""
PresentRow: TypeAlias = tuple[Any, ...]
"""Message id, date, views, forwards, states and number of the language of a current content's row."""


class PresentRows(NamedTuple):
    """Rows of current contents by message id, and messages with more than one."""

    rows: dict[int, PresentRow]
    doubled: frozenset[int] = frozenset()


def _share_of(docid: str, shares: int) -> str:
    """SQL for the share that a docid's block belongs to; scattered if `shares` is odd, since a week has 32 blocks."""
    return f"({docid} >> {BLOCK_BITS}) % {shares}"


class Docids(NamedTuple):
    """Docids within [low, high), or one in `every` shares of all."""

    low: int
    high: int
    every: int = 1
    rest: int = 0

    def condition(self, docid: str) -> str:
        """The same as an SQL condition."""
        if self.every > 1:
            return f"{_share_of(docid, self.every)} = {self.rest}"
        return f"{docid} BETWEEN {self.low} AND {self.high - 1}"


class ForwardOrigin(NamedTuple):
    """The origin of a forwarded message, according to its row."""

    channel_id: ChannelId | None
    name: str | None


def is_laid_out(conn: sqlite3.Connection) -> bool | None:
    """Whether the search tables have this version's layout; None if there are none."""
    names = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE name LIKE 'search\\_%' ESCAPE '\\'")]
    if not names:
        return None
    if "search_layout" not in names:
        return False
    rows = conn.execute("SELECT layout, norm FROM search_layout").fetchall()
    return rows == [(SCHEMA_VERSION, NORM_VERSION)]


def search_schema(conn: sqlite3.Connection) -> None:
    """Create the search tables in an empty database."""
    for statement in SCHEMA:
        conn.execute(statement)


def list_numbers(conn: sqlite3.Connection) -> dict[int, int]:
    """The short number of each channel in the search tables."""
    return dict(conn.execute("SELECT channel_id, number FROM search_channel").fetchall())


def list_present(conn: sqlite3.Connection, number: int, lo: int, hi: int) -> PresentRows:
    """Rows of current contents, found as the engine finds them."""
    found = conn.execute(_PRESENT, (number, lo, hi)).fetchall()
    rows = {row[0]: row for row in found}
    if len(rows) == len(found):
        return PresentRows(rows)
    return PresentRows(rows, frozenset(one for one, count in Counter(row[0] for row in found).items() if count > 1))


def list_origins(conn: sqlite3.Connection, docids: Iterable[int]) -> dict[int, ForwardOrigin]:
    """The origins of forwarded messages, by docid."""
    rows = conn.execute(
        "SELECT f.docid, o.channel_id, o.name FROM search_forward AS f JOIN search_origin AS o ON o.number = f.origin"
        " WHERE f.docid IN (SELECT value FROM json_each(?))",
        (json.dumps(list(docids)),),
    )
    return {row[0]: ForwardOrigin(row[1], row[2]) for row in rows}


def count_rows(conn: sqlite3.Connection) -> int:
    """Count all rows, also those of earlier contents."""
    (count,) = conn.execute("SELECT count(*) FROM search_document").fetchone()
    return int(count)


def count_present(conn: sqlite3.Connection) -> dict[int, int]:
    """Count the rows of current contents by channel number."""
    query = f"SELECT channel, count(*) FROM search_document WHERE flags & {SUPERSEDED} = 0 GROUP BY channel"
    return dict(conn.execute(query).fetchall())


def count_messages(conn: sqlite3.Connection) -> dict[int, int]:
    """Count the messages by channel id."""
    return dict(conn.execute("SELECT channel_id, count(*) FROM message GROUP BY channel_id").fetchall())


def list_rows(conn: sqlite3.Connection, docids: Docids) -> list[Row]:
    """All rows with these docids."""
    rows = conn.execute(f"SELECT {_ROW} FROM search_document AS d WHERE {docids.condition('d.docid')}")
    return [Row._make(row) for row in rows]


def sample_blocks(conn: sqlite3.Connection, least: int) -> Docids:
    """Blocks spread evenly over all rows, together with at least `least` rows if there are as many."""
    rows = count_rows(conn)
    every = max(1, rows // max(1, least) - 1 | 1)
    share = _share_of("docid", every)
    for rest in range(min(every, _TRIES)):
        (count,) = conn.execute(f"SELECT count(*) FROM search_document WHERE {share} = {rest}").fetchone()
        if count * every >= rows:
            return Docids(0, 1 << 62, every, rest)
    counts = conn.execute(f"SELECT {share}, count(*) FROM search_document GROUP BY 1 ORDER BY 1")
    rest = next((rest for rest, count in counts if count * every >= rows), 0)
    return Docids(0, 1 << 62, every, rest)


def list_parts(conn: sqlite3.Connection, size: int) -> list[tuple[int, int]]:
    """Ranges of docids, whole blocks, with some `size` rows each."""
    found: list[tuple[int, int]] = []
    low = 0
    block = 1 << BLOCK_BITS
    query = "SELECT docid FROM search_document WHERE docid >= ? ORDER BY docid LIMIT 1 OFFSET ?"
    while (row := conn.execute(query, (low, size)).fetchone()) is not None:
        if row[0] < low:
            break  # a damaged table leads back; what is left is one part
        high = max(row[0] // block * block, low + block)
        found.append((low, high))
        low = high
    return [*found, (low, 1 << 62)]


def iter_terms(conn: sqlite3.Connection, docids: Docids) -> Iterator[tuple[str, Places]]:
    """Yield each term with its places in all these documents. Reads the whole index, 45 ns a word."""
    conn.execute(_VOCABULARY)
    return _iter_places(conn, "verified_term", f"WHERE {docids.condition('doc')}")


def _iter_places(conn: sqlite3.Connection, vocabulary: str, where: str = "") -> Iterator[tuple[str, Places]]:
    """FTS5 lists a term's places together; one that it lists twice, as a damaged index may, comes twice.

    Documents beyond _MOST, of hours with thousands of messages, have no room in an integer of SQLite beside a position.
    """
    query = (
        f"SELECT term, json_group_array(doc << {PLACE_BITS} | offset) FILTER (WHERE doc <= {_MOST}),"
        f" json_group_array(json_array(doc, offset)) FILTER (WHERE doc > {_MOST})"
        f" FROM temp.{vocabulary} {where} GROUP BY term"
    )
    for term, places, further in conn.execute(query):
        found: Places = orjson.loads(places)
        if further != "[]":
            found += [doc << PLACE_BITS | offset for doc, offset in orjson.loads(further)]
        yield term, found


def list_revision_numbers(conn: sqlite3.Connection, docids: Docids) -> dict[int, int]:
    """Revision numbers of the rows of earlier contents, by docid."""
    query = f"SELECT docid, revision FROM search_revision WHERE {docids.condition('docid')}"
    return dict(conn.execute(query).fetchall())


def list_noted(conn: sqlite3.Connection, number: int, message_id: int) -> set[int]:
    """The revisions of a message that have rows."""
    query = "SELECT revision FROM search_revision WHERE channel = ? AND message_id = ?"
    return {row[0] for row in conn.execute(query, (number, message_id))}


def find_lost_revisions(conn: sqlite3.Connection) -> list[tuple[int, int, int]]:
    """(channel_id, message_id, revision) of search rows whose revision does not exist, or that have no document."""
    return conn.execute(
        f"""SELECT coalesce(c.channel_id, 0), r.message_id, r.revision
            FROM search_revision AS r LEFT JOIN search_channel AS c ON c.number = r.channel
            WHERE NOT EXISTS (SELECT 1 FROM revision AS v WHERE v.channel_id = c.channel_id
                              AND v.message_id = r.message_id AND v.revision = r.revision)
               OR NOT EXISTS (SELECT 1 FROM search_document AS d WHERE d.docid = r.docid AND d.channel = r.channel
                              AND d.message_id = r.message_id AND d.flags & {SUPERSEDED})""",
    ).fetchall()


def has_hashes(conn: sqlite3.Connection, docid: int, hashes: Iterable[str]) -> bool:
    """Whether a content is found by each of these SHA-256."""
    query = "SELECT 1 FROM search_file WHERE sha256 = ? AND docid = ?"
    return all(conn.execute(query, (bytes.fromhex(digits), docid)).fetchone() for digits in hashes)


def count_lost_hashes(conn: sqlite3.Connection) -> int:
    """Count the hashes of files without a document."""
    query = "SELECT count(*) FROM search_file AS f WHERE f.docid NOT IN (SELECT docid FROM search_document)"
    return int(conn.execute(query).fetchone()[0])


def count_lost_forwards(conn: sqlite3.Connection) -> int:
    """Count the forwards without an origin, or without a row of a forwarded message."""
    (count,) = conn.execute(
        f"""SELECT count(*) FROM search_forward AS f
            WHERE NOT EXISTS (SELECT 1 FROM search_origin AS o WHERE o.number = f.origin)
               OR NOT EXISTS (SELECT 1 FROM search_document AS d WHERE d.docid = f.docid AND d.flags & {_FORWARDED})"""
    ).fetchone()
    return int(count)


def list_annotation_files(conn: sqlite3.Connection) -> dict[int, str]:
    """The SHA-256 of each annotation's file, by its number."""
    return dict(conn.execute("SELECT annotation, lower(hex(sha256)) FROM search_annotation_file").fetchall())


def iter_annotation_terms(conn: sqlite3.Connection) -> Iterator[tuple[str, Places]]:
    """Yield each term of the annotations with its places, by their numbers."""
    conn.execute(_VOCABULARY.replace("verified_term", "annotated_term").replace("search_text", "search_annotation"))
    return _iter_places(conn, "annotated_term")
