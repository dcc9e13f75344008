"""A date that is exact counts, not one that rests on an assumed time zone, whichever of them was imported first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archiver.imports.import_target import ImportTarget
from archiver.imports.later_import import Known
from archiver.model.compare_import import compare_import, has_other_date
from archiver.model.imported import IMPORTED
from archiver.model.record import Message
from archiver.store.database import Reader, Writer
from archiver.store.imports.import_zones import list_assumed, put_dates


def prefer_exact(conn: Reader, target: ImportTarget, known: Sequence[Known]) -> list[Known]:
    """Decide which of two dates counts, once it is decided which content is current."""
    asked = [held.message_id for _, held, decision in known if held.layer == IMPORTED and decision.other]
    if not asked:
        return list(known)
    assumed = list_assumed(conn, target.channel_id, asked)
    among = set(asked)
    return [
        _prefer(one, target, is_assumed=one[1].message_id in assumed) if one[1].message_id in among else one
        for one in known
    ]


def _prefer(known: Known, target: ImportTarget, *, is_assumed: bool) -> Known:
    one, held, decision = known
    is_exact = target.is_exact(one)
    if is_exact and is_assumed and "date" in decision.other and not (decision.revises and has_other_date(decision)):
        wins = decision.wins or not decision.revises
        filled = {} if wins else decision.filled
        return one, held, replace(decision, wins=wins, filled=filled, exact="imported")
    if is_exact or is_assumed or not decision.wins:
        return known
    if not decision.revises:  # it would have replaced the same words by its later date of an edit
        return one, held, compare_import(one.message, held)
    if "date" not in decision.other:
        return known
    return replace(one, message=replace(one.message, date=held.date)), held, replace(decision, exact="held")


def put_exact(conn: Writer, target: ImportTarget, known: Sequence[Known]) -> list[Message]:
    """Write exact dates into messages whose content is a later one; return the messages."""
    late = [
        (held, replace(held, date=one.message.date))
        for one, held, decision in known
        if decision.exact == "imported" and not decision.wins
    ]
    put_dates(conn, late)
    return [one for _, one in late]
