"""The way out of a connection: at once, or late, in pieces or in lumps, as the network is told to be."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Net:
    """What the line is like. All zero: packets leave as soon as they are made."""

    rtt: float = 0.0
    jitter: float = 0.0
    split: int = 0  # TCP writes of so many bytes
    coalesce: float = 0.0  # seconds that packets wait for each other
    bandwidth: float = 0.0  # bytes a second
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    @property
    def plain(self) -> bool:
        return not (self.rtt or self.jitter or self.split or self.coalesce or self.bandwidth)


class Outlet:
    """Writes packets in their order; a task of its own does so only when the line is not plain."""

    def __init__(self, writer: asyncio.StreamWriter, net: Net) -> None:
        self._writer = writer
        self._net = net
        self._queue: deque[tuple[float, bytes]] = deque()
        self._pump: asyncio.Task[None] | None = None

    def send(self, data: bytes) -> None:
        if self._writer.transport.is_closing():
            return
        if self._net.plain and self._pump is None:
            self._writer.write(data)
            return
        net = self._net
        wait = net.rtt + net.chance.uniform(0, net.jitter) + net.coalesce
        ready = asyncio.get_running_loop().time() + wait
        if self._queue:
            ready = max(ready, self._queue[-1][0])  # a stream keeps its order
        self._queue.append((ready, data))
        if self._pump is None:
            self._pump = asyncio.create_task(self._run(), name="telegram outlet")

    async def drain(self) -> None:
        if self._pump is None:
            await self._writer.drain()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                await asyncio.sleep(max(0.0, self._queue[0][0] - loop.time()))
                lump = self._queue.popleft()[1]
                while self._queue and self._net.coalesce and self._queue[0][0] - loop.time() <= self._net.coalesce:
                    lump += self._queue.popleft()[1]
                await self._write(lump)
        except (ConnectionError, RuntimeError):
            self._queue.clear()
        finally:
            self._pump = None

    async def _write(self, data: bytes) -> None:
        size = self._net.split or len(data)
        for start in range(0, len(data), size):
            self._writer.write(data[start : start + size])
            await self._writer.drain()
            if self._net.bandwidth:
                await asyncio.sleep(size / self._net.bandwidth)
            else:
                await asyncio.sleep(0)

    def end(self, last: bytes) -> None:
        """End the connection politely, after these bytes: the other side reads them, then the end of the stream."""
        self._writer.write(last)
        self._writer.close()

    def reset(self, last: bytes = b"") -> None:
        """Break the connection off, after these bytes at most."""
        if last:
            self._writer.write(last)
        sock = self._writer.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self) -> None:
        pump = self._pump
        if pump is not None:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
        self._writer.close()
        with contextlib.suppress(ConnectionError, OSError):
            await self._writer.wait_closed()
