"""Slots that could not be updated in the transaction that settled their file, since too many show it."""

from __future__ import annotations

from archiver.store.database import Database
from archiver.store.media.file import update_slots


async def update_all_slots(database: Database, *, now: int) -> None:
    """Make all slots show the state of their files."""
    while await database.write(update_slots, now=now):
        pass
