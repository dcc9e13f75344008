"""Texts that programs made of the files of messages, for `in:annotations`: a table of their own.

Their words are never among those of the messages. `search_annotation` maps terms to numbers of annotations, like
`search_text` without the texts; the archive says by a view, `search_annotated (annotation, channel_id, message_id)`,
which messages a number belongs to, since that changes with every forward of a file. Numbers are never used again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from search.exact.index_line import index_line
from search.exact.skip_index import is_in_block
from search.flags import SUPERSEDED
from search.query.tags import TERM_SIGNS
from search.text.numbers import grouped_numbers, grouped_term

CREATE: Final = f"""CREATE VIRTUAL TABLE IF NOT EXISTS search_annotation USING fts5(
    line, content='', detail=full, tokenize="ascii tokenchars '{TERM_SIGNS}'"
)"""
ANNOTATED: Final = f"""
    SELECT d.docid FROM (
        SELECT DISTINCT c.number AS number, a.message_id AS message_id
        FROM search_annotation AS t CROSS JOIN search_annotated AS a ON a.annotation = t.rowid
        CROSS JOIN search_channel AS c ON c.channel_id = a.channel_id WHERE t.search_annotation MATCH ?
    ) AS k
    CROSS JOIN search_channel_range AS r ON r.channel = k.number AND r.low <= k.message_id AND r.high >= k.message_id
    CROSS JOIN search_document AS d ON {is_in_block("r.block")}
    WHERE d.channel = k.number AND d.message_id = k.message_id AND d.flags & {SUPERSEDED} = 0"""  # noqa: S608 constants
"""Docids of the present contents of the messages whose annotations match an FTS5 expression."""


def put_annotations(conn: sqlite3.Connection, annotations: Iterable[tuple[int, str]]) -> None:
    """Add annotations by their numbers, which are new, in the caller's transaction."""
    conn.executemany(
        "INSERT INTO search_annotation (rowid, line) VALUES (?, ?)",
        ((number, annotation_line(text)) for number, text in annotations),
    )


def annotation_line(text: str) -> str:
    """Return the terms of an annotation, separated by spaces."""
    return " :: ".join([index_line(text), *map(grouped_term, grouped_numbers(text))])
