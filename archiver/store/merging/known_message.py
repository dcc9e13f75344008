"""What an archive knows of a message, as `archiver.model.merging` compares it."""

from __future__ import annotations

from typing import Final

import orjson

from archiver.model.imported import text_hash
from archiver.model.merging import KnownContent, KnownMessage
from archiver.model.versions import Absence
from archiver.store.merging.foreign_page import AFTER_NAMES, ForeignMessage, Row
from archiver.store.messages.message import CONTENT_NAMES
from archiver.store.verify.checked import PART_NAMES, REVISION_NAMES


def known_of(one: ForeignMessage, *, words: bool = False) -> KnownMessage:
    """The message as `archiver.model.merging` compares it. `words`: also by its words alone."""
    content, after = one.content, one.after
    part_hash = one.part[_PART_HASH] if one.part is not None else None
    began = max((row[_REPLACED] for row in one.revisions if row[_KEPT_FIRST] < row[_REPLACED]), default=after[_FIRST])
    return KnownMessage(
        current=KnownContent(
            content_hash=content[_HASH],
            payload_sha256=content[_DIGEST],
            moment=content[_EDITED] if content[_EDITED] is not None else content[_DATE],
            began=began,
            last_seen=after[_LAST],
            layer=content[_LAYER],
            words=hash_words(content[_TEXT], content[_EXTRA]) if words else b"",
            part_hash=part_hash,
        ),
        earlier=tuple(_earlier(row, content[_DATE], part_hash) for row in one.revisions),
        first_seen=after[_FIRST],
        origin=after[_ORIGIN],
        last_seen=after[_LAST],
        seen_pts=after[_PTS],
        absences=absences_of(one),
    )


def absences_of(one: ForeignMessage) -> tuple[Absence, ...]:
    """The absences of a message, by time."""
    return tuple(Absence(*row) for row in sorted(one.absences, key=lambda row: row[0]))


def _earlier(row: Row, date: int, part_hash: bytes | None) -> KnownContent:
    return KnownContent(
        content_hash=row[_KEPT_HASH],
        payload_sha256=row[_KEPT_DIGEST],
        moment=row[_KEPT_EDITED] if row[_KEPT_EDITED] is not None else date,
        began=row[_KEPT_FIRST],
        last_seen=row[_KEPT_LAST],
        layer=row[_KEPT_LAYER],
        part_hash=part_hash,
    )


def hash_words(text: str, extra: str | None) -> bytes:
    """The hash of words, those of a rich message in `extra` included."""
    if text or not extra or '"rich_text"' not in extra:
        return text_hash(text)
    return text_hash("", orjson.loads(extra).get("rich_text") or "")


_ORIGIN, _FIRST, _LAST, _PTS = (AFTER_NAMES.index(name) for name in ("origin", "first_seen", "last_seen", "seen_pts"))
_HASH, _DIGEST, _EDITED, _DATE, _LAYER, _TEXT, _EXTRA = (
    CONTENT_NAMES.index(name)
    for name in ("content_hash", "payload_sha256", "edit_date", "date", "layer", "text", "extra")
)
_KEPT_HASH, _KEPT_DIGEST, _KEPT_EDITED, _KEPT_FIRST, _KEPT_LAST, _REPLACED, _KEPT_LAYER = (
    REVISION_NAMES.index(name)
    for name in ("content_hash", "payload_sha256", "edit_date", "first_seen", "last_seen", "replaced_at", "layer")
)
_PART_HASH: Final = PART_NAMES.index("part_hash")
