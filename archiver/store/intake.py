"""Table `intake`: channels that another process asks the running service to add, and what became of each.

The command puts orders and waits for their outcome; the service takes open ones and finishes them. An order that the
service never came to stays open, and the next service carries it out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import aiosqlite


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A channel to add, as the command line asked for it."""

    channel: str
    """As it was typed."""
    alias: str | None = None
    window_start: int | None = None
    """The far end of the backfill in unix seconds; None: the whole history."""
    keep_window: bool = False
    """Whether the far end of a known channel stays where it is."""
    account: str | None = None
    """None: the one that a known channel is pinned to, else the default one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOutcome:
    """What became of an order: either `channel_id` or `error` is set."""

    channel_id: int | None = None
    added: bool = False
    """Whether the channel was not mirrored until now: new to the archive, or removed."""
    remark: str | None = None
    """What did not work on the way, and does no harm."""
    error: str | None = None
    """Why it was not added: a sentence for the user."""
    exit_status: int = 0
    """Of the command, for that error."""


def put(conn: sqlite3.Connection, orders: Sequence[Order], *, now: int) -> list[int]:
    """Ask the service for these channels; the numbers of the orders."""
    numbers = []
    for order in orders:
        cursor = conn.execute(
            "INSERT INTO intake (asked_at, channel, alias, window_start, keep_window, account)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (now, order.channel, order.alias, order.window_start, order.keep_window, order.account),
        )
        numbers.append(int(cursor.lastrowid or 0))
    return numbers


async def list_open(conn: aiosqlite.Connection) -> list[tuple[int, Order]]:
    """The orders that nothing was decided on, by number, the oldest first."""
    query = (
        "SELECT intake_id, channel, alias, window_start, keep_window, account FROM intake"
        " WHERE done_at IS NULL ORDER BY intake_id"
    )
    async with conn.execute(query) as cursor:
        return [
            (
                int(number),
                Order(
                    channel=channel,
                    alias=alias,
                    window_start=window_start,
                    keep_window=bool(keep_window),
                    account=account,
                ),
            )
            async for number, channel, alias, window_start, keep_window, account in cursor
        ]


async def list_stale(conn: aiosqlite.Connection, *, before: int) -> list[int]:
    """The numbers of the open orders that were given before then."""
    query = "SELECT intake_id FROM intake WHERE done_at IS NULL AND asked_at < ? ORDER BY intake_id"
    async with conn.execute(query, (before,)) as cursor:
        return [int(row[0]) async for row in cursor]


def finish(conn: sqlite3.Connection, number: int, outcome: OrderOutcome, *, now: int) -> None:
    """Write what became of an order; the first outcome counts."""
    conn.execute(
        "UPDATE intake SET done_at = ?, channel_id = ?, added = ?, remark = ?, error = ?, exit_status = ?"
        " WHERE intake_id = ? AND done_at IS NULL",
        (now, outcome.channel_id, outcome.added, outcome.remark, outcome.error, outcome.exit_status, number),
    )


async def find_outcome(conn: aiosqlite.Connection, number: int) -> OrderOutcome | None:
    """What became of an order, None while it is open."""
    query = (
        "SELECT channel_id, added, remark, error, exit_status FROM intake WHERE intake_id = ? AND done_at IS NOT NULL"
    )
    async with conn.execute(query, (number,)) as cursor:
        row = await cursor.fetchone()
    if row is None:
        return None
    return OrderOutcome(channel_id=row[0], added=bool(row[1]), remark=row[2], error=row[3], exit_status=row[4] or 0)
