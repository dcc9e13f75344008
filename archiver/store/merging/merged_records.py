"""The records of messages taken over from another archive."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from archiver.model.compare_import import fill
from archiver.model.document import to_document
from archiver.model.record import Message
from archiver.store.database import Reader
from archiver.store.media.file import fill_files
from archiver.store.merging.foreign_page import LeftOut
from archiver.store.merging.foreign_record import to_message
from archiver.store.merging.merge_plan import PagePlan
from archiver.store.verify.checked import UNREADABLE
from search.document import Document

_IMPOSSIBLE: Final = "it has values that telekeep never writes"


class Made(NamedTuple):
    """A message to write, and its search document."""

    record: Message
    document: Document


def make_records(conn: Reader, plan: PagePlan) -> tuple[dict[int, Made], list[LeftOut]]:
    """Records of messages that get a content or files, by id; those that cannot be made are removed from the plan."""
    records: dict[int, Message] = {}
    left_out: list[LeftOut] = []
    for one in (*plan.new, *plan.held):
        changed = one.theirs if one.replaces else one.ours if one.fills else None
        if changed is not None:
            try:
                record = to_message(plan.channel_id, replace(changed, media=one.media))
                records[changed.message_id] = fill(record, one.filled)
            except UNREADABLE:
                left_out.append(LeftOut(one.theirs.message_id, _IMPOSSIBLE))
    made: dict[int, Made] = {}
    for record in fill_files(conn, list(records.values())):
        try:
            made[record.message_id] = Made(record, to_document(record))
        except UNREADABLE:
            left_out.append(LeftOut(record.message_id, _IMPOSSIBLE))
    if left_out:
        wrong = {one.message_id for one in left_out}
        plan.new = [one for one in plan.new if one.theirs.message_id not in wrong]
        plan.held = [one for one in plan.held if one.theirs.message_id not in wrong]
    return made, left_out
