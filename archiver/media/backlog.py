"""How many bytes have arrived and wait for the disk: when it is slower than the network, nothing more is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Backlog:
    """Bytes in memory that are to be written."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def room(self) -> None:
        """Return when no more than the most wait."""
        await self._has_room.wait()

    @contextmanager
    def waiting(self, size: int) -> Iterator[None]:
        """So many bytes wait until it is left."""
        self._add(size)
        try:
            yield
        finally:
            self._add(-size)

    def _add(self, size: int) -> None:
        self._size += size
        if self._size <= self._most:
            self._has_room.set()
        else:
            self._has_room.clear()
