"""The two ways of `telekeep add`: directly, or through the running service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archiver.address import echo, parse_address
from archiver.cli import output
from archiver.cli.commands.addition_report import AdditionReport
from archiver.cli.view import figures
from archiver.cli.view.moments import Moments
from archiver.cli.view.shape import JsonObjects
from archiver.compose.accounts import mark_stopped, name_account, open_accounts
from archiver.compose.write_archive import open_shared
from archiver.errors import ChannelError, Error, NotFound, ServerFault, UnreadableObject
from archiver.mirror.add_channel import AddRefused, add_channel, choose_account
from archiver.store.channels.intake import Order, OrderOutcome, find_outcome, put
from archiver.store.database import Connection, Database, read
from archiver.store.service import find_service

if TYPE_CHECKING:
    from config.settings import Settings


POLL_INTERVAL = 0.3
"""Seconds between two checks for the service's answer."""
ANSWER_TIMEOUT = 600.0
"""Seconds to wait for the service's next answer before giving up."""
HEARTBEAT_TIMEOUT = 60.0
"""Seconds without a heartbeat after which a service counts as dead."""
NOTE_AFTER = 3.0
"""Seconds of waiting before the user is notified."""
STILL_OPEN = 3
"""Exit status for an order that is still open."""


async def add_here(settings: Settings, orders: Sequence[Order], moments: Moments, objects: JsonObjects) -> list[int]:
    """Add the channels now. Returns the exit status of each failure. Raises Busy if another process is mirroring."""
    failures = []
    async with open_accounts(settings, command="add", names=(), remarks=output) as accounts:
        conn = accounts.database.connection
        report = await AdditionReport.begin(conn, moments, objects)
        for at, order in enumerate(orders):
            ref = parse_address(order.channel).channel
            name = await choose_account(conn, ref, order.account)
            try:
                account = await accounts.take(name)
                outcome = await add_channel(accounts.database, account, ref, order)
            except (ChannelError, NotFound, AddRefused, ServerFault, UnreadableObject) as exc:
                outcome = OrderOutcome(error=str(exc), exit_status=exc.exit_status)
            except Error as exc:
                await mark_stopped(accounts, name, exc)
                failure = name_account(exc, settings, name)
                report.fail(orders[at:], failure)
                if at and len(orders) > 1:
                    done, rest = figures.count(at, "channel"), figures.count(len(orders) - at, "channel")
                    output.note(f"stopped after {done}; {rest} left: the same command continues from there.")
                raise failure from exc.__cause__
            failures += await report.show(order, outcome)
    report.show_next(in_service=False)
    return failures


async def add_in_service(
    settings: Settings, orders: Sequence[Order], moments: Moments, objects: JsonObjects
) -> list[int]:
    """Have the service add the channels, and report each result. Returns the exit status of each failure."""
    failures = []
    async with open_shared(settings.archive.dir, command="add", remarks=output) as database:
        began = heard = time.monotonic()
        asked_at = int(time.time())
        report = await AdditionReport.begin(database.connection, moments, objects)
        numbers = await _request(database, orders, asked_at)
        waiting, noted = dict(zip(numbers, orders, strict=True)), False
        try:
            while True:
                while (answered := await _take_answered(database, waiting)) is not None:
                    heard = time.monotonic()
                    failures += await report.show(*answered)
                if not waiting:
                    report.show_next(in_service=True)
                    return failures
                if time.monotonic() - heard > ANSWER_TIMEOUT or await _is_dead(database.connection, asked_at):
                    output.warn(f"the service does not answer. {_describe_open(waiting)}")
                    report.leave_open(waiting.values(), STILL_OPEN)
                    return failures + [STILL_OPEN] * len(waiting)
                if not noted and time.monotonic() - began > NOTE_AFTER:
                    noted = True
                    output.note(f"waiting for the service (`telekeep run`) to add {_count(waiting)}.")
                await asyncio.sleep(POLL_INTERVAL)
        except asyncio.CancelledError:
            output.note(_describe_open(waiting))
            raise


async def _take_answered(database: Database, waiting: dict[int, Order]) -> tuple[Order, OrderOutcome] | None:
    """The first order that the service has settled, which no longer waits; None: it has settled none of them."""
    for number, order in waiting.items():
        outcome = await database.read(find_outcome, number)
        if outcome is not None:
            del waiting[number]
            return order, outcome
    return None


async def _request(database: Database, orders: Sequence[Order], asked_at: int) -> list[int]:
    """Queue the orders for the service; return their numbers. If interrupted, still report what was requested."""
    asking = asyncio.create_task(database.write(put, orders, now=asked_at))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        output.note(_describe_open(dict(zip(await asking, orders, strict=True))))
        raise


async def _is_dead(conn: Connection, asked_at: int) -> bool:
    """Whether the service has stopped since, or its heartbeat is overdue; a new one needs time to start."""
    service = await read(conn, find_service)
    if service is not None and service.stopped_at is not None and service.stopped_at >= asked_at:
        return True
    return time.time() - max(service.beat_at if service else 0, asked_at) > HEARTBEAT_TIMEOUT


def _count(waiting: dict[int, Order]) -> str:
    return figures.count(len(waiting), "channel")


def _describe_open(waiting: dict[int, Order]) -> str:
    names = ", ".join(echo(order.channel) for order in list(waiting.values())[:5])
    more = ", ..." if len(waiting) > 5 else ""
    return f"Requested but not yet added: {names}{more}. The service will add them as soon as it can."
