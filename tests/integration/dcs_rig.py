"""One session file, and connections over it to the data centres of the loopback server."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import functions as fn

from archiver.pacing.scheduler import Scheduler
from archiver.telegram import Connection, ServerAddress, Timeouts, log_in
from archiver.telegram.session import read_session
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account
from tests.integration.rig import SHORT, ServerClock

PATIENT = replace(SHORT, connect=15.0, call=10.0, call_max=10.0)
"""For all that is answered, so that a busy machine is no failure."""
HURRIED = replace(PATIENT, call=0.5, call_max=0.5, delays=(0.0, 0.0))
"""For what is never answered."""
STATE = fn.updates.GetStateRequest()


class Person:
    """Types what the account's owner types."""

    def __init__(self, account: Account, password: str = "") -> None:
        self._account = account
        self._password = password

    def phone(self) -> str:
        return f"+{self._account.phone}"

    def code(self, *_: Any) -> str:
        return self._account.code

    def password(self, hint: str | None) -> str:
        return self._password

    def wrong(self, what: str) -> None:
        raise AssertionError(what)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Desk:
    """One session file, and connections over it, one after the other."""

    def __init__(self, server: Server, path: Path) -> None:
        self.server = server
        self.path = path
        self.address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=server.port)
        self.complaints: list[dict[str, Any]] = []

    @asynccontextmanager
    async def connection(self, *, timeouts: Timeouts = PATIENT, **changes: Any) -> AsyncIterator[Connection]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, about: self.complaints.append(about))
        address = changes.pop("address", self.address)
        scheduler = Scheduler(0, clock=ServerClock(self.server))
        opened = Connection(address, self.path, scheduler, timeouts=timeouts, **changes)
        try:
            yield opened
        finally:
            await opened.close()

    async def log_in(self, account: Account, password: str = "", *, timeouts: Timeouts = PATIENT) -> None:
        async with self.connection(timeouts=timeouts) as connection:
            await log_in(connection, Person(account, password))

    @property
    def home(self) -> int:
        stored = read_session(self.path)
        assert stored is not None
        return stored.dc

    def keys_of(self, account: Account) -> set[int]:
        """The data centres in which the account has a key that is logged in."""
        return {auth.dc for auth in self.server.keys.values() if auth.account_id == account.id}


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> AsyncIterator[Desk]:
    gc.freeze()  # what was there before need not be looked through
    made = Desk(server, tmp_path / "session")
    yield made
    gc.collect()  # a task that nobody asked how it ended complains when it is collected
    gc.unfreeze()
    assert made.complaints == []


def calls(server: Server, method: str) -> int:
    return server.calls.count(method)
