"""Fetches one file: its parts, checked, into `media/partial/`, then as a blob into the store.

A small file (one part) goes to disk in one go. Of a large one, several parts are fetched at once; each is kept as it
arrives, so that an interruption costs only what was in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple, Protocol

from archiver.errors import ReferenceExpired, ServerFault
from archiver.media.backlog import Backlog
from archiver.media.disk import Disk
from archiver.media.gate import Gate
from archiver.media.handover import Handed
from archiver.media.part_reader import PartReader, Parts, SizeDiffers, TooLarge
from archiver.media.partial import STEP, Partial
from archiver.media.proof import FileProof, Hashes, Prover, WrongBytes, find_proven_size
from archiver.model.file_location import PART, FileLocation
from archiver.model.media_file import FileKey
from archiver.pacing.tasks import cancel_all, finish, retrieve, run_all

AT_ONCE = 16
"""Parts of one file that wait for their turn or for their answer."""
BACKLOG = 32 * PART
"""Bytes that may wait for the disk before nothing more is asked for."""
TRIES = 3
"""How often a part is fetched whose bytes differ from the server's hashes."""
UNKNOWN_MOST = 64 * PART
"""Largest file whose size its message does not announce."""
DIFFERING_MOST = 256 * PART
"""Largest file that is kept with another size than announced, where the server's hashes prove it."""
SLOWEST = 20_000
"""Bytes per second below which a file has had its time: it is continued later."""
LEAST_TIME = 180.0
"""Seconds that every file has."""
UNPROVEN = "the file reference expired before the hashes of its bytes came."
_JPEG = b"\xff\xd8"
"""How every photo begins."""


class Servers(Parts, Hashes, Protocol):
    """Gives bytes of files and their hashes."""

    @property
    def flood_wait(self) -> float:
        """Seconds that the server has parts wait; 0: none."""
        ...

    def warm(self, dc: int) -> None:
        """Connect to a data centre soon to be asked."""
        ...


class Fetched(NamedTuple):
    """A file that has been stored and settled."""

    size: int
    proven: bool
    """Whether the server's hashes cover every byte."""


class FileDownloader:
    """Fetches the files of one account."""

    def __init__(self, servers: Servers, disk: Disk, *, proves_small: bool = True) -> None:
        """`proves_small`: also check files of one part, which are bound by calls, when nothing is wrong."""
        self.disk = disk
        self._proves_small = proves_small
        self.arrived: Callable[[int], None] = lambda _: None
        """Called with the bytes of each part."""
        self.kept: Callable[[int], None] = lambda _: None
        """Called with the bytes of each part that an earlier run kept."""
        self.left: Callable[[FileKey, int, int], None] = lambda *_: None
        """Called with how many bytes of how many are there of a large file that was not fetched to its end."""
        self.settle: Callable[[Handed], Awaitable[None]] = _settle_nothing
        """Records in the archive that a file is stored."""
        self.servers = servers
        self._prover = Prover(servers)
        self._reader = PartReader(servers, on_fault=self._prover.suspect)
        self._gates: dict[int, Gate] = {}
        self._backlog = Backlog(BACKLOG)

    async def fetch(self, location: FileLocation, *, most: int | None = None) -> Fetched:
        """Fetch a file, or the rest of it; `most`: bytes that it may have.

        Raises TooLarge, ReferenceExpired, FileRefused, FloodWait, ServerFault, OSError.
        """
        work = asyncio.ensure_future(self._fetch(location, most))
        left = LEAST_TIME + (location.size or 0) / SLOWEST
        try:
            while not (await asyncio.wait({work}, timeout=left))[0]:
                # What the server ordered to wait does not count.
                if not (left := self.servers.flood_wait and self.servers.flood_wait + LEAST_TIME):
                    raise ServerFault(
                        "the server sends the file too slowly or not at all.", hint="It will be continued later."
                    )
            return work.result()
        finally:
            await cancel_all((work,))

    async def _fetch(self, location: FileLocation, most: int | None) -> Fetched:
        size = location.size
        if location.inline is not None:
            return await self._keep(location, location.inline, proven=False)
        if size is None:
            return await self._unknown(location, most)
        try:
            return await self._sized(location, size)
        except SizeDiffers as exc:
            real = await find_proven_size(self._prover, location, most=DIFFERING_MOST)
            if real is None or real == size or exc.ends_at not in (None, real):
                raise
            if most is not None and real > most:
                raise TooLarge(real, most) from None
            return await self._sized(replace(location, size=real), real, must_be_proven=True)

    async def _sized(self, location: FileLocation, size: int, *, must_be_proven: bool = False) -> Fetched:
        if size > PART:
            return await self._large(location, size)
        return await self._small(location, size, must_be_proven=must_be_proven)

    async def _small(self, location: FileLocation, size: int, *, must_be_proven: bool) -> Fetched:
        proof = FileProof(self._prover, location)
        if must_be_proven or self._proves_small or self._prover.is_suspect(location):
            data, proven = await self._part(location, proof, 0, size)
        else:
            data, proven = await self._read(location, 0, size), False
            if self._prover.is_suspect(location) or (location.is_photo and not data.startswith(_JPEG)):
                data, proven = await self._prove(location, proof, data)
        if proof.expired and (must_be_proven or self._prover.is_suspect(location)):
            raise ReferenceExpired(UNPROVEN)
        return await self._keep(location, data, proven=proven)

    async def _prove(self, location: FileLocation, proof: FileProof, data: bytes) -> tuple[bytes, bool]:
        """Check bytes that look wrong, or came when something else was."""
        try:
            return data, await proof.is_proven(0, data)
        except WrongBytes:
            return await self._part(location, proof, 0, len(data))

    async def _unknown(self, location: FileLocation, most: int | None) -> Fetched:
        """A file of unknown size: one part after another, until one is shorter."""
        whole = b""
        while len(whole) < UNKNOWN_MOST:
            async with self._gate(location).part(PART):
                data = await self.servers.get_part(location, len(whole), PART)
            whole += data
            self.arrived(len(data))
            if most is not None and len(whole) > most:
                raise TooLarge(len(whole), most)
            if len(data) < PART:
                return await self._keep(location, whole, proven=False)
        raise ServerFault("the message does not give the size of the file, and it is large.")

    async def _keep(self, location: FileLocation, data: bytes, *, proven: bool) -> Fetched:
        with self._backlog.waiting(len(data)):
            await self._store(self.disk.keep, FileKey(location.key), data)
        return Fetched(len(data), proven)

    async def _store(self, act: Callable[..., tuple[Handed, int]], *args: object) -> None:
        """Store a file and record it: when cancelled, both or nothing. The next pass settles it if recording fails."""
        await finish(asyncio.ensure_future(self._store_now(act, *args)))

    async def _store_now(self, act: Callable[..., tuple[Handed, int]], *args: object) -> None:
        handed, turn = await self.disk.run(act, *args)
        await self.settle(handed)
        self.disk.handover.settled(turn)

    async def _large(self, location: FileLocation, size: int) -> Fetched:
        run, key = self.disk.run, FileKey(location.key)
        partial = await run(Partial.open, self.disk.store, key, size)
        try:
            proof = FileProof(self._prover, location)
            proven = [await self._check_kept(partial, proof)]
            proven += await run_all(
                (self._fetch_part(location, partial, proof, number) for number in list(partial.parts.missing)), AT_ONCE
            )
            if proof.expired:  # the parts stay, and are proven with a new reference
                raise ReferenceExpired(UNPROVEN)
            handed = Handed(key, await self._digest(partial), size)
        except BaseException:
            if partial.parts.there:
                self.left(key, partial.parts.held, size)
            raise
        finally:
            await run(partial.close)
        await self._store(self.disk.adopt, handed)
        return Fetched(size, all(proven))

    async def _check_kept(self, partial: Partial, proof: FileProof) -> bool:
        """Count the parts that an earlier run kept, unless they are damaged or wrong; return whether all are proven."""
        proven, wrong = True, set()
        for number in sorted(partial.claims):
            data = await self.disk.run(partial.confirm, number)
            try:
                proven &= data is None or await proof.is_proven(number * PART, data)
            except WrongBytes:
                wrong.add(number)
            else:
                self.kept(len(data or b""))
        if wrong:
            await self.disk.run(partial.drop, frozenset(wrong))
        return proven

    async def _digest(self, partial: Partial) -> str:
        partial.expect_whole()
        whole = sha256()
        for offset in range(0, partial.parts.size, STEP):
            await self.disk.run(partial.add_to, whole, offset)
        return whole.hexdigest()

    async def _fetch_part(self, location: FileLocation, partial: Partial, proof: FileProof, number: int) -> bool:
        data, proven = await self._part(location, proof, *partial.parts.bounds(number))
        with self._backlog.waiting(len(data)):
            await self.disk.run(partial.write, number, data)
        partial.note(number)
        return proven

    async def _part(self, location: FileLocation, proof: FileProof, offset: int, length: int) -> tuple[bytes, bool]:
        """A part, and whether it is proven. Raises WrongBytes if it never is what the server's hashes say."""
        for tries in range(TRIES, 0, -1):
            preparing = asyncio.ensure_future(proof.prepare(offset))
            preparing.add_done_callback(retrieve)
            try:
                data = await self._read(location, offset, length)
                await preparing
                proven = await proof.is_proven(offset, data)
            except WrongBytes:
                if tries == 1:
                    raise
                continue
            finally:
                preparing.cancel()
            return data, proven
        raise AssertionError

    async def _read(self, location: FileLocation, offset: int, length: int) -> bytes:
        async with self._gate(location).part(length):
            await self._backlog.room()
            data = await self._reader.read(location, offset, length)
        self.arrived(length)
        return data

    def _gate(self, location: FileLocation) -> Gate:
        dc = self.servers.dc_of(location)
        if dc not in self._gates:
            self._gates[dc] = Gate()
        return self._gates[dc]


async def _settle_nothing(_: Handed) -> None:
    """Record nothing."""
