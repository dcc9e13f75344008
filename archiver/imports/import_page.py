"""One page of an import: what it adds to the archive, written in one transaction or not at all.

Messages, revisions, pieces, search rows and the outbox commit together, as those of an answer of Telegram do. Writing
the same page again changes nothing. Coverage, pts and gaps are not touched: an export proves nothing about other ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final

import archiver.store.messages.message as messages
from archiver.imports.exact_dates import put_exact
from archiver.imports.import_counts import ImportCounts
from archiver.imports.import_target import ImportTarget
from archiver.imports.later_import import put_current, shown_edits
from archiver.imports.new_page import NOTHING_READY, insert_new, keep_earlier
from archiver.imports.other_files import keep_other_files
from archiver.imports.page_files import (
    NO_FILES_SETTLED,
    Files,
    keep_texts,
    known_with_files,
    settle_files,
    with_files,
)
from archiver.imports.plan_page import ImportPlan, count_plan, plan_page, seen_by
from archiver.imports.ready import Ready
from archiver.imports.source import ImportedMessage
from archiver.imports.zone_correction import correct, note_zone
from archiver.model.compare_import import ImportDecision, fill
from archiver.model.document import to_document
from archiver.model.imported import IMPORTED
from archiver.model.record import Message
from archiver.store.channels.capture import Capture, append_capture
from archiver.store.database import Writer
from archiver.store.imports.import_parts import with_part
from archiver.store.imports.import_source import add_counts
from archiver.store.imports.imported import PieceRow, put_pieces
from archiver.store.imports.imported_content import fill_columns, widen_seen
from archiver.store.index.outbox import enqueue
from archiver.store.media.file import fill_files
from archiver.store.messages.revision import keep_late_revisions
from archiver.store.search.index_revisions import index_revisions
from archiver.version import version
from search.exact import writer

PAGE: Final = 8000
"""Messages read in one go."""
WRITTEN: Final = 2000
"""Messages per transaction: under a tenth of a second, for which a concurrent sync has to wait."""
ACCOUNT: Final = "import"
"""What the log has instead of an account."""


def store_page(
    conn: Writer,
    target: ImportTarget,
    page: Sequence[ImportedMessage],
    files: Files,
    ready: Ready = NOTHING_READY,
    *,
    now: int,
) -> ImportCounts:
    """Write a page of distinct messages. `ready`: what `make_ready` returned for it."""
    plan = plan_page(conn, target, page, files)
    counts = count_plan(plan)
    plan.known = [known_with_files(one, files) for one in plan.known] if files else plan.known
    missing = insert_new(conn, target, [with_files(one, files) for one in plan.new], ready, now=now) if plan.new else 0
    revised = _keep_known(conn, target, plan, now=now) if plan.known else 0
    adopted, filled = settle_files(conn, target, files, page, now=now) if files else NO_FILES_SETTLED
    if filled:
        _show(conn, target, filled, now=now)
    adopted += keep_other_files(conn, plan.known, files, now=now) if files else 0
    texts = keep_texts(conn, page)
    counts = replace(counts, revisions=revised, missing=missing, files=adopted, annotations=texts)
    if plan.new or plan.known:
        append_capture(conn, _capture(target, len(page) - plan.again, now))
    if plan.corrections and (moved := correct(conn, target, plan.corrections)):
        _show(conn, target, moved, now=now)
    note_zone(conn, target, is_correction=bool(plan.corrections))
    if plan.new or plan.known or plan.corrections or adopted or filled or texts:
        add_counts(conn, target.import_id, counts.to_object())
    return counts


def _keep_known(conn: Writer, target: ImportTarget, plan: ImportPlan, *, now: int) -> int:
    """Add to messages already held what they lack; return the number of new revisions."""
    if not target.is_altered:
        widen_seen(conn, target.channel_id, shown_edits(plan.known, seen_by(target, plan.known)))
    filled = [(held, decision.filled) for _, held, decision in plan.known if decision.filled]
    if filled:
        _fill(conn, target, filled, now=now)
    revised = [
        one.message for one, _, decision in plan.known if decision.revises and not (decision.wins or decision.was_shown)
    ]
    kept = keep_late_revisions(conn, revised, now=target.at) if revised else []
    kept += _replace(conn, target, plan, now=now)
    if dated := put_exact(conn, target, plan.known):
        _show(conn, target, dated, now=now)
    earlier = keep_earlier(conn, target, [one for one, _, _ in plan.known])
    stored = {message.message_id for message, _ in kept}
    if stored:
        index_revisions(conn, messages.read_messages_of(conn, target.channel_id, sorted(stored)))
    stored |= {held.message_id for _, held, decision in plan.known if decision.wins}
    put_pieces(
        conn,
        target.channel_id,
        target.import_id,
        [_piece(target, one, decision, is_stored=one.message.message_id in stored) for one, _, decision in plan.known],
    )
    return len(kept) + earlier


def _replace(conn: Writer, target: ImportTarget, plan: ImportPlan, *, now: int) -> list[tuple[Message, int]]:
    """Replace older contents of earlier imports; return those with the numbers of their revisions."""
    won = [one for one in plan.known if one[2].wins]
    if not won:
        return []
    after, kept = put_current(conn, target.channel_id, won, seen_by(target, won), now=target.at)
    _show(conn, target, after, now=now)
    return kept


def _piece(target: ImportTarget, one: ImportedMessage, decision: ImportDecision, *, is_stored: bool) -> PieceRow:
    message = one.message
    raw = None if is_stored else message.raw
    return PieceRow(
        message.message_id, message.payload_sha256, raw, with_part(target.mark(decision.record, one), one.part)
    )


def _fill(
    conn: Writer, target: ImportTarget, filled: Sequence[tuple[Message, Mapping[str, object]]], *, now: int
) -> None:
    after = []
    for held, values in filled:
        columns = {name: _column(value) for name, value in values.items() if name != "media"}
        fill_columns(conn, target.channel_id, held.message_id, columns)
        after.append(fill(held, values))
    after = fill_files(conn, after)
    showing = [one for one, (_, values) in zip(after, filled, strict=True) if "media" in values]
    for one in showing:
        fill_columns(conn, target.channel_id, one.message_id, {"media_kind": one.media_kind})
    messages.put_media(conn, showing)
    _show(conn, target, after, now=now)


def _show(conn: Writer, target: ImportTarget, after: Sequence[Message], *, now: int) -> None:
    """Bring the search rows and the index up to date."""
    missing = set(messages.list_missing_ids(conn, target.channel_id))
    writer.upsert(conn, [to_document(one) for one in after])
    index_revisions(conn, sorted(after, key=attrgetter("message_id")))  # their dates may differ too
    gone = [(target.channel_id, one.message_id) for one in after if one.message_id in missing]
    writer.mark_missing(conn, gone)
    enqueue(conn, target.channel_id, [one.message_id for one in after], now=now, later=True)


def _column(value: object) -> object:
    return int(value.timestamp()) if hasattr(value, "timestamp") else value


def _capture(target: ImportTarget, count: int, now: int) -> Capture:
    return Capture(
        channel_id=target.channel_id,
        at=now,
        method="import",
        lo=None,
        hi=None,
        count=count,
        generation=target.generation,
        version=version(),
        layer=IMPORTED,
        account=ACCOUNT,
    )
