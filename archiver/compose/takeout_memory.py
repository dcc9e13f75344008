"""An account's takeout as stored in the archive, for `archiver.telegram.takeout`."""

from __future__ import annotations

from archiver.store.accounts.takeout import get_takeout, set_delay, set_takeout
from archiver.store.database import Database


class TakeoutMemory:
    """Stores the takeout of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    async def load(self) -> tuple[int | None, float]:
        """The id of the open takeout, and the unix time when another may be requested."""
        return await self._database.read(get_takeout, self._account)

    async def save(self, takeout_id: int | None) -> None:
        """Store the id of the open takeout, which ends any delay; None if there is none."""
        await self._database.write(set_takeout, self._account, takeout_id)

    async def delay(self, until: float) -> None:
        """Request no takeout before this unix time."""
        await self._database.write(set_delay, self._account, until)
