"""Which addresses of a data centre are tried, in which order, and which are not believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from archiver.errors import LoginNeeded, Unreachable
from archiver.pacing.scheduler import Scheduler
from archiver.telegram import Connection, DcAddress, ServerAddress, log_in
from tests.doubles.telegram import faults
from tests.doubles.telegram.proxies import MTProxy, Socks5
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.dcs_rig import PATIENT, Desk, Person, desk
from tests.integration.rig import SHORT

__all__ = ["desk"]


@asynccontextmanager
async def silence(host: str = "127.0.0.1") -> AsyncIterator[tuple[int, list[asyncio.StreamWriter]]]:
    """A port that accepts and says nothing, and the connections it had."""
    met: list[asyncio.StreamWriter] = []
    async with await asyncio.start_server(lambda _, writer: met.append(writer), host, 0) as listener:
        try:
            yield listener.sockets[0].getsockname()[1], met
        finally:
            for writer in met:
                writer.close()


TRAPS = [{"cdn": True}, {"media_only": True}, {"tcpo_only": True}, {"secret": b"x" * 16}, {"ipv6": True, "ip": "::1"}]


@pytest.mark.parametrize("trap", TRAPS, ids=str)
async def test_only_addresses_that_fit_are_used(desk: Desk, account: Account, trap: dict[str, Any]) -> None:
    async with silence(trap.get("ip", "127.0.0.1")) as (port, met):
        kind = {key: value for key, value in trap.items() if key != "ip"}
        desk.server.centres.more = [types.DcOption(4, trap.get("ip", "127.0.0.1"), port, **kind)]
        account.home_dc = 4
        await desk.log_in(account)
    assert (desk.home, met) == (4, [])


@pytest.mark.parametrize("first", ["dead", "silent"])
async def test_the_next_address_of_the_same_data_centre_is_tried(desk: Desk, account: Account, first: str) -> None:
    account.home_dc = 4
    async with silence() as (port, met):
        desk.server.centres.more = [types.DcOption(4, "127.0.0.1", port if first == "silent" else 1)]
        await desk.log_in(account, timeouts=replace(PATIENT, connect=5.0) if first == "silent" else PATIENT)
        assert bool(met) == (first == "silent")
    assert desk.keys_of(account) == {4}


async def test_ipv6_is_tried_when_nothing_else_answers(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    server = desk.server
    async with await asyncio.start_server(server._accept(4), "::1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        server.centres.unlisted = {4}
        server.centres.more = [types.DcOption(4, "::1", port, ipv6=True), types.DcOption(4, "127.0.0.1", 1)]
        await desk.log_in(account)
    assert desk.keys_of(account) == {4}


async def test_a_data_centre_that_moved_is_found_again_by_asking_another(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    await desk.server.centres.move(4)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
    before = desk.server.accepted_at[2]
    async with desk.connection() as connection:
        assert await connection.is_logged_in()  # which is remembered
    assert desk.server.accepted_at[2] == before


async def test_a_data_centre_that_nobody_lists_is_named_and_the_settings_can_name_it(
    desk: Desk, account: Account
) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    with pytest.raises(Unreachable, match=r"data centre 4.*\[\[telegram.server.dcs\]\]"):
        await desk.log_in(account)
    more = (DcAddress(4, "127.0.0.1", desk.server.centres.ports[4]),)
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=desk.server.port, more=more)
    async with desk.connection(address=address) as connection:
        await log_in(connection, Person(account))
    assert desk.keys_of(account) == {4}


async def test_what_one_network_said_is_not_used_in_another(desk: Desk, account: Account, tmp_path: Path) -> None:
    account.home_dc = 4
    await desk.log_in(account)
    before = desk.server.accepted_at[4]
    async with Server(World()) as other:
        elsewhere = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=other.port)
        async with desk.connection(address=elsewhere) as connection:
            with pytest.raises(LoginNeeded):
                await connection.is_logged_in()
        assert other.accepted_at[4] == 2  # asked twice for a key that it does not know
    assert desk.server.accepted_at[4] == before


async def test_a_data_centre_that_says_it_is_another_one_is_named(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    desk.server.faults.add("*", faults.transport(-444))
    async with desk.connection() as connection:
        with pytest.raises(Unreachable, match="another data centre"):
            await connection.is_logged_in()


async def test_a_wrong_address_of_a_data_centre_is_passed_over(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.rsa_schemes = ("pad",)  # by which it is said which one is meant
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[5])]
    await desk.log_in(account)
    assert desk.keys_of(account) == {4}


async def test_a_network_that_leads_nowhere_is_said_to_block_perhaps(tmp_path: Path) -> None:
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=1)
    connection = Connection(address, tmp_path / "session", Scheduler(0), timeouts=SHORT)
    try:
        with pytest.raises(Unreachable, match="a proxy may help"):
            await connection.is_logged_in()
    finally:
        await connection.close()


async def test_nothing_of_telegrams_own_is_tried_where_the_settings_name_a_server(desk: Desk, account: Account) -> None:
    await desk.log_in(account)
    async with desk.connection() as connection:
        for dc in range(1, 6):
            ways = connection._reconnecting.route.addresses(dc)
            assert {(way.host, way.port) for way in ways} == {("127.0.0.1", desk.server.centres.ports[dc])}


@pytest.mark.parametrize("schemes", [("pad",), ("old",), ("old", "pad")])
async def test_a_list_that_mistakes_one_data_centre_for_another_is_not_believed(
    desk: Desk, account: Account, schemes: tuple[str, ...]
) -> None:
    account.home_dc = 4
    desk.server.rsa_schemes = schemes
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[5])]
    await desk.log_in(account)
    assert desk.keys_of(account) == {4}


async def test_a_host_name_will_do_for_an_address(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    desk.server.centres.more = [types.DcOption(4, "localhost", desk.server.centres.ports[4])]
    await desk.log_in(account)
    assert desk.home == 4


async def test_an_address_for_obfuscated_lines_gets_one(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[4], tcpo_only=True)]
    await desk.log_in(account)
    async with desk.connection() as connection:
        assert await connection.is_logged_in()
        [line] = desk.server.connections
        assert (line.dc, line.transport and line.transport.name) == (4, "obfuscated abridged")
        desk.server.faults.add("updates.getState", faults.transport(-404), times=1)
        assert await connection.is_logged_in()


async def test_no_obfuscated_line_goes_around_a_proxy(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    desk.server.centres.unlisted = {4}
    desk.server.centres.more = [types.DcOption(4, "127.0.0.1", desk.server.centres.ports[4], tcpo_only=True)]
    async with Socks5() as proxy:
        async with desk.connection(address=replace(desk.address, proxy=proxy.url)) as connection:
            with pytest.raises(Unreachable, match="data centre 4"):
                await log_in(connection, Person(account))
        assert proxy.carried == desk.server.accepted
    assert desk.server.accepted_at[4] == 0


async def test_an_account_is_followed_through_a_proxy_that_knows_the_numbers_only(desk: Desk, account: Account) -> None:
    account.home_dc = 4
    async with MTProxy(desk.server) as proxy:
        async with desk.connection(address=replace(desk.address, proxy=proxy.url)) as connection:
            await log_in(connection, Person(account))
        assert proxy.carried == desk.server.accepted == 2
    async with desk.connection() as connection:
        assert await connection.is_logged_in()  # without the proxy, at an address that was learned
    assert desk.keys_of(account) == {4}
