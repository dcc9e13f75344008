"""Tables `file`, `blob` and the columns of `media` that follow them, as `telekeep verify` reads them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from archiver.store.media.file_slot import file_slot, key_of

_SLOTS = f"""
    SELECT media.channel_id || '/' || media.message_id, media.slot FROM media LEFT JOIN file
        ON {file_slot("media")} AND file_key = {key_of("media")}
    WHERE NOT coalesce(file.behind, 0) AND (
        media.status IS NOT coalesce(file.status, 'not downloaded') OR media.sha256 IS NOT file.sha256
        OR media.path IS NOT CASE media.status WHEN 'downloaded'
            THEN 'media/' || substr(media.sha256, 1, 2) || '/' || substr(media.sha256, 3) END)
    ORDER BY media.channel_id, media.message_id, media.slot LIMIT 20
"""
_FILES = """
    SELECT file_key FROM file LEFT JOIN blob USING (sha256) WHERE
        (status = 'downloaded' AND state IS NOT 'present') OR (status = 'offloaded' AND sha256 IS NULL)
    ORDER BY file_key LIMIT 20
"""


def check_slots(conn: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield the place and the problem of slots that do not say of their file what table `file` says."""
    for place, slot in conn.execute(_SLOTS):
        yield place, f"media {slot}: the state of its file is contradictory"


def check_files(conn: sqlite3.Connection) -> Iterator[str]:
    """Yield the keys of files that are called stored without stored bytes."""
    yield from (row[0] for row in conn.execute(_FILES))
