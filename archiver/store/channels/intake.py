"""Table `intake`: orders by other processes to the running service to add channels, and their outcomes.

The command puts orders and waits for the outcomes; the service carries out open orders. One that a service did not get
to stays open for the next service.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.ids import ChannelId
from archiver.store.database import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A channel to add, as given on the command line."""

    channel: str
    """As typed."""
    alias: str | None = None
    window_start: int | None = None
    """Where backfill ends, unix seconds; None: the whole history."""
    keep_window: bool = False
    """Whether a channel already in the archive keeps its `window_start`."""
    account: str | None = None
    """None: the account that the channel is pinned to, else the default account."""
    media: str | None = None
    """Which of its files are fetched, as `archiver.model.media_policy_text` reads it; None: not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOutcome:
    """The outcome of an order: either `channel_id` or `error` is set."""

    channel_id: ChannelId | None = None
    added: bool = False
    """Whether the channel was not mirrored before: new to the archive, or removed."""
    remark: str | None = None
    """A harmless problem on the way."""
    error: str | None = None
    """Why the channel was not added: a sentence for the user."""
    exit_status: int = 0
    """The command's exit status for that error."""


def put(conn: sqlite3.Connection, orders: Sequence[Order], *, now: int) -> list[int]:
    """Order these channels from the service; return the numbers of the orders."""
    numbers = []
    for order in orders:
        cursor = conn.execute(
            "INSERT INTO intake (asked_at, channel, alias, window_start, keep_window, account, media)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (now, order.channel, order.alias, order.window_start, order.keep_window, order.account, order.media),
        )
        numbers.append(int(cursor.lastrowid or 0))
    return numbers


def list_open(conn: Reader) -> list[tuple[int, Order]]:
    """The open orders with their numbers, oldest first."""
    query = (
        "SELECT intake_id, channel, alias, window_start, keep_window, account, media FROM intake"
        " WHERE done_at IS NULL ORDER BY intake_id"
    )
    cursor = conn.execute(query)
    return [
        (
            int(number),
            Order(
                channel=channel,
                alias=alias,
                window_start=window_start,
                keep_window=bool(keep_window),
                account=account,
                media=media,
            ),
        )
        for number, channel, alias, window_start, keep_window, account, media in cursor
    ]


def list_stale(conn: Reader, *, before: int) -> list[int]:
    """The numbers of the open orders given before `before`, unix seconds."""
    query = "SELECT intake_id FROM intake WHERE done_at IS NULL AND asked_at < ? ORDER BY intake_id"
    cursor = conn.execute(query, (before,))
    return [int(row[0]) for row in cursor]


def finish(conn: sqlite3.Connection, number: int, outcome: OrderOutcome, *, now: int) -> None:
    """Store the outcome of an order, unless it already has one."""
    conn.execute(
        "UPDATE intake SET done_at = ?, channel_id = ?, added = ?, remark = ?, error = ?, exit_status = ?"
        " WHERE intake_id = ? AND done_at IS NULL",
        (now, outcome.channel_id, outcome.added, outcome.remark, outcome.error, outcome.exit_status, number),
    )


def find_outcome(conn: Reader, number: int) -> OrderOutcome | None:
    """The outcome of an order; None while it is open."""
    query = (
        "SELECT channel_id, added, remark, error, exit_status FROM intake WHERE intake_id = ? AND done_at IS NOT NULL"
    )
    row = conn.execute(query, (number,)).fetchone()
    if row is None:
        return None
    return OrderOutcome(channel_id=row[0], added=bool(row[1]), remark=row[2], error=row[3], exit_status=row[4] or 0)
