"""Checks bytes against the hashes that the servers give of a file, where they give any.

A transport error cannot change a byte (each packet is authenticated), but a server may answer with other bytes than
those of the file. The hashes are of pieces of 128 KiB, several megabytes' worth in an answer.
"""

from __future__ import annotations

import asyncio
import logging
from hashlib import sha256
from typing import Protocol

from archiver.errors import Error, LoginNeeded, ReferenceExpired, ServerFault
from archiver.model.file_location import PART, FileLocation, PieceHash
from archiver.pacing.tasks import retrieve

log = logging.getLogger(__name__)

GROUP = 4 * PART
"""Bytes whose hashes are asked for together."""
PATIENCE = 10.0
"""Seconds to wait for hashes; without them a file is accepted as by other clients."""
SUSPECT = 3600.0
"""Seconds for which a data centre is suspect after it sent something wrong."""
NONE_IN_A_ROW = 3
"""Answers without hashes in a row after which a data centre is left alone for REST seconds."""
REST = 3600.0
"""Seconds for which it is left alone then."""
PAUSE = 60.0
"""Seconds for which it is not asked after it did not answer, or ordered to wait."""


class WrongBytes(ServerFault):
    """The server gives other bytes than those whose hashes it gives."""

    def __init__(self) -> None:
        super().__init__("the server's bytes differ from the hashes it gives of them.")


class Hashes(Protocol):
    """Gives the hashes of files."""

    async def get_hashes(self, location: FileLocation, offset: int) -> list[PieceHash]:
        """Hashes of the pieces from there on; empty if it knows none."""
        ...

    def dc_of(self, location: FileLocation) -> int:
        """The data centre that has the file."""
        ...


class Prover:
    """Fetches hashes, as long as the data centres give them."""

    def __init__(self, servers: Hashes) -> None:
        self._servers = servers
        self._empty: dict[int, int] = {}
        self._rests_until: dict[int, float] = {}
        self._suspect_until: dict[int, float] = {}

    def suspect(self, location: FileLocation) -> None:
        """Note that the file's data centre sent something wrong."""
        dc = self._servers.dc_of(location)
        self._suspect_until[dc] = asyncio.get_running_loop().time() + SUSPECT

    def is_suspect(self, location: FileLocation) -> bool:
        """Whether the file's data centre sent something wrong a while ago."""
        dc = self._servers.dc_of(location)
        return self._suspect_until.get(dc, 0.0) > asyncio.get_running_loop().time()

    async def fetch(self, location: FileLocation, offset: int) -> list[PieceHash]:
        """Hashes from there on; none if the server knows none, or does not answer. Raises what stops the account."""
        dc, now = self._servers.dc_of(location), asyncio.get_running_loop().time()
        if self._rests_until.get(dc, 0.0) > now:
            return []
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._servers.get_hashes(location, offset)
        except (LoginNeeded, ReferenceExpired):
            raise
        except (Error, TimeoutError) as exc:
            log.info("no hashes of a file: %s", type(exc).__name__)
            self._rests_until[dc] = now + PAUSE
            return []
        self._empty[dc] = 0 if found else self._empty.get(dc, 0) + 1
        if self._empty[dc] >= NONE_IN_A_ROW:
            self._empty[dc], self._rests_until[dc] = 0, now + REST
        return found


async def find_proven_size(prover: Prover, location: FileLocation, *, most: int) -> int | None:
    """Bytes of a file that the server's hashes cover without a gap; None: it gives none, or for more than `most`."""
    end = 0
    while end <= most:
        pieces = {piece.offset: piece.length for piece in await prover.fetch(location, end)}
        before = end
        while length := pieces.get(end):
            end += length
        if end == before:
            return end or None
    return None


class FileProof:
    """The hashes of one file, fetched as its parts need them."""

    def __init__(self, prover: Prover, location: FileLocation) -> None:
        self._prover = prover
        self.location = location
        self._pieces: dict[int, PieceHash] = {}
        self._asked: dict[int, asyncio.Future[None]] = {}
        """Requests by their offset."""
        self.expired = False
        """Whether hashes were refused because the reference has expired; bytes that have arrived stay unproven."""

    async def is_proven(self, offset: int, data: bytes) -> bool:
        """Whether the server's hashes cover all of these bytes; False: it gives none. Raises WrongBytes."""
        if not self._covers(offset, len(data)):
            await self.prepare(offset)
        pieces = self._within(offset, len(data))
        for piece in pieces:
            start = piece.offset - offset
            # The last piece of a file may be given with the length of the others.
            if sha256(memoryview(data)[start : start + piece.length]).digest() != piece.sha256:
                self._forget(pieces)
                self._prover.suspect(self.location)
                raise WrongBytes
        return self._covers(offset, len(data))

    async def prepare(self, offset: int) -> None:
        """Fetch the hashes from there on, once: of several parts together, if the server gives as many."""
        await self._fetch(offset - offset % GROUP)
        if offset not in self._pieces:
            await self._fetch(offset)

    async def _fetch(self, offset: int) -> None:
        if offset not in self._asked:
            self._asked[offset] = asyncio.ensure_future(self._ask(offset))
            self._asked[offset].add_done_callback(retrieve)
        await asyncio.shield(self._asked[offset])

    async def _ask(self, offset: int) -> None:
        try:
            for piece in await self._prover.fetch(self.location, offset):
                self._pieces[piece.offset] = piece
        except ReferenceExpired:
            self.expired = True

    def _forget(self, pieces: list[PieceHash]) -> None:
        """Ask again: it may be the hashes that are wrong."""
        self._asked.clear()
        for piece in pieces:
            self._pieces.pop(piece.offset, None)

    def _within(self, offset: int, length: int) -> list[PieceHash]:
        """The pieces from `offset` on, one after another, that lie within the bytes."""
        found, at, end = [], offset, offset + length
        while at < end and (piece := self._pieces.get(at)) and piece.length > 0:
            if at + piece.length > end and end != self.location.size:
                break
            found.append(piece)
            at += piece.length
        return found

    def _covers(self, offset: int, length: int) -> bool:
        return sum(piece.length for piece in self._within(offset, length)) >= length
