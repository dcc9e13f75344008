"""A mirror of real parts: the loopback server, Telethon over a socket, an archive in a directory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from archiver.clock import Clock
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.comparison import Comparison
from archiver.mirror.ingest import Ingest
from archiver.pacing.scheduler import FloodMemory, Scheduler
from archiver.store.accounts.flood import list_floods, set_flood
from archiver.store.database import Database
from archiver.telegram import Callbacks, Connection, Hint, ServerAddress, TelegramSource, Timeouts
from archiver.telegram.session import FileSession
from search.exact import writer as exact
from tests.doubles.telegram import truth
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account

SHORT = Timeouts(delays=(0.0, 0.02, 0.05, 0.1, 0.2, 0.4), first_delays=(0.05, 0.1), connect=5.0, call=0.4, call_max=1.0)


@dataclass(frozen=True, slots=True)
class Rig:
    """What a test drives."""

    database: Database
    source: TelegramSource
    ingest: Ingest
    mirror: Mirror

    async def add(self, channel: Channel, *, window_start: int | None = None) -> None:
        found = await self.source.resolve_username(channel.username)
        await self.ingest.add_channel(found, window_start=window_start)

    async def sync(self, channel: Channel) -> None:
        await self.compare(channel)

    async def compare(self, channel: Channel) -> Comparison:
        return await self.mirror.sync_channel(channel.id, progress=lambda stored, left: None)


@asynccontextmanager
async def mirror_of(
    server: Server, account: Account, directory: Path, *, timeouts: Timeouts = SHORT, **pacing: Any
) -> AsyncIterator[Rig]:
    """A mirror that is logged in as the account; closing it leaves the archive."""
    async with await Database.open(directory) as database:
        await database.write(exact.create)

        async def remember(method: str, until: float) -> None:
            await database.write(lambda conn: set_flood(conn, account="default", method=method, until=until))

        floods = await database.read(list_floods, "default")
        pacing = {"floods": floods, "remember": remember, **pacing}
        connection = connection_of(server, account, directory, timeouts=timeouts, **pacing)
        source = TelegramSource(connection)
        ingest = Ingest(database, layer=source.layer)
        try:
            yield Rig(database, source, ingest, Mirror(source, database, ingest))
        finally:
            await connection.close()


def connection_of(
    server: Server,
    account: Account,
    directory: Path,
    *,
    timeouts: Timeouts = SHORT,
    hint: Hint | None = None,
    rate: float = 0,
    floods: Mapping[str, float] | None = None,
    remember: Callable[[str, float], Awaitable[None]] | None = None,
    **pacing: Any,
) -> Connection:
    """A connection that is logged in as the account. Whoever makes it closes it."""
    session = FileSession(directory / "session")
    known = server.client_session(account)
    session.set_dc(2, "127.0.0.1", server.port)
    session.auth_key = known.auth_key
    session.save()
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=server.port)
    memory = FloodMemory(floods or {}, remember=remember)
    scheduler = Scheduler(rate, memory=memory, **{"clock": ServerClock(server), **pacing})
    return Connection(address, directory / "session", scheduler, timeouts=timeouts, callbacks=Callbacks(hint))


class ServerClock(Clock):
    """The server's time."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server

    def now(self) -> float:
        return self.server.world.clock.now()

    def tick(self) -> float:
        return self.server.world.clock.now()


class LeapingClock(ServerClock):
    """The server's time, which leaps to the end of every wait of the scheduler."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.leaps: list[float] = []

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.Handle:
        def leap() -> None:
            self.leaps.append(seconds)
            self.server.clock += seconds
            callback()

        return asyncio.get_running_loop().call_soon(leap)


def held(directory: Path, channel: Channel) -> dict[int, dict[str, Any]]:
    """What the archive says of each message that was there when last seen, in the words of the world's truth."""
    connection = sqlite3.connect(directory / "archive.db")
    connection.row_factory = sqlite3.Row
    try:
        rows = connection.execute(
            "SELECT * FROM message WHERE channel_id = ? AND missing_since IS NULL", (channel.id,)
        ).fetchall()
        return {row["message_id"]: _told(row) for row in rows}
    finally:
        connection.close()


def true(channel: Channel) -> dict[int, dict[str, Any]]:
    """The same of the world."""
    return {message_id: _true(truth.row(channel, message_id)) for message_id in channel.ids}


def query(directory: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Rows of the archive, by SQL."""
    connection = sqlite3.connect(directory / "archive.db")
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.close()


def _told(row: sqlite3.Row) -> dict[str, Any]:
    entities = orjson.loads(row["entities"] or "[]")
    return {
        "kind": row["kind"],
        "date": row["date"],
        "text": row["text"],
        "entities": sorted((e["offset"], e["length"]) for e in entities),
        "media": "document" if row["media_kind"] == "image" else row["media_kind"],
        "grouped_id": row["grouped_id"],
        "reply_to": row["reply_to_msg_id"],
        "forwarded": row["fwd_from"] is not None,
        "post_author": row["post_author"],
    }


def _true(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "date": row["date"],
        "text": row["text"],
        "entities": sorted((e["offset"], e["length"]) for e in row["entities"]),
        "media": row["media"],
        "grouped_id": None if row["grouped_id"] is None else str(row["grouped_id"]),
        "reply_to": row["reply_to"],
        "forwarded": row["fwd_from"] is not None,
        "post_author": row["post_author"],
    }
