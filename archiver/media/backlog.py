"""Bytes that have arrived and wait for the disk: while there are too many of them, nothing more is requested."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Backlog:
    """The bytes in memory that are still to be written."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def room(self) -> None:
        """Return once no more than the maximum is waiting."""
        await self._has_room.wait()

    @contextmanager
    def waiting(self, size: int) -> Iterator[None]:
        """Count these bytes as waiting within the context."""
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
