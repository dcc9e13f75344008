"""An authorization exported by one data centre and imported by another, so that no new login code is needed.

https://core.telegram.org/api/datacenter. It can be imported once. Refusals are distinguished from temporary failures,
since an account that moves without an authorization has to log in again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from telethon.errors import RPCError
from telethon.tl import functions

from archiver.errors import UnreadableObject
from archiver.telegram.answers import read_object
from archiver.telegram.client import Client
from archiver.telegram.faults import concerns_connection, flood_seconds, is_transient

EXPORT, IMPORT = "exportAuthorization", "importAuthorization"
"""The scheduler's names of the methods."""
FRESH = 60.0
"""Seconds for which an exported authorization is valid at least; the documentation names no limit."""


@dataclass(frozen=True, slots=True)
class ExportedAuthorization:
    """Lets the account into another data centre, once; from auth.exportAuthorization."""

    id: int
    bytes: bytes
    exported_at: float = field(default_factory=time.monotonic)

    @property
    def may_have_expired(self) -> bool:
        """Whether it is old enough that a refusal says nothing about a new one."""
        return time.monotonic() > self.exported_at + FRESH


def is_refusal(exc: BaseException) -> bool:
    """Whether the server would answer the same again: no flood wait, lost connection or failure of its own."""
    if isinstance(exc, UnreadableObject):
        return True
    return isinstance(exc, RPCError) and not (is_transient(exc) or concerns_connection(exc) or flood_seconds(exc))


async def export_by_greeting(client: Client, dc: int, *, within: float) -> ExportedAuthorization:
    """Export an authorization for `dc` with the first request on a connection, for a server that refused the usual one.

    Raises Telethon's errors and HungError.
    """
    body = await client.within(within, client.greet(functions.auth.ExportAuthorizationRequest(dc)))
    answer = read_object(body)
    try:
        return ExportedAuthorization(answer.id, answer.bytes)
    except AttributeError:
        raise UnreadableObject(int.from_bytes(body[:4], "little"), body) from None


async def import_authorization(client: Client, exported: ExportedAuthorization, *, within: float) -> None:
    """Log in to the client's data centre. Raises Telethon's errors and HungError."""
    request = functions.auth.ImportAuthorizationRequest(exported.id, exported.bytes)
    await client.within(within, client.ask(request))
