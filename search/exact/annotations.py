"""Texts that programs made of the files of messages, for `in:annotations`: tables of their own.

Their words are never among those of the messages. `search_annotation` maps terms to numbers of annotations, like
`search_text` without the texts, and numbers are never used again; `search_annotation_file` has the file of each,
and `search_file` the contents with that file. So an annotation follows every forward of a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

from search.exact.index_line import index_line
from search.query.tags import TERM_SIGNS
from search.text.numbers import grouped_numbers, grouped_term

CREATE: Final = (
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS search_annotation USING fts5(
        line, content='', detail=full, tokenize="ascii tokenchars '{TERM_SIGNS}'"
    )""",
    "CREATE TABLE IF NOT EXISTS search_annotation_file (annotation INTEGER PRIMARY KEY, sha256 BLOB NOT NULL)",
)
ANNOTATED: Final = """SELECT f.docid FROM search_annotation AS t
    CROSS JOIN search_annotation_file AS a ON a.annotation = t.rowid
    CROSS JOIN search_file AS f ON f.sha256 = a.sha256 WHERE t.search_annotation MATCH ?"""
"""Docids of the contents with a file whose annotation matches an FTS5 expression."""


class AnnotatedFile(NamedTuple):
    """A text that a program made of a file."""

    number: int
    sha256: str
    """Of the file, in hexadecimal."""
    text: str


def put_annotations(conn: sqlite3.Connection, annotations: Iterable[AnnotatedFile]) -> None:
    """Add annotations by their numbers, which are new, in the caller's transaction."""
    for number, sha256, text in annotations:
        conn.execute("INSERT INTO search_annotation (rowid, line) VALUES (?, ?)", (number, annotation_line(text)))
        conn.execute("INSERT INTO search_annotation_file VALUES (?, ?)", (number, bytes.fromhex(sha256)))


def drop_annotation(conn: sqlite3.Connection, number: int) -> None:
    """Stop finding an annotation that another has replaced."""
    conn.execute("DELETE FROM search_annotation_file WHERE annotation = ?", (number,))


def annotation_line(text: str) -> str:
    """Return the terms of an annotation, separated by spaces."""
    return " :: ".join([index_line(text), *map(grouped_term, grouped_numbers(text))])
