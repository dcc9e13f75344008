"""Enters the data centres that have files; one that does not answer or does not let the account in is left alone.

What goes wrong there costs its own files only: neither those of other data centres nor the mirroring of messages.
"""

from __future__ import annotations

import asyncio

from archiver.errors import ChannelError, Error, FloodWait, ServerFault, Unreachable
from archiver.telegram.connection import Connection
from archiver.telegram.exported_authorization import EXPORT, IMPORT

REST = 60.0
"""Seconds for which a data centre is left alone; or as long as a flood wait takes."""


class FileEntry:
    """The ways of one account into data centres."""

    def __init__(self, home: Connection) -> None:
        self._home = home
        self._exporting = asyncio.Lock()
        """An account's exported authorization may be void once it exports another one."""
        self._shut: dict[int, tuple[float, str]] = {}
        """Data centres left alone: until which loop time, and why."""

    async def connect(self, connection: Connection, dc: int) -> None:
        """Connect to a data centre. Raises ServerFault if it is left alone, LoginNeeded, FloodWait of the account."""
        if connection.connected.is_set():
            return
        self._expect_open(dc)
        if connection.is_admitted:
            await self._ready(connection, dc)
            return
        async with self._exporting:
            self._expect_open(dc)
            await self._ready(connection, dc)

    def shut(self, dc: int, reason: str, *, seconds: float = REST) -> Error:
        """Leave a data centre alone; return the error that says why."""
        self._shut[dc] = asyncio.get_running_loop().time() + seconds, reason
        return ServerFault(reason, hint="Try again later.")

    def _expect_open(self, dc: int) -> None:
        until, reason = self._shut.get(dc, (0.0, ""))
        if until > asyncio.get_running_loop().time():
            raise ServerFault(reason, hint="Try again later.")

    async def _ready(self, connection: Connection, dc: int) -> None:
        try:
            await connection.ready()
        except Unreachable:
            # Not the account's trouble: if it is, the mirror's own connection says so.
            raise self.shut(dc, f"data centre {dc} does not answer the request for the file.") from None
        except FloodWait as exc:
            if exc.method not in (EXPORT, IMPORT):
                raise
            reason = f"data centre {dc} lets the account in only after a flood wait ({exc.method})."
            raise self.shut(dc, reason, seconds=exc.seconds) from None
        except (ServerFault, ChannelError) as exc:
            reason, about = str(exc.args[0]), f"data centre {dc} "
            said = reason if reason.startswith(about) else f"{about}does not let the account in: {reason}"
            raise self.shut(dc, said) from None
