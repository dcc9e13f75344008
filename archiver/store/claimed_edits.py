"""Search rows of earlier contents that an earlier telekeep took for edits, although only imports have them."""

from __future__ import annotations

from typing import Final

import aiosqlite

from search.exact.schema import SCHEMA_VERSION
from search.flags import STATE_BITS

_EDITED: Final = STATE_BITS["edited"]
_FORGET: Final = f"""
    UPDATE search_document SET flags = flags & ~{_EDITED} WHERE flags & {_EDITED} AND docid IN (
        SELECT r.docid FROM search_revision AS r JOIN search_channel AS c ON c.number = r.channel
        JOIN revision AS v ON v.channel_id = c.channel_id AND v.message_id = r.message_id AND v.revision = r.revision
        WHERE v.layer = 0)
"""


async def forget_claimed_edits(connection: aiosqlite.Connection) -> None:
    """Take the marks away; search tables of another layout are left alone, since they are rebuilt."""
    async with connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'search_layout'") as cursor:
        if await cursor.fetchone() is None:
            return
    async with connection.execute("SELECT layout FROM search_layout") as cursor:
        layouts = [row[0] for row in await cursor.fetchall()]
    if layouts == [SCHEMA_VERSION]:
        await connection.execute(_FORGET)
