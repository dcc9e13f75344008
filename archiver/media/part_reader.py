"""Reads one part of a file in spite of short, empty or overlong answers and refused sizes.

An answer that is shorter than asked is continued where it ends; one that brings nothing is asked for again, a few
times. A part is never shorter than its announced length: then the file is not what its message announces, an error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from archiver.errors import Implausible, PartRefused, ServerFault
from archiver.media.pieces import LEAST, next_piece
from archiver.model.file_location import PART, FileLocation

TRIES = 4
"""Answers in a row that bring nothing before a part is given up."""
PAUSE = 0.2
"""Seconds before it is asked for again; doubles each time."""


class SizeDiffers(ServerFault):
    """The server has more or fewer bytes of a file than its message announces."""

    def __init__(self, announced: int, *, ends_at: int | None) -> None:
        """`ends_at`: where the server's file ends; None: beyond the announced end."""
        has = "has more" if ends_at is None else f"ends after {ends_at:,}"
        self.ends_at = ends_at
        super().__init__(f"its message announces {announced:,} bytes, but the server's file {has}.")


class TooLarge(ServerFault):
    """A file has more bytes than are wanted, which its message did not say."""

    def __init__(self, size: int, most: int) -> None:
        """`size`: its bytes, as far as known."""
        self.size = size
        super().__init__(f"it has {size:,} bytes or more; at most {most:,} are wanted")


class Parts(Protocol):
    """Gives bytes of files."""

    async def get_part(self, location: FileLocation, offset: int, limit: int, *, precise: bool = False) -> bytes:
        """Bytes from `offset` on, at most `limit`."""
        ...


class PartReader:
    """Reads parts; remembers the size of requests that the servers accept."""

    def __init__(self, servers: Parts, *, on_fault: Callable[[FileLocation], None] = lambda _: None) -> None:
        """`on_fault` is called with the file of an answer that is not what was asked for."""
        self._servers = servers
        self._on_fault = on_fault
        self._most = PART

    async def read(self, location: FileLocation, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, which is a part's beginning.

        Raises SizeDiffers, ReferenceExpired, FileRefused, FloodWait, and what a call raises.
        """
        got, idle = b"", 0
        while True:
            piece = next_piece(offset + len(got), offset + length, self._most)
            fault: ServerFault | None = None
            try:
                data = await self._servers.get_part(location, piece.offset, piece.limit, precise=piece.precise)
            except PartRefused:
                if self._most <= LEAST:
                    raise
                self._most //= 2
                continue
            except Implausible as exc:
                data, fault = b"", exc
            more = data[piece.known :] if len(data) <= piece.limit else b""
            overlong = len(data) > piece.limit or len(got) + len(more) > length
            if more and not overlong:
                got, idle = got + more, 0
                if len(got) == length:
                    return got
                self._on_fault(location)
                continue
            idle += 1
            self._on_fault(location)
            if idle == TRIES:
                raise fault or SizeDiffers(location.size or 0, ends_at=None if overlong else offset + len(got))
            await asyncio.sleep(PAUSE * 2**idle)
