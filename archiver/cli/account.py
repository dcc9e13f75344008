"""Putting the parts together for the commands that write: settings, lock, archive, connection, mirror.

The composition root of the mirror. The lock comes first: two processes never share a session or write one archive.
"""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.errors import LoginNeeded, UsageError
from archiver.ingest import Ingest
from archiver.lock import hold
from archiver.mirror import Mirror
from archiver.reindex import prepare_search
from archiver.schedule import Scheduler
from archiver.store.database import Database
from archiver.store.flood import list_floods, set_flood
from archiver.telegram import Address, Connection, TelegramSource, has_session
from archiver.version import version

if TYPE_CHECKING:
    from config.settings import Settings

ACCOUNT = "default"
SESSION_NAME = "session"


@dataclass(frozen=True, slots=True)
class Account:
    """What a writing command works with."""

    database: Database
    connection: Connection
    source: TelegramSource
    ingest: Ingest
    mirror: Mirror


@asynccontextmanager
async def open_archive(settings: Settings, *, command: str) -> AsyncIterator[Database]:
    """The archive for writing, without a connection to the server."""
    os.umask(0o077)
    directory: Path = settings.archive.dir
    with hold(directory, command=command):
        async with await Database.open(directory) as database:
            if rewritten := await prepare_search(database):
                output.note(f"made the search tables anew, from {rewritten:,} messages.")
            yield database


@asynccontextmanager
async def open_account(settings: Settings, *, command: str, login: bool = False) -> AsyncIterator[Account]:
    """The archive with the account's connection. Raises LoginNeeded when nobody logged in and `login` is not set."""
    _spare_the_collector()
    address = _address(settings)
    session = settings.archive.dir / SESSION_NAME
    if not login and not has_session(session):
        raise LoginNeeded("no account is logged in.", hint="Run `telekeep login`.")
    async with open_archive(settings, command=command) as database:
        connection = Connection(address, session, await _scheduler(settings, database))
        source = TelegramSource(connection)
        ingest = Ingest(database, layer=source.layer, account=ACCOUNT)
        try:
            yield Account(database, connection, source, ingest, Mirror(source, database, ingest, account=ACCOUNT))
        finally:
            await connection.close()


def _spare_the_collector() -> None:
    """Keep Python's cycle collector from walking Telethon's 300,000 lasting objects at every page.

    Pages make no cycles; reference counting frees them. Measured: a tenth of a sync's time.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _scheduler(settings: Settings, database: Database) -> Scheduler:
    async def remember(method: str, until: float) -> None:
        await database.write(lambda conn: set_flood(conn, account=ACCOUNT, method=method, until=until))

    def notify(method: str, seconds: float) -> None:
        output.note(f"waiting {seconds:.0f} s before the next {method} call, for the account's sake.")

    return Scheduler(
        settings.telegram.requests_per_second,
        floods=await list_floods(database.connection, ACCOUNT),
        remember=remember,
        notify=notify,
    )


def _address(settings: Settings) -> Address:
    telegram = settings.telegram
    if telegram.api_id is None or telegram.api_hash is None:
        raise UsageError(
            "telegram.api_id and telegram.api_hash are not set.",
            hint="Make your own at https://my.telegram.org (API development tools) and put them into telekeep.toml or"
            " TELEKEEP_TELEGRAM__API_ID and TELEKEEP_TELEGRAM__API_HASH.",
        )
    server = telegram.server
    return Address(
        api_id=telegram.api_id,
        api_hash=telegram.api_hash.get_secret_value(),
        dc=server.dc if server else None,
        host=server.host if server else None,
        port=server.port if server else None,
        public_key=server.public_key if server else None,
        proxy=telegram.proxy.get_secret_value() if telegram.proxy else None,
        app_version=version(),
    )
