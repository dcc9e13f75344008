"""Names for completion, read from an archive quickly; no error if there is none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from archiver.errors import Error
from archiver.store.medium import ARCHIVE_NAME, find_reading

_PATIENCE = 0.3
"""Seconds to wait for a writer."""
_MOST = 500


class NamedChannel(NamedTuple):
    """The names of a channel."""

    channel_id: int
    alias: str | None
    username: str | None
    title: str


class Suggestions(NamedTuple):
    """Names in an archive."""

    channels: tuple[NamedChannel, ...] = ()
    queries: tuple[tuple[str, str], ...] = ()
    """Saved queries and their text."""


def read_suggestions(directory: Path) -> Suggestions:
    """The names in the archive, mirrored channels first; empty if it cannot be read now."""
    archive = directory / ARCHIVE_NAME
    try:
        if not archive.is_file():
            return Suggestions()
        uri, _ = find_reading(archive)
        with closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE)) as conn:
            channels = conn.execute(
                "SELECT channel_id, alias, username, title FROM channel"
                " ORDER BY state = 'removed', coalesce(alias, username, title) LIMIT ?",
                (_MOST,),
            ).fetchall()
            queries = conn.execute("SELECT name, query FROM saved_query ORDER BY folded LIMIT ?", (_MOST,)).fetchall()
    except (sqlite3.Error, OSError, Error):
        return Suggestions()
    return Suggestions(tuple(map(NamedChannel._make, channels)), tuple(queries))
