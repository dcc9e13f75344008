"""Adding a channel: looked up by the account that is to read it, and pinned to it.

`telekeep add` does so itself when nothing else mirrors; else it leaves an order in the archive, and the service, which
alone may use the account then, carries it out. Doing it twice is harmless: an order that was carried out just before a
crash is carried out again, and finds the channel there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from archiver.address import ChannelRef, parse_channel
from archiver.errors import (
    ChannelError,
    Error,
    FloodWait,
    LoginNeeded,
    NotFound,
    ServerFault,
    StaleAccess,
    Unreachable,
    UnreadableObject,
    UsageError,
)
from archiver.mirror.ingest import Ingest
from archiver.mirror.source import Source
from archiver.model.record import Channel
from archiver.pacing.scheduler import Priority
from archiver.reading.find_channel import find_channel
from archiver.store import channel as channels
from archiver.store.access import find_access
from archiver.store.database import Connection, Database
from archiver.store.flood import list_floods
from archiver.store.intake import Order, OrderOutcome, finish, list_open, list_stale
from archiver.store.rows import list_names

DEFAULT = "default"
RESOLVE = "resolveUsername"
SOON = 30.0
"""Seconds of a flood wait that the orders wait for; for a longer one they are left open until it is over."""

STALE = 7 * 86400.0
"""Seconds after which an order is not carried out any more: whoever gave it may have thought better of it since."""
LIMIT = 60.0
"""Seconds that one order may take before the others have their turn: its account may be offline."""

log = logging.getLogger(__name__)


class AddRefused(Error):
    """The channel cannot be added in the way that was asked for."""


class AddingAccount(Protocol):
    """One account's way to the server and into the archive."""

    @property
    def name(self) -> str:
        """The account's label."""
        ...

    @property
    def source(self) -> Source:
        """Where the channel is looked up."""
        ...

    @property
    def ingest(self) -> Ingest:
        """Where it is written."""
        ...


async def choose_account(conn: Connection, ref: ChannelRef, named: str | None) -> str:
    """Which account is to ask for a channel: the named one, else that of a known channel, else the default one."""
    if named is not None:
        return named
    try:
        known = find_channel(ref, await list_names(conn))
    except (NotFound, UsageError):
        return DEFAULT
    found = await channels.find_channel(conn, known.channel_id)
    return found.account if found else DEFAULT


async def add_channel(database: Database, account: AddingAccount, ref: ChannelRef, order: Order) -> OrderOutcome:
    """Look up a channel and mirror it. Raises AddRefused, NotFound, ChannelError and what stops the account."""
    conn = database.connection
    channel, remark = await _look_up(conn, account, ref)
    known = await channels.find_channel(conn, channel.channel_id)
    if known and order.account and known.account != order.account:
        raise AddRefused(
            f"it belongs to account {known.account} already.",
            hint=f"Move it: telekeep move {known.name} --to {order.account}",
        )
    if order.alias is not None:
        await _expect_unused(conn, order.alias, channel.channel_id)
    added = await account.ingest.add_channel(
        channel, window_start=order.window_start, keep_window=order.keep_window, alias=order.alias
    )
    removed = known is not None and known.state == "removed"
    return OrderOutcome(channel_id=channel.channel_id, added=added or removed, remark=remark)


async def carry_out(
    database: Database, accounts: Mapping[str, AddingAccount], *, now: Callable[[], float] = time.time
) -> None:
    """Carry out the open orders, one after the other, each with its account; what has to wait stays open.

    Whatever is wrong with an order is told to whoever gave it, and keeps nothing else from going on. One that
    nobody came to for a week is given up.
    """
    for number in await list_stale(database.connection, before=int(now() - STALE)):
        log.warning("an order to add a channel is given up: nobody came to it for a week")
        old = OrderOutcome(
            error="the service did not come to it for a week; add it again.", exit_status=AddRefused.exit_status
        )
        await _finish(database, number, old, int(now()))
    for number, order in await list_open(database.connection):
        outcome = await _attempt(database, accounts, order, now())
        if outcome is not None:
            await _finish(database, number, outcome, int(now()))


async def _finish(database: Database, number: int, outcome: OrderOutcome, now: int) -> None:
    await database.write(finish, number, outcome, now=now)


async def _attempt(
    database: Database, accounts: Mapping[str, AddingAccount], order: Order, now: float
) -> OrderOutcome | None:
    """What became of the order, None when it is to be tried again."""
    try:
        ref = parse_channel(order.channel)
        name = await choose_account(database.connection, ref, order.account)
        account = accounts.get(name)
        if account is None:
            raise LoginNeeded(
                f"account {name} is not at work in the service.", hint="`telekeep accounts` shows what it lacks."
            )
        floods = await list_floods(database.connection, name)
        if ref.channel_id is None and floods.get(RESOLVE, 0.0) - now > SOON:
            return None
        async with asyncio.timeout(LIMIT):
            return await add_channel(database, account, ref, order)
    except (FloodWait, TimeoutError, Unreachable):
        return None
    except Error as exc:
        return OrderOutcome(error=str(exc), exit_status=exc.exit_status)
    except Exception as exc:  # noqa: BLE001  # an order comes from another process: none may end the service
        log.warning("an order to add a channel failed unexpectedly (%s)", type(exc).__name__)
        return OrderOutcome(error="an error in the service itself; its log says where.", exit_status=Error.exit_status)


async def _look_up(conn: Connection, account: AddingAccount, ref: ChannelRef) -> tuple[Channel, str | None]:
    """The channel as the server describes it now, and what people should know of it."""
    source = account.source.at(Priority.NEW)
    channel_id = ref.channel_id
    if channel_id is None and not ref.public:
        channel_id = await channels.find_by_alias(conn, str(ref.name))
    if channel_id is not None:
        access_hash = await find_access(conn, account=account.name, channel_id=channel_id)
        if access_hash is None:
            raise NotFound(
                "an id alone cannot be asked for: the server gives out channels by their public names.",
                hint="Add it by its @name or t.me/name link once; from then on its id will do.",
            )
        channel = await source.get_channel(channel_id, access_hash)
        return channel, _kind_remark(channel)
    if not ref.may_be_username:
        raise NotFound(
            "this cannot be a public name, and no channel here has it as its alias.",
            hint="A title cannot be looked up; the channel's page in an app shows its @name.",
        )
    if known := await _look_up_known(conn, account, str(ref.name)):
        return known, _kind_remark(known)
    channel = await source.resolve_username(str(ref.name))
    try:
        channel = await source.get_channel(channel.channel_id, channel.access_hash)
    except (ServerFault, StaleAccess, UnreadableObject):
        return channel, "its description could not be read; it is mirrored all the same."
    return channel, _kind_remark(channel)


async def _look_up_known(conn: Connection, account: AddingAccount, name: str) -> Channel | None:
    """The channel that had the name when we last looked, if it still has: looking names up is what costs most."""
    for known in await list_names(conn):
        if name.casefold() in {one.casefold() for one in (known.username, *known.usernames) if one}:
            access_hash = await find_access(conn, account=account.name, channel_id=known.channel_id)
            if access_hash is None:
                continue
            try:
                channel = await account.source.at(Priority.NEW).get_channel(known.channel_id, access_hash)
            except (ChannelError, ServerFault, UnreadableObject):
                continue
            if name.casefold() in {one.casefold() for one in channel.usernames}:
                return channel
    return None


def _kind_remark(channel: Channel) -> str | None:
    if "forum" in channel.flags:
        return "it is a group with topics; all of them are mirrored, as one history."
    return None


async def _expect_unused(conn: Connection, alias: str, channel_id: int) -> None:
    """An alias that another channel is called by would make both ambiguous."""
    for other in await list_names(conn):
        names = {name.casefold() for name in (other.alias, other.username, *other.usernames) if name}
        if other.channel_id != channel_id and alias.casefold() in names:
            raise AddRefused(f"another channel is called {alias!r} already.", hint="Choose another alias.")
