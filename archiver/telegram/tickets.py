"""Tickets: what one data centre gives for another one, so that the account is let in there without a code.

https://core.telegram.org/api/datacenter. A ticket is good once; a refusal is told apart from what passes, since an
account that moves without one has to log in again.
"""

from __future__ import annotations

from telethon.errors import RPCError
from telethon.tl import functions

from archiver.errors import UnreadableObject
from archiver.telegram.answers import read_object
from archiver.telegram.client import Client
from archiver.telegram.faults import flood_seconds, is_of_line, is_transient
from archiver.telegram.outcomes import Ticket


def is_refusal(exc: BaseException) -> bool:
    """Whether the server will say the same again: nothing that passes, as a wait, a lost line or its own failure."""
    if isinstance(exc, UnreadableObject):
        return True
    return isinstance(exc, RPCError) and not (is_transient(exc) or is_of_line(exc) or flood_seconds(exc))


async def ask_by_greeting(client: Client, dc: int, *, within: float) -> Ticket:
    """A ticket to `dc`, from a server that has not even taken a greeting. Raises what Telethon raises, HungError."""
    body = await client.within(within, client.greet(functions.auth.ExportAuthorizationRequest(dc)))
    answer = read_object(body)
    try:
        return Ticket(answer.id, answer.bytes)
    except AttributeError:
        raise UnreadableObject(int.from_bytes(body[:4], "little"), body) from None


async def show(client: Client, ticket: Ticket, *, within: float) -> None:
    """Be let in. Raises what Telethon raises, HungError."""
    request = functions.auth.ImportAuthorizationRequest(ticket.id, ticket.bytes)
    await client.within(within, client.ask(request))
