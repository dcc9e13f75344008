"""Following an account to the data centre that a server names.

Phone numbers have a home data centre (PHONE_MIGRATE_n), networks one for those who are new (NETWORK_MIGRATE_n), and an
account that is logged in may be moved later (USER_MIGRATE_n); https://core.telegram.org/api/datacenter. The last kind
is logged in at its new home by the authorization that the old one still gives; where it gives none, the new home says
whether it knows us.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from telethon import errors
from telethon.tl import functions

from archiver.errors import ChannelError, Error, ServerFault
from archiver.telegram.client import Client
from archiver.telegram.connection_errors import unknown_place
from archiver.telegram.data_centres import read_config
from archiver.telegram.exported_authorization import ExportedAuthorization
from archiver.telegram.faults import MIGRATIONS
from archiver.telegram.reconnecting import ReconnectingClient

if TYPE_CHECKING:
    from archiver.telegram.connection import Connection

log = logging.getLogger(__name__)

_MOST = 5


async def follow(home: Connection, reconnecting: ReconnectingClient, client: Client, sent: Any, been: set[int]) -> None:
    """Move the account's home as the server says; `been`: where this call was sent already."""
    dc = sent.new_dc
    if dc in been or len(been) >= _MOST:
        raise ServerFault(
            f"the servers send this from one data centre to the other and back (last to {dc}).",
            hint="Nothing is lost; try again later.",
        )
    been.add(dc)
    async with reconnecting.moving:  # one moves, the others go along
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
                raise  # it may pass, and a move without an authorization costs the login
            log.info("no authorization is given for data centre %d: %s", dc, type(exc).__name__)
            with_key = True  # a server may know the key at the new home, too
    await reconnecting.move(client, dc, exported, with_key=with_key)


async def _find(home: Connection, reconnecting: ReconnectingClient, dc: int) -> None:
    """Raise where nobody says where that is; the account then stays where it is found."""
    if reconnecting.route.ways(dc):
        return
    with contextlib.suppress(*MIGRATIONS, ServerFault):
        request = functions.help.GetConfigRequest()
        _, places = read_config(await home.call(request, method="getConfig", raw_errors=MIGRATIONS))
        reconnecting.route.learn(places)
    if not reconnecting.route.ways(dc):
        raise unknown_place(dc)


async def export(home: Connection, dc: int, raw_errors: tuple[type[Exception], ...] = ()) -> ExportedAuthorization:
    """What lets the account in at another data centre, once."""
    request = functions.auth.ExportAuthorizationRequest(dc)
    given = await home.invoke(request, method="exportAuthorization", raw_errors=raw_errors)
    return ExportedAuthorization(given.id, given.bytes)
