"""Confirm deletions one by one when an empty page covers messages that are held.

An inaccessible channel looks just as empty. So each held message is requested by id, together with one that exists;
only if the server shows that one, and reports the others as empty, are they marked as missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.errors import ServerFault
from archiver.ids import AccessHash
from archiver.mirror.ingest import Ingest, Reading
from archiver.mirror.source import Source
from archiver.model.coverage import Interval
from archiver.model.record import Message
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Database
from archiver.store.messages.message import list_present_ids

ASKED = 99
"""Ids per request in addition to the one that exists: the server's limit is 100."""


async def mark_confirmed_missing(
    source: Source,
    database: Database,
    ingest: Ingest,
    channel: Mirrored,
    *,
    access_hash: AccessHash,
    within: Interval,
    shown: Sequence[Message] = (),
    reading: Reading = "history",
) -> None:
    """Mark all messages held within these ids as missing, after the server confirmed each.

    `shown`: messages that the server has just shown, if any. Raises ServerFault, and changes nothing more, if it does
    not confirm.
    """
    lo, hi = within
    while held := await database.read(list_present_ids, channel.channel_id, hi, ASKED, lowest=lo):
        existing = shown or (await source.get_history(channel.channel_id, access_hash, offset_id=0, limit=1)).messages
        if existing:
            asked = (*held, existing[0].message_id)
            there, empty = await source.get_messages(channel.channel_id, access_hash, asked)
            if there and empty.issuperset(held):
                await ingest.store_absence(channel, held, reading=reading)
                hi = min(hi, *held) - 1  # a damaged index might list the same ones again, and Telegram be asked again
                continue
        raise ServerFault(
            "the server sent an empty page where messages exist; nothing was changed.", hint="Try again later."
        )
