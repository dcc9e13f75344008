"""An empty answer where messages are held is suspicious: a lost channel looks just like that.

So all that is held there is asked for by name, together with a message that exists. Only where the server shows that
one, and names the others as empty beside it, are they believed to be gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.errors import ServerFault
from archiver.mirror.ingest import Ingest, Reading
from archiver.mirror.source import Source
from archiver.model.coverage import Interval
from archiver.model.record import Message
from archiver.store.channel import Mirrored
from archiver.store.database import Database
from archiver.store.message import list_present_ids

ASKED = 99
"""Ids a question beside the one that exists: the server's own limit is 100."""


async def mark_confirmed_missing(
    source: Source,
    database: Database,
    ingest: Ingest,
    channel: Mirrored,
    *,
    access_hash: int,
    within: Interval,
    shown: Sequence[Message] = (),
    reading: Reading = "history",
) -> None:
    """Return when nothing that is held within these ids is there any more; it is marked as missing then.

    `shown`: messages that the server has just shown, if any. Raises ServerFault otherwise, and nothing is changed.
    """
    lo, hi = within
    while held := await list_present_ids(database.connection, channel.channel_id, hi, ASKED, lowest=lo):
        existing = shown or (await source.get_history(channel.channel_id, access_hash, offset_id=0, limit=1)).messages
        if existing:
            asked = (*held, existing[0].message_id)
            there, empty = await source.get_messages(channel.channel_id, access_hash, asked)
            if there and empty.issuperset(held):
                await ingest.store_absence(channel, held, reading=reading)
                continue
        raise ServerFault(
            "the server answered with an empty page where messages exist; nothing was changed.", hint="Try again later."
        )
