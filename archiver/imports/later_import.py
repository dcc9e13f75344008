"""If two imports hold a message, the later content is current, in whichever order they were imported.

The later edit counts, then the newer export. Desktop's HTML has no edit dates: what it shows is as late as its newest
post. What another telekeep saw is dated by when it says it saw it. A date never changes on Telegram, so an export
with another one is no later content, unless a telekeep saw it. What Telegram showed to telekeep is never replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import orjson

from archiver.ids import ChannelId, MessageId
from archiver.imports.import_target import ImportTarget
from archiver.imports.source import ImportedMessage
from archiver.model.compare_import import ImportDecision, compare_import, fill, has_other_date
from archiver.model.imported import IMPORTED, was_shown
from archiver.model.lacking_files import agree
from archiver.model.record import Media, Message
from archiver.store.database import Reader, Writer
from archiver.store.imports.import_source import find_format
from archiver.store.imports.imported import keep_raw, list_altered, list_claims, note_replaced
from archiver.store.imports.imported_content import begin_seen, replace_imported
from archiver.store.media.file import fill_files
from archiver.store.messages.revision import keep_late_revisions

_UNDATED: Final = "desktop-html"
"""The format that has no edit dates."""

Known = tuple[ImportedMessage, Message, ImportDecision]
"""An imported message, the one held, and how they compare."""


class Claim(NamedTuple):
    """How late a content is. Ordered."""

    as_of: int
    seen: int
    edited: int
    payload_sha256: bytes


def claim_of(message: Message, *, seen: int, format_name: str | None, is_sighted: bool = False) -> Claim:
    """How recent a message's content is. `seen`: the latest moment its export shows; `is_sighted`: by a telekeep."""
    is_dated = not is_sighted and (message.edit_date is not None or format_name != _UNDATED)
    return Claim(message.moment if is_dated else seen, seen, message.moment, message.payload_sha256)


def is_sighted(piece: bytes) -> bool:
    """Whether a piece is a row of a telekeep that saw the message on Telegram, and says when it last did."""
    try:
        found = orjson.loads(piece)
    except ValueError:
        return False
    row = found.get("telekeep", found) if isinstance(found, dict) else None  # as in Desktop's JSON
    return isinstance(row, dict) and isinstance(row.get("last_seen"), str) and was_shown(row)


def _is_sighting(one: ImportedMessage) -> bool:
    return one.seen is not None and one.seen.by_telegram


def decide_current(
    conn: Reader, channel_id: ChannelId, import_id: int, known: Sequence[Known], seen: Mapping[MessageId, int]
) -> list[Known]:
    """Decide which messages of earlier imports are replaced. `seen`: when this export held them at the latest."""
    imported = [
        held for one, held, _ in known if held.layer == IMPORTED and held.payload_sha256 != one.message.payload_sha256
    ]
    if not imported:
        return list(known)
    altered = list_altered(conn, channel_id, [held.message_id for held in imported])
    claims = list_claims(
        conn, channel_id, [held.message_id for one, held, decision in known if _may_win(one, held, decision)]
    )
    own = find_format(conn, import_id)
    decided = []
    for one, held, decision in known:
        at = claims.get(held.message_id)
        if held.message_id in altered:
            decision = replace(decision, kind="differs", wins=True, filled={})  # noqa: PLW2901 - the same, decided
        elif at is not None:
            by_it = _is_sighting(one)
            theirs = claim_of(one.message, seen=seen[held.message_id], format_name=own, is_sighted=by_it)
            ours = claim_of(held, seen=at[0], format_name=at[1], is_sighted=is_sighted(held.raw))
            if theirs > ours:
                decision = replace(decision, wins=True, filled={})  # noqa: PLW2901 - the same, decided
        decided.append((one, held, decision))
    return decided


def _may_win(one: ImportedMessage, held: Message, decision: ImportDecision) -> bool:
    if held.layer != IMPORTED or not (decision.revises or "edit_date" in decision.other):
        return False
    return not has_other_date(decision) or _is_sighting(one)


def prefer_later_files(
    conn: Reader, target: ImportTarget, known: Sequence[Known], seen: Mapping[MessageId, int]
) -> list[Known]:
    """Decide which files are shown beside the same words, where only this import knows of an edit: it swapped them."""
    asked = [held.message_id for _, held, decision in known if _may_swap(held, decision)]
    if not asked:
        return list(known)
    claims = list_claims(conn, target.channel_id, asked)
    decided = []
    for one, held, decision in known:
        at = claims.get(held.message_id) if _may_swap(held, decision) else None
        if at is not None:
            theirs = claim_of(one.message, seen=seen[held.message_id], format_name=target.format)
            if theirs.as_of > claim_of(held, seen=at[0], format_name=at[1], is_sighted=is_sighted(held.raw)).as_of:
                decision = _swapped(decision)  # noqa: PLW2901 - the same, decided
        decided.append((one, held, decision))
    return decided


def _may_swap(held: Message, decision: ImportDecision) -> bool:
    if held.layer != IMPORTED or decision.wins or decision.revises or "edit_date" not in decision.filled:
        return False
    return any(both["held"] and both["imported"] for both in decision.other_files.values())


def _swapped(decision: ImportDecision) -> ImportDecision:
    """Show the other file; if the import lacks it, the held one is not passed off as the edit's."""
    if any(both["imported"] and both["imported"]["sha256"] for both in decision.other_files.values()):
        return replace(decision, wins=True, filled={})
    return replace(decision, filled={name: value for name, value in decision.filled.items() if name != "edit_date"})


def put_current(
    conn: Writer, channel_id: ChannelId, won: Sequence[Known], seen: Mapping[MessageId, int], *, now: int
) -> tuple[list[Message], list[tuple[Message, int]]]:
    """Replace what is held by what is later; return the new messages, and those replaced with their numbers."""
    older = [held for _, held, decision in won if decision.revises]
    kept = keep_late_revisions(conn, older, now=now)
    stored = {held.message_id for held, _ in kept}
    keep_raw(conn, channel_id, [held.message_id for _, held, _ in won if held.message_id not in stored])
    for one, held, decision in won:
        compared = compare_import(held, one.message)
        beside = replace(
            compared, filled={}, other={**compared.other, **_swapped_files(decision)}, revises=decision.revises
        )
        note_replaced(conn, channel_id, held.message_id, held.payload_sha256, beside.record)
    altered = list_altered(conn, channel_id, [held.message_id for _, held, _ in won])
    whole = [
        one.message if held.message_id in altered else _completed(one.message, held, decision)
        for one, held, decision in won
    ]
    written = fill_files(conn, whole)
    sighted = [held.message_id for _, held, _ in won if held.message_id not in altered and is_sighted(held.raw)]
    before = list_claims(conn, channel_id, sighted) if sighted else {}
    latest = {number: max(seen[number], at) for number, (at, _) in before.items()}
    replace_imported(conn, channel_id, [(one, latest.get(one.message_id, seen[one.message_id])) for one in written])
    contradicted = [held.message_id for _, held, decision in won if has_other_date(decision)]
    begin_seen(conn, channel_id, [(number, seen[number]) for number in contradicted])
    return written, kept


def _swapped_files(decision: ImportDecision) -> dict[str, dict[str, Any]]:
    """The other files, as those of the content that is replaced."""
    return {
        name: {"held": both["imported"], "imported": both["held"]}
        for name, both in decision.other_files.items()
        if both["imported"] is not None  # else the held one stays
    }


def _completed(message: Message, held: Message, decision: ImportDecision) -> Message:
    """A later content, completed with values of the one held that it lacks."""
    if decision.exact == "imported":
        held = replace(held, edit_date=None)  # it rests on an assumed zone
    whole = fill(message, compare_import(held, message).filled)
    slots = {slot.slot: slot for slot in held.media}
    is_same = message.content_hash == held.content_hash
    media = tuple(_identified(slot, slots.get(slot.slot), is_same=is_same) for slot in whole.media)
    return replace(whole, media=media)


def _identified(slot: Media, held: Media | None, *, is_same: bool) -> Media:
    """A medium that an export names without its file: the stored one, if all that is known of the two agrees.

    `is_same`: whether the words are the same, so that an unknown size will do.
    """
    if slot.id is not None or held is None or held.id is None or not agree(slot, held):
        return slot
    fits = slot.size == held.size if slot.size is not None else is_same
    return replace(slot, id=held.id, size=held.size) if fits else slot


def shown_edits(known: Sequence[Known], seen: Mapping[MessageId, int]) -> list[tuple[MessageId, int, int]]:
    """What an import shows of already imported messages, for `store.imported_content.widen_seen`."""
    return [
        (held.message_id, seen[held.message_id], -1 if decision.revises else _shown_edit(one.message, held))
        for one, held, decision in known
        if held.layer == IMPORTED and not decision.wins and not has_other_date(decision)
    ]


def _shown_edit(message: Message, held: Message) -> int:
    """The edit time shown for the same words, or when a telekeep last saw them."""
    return held.moment if message.moment > held.moment and is_sighted(held.raw) else message.moment
