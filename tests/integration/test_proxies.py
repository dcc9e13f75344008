"""Each proxy carries a real client to the server, and nobody who may not pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telethon import TelegramClient

from archiver.telegram.proxy import ProxyFailedError
from archiver.telegram.server_address import proxy_options
from tests.doubles.telegram.ask import history, peer_of
from tests.doubles.telegram.proxies import HttpConnect, MTProxy, Proxy, Socks5, make
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World

KINDS = ["socks5", "socks5:user@home:pass/word: 1", "http", "http:user@home:pass/word: 1", "mtproxy"]


@asynccontextmanager
async def client_by(url: str, server: Server, account: Account, **options: Any) -> AsyncIterator[TelegramClient]:
    settings: dict[str, Any] = {"connection_retries": 0, "retry_delay": 0, "timeout": 5, "receive_updates": False}
    client = TelegramClient(
        server.client_session(account), 1, "hash", **settings | options | proxy_options(url), auto_reconnect=False
    )
    try:
        await asyncio.wait_for(client.connect(), 10)
        yield client
    finally:
        connection = client._sender._connection
        await client.disconnect()
        if connection is not None and connection._writer is not None:
            connection._writer.close()  # Telethon forgets to, when an MTProxy sends it away


@pytest.mark.parametrize("spec", KINDS)
async def test_a_client_reaches_the_server_through_it(
    spec: str, server: Server, world: World, account: Account
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    post = alpha.post("by proxy", media=world.media.document(dc=4, size=5_000))
    async with make(spec, server) as proxy, client_by(proxy.url, server, account) as client:
        page = await client(history(peer_of(alpha, account)))
        assert page.messages[0].id == post.id
        assert (proxy.carried, proxy.refused, len(server.connections)) == (1, 0, 1)
        assert len(await client.download_media(page.messages[0], file=bytes)) == 5_000
        assert proxy.carried == len(server.connections) == 2


@pytest.mark.parametrize("spec", ["socks5", "http"])  # with MTProxy Telethon waits two seconds for each connection
async def test_a_proxy_that_is_turned_off_ends_the_line(
    spec: str, server: Server, world: World, account: Account
) -> None:
    async with make(spec, server) as proxy:
        async with client_by(proxy.url, server, account) as client:
            assert await client.get_me()
            proxy.on = False
            with pytest.raises((ConnectionError, EOFError)):
                await asyncio.wait_for(client.disconnected, 60)
        with pytest.raises(ProxyFailedError):
            async with client_by(proxy.url, server, account):
                pass
        assert proxy.refused >= 1
        proxy.on = True
        async with client_by(proxy.url, server, account) as client:
            assert await client.get_me()
        assert proxy.carried == 2


@pytest.mark.parametrize("kind", [Socks5, HttpConnect])
@pytest.mark.parametrize("given", [("user", "wrong"), ("else", "word"), (None, "")])
async def test_a_wrong_password_is_refused(
    kind: type[Socks5 | HttpConnect], given: tuple[str | None, str], server: Server, account: Account
) -> None:
    async with kind(user="user", password="word") as proxy:
        wrong = kind(user=given[0], password=given[1], port=proxy.port)
        with pytest.raises(ProxyFailedError):
            async with client_by(wrong.url, server, account):
                pass
        assert (proxy.carried, proxy.refused, len(server.connections)) == (0, 1, 0)


async def test_a_wrong_secret_is_refused(server: Server, account: Account) -> None:
    async with MTProxy(server, secret=b"\1" * 16) as proxy:
        wrong = MTProxy(server, secret=b"\2" * 16, port=proxy.port)
        with pytest.raises(ProxyFailedError):
            async with client_by(wrong.url, server, account):
                pass
        assert (proxy.carried, proxy.refused, len(server.connections)) == (0, 1, 0)


@pytest.mark.parametrize("kind", [Socks5, HttpConnect])
async def test_it_leads_nowhere_but_to_this_machine(kind: type[Proxy], server: Server, account: Account) -> None:
    async with kind() as proxy:
        session = server.client_session(account)
        session.set_dc(2, "192.0.2.1", 443)
        client = TelegramClient(
            session, 1, "hash", connection_retries=0, retry_delay=0, timeout=5, **proxy_options(proxy.url)
        )
        with pytest.raises(ProxyFailedError):
            await asyncio.wait_for(client.connect(), 10)
        await client.disconnect()
        assert (proxy.carried, proxy.refused) == (0, 1)


@pytest.mark.parametrize("kind", [Socks5, HttpConnect])
async def test_a_server_that_is_not_there_is_an_error(kind: type[Proxy], server: Server, account: Account) -> None:
    async with kind() as proxy, kind() as gone:
        nowhere = gone.port
        await gone.__aexit__()
        session = server.client_session(account)
        session.set_dc(2, "127.0.0.1", nowhere)
        client = TelegramClient(
            session, 1, "hash", connection_retries=0, retry_delay=0, timeout=5, **proxy_options(proxy.url)
        )
        with pytest.raises(ProxyFailedError):
            await asyncio.wait_for(client.connect(), 10)
        await client.disconnect()
        assert (proxy.carried, proxy.refused) == (0, 1)


@pytest.mark.parametrize("spec", ["socks5", "http", "mtproxy"])
async def test_garbage_is_refused(spec: str, server: Server) -> None:
    async with make(spec, server) as proxy:
        for garbage in (b"", b"\x05", b"GET / HTTP/1.1\r\n\r\n" + b"x" * 60, b"\x05\x01\x00\x05\x01\x00\x04" * 12):
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(garbage)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await writer.wait_closed()
        assert (proxy.carried, proxy.refused) == (0, 4)


def test_a_proxy_that_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError):
        make("carrier-pigeon", None)  # type: ignore[arg-type]
