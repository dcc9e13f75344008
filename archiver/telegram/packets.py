"""Transports with a maximum packet size: a length sent by the server must not cost gigabytes of memory.

https://core.telegram.org/mtproto/mtproto-transports
"""

from __future__ import annotations

import asyncio
from typing import Any

from telethon.network import ConnectionTcpFull, ConnectionTcpObfuscated

MAX_PACKET_MB = 64
"""Maximum size of a packet. An honest one is below 2 MB: a page of history, or a part of a file."""


class PacketReader:
    """A stream reader that refuses to read more than the maximum size of a packet."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def readexactly(self, size: int) -> bytes:
        """Like asyncio's. Raises ConnectionError for an impossible size."""
        if not 0 <= size <= MAX_PACKET_MB << 20:
            raise ConnectionError("impossible packet size")
        return await self._reader.readexactly(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class BoundedPackets:
    """Mixin that gives a Telethon connection a `PacketReader`."""

    _reader: Any

    async def _connect(self, timeout: float | None = None, ssl: Any = None) -> None:  # noqa: ASYNC109  # Telethon's
        await super()._connect(timeout=timeout, ssl=ssl)  # type: ignore[misc]
        self._reader = PacketReader(self._reader)
        if obfuscation := getattr(self, "_obfuscation", None):
            obfuscation._reader = self._reader  # noqa: SLF001  # it has just taken the unbounded one


class PlainTransport(BoundedPackets, ConnectionTcpFull):  # type: ignore[misc]  # Telethon is untyped
    """A direct connection to the server."""


class ObfuscatedTransport(BoundedPackets, ConnectionTcpObfuscated):  # type: ignore[misc]  # Telethon is untyped
    """An obfuscated connection, for addresses that accept nothing else."""
