"""What is remembered of an account's takeout, in the archive; see `archiver.telegram.takeout.TakeoutStore`."""

from __future__ import annotations

from archiver.store.database import Database
from archiver.store.takeout import find_takeout, set_delay, set_takeout


class TakeoutMemory:
    """The takeout of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    async def load(self) -> tuple[int | None, float]:
        """The open id, and from when another one may be asked for."""
        return await find_takeout(self._database.connection, self._account)

    async def save(self, takeout_id: int | None) -> None:
        """An id that is open now, so that no delay holds any more; None: none is."""
        await self._database.write(set_takeout, self._account, takeout_id)

    async def delay(self, until: float) -> None:
        """None is to be asked for before this unix time."""
        await self._database.write(set_delay, self._account, until)
