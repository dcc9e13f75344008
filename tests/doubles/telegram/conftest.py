from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from telethon import TelegramClient

from tests.doubles.telegram.control import Control
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

Connect = Callable[..., AbstractAsyncContextManager[TelegramClient]]
Order = Callable[..., dict[str, Any]]


@asynccontextmanager
async def client_of(server: Server, account: Account | None = None, **options: Any) -> AsyncIterator[TelegramClient]:
    """An unmodified Telethon client, logged in as the account without a handshake."""
    session = options.pop("session", None) or server.client_session(account)
    settings = {
        "flood_sleep_threshold": 0,
        "request_retries": 1,
        "raise_last_call_error": True,
        "retry_delay": 0,
        "receive_updates": False,
    }
    client = TelegramClient(session, 1, "hash", **settings | options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


@pytest.fixture(autouse=True)
def _no_config_from_another_server() -> Iterator[None]:
    yield
    TelegramClient._config = None  # Telethon keeps it for the whole process


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def account(world: World) -> Account:
    return world.add_account("+9996612345", "22222")


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:
    async with Server(world) as running:
        yield running


@pytest.fixture
async def client(server: Server, account: Account) -> AsyncIterator[TelegramClient]:
    async with client_of(server, account) as connected:
        yield connected


@pytest.fixture
def order(server: Server) -> Order:
    """Gives the server a control line; what it says is returned."""
    control = Control(server)

    def give(do: str, **what: Any) -> dict[str, Any]:
        return control.answer(json.dumps({"do": do, **what}))

    return give
