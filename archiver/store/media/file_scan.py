"""All slots of a channel that show a file, quickly: what is rare of them is left to `file_queue`.

Rows of `media` are read one after the other; what is known of messages comes from their small indexes. Looking up the
message, the file and other slots of each takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.store.database import Reader
from archiver.store.faults import go_down
from archiver.store.media.file_slot import FILE_SLOT, key_of

_SCAN: Final = f"""
    SELECT message_id, slot, kind, id,
           CASE WHEN status = 'not downloaded' THEN size
                ELSE coalesce((SELECT file.size FROM file WHERE file_key = {key_of("media")}), size) END,
           status,
           CASE WHEN :thumbs THEN (SELECT file.status FROM file WHERE file_key = {key_of("media")} || '/thumb') END,
           instr(extra, 'ttl_seconds') OR status = 'failed'
    FROM media WHERE channel_id = :channel_id AND message_id < :below AND {FILE_SLOT}
    ORDER BY message_id DESC
"""
_MISSING: Final = "SELECT message_id FROM message WHERE channel_id = ? AND missing_since IS NOT NULL"
PROTECTED: Final = "SELECT message_id FROM message WHERE channel_id = ? AND noforwards"


class ScannedSlot(NamedTuple):
    """A slot that shows a file; strings as in the archive."""

    message_id: MessageId
    slot: int
    kind: str
    id: str
    size: int | None
    status: str
    thumb_status: str | None
    """None: its thumbnail is not downloaded."""
    is_special: int | None
    """Whether more has to be looked up: whether it destroys itself, or is tried again by itself."""


class ChannelMarks(NamedTuple):
    """What is known of a channel's messages that decides about their files."""

    missing: frozenset[MessageId]
    """Deleted or no longer visible."""
    protected: frozenset[MessageId] | None
    """Those that forbid saving, although the channel does not; None: the channel does."""


def read_marks(conn: Reader, channel_id: ChannelId) -> ChannelMarks:
    """The marks of a channel's messages."""
    (forbids,) = conn.execute("SELECT noforwards FROM channel WHERE channel_id = ?", (channel_id,)).fetchone() or (0,)
    missing = frozenset(row[0] for row in conn.execute(_MISSING, (channel_id,)))
    return ChannelMarks(
        missing, None if forbids else frozenset(row[0] for row in conn.execute(PROTECTED, (channel_id,)))
    )


def scan_slots(
    conn: Reader, channel_id: ChannelId, *, below: MessageId | None, limit: int, thumbs: bool
) -> tuple[list[ScannedSlot], MessageId | None]:
    """About `limit` slots, newest first and whole messages at a time, and where to continue; None: that was all.

    `thumbs`: also look up the states of their thumbnails.
    """
    wants = thumbs and conn.execute("SELECT 1 FROM file LIMIT 1").fetchone() is not None
    at = {"channel_id": channel_id, "below": 2**62 if below is None else below, "thumbs": wants}
    found: list[ScannedSlot] = []
    last: MessageId | None = None
    for row in _iter_rows(conn, at):
        if len(found) >= limit and row.message_id != found[-1].message_id:
            last = found[-1].message_id
            go_down(below, last)
            break
        found.append(row)
    if any(row.slot for row in found):
        found.sort(key=lambda row: (-row.message_id, row.slot))
    return found, last


def _iter_rows(conn: Reader, at: dict[str, int]) -> Iterator[ScannedSlot]:
    return map(ScannedSlot._make, conn.execute(_SCAN, at))


def list_shared(conn: Reader) -> set[str]:
    """The ids that several slots show; those of photos and documents alike."""
    rows = conn.execute(f"SELECT id FROM media INDEXED BY media_file WHERE {FILE_SLOT} GROUP BY id HAVING count(*) > 1")
    return {row[0] for row in rows}
