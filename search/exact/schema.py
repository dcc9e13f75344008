"""Tables of the embedded engine, as SQL. `writer` describes them and is the only module that writes to them."""

from __future__ import annotations

from typing import Final

from search.exact.annotations import CREATE as CREATE_ANNOTATIONS
from search.query.tags import TERM_SIGNS

SCHEMA_VERSION: Final = 11
"""Raise it with any change to the tables or to `terms`. Kept in `search_layout.layout`."""

SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS search_layout (layout INTEGER NOT NULL, norm INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS search_channel (number INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL UNIQUE)",
    """CREATE TABLE IF NOT EXISTS search_document (
        docid INTEGER PRIMARY KEY,
        channel INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        date INTEGER NOT NULL,
        flags INTEGER NOT NULL,
        views INTEGER,
        forwards INTEGER,
        fingerprint INTEGER NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS search_block (
        block INTEGER PRIMARY KEY,
        flags INTEGER NOT NULL,
        views INTEGER NOT NULL,
        forwards INTEGER NOT NULL,
        low INTEGER NOT NULL,
        high INTEGER NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS search_channel_range (
        channel INTEGER NOT NULL,
        block INTEGER NOT NULL,
        low INTEGER NOT NULL,
        high INTEGER NOT NULL,
        PRIMARY KEY (channel, block)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS search_revision (
        channel INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        docid INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (channel, message_id, docid)
    ) WITHOUT ROWID""",
    # SHA-256 of the files of a content. Only archives that store files have rows here: some 48 bytes a file.
    """CREATE TABLE IF NOT EXISTS search_file (
        sha256 BLOB NOT NULL,
        docid INTEGER NOT NULL,
        PRIMARY KEY (sha256, docid)
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS search_origin (number INTEGER PRIMARY KEY, channel_id INTEGER UNIQUE, name TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS search_origin_name ON search_origin (name) WHERE channel_id IS NULL",
    "CREATE TABLE IF NOT EXISTS search_forward (docid INTEGER PRIMARY KEY, origin INTEGER NOT NULL)",
    *CREATE_ANNOTATIONS,
    # What a scan of `search_text` finds: other programs count and list every table, and FTS5 refuses without this.
    "CREATE VIEW IF NOT EXISTS search_line AS SELECT docid, NULL AS line FROM search_document",
    f"""CREATE VIRTUAL TABLE IF NOT EXISTS search_text USING fts5(
        line, content='search_line', content_rowid='docid', columnsize=0, detail=full,
        tokenize="ascii tokenchars '{TERM_SIGNS}'"
    )""",
)
TABLES: Final = (
    "search_text", "search_annotation", "search_annotation_file", "search_line", "search_document", "search_block",
    "search_channel_range", "search_revision", "search_file", "search_forward", "search_origin", "search_channel",
    "search_layout",
    "search_octet", "search_slot", "search_run", "search_word", "search_word_mark",
)  # fmt: skip
"""The current tables, then those of earlier versions."""
