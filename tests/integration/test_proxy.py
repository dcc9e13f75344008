"""A proxy is the only way: what fails there is said of it, without its secrets, and nothing goes around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from telethon.tl import functions

from archiver.errors import Unreachable, UsageError
from archiver.pacing.scheduler import Scheduler
from archiver.telegram import Connection, ServerAddress, Timeouts
from archiver.telegram.session import FileSession
from tests.doubles.telegram.proxies import HttpConnect, MTProxy, Socks5, make
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account
from tests.integration.rig import SHORT

KINDS = ["socks5:user:hush", "http:user:hush", "mtproxy"]
SECRET = "00112233445566778899aabbccddeeff"
# MTProxy: Telethon waits two seconds for each connection.
PATIENT = Timeouts(delays=(0.0, 0.05), first_delays=(0.05,), connect=4.0, call=3.0, call_max=3.0)
FOR_EVER = Timeouts(delays=(0.0,), connect=4.0, forever=True, backoff=(0.02, 0.1))


@asynccontextmanager
async def by_proxy(
    url: str, server: Server, account: Account, directory: Path, timeouts: Timeouts = PATIENT
) -> AsyncIterator[Connection]:
    session = FileSession(directory / "session")
    session.set_dc(2, "127.0.0.1", server.port)
    session.auth_key = server.client_session(account).auth_key
    session.save()
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=server.port, proxy=url)
    connection = Connection(address, directory / "session", Scheduler(0), timeouts=timeouts)
    try:
        yield connection
    finally:
        await connection.close()


async def ask(connection: Connection) -> bytes:
    return await connection.call(functions.updates.GetStateRequest(), method="getState")


async def failure_by(url: str, server: Server, account: Account, directory: Path, timeouts: Timeouts = PATIENT) -> str:
    async with by_proxy(url, server, account, directory, timeouts) as connection:
        with pytest.raises(Unreachable) as raised:
            await ask(connection)
    said = str(raised.value)
    assert not [secret for secret in ("hush", "user:", SECRET) if secret in said]
    assert "\n" not in said
    return said


@pytest.mark.parametrize("spec", KINDS)
async def test_every_connection_comes_through_the_proxy(
    spec: str, server: Server, account: Account, tmp_path: Path
) -> None:
    async with make(spec, server) as proxy:
        async with by_proxy(proxy.url, server, account, tmp_path) as connection:
            assert await ask(connection)
            server.drop_connections()
            assert await ask(connection)
        assert server.accepted == proxy.carried == 2


def url_of(scheme: str, port: int) -> str:
    return f"mtproxy://127.0.0.1:{port}/dd{SECRET}" if scheme == "mtproxy" else f"{scheme}://user:hush@127.0.0.1:{port}"


@pytest.mark.parametrize("scheme", ["socks5", "http", "mtproxy"])
async def test_missing_proxy_is_named_and_never_bypassed(
    scheme: str, server: Server, account: Account, tmp_path: Path
) -> None:
    said = await failure_by(url_of(scheme, 1), server, account, tmp_path)
    assert said.startswith("the proxy at 127.0.0.1:1 cannot be reached.")
    assert server.accepted == 0


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def goodbye(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("scheme", ["socks5", "http", "mtproxy"])
@pytest.mark.parametrize("manner", [silence, goodbye])
async def test_silent_or_disconnecting_proxy_is_named_and_never_bypassed(
    manner: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
    scheme: str,
    server: Server,
    account: Account,
    tmp_path: Path,
) -> None:
    # A limit below that of the proxy's handshake: whoever was slow, the way is named.
    timeouts = replace(SHORT, connect=0.6) if manner is silence else PATIENT
    async with await asyncio.start_server(manner, "127.0.0.1", 0) as dead:
        port = dead.sockets[0].getsockname()[1]
        said = await failure_by(url_of(scheme, port), server, account, tmp_path, timeouts)
    assert f"the proxy at 127.0.0.1:{port}" in said
    assert server.accepted == 0


@pytest.mark.parametrize("kind", [Socks5, HttpConnect])
async def test_wrong_password_is_reported_without_showing_it(
    kind: type[Socks5 | HttpConnect], server: Server, account: Account, tmp_path: Path
) -> None:
    async with kind(user="user", password="another") as proxy:
        said = await failure_by(f"{kind.scheme}://user:hush@127.0.0.1:{proxy.port}", server, account, tmp_path)
    assert f"the proxy at 127.0.0.1:{proxy.port} does not accept the user and password." in said
    assert server.accepted == 0


async def test_wrong_secret_of_an_mtproxy_leads_nowhere(server: Server, account: Account, tmp_path: Path) -> None:
    async with MTProxy(server) as proxy:
        said = await failure_by(url_of("mtproxy", proxy.port), server, account, tmp_path)
    assert f"the proxy at 127.0.0.1:{proxy.port} closes the connection." in said
    assert server.accepted == 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mtproxy://127.0.0.1:443/zz", "secret is not 16 bytes"),
        ("mtproxy://127.0.0.1:443", "secret is not 16 bytes"),
        (f"mtproxy://127.0.0.1:443/dd{SECRET[:-2]}", "secret is not 16 bytes"),
        ("socks5://user:hush@host", "no host and port"),
        ("http://user:hush@host:99999", "no host and port"),
    ],
)
async def test_proxy_that_cannot_be_one_is_refused_without_its_secret(
    url: str, said: str, server: Server, account: Account, tmp_path: Path
) -> None:
    async with by_proxy(url, server, account, tmp_path) as connection:
        with pytest.raises(UsageError, match=said) as raised:
            await ask(connection)
    assert "hush" not in str(raised.value)
    assert SECRET[:-2] not in str(raised.value)
    assert server.accepted == 0


async def test_dead_proxy_is_waited_for_and_never_bypassed(server: Server, account: Account, tmp_path: Path) -> None:
    async with Socks5() as proxy, by_proxy(proxy.url, server, account, tmp_path, FOR_EVER) as connection:
        assert await ask(connection)
        proxy.on = False
        asking = asyncio.create_task(ask(connection))
        async with asyncio.timeout(60):
            while proxy.refused < 4:  # noqa: ASYNC110  # it is the proxy that counts
                await asyncio.sleep(0.01)
        assert not asking.done()
        assert server.accepted == 1
        assert "proxy" in str(connection.trouble)
        proxy.on = True
        assert await asyncio.wait_for(asking, 60)
        assert server.accepted == proxy.carried == 2
