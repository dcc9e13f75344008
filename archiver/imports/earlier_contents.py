"""Which earlier contents of an export with `--revisions` are not held yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from archiver.ids import MessageId
from archiver.imports.import_target import ImportTarget
from archiver.imports.later_import import Known
from archiver.imports.source import EarlierContent
from archiver.model.imported import IMPORTED, hash_of
from archiver.store.database import Reader
from archiver.store.imports.earlier_words import list_content_hashes


def leave_known(
    conn: Reader, target: ImportTarget, known: Sequence[Known], words: Mapping[MessageId, Collection[bytes]]
) -> list[Known]:
    """The messages with those earlier contents only that would be new. `words`: those that Telegram showed earlier."""
    asked = [held.message_id for one, held, _ in known if one.earlier]
    if not asked:
        return list(known)
    kept = list_content_hashes(conn, target.channel_id, asked)
    return [_left(one, kept.get(one[1].message_id, ()), words.get(one[1].message_id, ())) for one in known]


def _left(known: Known, kept: Collection[bytes], words: Collection[bytes]) -> Known:
    one, held, decision = known
    if not one.earlier:
        return known
    by_telegram = () if held.layer == IMPORTED else (*words, hash_of(held))
    older = held if decision.wins else one.message
    beside = (older.content_hash,) if decision.revises else ()
    left = tuple(_list_new(one.earlier, {*kept, *by_telegram, *beside}))
    if left and decision.kind == "same":
        decision = replace(decision, kind="differs")
    return replace(one, earlier=left), held, decision


def _list_new(earlier: Sequence[EarlierContent], known: set[bytes]) -> Iterator[EarlierContent]:
    for one in earlier:
        if one.message.content_hash not in known:
            known.add(one.message.content_hash)
            yield one
