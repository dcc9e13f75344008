"""Lines on which a packet has a largest size: a server's word for a length must not cost gigabytes of memory.

https://core.telegram.org/mtproto/mtproto-transports
"""

from __future__ import annotations

import asyncio
from typing import Any

from telethon.network import ConnectionTcpFull, ConnectionTcpObfuscated

MOST_MB = 64
"""Maximum size of a packet. An honest one is below 2 MB: a page of history, or a part of a file."""


class PacketReader:
    """A stream reader that refuses to wait for more than a packet may have."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def readexactly(self, size: int) -> bytes:
        """As asyncio's. Raises ConnectionError for a size that no packet has."""
        if not 0 <= size <= MOST_MB << 20:
            raise ConnectionError("a packet of a size that none has")
        return await self._reader.readexactly(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


class BoundedPackets:
    """What a connection of Telethon's needs beside itself to have such a reader."""

    _reader: Any

    async def _connect(self, timeout: float | None = None, ssl: Any = None) -> None:  # noqa: ASYNC109  # Telethon's
        await super()._connect(timeout=timeout, ssl=ssl)  # type: ignore[misc]
        self._reader = PacketReader(self._reader)
        if obfuscation := getattr(self, "_obfuscation", None):
            obfuscation._reader = self._reader  # noqa: SLF001  # it took the bare one just now


class PlainTransport(BoundedPackets, ConnectionTcpFull):  # type: ignore[misc]  # Telethon is untyped
    """A line to the server itself."""


class ObfuscatedTransport(BoundedPackets, ConnectionTcpObfuscated):  # type: ignore[misc]  # Telethon is untyped
    """The same, for addresses that take nothing else."""
