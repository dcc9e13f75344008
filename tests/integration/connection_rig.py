"""A source over one connection, as the several workers of a service use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from archiver.pacing.scheduler import Priority
from archiver.telegram import Connection, TelegramSource, Timeouts
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import connection_of

STEADY = Timeouts(
    delays=(0.02, 0.05),
    connect=1.5,
    call=0.5,
    call_max=0.5,
    forever=True,
    backoff=(0.02, 0.2),
    max_hung=4,
    free_losses=8,
)
"""A service's time limits, in a hurry."""
DIFFERENCE, HISTORY, CONNECT = "updates.getChannelDifference", "messages.getHistory", "help.getConfig"


@pytest.fixture
def channels(world: World) -> list[Channel]:
    made = [world.add_channel(f"Channel {number}", f"channel_{number}") for number in range(8)]
    for channel in made:
        for number in range(5):
            channel.post(f"post {number}")
    return made


class Desk:
    """A source as several workers use it."""

    def __init__(self, server: Server, account: Account, connection: Connection) -> None:
        self.server = server
        self.account = account
        self.connection = connection
        self.source = TelegramSource(connection)

    def key(self, channel: Channel) -> tuple[int, int]:
        return channel.id, self.server.world.access_hash(self.account, channel)

    async def history(self, channel: Channel) -> int:
        return len((await self.source.get_history(*self.key(channel), offset_id=0)).messages)

    async def difference(self, channel: Channel) -> int:
        return (await self.source.at(Priority.LIVE).get_difference(*self.key(channel), pts=1)).pts

    def connects(self) -> int:
        return len(self.server.called(CONNECT))


@asynccontextmanager
async def desk_at(
    server: Server, account: Account, directory: Path, *, timeouts: Timeouts = STEADY, **how: Any
) -> AsyncIterator[Desk]:
    connection = connection_of(server, account, directory, timeouts=timeouts, **how)
    try:
        yield Desk(server, account, connection)
    finally:
        await connection.close()


@pytest.fixture
async def desk(server: Server, account: Account, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_at(server, account, tmp_path) as opened:
        yield opened


def about(channel: Channel) -> Callable[[Any], bool]:
    """Whether a request is about this channel."""
    return lambda request: getattr(getattr(request, "channel", None), "channel_id", None) == channel.id


async def until(is_so: Callable[[], bool], *, seconds: float = 120.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110  # what is waited for is the server's
            await asyncio.sleep(0.01)
