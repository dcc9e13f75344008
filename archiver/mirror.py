"""Bringing one channel to the present: access, snapshot, catching up, backfill, and catching up again."""

from __future__ import annotations

from collections.abc import Callable

from archiver.apply import Stored
from archiver.backfill import Backfill
from archiver.errors import ChannelGone, LostState, NotFound, ServerFault, StaleAccess
from archiver.ingest import Ingest
from archiver.source import Source
from archiver.store.channel import Mirrored, find_access, find_channel
from archiver.store.database import Database

ROUNDS = 5
"""How often one sync walks a history that begins anew under its hands."""

Progress = Callable[[Stored, int], None]
"""Hears of each stored answer, and of how many ids of the present gap are left."""


class Mirror:
    """Mirrors channels of one account, one at a time."""

    def __init__(self, source: Source, database: Database, ingest: Ingest, *, account: str = "default") -> None:
        self._source = source
        self._database = database
        self._ingest = ingest
        self._account = account
        self._backfill = Backfill(source, database, ingest)

    async def sync_channel(self, channel_id: int, *, progress: Progress) -> None:
        """Fetch all that is missing within the window, and all that is new. Raises ChannelError and what stops all."""
        access_hash = await self._access(await self._get(channel_id))
        try:
            await self._to_the_present(channel_id, access_hash, progress)
        except StaleAccess:
            access_hash = await self._resolve_again(await self._get(channel_id))
            await self._to_the_present(channel_id, access_hash, progress)

    async def _to_the_present(self, channel_id: int, access_hash: int, progress: Progress) -> None:
        await self._catch_up(channel_id, access_hash, progress)
        for _ in range(ROUNDS):
            await self._backfill.run(channel_id, access_hash, progress=progress)
            if not await self._catch_up(channel_id, access_hash, progress):
                return
        raise ServerFault("more happens in it than can be read.", hint="Run the sync again in a quieter hour.")

    async def _catch_up(self, channel_id: int, access_hash: int, progress: Progress) -> bool:
        """From the stored pts to the present. True when the server would not tell, so that the history began anew."""
        while True:
            channel = await self._get(channel_id)
            if channel.pts is None:
                progress(await self._backfill.snapshot(channel, access_hash), channel.top_id)
                return True
            try:
                difference = await self._source.get_difference(channel_id, access_hash, pts=channel.pts)
                too_long = difference.too_long
            except LostState:
                too_long = True
            if too_long:
                await self._ingest.start_generation(channel)
                continue
            progress(await self._ingest.store_difference(channel, difference), 0)
            if difference.final:
                return False
            if difference.pts <= channel.pts:
                raise ServerFault("the server repeats the same events.", hint="Try again later.")

    async def _get(self, channel_id: int) -> Mirrored:
        channel = await find_channel(self._database.connection, channel_id)
        if channel is None:
            raise NotFound(f"channel {channel_id} is not mirrored.", hint="`telekeep channels` lists those that are.")
        return channel

    async def _access(self, channel: Mirrored) -> int:
        access_hash = await find_access(self._database.connection, account=self._account, channel_id=channel.channel_id)
        return await self._resolve_again(channel) if access_hash is None else access_hash

    async def _resolve_again(self, channel: Mirrored) -> int:
        """Ask for the channel by its name; a name that another channel holds now is never followed."""
        if channel.username is None:
            raise ChannelGone("this account has no access to it, and it has no public name to ask by.")
        seen = await self._source.resolve_username(channel.username)
        if seen.channel_id != channel.channel_id:
            raise ChannelGone(
                f"the name @{channel.username} belongs to another channel now ({seen.channel_id}); it is not followed."
            )
        await self._ingest.observe_channel(seen)
        return seen.access_hash
