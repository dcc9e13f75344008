"""What one page of an import adds to the archive: each message compared with the one held. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import archiver.store.messages.message as messages
from archiver.ids import MessageId
from archiver.imports.earlier_contents import leave_known
from archiver.imports.exact_dates import prefer_exact
from archiver.imports.import_counts import ImportCounts
from archiver.imports.import_target import ImportTarget
from archiver.imports.later_import import Known, decide_current, prefer_later_files
from archiver.imports.new_page import list_gone
from archiver.imports.other_files import note_other_files
from archiver.imports.page_files import (
    NO_FILES,
    Files,
)
from archiver.imports.quick_message import whole
from archiver.imports.source import ImportedMessage
from archiver.imports.zone_correction import Correction, plan_corrections
from archiver.model.compare_import import compare_import, has_other_date, without_filled
from archiver.model.record import Message
from archiver.store.database import Reader
from archiver.store.imports.earlier_words import list_content_hashes, list_earlier_words
from archiver.store.imports.imported import list_pieces


@dataclass(slots=True)
class ImportPlan:
    """What a page adds."""

    new: list[ImportedMessage] = field(default_factory=list)
    again: int = 0
    """Messages that this same import brought before."""
    known: list[Known] = field(default_factory=list)
    """Messages already held, each with the one held and the decision."""
    corrections: list[Correction] = field(default_factory=list)
    """What another zone changes in messages that this same import brought before."""
    repeated: frozenset[MessageId] = frozenset()
    """Known messages that this same import brought with another piece before."""


def plan_page(
    conn: Reader, target: ImportTarget, page: Sequence[ImportedMessage], files: Files = NO_FILES
) -> ImportPlan:
    """Compare a page, in which each message is once, with the archive. `files`: those that it brings."""
    plan = ImportPlan()
    ids = [one.message_id for one in page]
    held_ids = set(messages.list_known(conn, target.channel_id, ids))
    before = list_pieces(conn, target.channel_id, target.import_id, sorted(held_ids)) if held_ids else {}
    digests = {one.message_id: one.message.payload_sha256 for one in page if one.message_id in held_ids}
    asked = [one for one in sorted(held_ids) if digests[MessageId(one)] not in before.get(MessageId(one), ())]
    read = messages.read_messages_of(conn, target.channel_id, asked) if asked else []  # type: ignore[arg-type]
    held = {one.message_id: one for one in read}
    words = list_earlier_words(conn, target.channel_id, list(held))
    known: list[Known] = []
    again: list[Message] = []
    for one in page:
        number = one.message_id
        if number not in held_ids:
            plan.new.append(one)
        elif number not in held:
            plan.again += 1
            again.append(one.message)
        else:
            known.append((whole(one), held[number], compare_import(one.message, held[number], words.get(number, ()))))
    seen = seen_by(target, known)
    if target.is_altered:
        decided = [(one, held, without_filled(decision)) for one, held, decision in known]
    else:
        decided = decide_current(conn, target.channel_id, target.import_id, known, seen)
        decided = prefer_exact(conn, target, decided)
    noted = note_other_files(target, leave_known(conn, target, decided, words), files)
    plan.known = noted if target.is_altered else prefer_later_files(conn, target, noted, seen)
    plan.corrections = plan_corrections(conn, target, again)
    plan.repeated = frozenset(before).intersection(held)
    return plan


def seen_by(target: ImportTarget, known: Sequence[Known]) -> dict[MessageId, int]:
    """The moment at which the export held each message, at the latest."""
    return {
        one.message.message_id: min(one.seen.last_seen, target.at) if one.seen else target.seen for one, _, _ in known
    }


def count_plan(plan: ImportPlan) -> ImportCounts:
    """What a plan would bring, but for files."""
    kinds = [decision.kind for _, _, decision in plan.known]
    return ImportCounts(
        new=len(plan.new),
        same=kinds.count("same") + plan.again,
        filled=kinds.count("fills"),
        differing=kinds.count("differs"),
        revisions=sum(decision.revises + len(one.earlier) for one, _, decision in plan.known),
        replaced=sum(decision.revises and decision.wins for _, _, decision in plan.known),
        dated=sum(decision.exact == "imported" for _, _, decision in plan.known),
        corrected=sum(one.is_change for one in plan.corrections),
        sources=len(plan.known),
        other_dates=sum(has_other_date(decision) for _, held, decision in plan.known if _is_comparable(plan, held)),
    )


def _is_comparable(plan: ImportPlan, held: Message) -> bool:
    """Whether the date held is known, and not from this same import."""
    return held.kind != "stub" and held.message_id not in plan.repeated


def count_page(conn: Reader, target: ImportTarget, page: Sequence[ImportedMessage], files: Files) -> ImportCounts:
    """What a page would bring, but for files. `files`: those of known messages."""
    plan = plan_page(conn, target, page, files)
    revisions = _count_revisions(conn, target, plan)
    return replace(count_plan(plan), revisions=revisions, missing=len(list_gone(conn, target, plan.new)))


def _count_revisions(conn: Reader, target: ImportTarget, plan: ImportPlan) -> int:
    """How many contents would become revisions; those that already are do not count."""
    older = [
        held if decision.wins else one.message
        for one, held, decision in plan.known
        if decision.revises and not decision.was_shown
    ]
    kept = list_content_hashes(conn, target.channel_id, [one.message_id for one in older])
    new = sum(one.content_hash not in kept.get(one.message_id, ()) for one in older)
    return new + sum(len(one.earlier) for one, _, _ in plan.known)
