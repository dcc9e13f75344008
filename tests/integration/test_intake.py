"""Orders to the service: carried out once, with the right account, and told to whoever gave them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver.mirror.add_channel import carry_out
from archiver.mirror.ingest import Ingest
from archiver.store.accounts.flood import set_flood
from archiver.store.channels.channel import Mirrored, list_channels, set_state
from archiver.store.channels.intake import Order, OrderOutcome, find_outcome, put
from archiver.store.database import Database
from archiver.telegram import TelegramSource
from tests.doubles.telegram import faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.rig import connection_of

RESOLVE = "contacts.resolveUsername"


@dataclass(frozen=True)
class Hand:
    """One account of the service."""

    name: str
    source: TelegramSource
    ingest: Ingest


@dataclass(frozen=True)
class Desk:
    """The service's archive and accounts."""

    database: Database
    hands: dict[str, Hand]

    async def order(self, *orders: Order) -> list[OrderOutcome | None]:
        """What becomes of these when the service looks once."""
        numbers = await self.database.write(lambda conn: put(conn, orders, now=int(time.time())))
        await carry_out(self.database, self.hands)
        return await self.outcomes(*numbers)

    async def outcomes(self, *numbers: int) -> list[OrderOutcome | None]:
        return [await self.database.read(find_outcome, number) for number in numbers]

    async def channels(self) -> dict[int, Mirrored]:
        return {channel.channel_id: channel for channel in await self.database.read(list_channels)}


@pytest.fixture
def second(world: World) -> Account:
    return world.add_account("+9996622222", "33333")


@asynccontextmanager
async def desk_of(server: Server, directory: Path, **accounts: Account) -> AsyncIterator[Desk]:
    async with await Database.open(directory) as database:
        hands, connections = {}, []
        try:
            for name, account in accounts.items():
                (directory / name).mkdir(exist_ok=True)
                connections.append(connection_of(server, account, directory / name))
                source = TelegramSource(connections[-1])
                hands[name] = Hand(name, source, Ingest(database, layer=source.layer, account=name))
            yield Desk(database, hands)
        finally:
            for connection in connections:
                await connection.close()


async def test_order_is_carried_out_by_the_account_that_it_names(
    server: Server, world: World, account: Account, second: Account, tmp_path: Path
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    async with desk_of(server, tmp_path, default=account, second=second) as desk:
        orders = [
            Order(channel="@alpha", alias="a", window_start=1_600_000_000),
            Order(channel="beta", account="second"),
        ]
        assert await desk.order(*orders) == [
            OrderOutcome(channel_id=alpha.id, added=True),
            OrderOutcome(channel_id=beta.id, added=True),
        ]
        found = await desk.channels()
        assert (found[alpha.id].account, found[alpha.id].alias, found[alpha.id].window_start) == (
            "default",
            "a",
            1_600_000_000,
        )
        assert found[beta.id].account == "second"
        assert [server.calls.accounts[one.id][RESOLVE] for one in (account, second)] == [1, 1]


async def test_known_channel_is_asked_for_by_its_own_account_and_moved_by_nobody(
    server: Server, world: World, account: Account, second: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    async with desk_of(server, tmp_path, default=account, second=second) as desk:
        await desk.order(Order(channel="@alpha", account="second", alias="a"))
        known = OrderOutcome(channel_id=alpha.id, added=False)
        # By id and alias: only the second account has an access hash.
        assert await desk.order(Order(channel=str(alpha.id)), Order(channel="a")) == [known, known]
        [refused] = await desk.order(Order(channel="@alpha", account="default", window_start=5))
        assert refused is not None
        assert "already belongs to account second" in str(refused.error)
        assert "telekeep move alpha --to default" in str(refused.error)
        assert (await desk.channels())[alpha.id].window_start is None


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (Order(channel="@nobody_at_all"), ("no channel has that username", 2)),
        (Order(channel="12345"), ("a channel cannot be looked up by its id alone", 2)),
        (Order(channel="@alpha", account="third"), ("account third is not running", 4)),
        (Order(channel="@alpha", alias="beta"), ("another channel is already called 'beta'", 2)),
        (Order(channel="t.me/+AbCdEf012345"), ("invite link", 2)),
        (Order(channel=""), ("a channel is missing", 2)),
    ],
)
async def test_what_is_wrong_is_told_once_and_keeps_no_other_order_from_going_on(
    order: Order, told: tuple[str, int], *, server: Server, world: World, account: Account, tmp_path: Path
) -> None:
    world.add_channel("Alpha", "alpha")
    world.add_channel("Beta", "beta")
    async with desk_of(server, tmp_path, default=account) as desk:
        await desk.order(Order(channel="@beta"))
        wrong, right = await desk.order(order, Order(channel="@alpha"))
        assert wrong is not None
        assert told[0] in str(wrong.error)
        assert (wrong.exit_status, wrong.channel_id) == (told[1], None)
        assert right is not None
        assert right.error is None
        asked = len(server.called(RESOLVE))
        await carry_out(desk.database, desk.hands)
        assert len(server.called(RESOLVE)) == asked


async def test_order_stays_open_while_a_flood_wait_lasts(
    server: Server, world: World, account: Account, second: Account, tmp_path: Path
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    server.faults.add(RESOLVE, faults.flood(500), times=1)
    async with desk_of(server, tmp_path, default=account, second=second) as desk:
        first, other = await desk.order(Order(channel="@alpha"), Order(channel="@beta", account="second"))
        assert (first, other) == (None, OrderOutcome(channel_id=beta.id, added=True))
        await carry_out(desk.database, desk.hands)
        server.clock = 502
        await carry_out(desk.database, desk.hands)
        assert await desk.outcomes(1) == [OrderOutcome(channel_id=alpha.id, added=True)]
        assert len(server.called(RESOLVE)) == 3
        assert server.violations == []


async def test_long_flood_wait_of_another_run_is_not_even_waited_for(
    server: Server, world: World, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    async with desk_of(server, tmp_path, default=account) as desk:
        await desk.order(Order(channel="@alpha", alias="a"))
        until = time.time() + 300
        await desk.database.write(
            lambda conn: set_flood(conn, account="default", method="resolveUsername", until=until)
        )
        # What needs no name goes on.
        assert await desk.order(Order(channel="@other"), Order(channel=str(alpha.id))) == [
            None,
            OrderOutcome(channel_id=alpha.id),
        ]
        await carry_out(desk.database, desk.hands, now=lambda: until + 1)
        [told] = await desk.outcomes(2)
        assert told is not None
        assert "no channel has that username" in str(told.error)


async def test_account_that_gets_no_answer_does_not_hold_up_the_orders_of_another(
    server: Server, world: World, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha, beta = world.add_channel("Alpha", "alpha"), world.add_channel("Beta", "beta")
    other = world.add_account("+9996622222", "33333")
    server.faults.add(RESOLVE, faults.hang(), account=account.id)
    monkeypatch.setattr("archiver.mirror.add_channel.ORDER_TIMEOUT", 0.3)
    async with desk_of(server, tmp_path, default=account, second=other) as desk:
        orders = [Order(channel="@alpha"), Order(channel="@beta", account="second")]
        assert await desk.order(*orders) == [None, OrderOutcome(channel_id=beta.id, added=True)]
        server.faults.clear()
        await carry_out(desk.database, desk.hands)
        assert await desk.outcomes(1) == [OrderOutcome(channel_id=alpha.id, added=True)]


async def test_order_that_was_carried_out_just_before_a_crash_does_no_harm_again(
    server: Server, world: World, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    async with desk_of(server, tmp_path, default=account) as desk:
        await desk.order(Order(channel="@alpha", alias="a", window_start=9))
        # As if the outcome had not been written.
        await desk.database.write(lambda conn: conn.execute("UPDATE intake SET done_at = NULL, channel_id = NULL"))
        before = (await desk.channels())[alpha.id]
        await carry_out(desk.database, desk.hands)
        assert await desk.outcomes(1) == [OrderOutcome(channel_id=alpha.id, added=False)]
        assert (await desk.channels())[alpha.id] == before


async def test_order_that_nobody_came_to_for_a_week_is_given_up(
    server: Server, world: World, account: Account, tmp_path: Path
) -> None:
    world.add_channel("Alpha", "alpha")
    beta = world.add_channel("Beta", "beta")
    async with desk_of(server, tmp_path, default=account) as desk:
        for channel, days in (("@alpha", 7.1), ("@beta", 6.9)):
            asked_at = int(time.time() - days * 86_400)
            await desk.database.write(lambda conn, c=channel, at=asked_at: put(conn, [Order(channel=c)], now=at))
        await carry_out(desk.database, desk.hands)
        old, young = await desk.outcomes(1, 2)
        assert old is not None
        assert (old.error, old.exit_status) == ("the service did not get to it within a week; add it again.", 2)
        assert young == OrderOutcome(channel_id=beta.id, added=True)
        assert list(await desk.channels()) == [beta.id]


async def test_removed_channel_is_taken_up_again_and_one_without_description_is_mirrored_all_the_same(
    server: Server, world: World, account: Account, tmp_path: Path
) -> None:
    alpha = world.add_channel("Alpha", "alpha")
    server.faults.add("channels.getFullChannel", faults.rpc(500, "RPC_CALL_FAIL"))
    async with desk_of(server, tmp_path, default=account) as desk:
        [told] = await desk.order(Order(channel="@alpha"))
        assert told is not None
        assert "its description could not be read" in str(told.remark)
        await desk.database.write(lambda conn: set_state(conn, alpha.id, "removed", now=1))
        assert await desk.channels() == {}
        await desk.order(Order(channel="@alpha"))
        assert (await desk.channels())[alpha.id].state == "active"
