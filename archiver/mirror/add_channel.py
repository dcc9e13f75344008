"""Add a channel: look it up with the account that will read it, and pin it to that account.

`telekeep add` does this itself if nothing else is mirroring. Otherwise it leaves an order in the archive for the
service, which has the account to itself while it runs. Repeating an order is harmless: one that was carried out just
before a crash is carried out again, and finds the channel in the archive.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from archiver.address import ChannelRef, parse_address
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
from archiver.ids import ChannelId
from archiver.mirror.ingest import Ingest
from archiver.mirror.source import Source
from archiver.model.media_policy_text import parse_policy
from archiver.model.record import Channel
from archiver.pacing.scheduler import Priority
from archiver.reading.find_channel import get_named_channel
from archiver.store.accounts.access import find_access
from archiver.store.accounts.flood import list_floods
from archiver.store.channels import channel as channels
from archiver.store.channels.intake import Order, OrderOutcome, finish, list_open, list_stale
from archiver.store.database import Connection, Database, read
from archiver.store.media.media_policy import set_override
from archiver.store.messages.rows import list_names

DEFAULT = "default"
RESOLVE = "resolveUsername"
SHORT_WAIT = 30.0
"""Longest flood wait in seconds that an order waits for; during a longer one it stays open."""

STALE = 7 * 86400.0
"""Age in seconds at which an order expires: the user may have changed their mind."""
ORDER_TIMEOUT = 60.0
"""Seconds that one order may hold up the others: its account may be offline."""

log = logging.getLogger(__name__)


class AddRefused(Error):
    """The channel cannot be added as requested."""


class AddingAccount(Protocol):
    """The parts of an account that adding a channel needs."""

    @property
    def name(self) -> str:
        """The account's label."""
        ...

    @property
    def source(self) -> Source:
        """The source that looks the channel up."""
        ...

    @property
    def ingest(self) -> Ingest:
        """The ingest that stores it."""
        ...


def only_an_id() -> NotFound:
    """Error for an unknown channel given by its id."""
    return NotFound(
        "a channel cannot be looked up by its id alone, only by its public name.",
        hint="Add it once by its @name or t.me/name link; after that its id works too.",
    )


def no_username() -> NotFound:
    """Error for an unknown name that cannot be a username."""
    return NotFound(
        "this is not a valid username, and no mirrored channel has it as its alias.",
        hint="A title cannot be looked up; the channel's page in an app shows its @name.",
    )


async def choose_account(conn: Connection, ref: ChannelRef, named: str | None) -> str:
    """The account to look a channel up with: the named one, else that of a known channel, else the default."""
    if named is not None:
        return named
    try:
        known = get_named_channel(ref, await read(conn, list_names))
    except (NotFound, UsageError):
        return DEFAULT
    found = await read(conn, channels.find_channel, known.channel_id)
    return found.account if found else DEFAULT


async def add_channel(database: Database, account: AddingAccount, ref: ChannelRef, order: Order) -> OrderOutcome:
    """Look up a channel and mirror it. Raises AddRefused, NotFound, ChannelError and what stops the account."""
    conn = database.connection
    channel, remark = await _look_up(conn, account, ref)
    known = await read(conn, channels.find_channel, channel.channel_id)
    if known and not known.imported_only and order.account and known.account != order.account:
        raise AddRefused(
            f"it already belongs to account {known.account}.",
            hint=f"Move it: telekeep move {known.name} --to {order.account}",
        )
    if order.alias is not None:
        await _expect_unused(conn, order.alias, channel.channel_id)
    added = await account.ingest.add_channel(
        channel, window_start=order.window_start, keep_window=order.keep_window, alias=order.alias
    )
    if order.media is not None:  # before its first message is read
        policy = parse_policy(order.media)
        await database.write(set_override, channel.channel_id, policy, now=int(time.time()))
    removed = known is not None and known.state == "removed"
    return OrderOutcome(channel_id=channel.channel_id, added=added or removed, remark=remark)


async def carry_out(
    database: Database, accounts: Mapping[str, AddingAccount], *, now: Callable[[], float] = time.time
) -> None:
    """Carry out the open orders one after another, each with its account; one that has to wait stays open.

    An error is reported to the process that placed the order, and does not affect other orders. Orders expire after
    STALE seconds.
    """
    for number in await database.read(list_stale, before=int(now() - STALE)):
        log.warning("an order to add a channel expired after a week")
        old = OrderOutcome(
            error="the service did not get to it within a week; add it again.", exit_status=AddRefused.exit_status
        )
        await _finish(database, number, old, int(now()))
    for number, order in await database.read(list_open):
        outcome = await _attempt(database, accounts, order, now())
        if outcome is not None:
            await _finish(database, number, outcome, int(now()))


async def _finish(database: Database, number: int, outcome: OrderOutcome, now: int) -> None:
    await database.write(finish, number, outcome, now=now)


async def _attempt(
    database: Database, accounts: Mapping[str, AddingAccount], order: Order, now: float
) -> OrderOutcome | None:
    """Carry out one order; None if it has to be retried."""
    try:
        ref = parse_address(order.channel).channel
        name = await choose_account(database.connection, ref, order.account)
        account = accounts.get(name)
        if account is None:
            raise LoginNeeded(f"account {name} is not running in the service.", hint="`telekeep accounts` shows why.")
        floods = await database.read(list_floods, name)
        if ref.channel_id is None and floods.get(RESOLVE, 0.0) - now > SHORT_WAIT:
            return None
        async with asyncio.timeout(ORDER_TIMEOUT):
            return await add_channel(database, account, ref, order)
    except (FloodWait, TimeoutError, Unreachable):
        return None
    except Error as exc:
        return OrderOutcome(error=str(exc), exit_status=exc.exit_status)
    except Exception as exc:  # noqa: BLE001  # an order comes from another process: none may end the service
        log.warning("an order to add a channel failed unexpectedly (%s)", type(exc).__name__)
        return OrderOutcome(error="the service had an internal error; see its log.", exit_status=Error.exit_status)


async def _look_up(conn: Connection, account: AddingAccount, ref: ChannelRef) -> tuple[Channel, str | None]:
    """The channel as the server describes it now, and a remark for the user."""
    source = account.source.at(Priority.NEW)
    channel_id = ref.channel_id
    if channel_id is None and not ref.public:
        channel_id = await read(conn, channels.find_by_alias, str(ref.name))
    if channel_id is not None:
        access_hash = await read(conn, find_access, account=account.name, channel_id=channel_id)
        if access_hash is None:
            raise only_an_id()
        channel = await source.get_channel(channel_id, access_hash)
        return channel, _kind_remark(channel)
    if not ref.may_be_username:
        raise no_username()
    if known := await _look_up_known(conn, account, str(ref.name)):
        return known, _kind_remark(known)
    channel = await source.resolve_username(str(ref.name))
    try:
        channel = await source.get_channel(channel.channel_id, channel.access_hash)
    except (ServerFault, StaleAccess, UnreadableObject):
        return channel, "its description could not be read; it is mirrored anyway."
    return channel, _kind_remark(channel)


async def _look_up_known(conn: Connection, account: AddingAccount, name: str) -> Channel | None:
    """The archived channel with this name, if it still has it. Saves a name look-up, the scarcest of all calls."""
    for known in await read(conn, list_names):
        if name.casefold() in {one.casefold() for one in (known.username, *known.usernames) if one}:
            access_hash = await read(conn, find_access, account=account.name, channel_id=known.channel_id)
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
        return "it is a group with topics, which are mirrored as one history."
    return None


async def _expect_unused(conn: Connection, alias: str, channel_id: ChannelId) -> None:
    """Raise AddRefused if another channel has this name: both would become ambiguous."""
    for other in await read(conn, list_names):
        names = {name.casefold() for name in (other.alias, other.username, *other.usernames) if name}
        if other.channel_id != channel_id and alias.casefold() in names:
            raise AddRefused(f"another channel is already called {alias!r}.", hint="Choose another alias.")
