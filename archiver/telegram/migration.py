"""Follows an account to the data centre that a server redirects to.

A phone number has a home data centre (PHONE_MIGRATE_n), a network has one for new users (NETWORK_MIGRATE_n), and a
logged-in account may be moved later (USER_MIGRATE_n); https://core.telegram.org/api/datacenter. A moved account is
logged in at its new home with the authorization that the old home still exports; if it exports none, the new home
decides whether it knows the key.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from telethon import errors
from telethon.tl import functions

from archiver.errors import ChannelError, Error, ServerFault
from archiver.telegram.client import Client
from archiver.telegram.connection_errors import unknown_address
from archiver.telegram.data_centres import read_config
from archiver.telegram.exported_authorization import EXPORT, ExportedAuthorization
from archiver.telegram.faults import MIGRATIONS
from archiver.telegram.reconnecting import ReconnectingClient

if TYPE_CHECKING:
    from archiver.telegram.connection import Connection

log = logging.getLogger(__name__)

_MAX_REDIRECTS = 5


async def follow(home: Connection, reconnecting: ReconnectingClient, client: Client, sent: Any, been: set[int]) -> None:
    """Move the account's home as the server says; `been`: data centres this call was already redirected to."""
    dc = sent.new_dc
    if dc in been or len(been) >= _MAX_REDIRECTS:
        raise ServerFault(
            f"the servers keep redirecting this request between data centres (last to {dc}).",
            hint="Nothing is lost; try again later.",
        )
    been.add(dc)
    async with reconnecting.moving:  # one task moves it, the others follow
        if reconnecting.holds(client):
            await _move(home, reconnecting, client, sent)


async def _move(home: Connection, reconnecting: ReconnectingClient, client: Client, sent: Any) -> None:
    dc = sent.new_dc
    await _find(home, reconnecting, dc)
    exported, with_key = None, False
    if not isinstance(sent, errors.PhoneMigrateError):
        try:
            exported = await export(home, dc, (*MIGRATIONS, errors.UnauthorizedError))
        except errors.UnauthorizedError:
            pass  # nobody is logged in
        except (*MIGRATIONS, ChannelError, ServerFault) as exc:
            if isinstance(exc, Error) and not isinstance(exc.__cause__, errors.RPCError):
                raise  # temporary; moving without an authorization would lose the login
            log.info("no authorization exported for data centre %d: %s", dc, type(exc).__name__)
            with_key = True  # the new home may know the key, too
    await reconnecting.move(client, dc, exported, with_key=with_key)


async def _find(home: Connection, reconnecting: ReconnectingClient, dc: int) -> None:
    """Look up the address of the data centre. Raises Unreachable if no server names it; the home then stays."""
    if reconnecting.route.addresses(dc):
        return
    with contextlib.suppress(*MIGRATIONS, ServerFault):
        request = functions.help.GetConfigRequest()
        _, dc_addresses = read_config(await home.call(request, method="getConfig", raw_errors=MIGRATIONS))
        reconnecting.route.learn(dc_addresses)
    if not reconnecting.route.addresses(dc):
        raise unknown_address(dc)


async def export(home: Connection, dc: int, raw_errors: tuple[type[Exception], ...] = ()) -> ExportedAuthorization:
    """Export the account's authorization for another data centre."""
    request = functions.auth.ExportAuthorizationRequest(dc)
    given = await home.invoke(request, method=EXPORT, raw_errors=raw_errors)
    return ExportedAuthorization(given.id, given.bytes)
