"""The distinct words of the embedded engine, for `vocabulary`: a table beside the index, written with it.

A page brings few new words, so those that were written lately are remembered. What is remembered counts only while the
table bears the mark of the last writing: a transaction that was rolled back, or another archive, bears another one.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import aiosqlite

from search.forms import has_forms
from search.vocabulary import choose, ranges

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS search_word (word TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS search_word_mark (mark INTEGER NOT NULL)",
    "INSERT INTO search_word_mark SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM search_word_mark)",
)
TABLES = ("search_word", "search_word_mark")
_MOST_KNOWN = 100_000
_MOST_READ = 5_000
_AT_ONCE = 500


@dataclass(slots=True)
class _Known:
    """Words that are in the table, as long as it bears the mark, or do not belong there."""

    mark: int = 0
    words: set[str] = field(default_factory=set)


_KNOWN = _Known()


def learn(conn: sqlite3.Connection, lines: Iterable[str]) -> None:
    """Writes the words of these lines of terms that the table does not have, inside the caller's transaction."""
    [(mark,)] = conn.execute("SELECT mark FROM search_word_mark").fetchall()
    if mark != _KNOWN.mark or mark == 0 or len(_KNOWN.words) > _MOST_KNOWN:
        _KNOWN.mark, _KNOWN.words = mark, set()
    seen: set[str] = set()
    for words in map(str.split, lines):
        if not _KNOWN.words.issuperset(words):
            seen.update(words)
    seen -= _KNOWN.words
    new = sorted(filter(has_forms, seen))
    before = conn.total_changes
    for at in range(0, len(new), _AT_ONCE):
        some = new[at : at + _AT_ONCE]
        marks = ", ".join(["(?)"] * len(some))
        conn.execute(f"INSERT OR IGNORE INTO search_word VALUES {marks}", some)  # noqa: S608 marks only
    if conn.total_changes != before:
        _KNOWN.mark = secrets.randbelow(2**62) + 1
        conn.execute("UPDATE search_word_mark SET mark = ?", (_KNOWN.mark,))
    _KNOWN.words |= seen


async def find_forms(conn: aiosqlite.Connection, words: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The forms in the table of each of these words, the word itself first."""
    found = {}
    for word in words:
        rows = await conn.execute_fetchall(
            """SELECT w.word FROM json_each(?) AS r CROSS JOIN search_word AS w
                ON w.word >= r.value ->> 0 AND w.word < r.value ->> 1 AND length(w.word) <= r.value ->> 2 LIMIT ?""",
            (json.dumps(ranges(word)), _MOST_READ),
        )
        found[word] = choose(word, (row[0] for row in rows))
    return found
