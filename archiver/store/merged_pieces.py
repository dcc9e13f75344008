"""The pieces of imports into another archive, taken over with its messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final, cast

from archiver.ids import ChannelId
from archiver.model.merging import CURRENT
from archiver.store.checked import REVISION_NAMES
from archiver.store.foreign_page import PIECE_NAMES, Row
from archiver.store.import_parts import forget_filled, take_filled, without_filled
from archiver.store.merge_plan import Planned
from archiver.store.message import CONTENT_NAMES

_PUT: Final = (
    "INSERT INTO imported (channel_id, message_id, import_id, payload_sha256, raw, differs)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


def put_pieces(
    conn: sqlite3.Connection, channel_id: ChannelId, planned: Sequence[Planned], mark_of: Callable[[int | None], int]
) -> None:
    """Add the pieces that we lack. `mark_of`: ours for their `import_id`.

    What imports filled belongs to the content: it comes with the one that is taken, and goes with the one replaced.
    """
    forget_filled(conn, channel_id, [one.theirs.message_id for one in planned if one.ours is not None and one.replaces])
    for one in planned:
        if not one.theirs.pieces:
            continue
        key, is_taken = (channel_id, one.theirs.message_id), one.ours is None or one.replaces
        rows = [
            (*key, mark_of(piece[_OF]), piece[_DIGEST], _find_raw(one, piece), _differs(piece, is_taken=is_taken))
            for piece in one.list_pieces()
        ]
        conn.executemany(_PUT, rows)
        if one.ours is not None and one.replaces:
            take_filled(conn, *key, [(piece[_DIGEST], piece[_DIFFERS]) for piece in one.theirs.pieces])


def _differs(piece: Row, *, is_taken: bool) -> str | None:
    return cast("str | None", piece[_DIFFERS]) if is_taken else without_filled(piece[_DIFFERS])


def _find_raw(one: Planned, piece: Row) -> bytes | None:
    """The bytes of a piece of theirs; None if a row or a revision of ours has them."""
    theirs, ours, merged = one.theirs, one.ours, one.merged
    if piece[_RAW] is not None or ours is None:
        return cast("bytes | None", piece[_RAW])
    rows = {CURRENT: (theirs.content[_NOW_DIGEST], theirs.content[_NOW_RAW])}
    rows.update((place, (row[_KEPT_DIGEST], row[_KEPT_RAW])) for place, row in enumerate(theirs.revisions))
    held = {row[_KEPT_DIGEST] for row in ours.revisions} | {rows[place][0] for place in merged.adds}
    if one.replaces:
        held.add(theirs.content[_NOW_DIGEST])
    if merged.keeps or not one.replaces:
        held.add(ours.content[_NOW_DIGEST])
    digest = piece[_DIGEST]
    return None if digest in held else next((raw for known, raw in rows.values() if known == digest), None)


_KEPT_DIGEST, _KEPT_RAW = (REVISION_NAMES.index(name) for name in ("payload_sha256", "raw"))
_NOW_DIGEST, _NOW_RAW = (CONTENT_NAMES.index(name) for name in ("payload_sha256", "raw"))
_OF, _DIGEST, _RAW, _DIFFERS = range(len(PIECE_NAMES))
