"""Restore what new copies of messages leave out, from the copies held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archiver.model.record import Held, Message
from archiver.model.richer import keep_richer, may_be_poorer
from archiver.store.database import Writer
from archiver.store.messages.message import read_messages


def keep_known(conn: Writer, seen: Sequence[Message], held: Mapping[int, Held]) -> list[Message]:
    """The messages just seen in one channel, completed with what is held of them. Runs inside the transaction."""
    doubtful = [message for message in seen if _may_lack(message, held.get(message.message_id))]
    if not doubtful:
        return list(seen)
    lo, hi = min(one.message_id for one in doubtful), max(one.message_id for one in doubtful)
    count = sum(lo <= message_id <= hi for message_id in held)
    known = {one.message_id: one for one in read_messages(conn, seen[0].channel_id, after=lo - 1, limit=count)}
    kept = {
        id(one): keep_richer(one, known[one.message_id], seen_at=held[one.message_id].last_seen) for one in doubtful
    }
    return [kept.get(id(one), one) for one in seen]


def _may_lack(message: Message, held: Held | None) -> bool:
    if held is None or held.imported:
        return False
    return message.payload_sha256 != held.payload_sha256 and may_be_poorer(message)
