"""Accounts and orders to the service, as the archive keeps them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from archiver.mirror.ingest import Ingest
from archiver.model.record import Channel
from archiver.store.accounts.account import KnownAccount, list_accounts, pin_channel, set_account_state, set_identity
from archiver.store.channels.channel import find_channel, set_state, start_back_off
from archiver.store.channels.intake import Order, OrderOutcome, find_outcome, finish, list_open, put
from archiver.store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path) as opened:
        yield opened


def channel(number: int) -> Channel:
    return Channel(
        channel_id=number,
        access_hash=number * 10,
        username=f"name_{number}",
        usernames=(f"name_{number}",),
        title=f"Title {number}",
        megagroup=False,
    )


async def test_account_is_known_by_its_state_or_by_its_channels(database: Database) -> None:
    assert await database.read(list_accounts) == []
    await Ingest(database, layer=1, account="second").add_channel(channel(1))
    await Ingest(database, layer=1).add_channel(channel(2))
    await Ingest(database, layer=1).add_channel(channel(3))
    await database.write(lambda conn: set_state(conn, 3, "removed", now=5))
    await database.write(lambda conn: set_account_state(conn, "third", "dead", now=7, reason="banned"))
    assert await database.read(list_accounts) == [
        KnownAccount("default", None, None, None, 1),
        KnownAccount("second", None, None, None, 1),
        KnownAccount("third", "dead", "banned", 7, 0),
    ]


async def test_since_stays_while_the_state_stays(database: Database) -> None:
    async def state(name: str, reason: str | None, now: int) -> tuple[object, ...]:
        await database.write(
            lambda conn: set_account_state(conn, "default", name, now=now, reason=reason)  # type: ignore[arg-type]
        )
        [known] = await database.read(list_accounts)
        return known.state, known.reason, known.since

    assert await state("active", None, 1) == ("active", None, 1)
    assert await state("active", None, 2) == ("active", None, 1)
    assert await state("dead", "banned", 3) == ("dead", "banned", 3)
    assert await state("dead", "banned", 4) == ("dead", "banned", 3)
    assert await state("active", None, 5) == ("active", None, 5)


async def test_at_most_two_digits_of_the_phone_number_are_stored(database: Database) -> None:
    await database.write(lambda conn: set_account_state(conn, "default", "active", now=1))
    await database.write(lambda conn: set_identity(conn, "default", "Nadia", "45"))
    await database.write(lambda conn: set_account_state(conn, "default", "dead", now=2, reason="banned"))
    [known] = await database.read(list_accounts)
    assert (known.state, known.first_name, known.phone_end) == ("dead", "Nadia", "45")
    with pytest.raises(sqlite3.IntegrityError):
        await database.write(lambda conn: set_identity(conn, "default", "Nadia", "9996612345"))


async def test_channel_is_pinned_to_the_account_that_added_it_until_it_is_moved(database: Database) -> None:
    await Ingest(database, layer=1, account="second").add_channel(channel(1))
    assert not await Ingest(database, layer=1).add_channel(channel(1))
    found = await database.read(find_channel, 1)
    assert found is not None
    assert found.account == "second"
    await database.write(lambda conn: start_back_off(conn, 1, retry_at=99, error="private"))
    await database.write(lambda conn: pin_channel(conn, 1, "second"))
    assert (found := await database.read(find_channel, 1)) is not None
    assert (found.failures, found.retry_at) == (1, 99)
    await database.write(lambda conn: pin_channel(conn, 1, "default"))
    assert (found := await database.read(find_channel, 1)) is not None
    assert (found.account, found.failures, found.retry_at) == ("default", 0, None)


async def test_order_is_open_until_its_first_outcome(database: Database) -> None:
    orders = [
        Order(channel="@a", alias="x", window_start=5, account="second"),
        Order(channel="17", keep_window=True),
        Order(channel="@c"),
    ]
    numbers = await database.write(lambda conn: put(conn, orders, now=1))
    assert await database.read(list_open) == list(zip(numbers, orders, strict=True))
    done = OrderOutcome(channel_id=7, added=True, remark="no description")
    refused = OrderOutcome(error="no channel has that username.", exit_status=2)
    await database.write(lambda conn: finish(conn, numbers[0], done, now=2))
    await database.write(lambda conn: finish(conn, numbers[1], refused, now=2))
    await database.write(lambda conn: finish(conn, numbers[0], refused, now=3))
    assert await database.read(list_open) == [(numbers[2], orders[2])]
    found = [await database.read(find_outcome, number) for number in numbers]
    assert found == [done, refused, None]
