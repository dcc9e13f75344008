"""Whether the embedded engine's tables can be read by this version: readers ask, `rebuild_search_tables` acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.exact.schema import SCHEMA_VERSION
from search.text.normalize import NORM_VERSION

if TYPE_CHECKING:
    import aiosqlite


async def is_current(conn: aiosqlite.Connection) -> bool:
    """Whether the tables exist and were written by this version; if not, rebuild them."""
    if not await conn.execute_fetchall("SELECT 1 FROM sqlite_master WHERE name = 'search_layout'"):
        return False
    rows = await conn.execute_fetchall("SELECT layout, norm FROM search_layout")
    return [tuple(row) for row in rows] == [(SCHEMA_VERSION, NORM_VERSION)]
