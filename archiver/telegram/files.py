"""Parts of files from the data centres that have them: upload.getFile, and the hashes that prove its answers.

https://core.telegram.org/api/files. `cdn_supported` is never set: only the data centres of Telegram itself are asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from telethon.errors import FileMigrateError, FilerefUpgradeNeededError, RPCError, TakeoutInvalidError
from telethon.tl import TLRequest, functions, types

from archiver.convert.quick_string import VECTOR
from archiver.errors import (
    ChannelError,
    Error,
    FileRefused,
    Implausible,
    LoginNeeded,
    PartRefused,
    ReferenceExpired,
    ServerFault,
    Unreachable,
)
from archiver.model.file_location import PART, FileLocation, PieceHash
from archiver.pacing.scheduler import Priority
from archiver.pacing.tasks import cancel_all
from archiver.telegram.connection import Connection
from archiver.telegram.faults import server_name
from archiver.telegram.file_connections import FileConnections
from archiver.telegram.file_entry import FileEntry
from archiver.telegram.timeouts import Timeouts

log = logging.getLogger(__name__)

MOST_MOVES = 3
"""How often a part may be sent on to another data centre."""
_FILE = types.upload.File.CONSTRUCTOR_ID.to_bytes(4, "little")
_LIST = VECTOR.to_bytes(4, "little")
_HASH = types.FileHash.CONSTRUCTOR_ID.to_bytes(4, "little")
_REFERENCES = ("FILE_REFERENCE_", "FILEREF_UPGRADE_NEEDED")
_PARTS = ("LIMIT_INVALID", "OFFSET_INVALID", "FILE_OFFSET_INVALID")
_HASH_SIZE = 1024
"""About the bytes of an answer with hashes."""


class FileServers:
    """An account's way to files. Any number of tasks may use it at the same time."""

    def __init__(
        self, connection: Connection, timeouts: Timeouts, *, takeout_id: Callable[[], int | None] = lambda: None
    ) -> None:
        """`takeout_id`: the takeout that is open now, if any."""
        self._connection = connection
        self._timeouts = timeouts
        self._takeout_id = takeout_id
        self._shut: set[int] = set()
        """Takeouts within which files are refused."""
        self._centres: dict[int, FileConnections] = {}
        self._entry = FileEntry(connection)
        self._warming: set[asyncio.Task[None]] = set()
        self._moved: dict[str, int] = {}
        """Files that are in another data centre than their message says."""

    async def get_part(self, location: FileLocation, offset: int, limit: int, *, precise: bool = False) -> bytes:
        """Bytes of a file from `offset`, at most `limit`; fewer only at its end, unless the server is at fault.

        Raises ReferenceExpired, PartRefused, FileRefused, FloodWait, and what a call raises.
        """
        request = functions.upload.GetFileRequest(_input(location), offset, limit, precise=precise or None)
        body = await self._ask(request, location, "getFile", min(limit, location.size or limit))
        return _read_file(body)

    async def get_hashes(self, location: FileLocation, offset: int) -> list[PieceHash]:
        """Hashes of the pieces from there on, as many as the server likes to give; none if it knows none."""
        request = functions.upload.GetFileHashesRequest(_input(location), offset)
        return _read_hashes(await self._ask(request, location, "getFileHashes", _HASH_SIZE))

    def warm(self, dc: int) -> None:
        """Connect to a data centre soon to be asked, meanwhile."""
        if dc not in self._centres:
            task = asyncio.create_task(self._warm(dc), name=f"connect to data centre {dc}")
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)

    async def _warm(self, dc: int) -> None:
        with suppress(Error), (await self._centre(dc)).line(0) as connection:
            await self._entry.connect(connection, dc)

    async def close(self) -> None:
        """Disconnect; the tasks that use it must have ended."""
        await cancel_all(self._warming)
        for centre in self._centres.values():
            await centre.close()
        self._centres.clear()

    @property
    def flood_wait(self) -> float:
        """Seconds that the server has parts wait; 0: none."""
        return self._connection.flood_wait_of("getFile")

    def dc_of(self, location: FileLocation) -> int:
        """The data centre that has the file, as far as known."""
        return self._moved.get(location.key, location.dc_id)

    async def _ask(self, request: TLRequest, location: FileLocation, method: str, size: int) -> bytes:
        dc = self.dc_of(location)
        for _ in range(MOST_MOVES):
            try:
                return await self._within_takeout(request, dc, method, size)
            except FileMigrateError as exc:
                dc = self._moved[location.key] = int(exc.new_dc)
            except FilerefUpgradeNeededError:
                raise ReferenceExpired("the file reference is of an older kind.") from None
            except ServerFault:
                self._moved.pop(location.key, None)  # it may not be there; the next try asks where its message says
                raise
        raise ServerFault("the data centres keep redirecting the request for this file.", hint="Try again later.")

    async def _within_takeout(self, request: TLRequest, dc: int, method: str, size: int) -> bytes:
        takeout_id = self._takeout_id()
        if takeout_id is None or takeout_id in self._shut:
            return await self._call(request, dc, method, size, None)
        try:
            return await self._call(request, dc, method, size, takeout_id)
        except (ReferenceExpired, PartRefused):
            raise
        except (TakeoutInvalidError, FileRefused, ChannelError) as exc:
            answer = await self._call(request, dc, method, size, None)
            log.info("files are refused within the takeout (%s); fetching them without", type(exc).__name__)
            self._shut.add(takeout_id)
            return answer

    async def _call(self, request: TLRequest, dc: int, method: str, size: int, takeout_id: int | None) -> bytes:
        with (await self._centre(dc)).line(size) as connection:
            try:
                await self._entry.connect(connection, dc)
                return await connection.call(
                    request,
                    method=method,
                    priority=Priority.MEDIA,
                    raw_errors=(FileMigrateError, FilerefUpgradeNeededError, TakeoutInvalidError),
                    takeout_id=takeout_id,
                )
            except LoginNeeded as exc:
                if dc == self._connection.dc:
                    raise
                raise self._entry.shut(dc, f"data centre {dc} does not let the account in: {exc.args[0]}") from exc
            except Unreachable as exc:
                raise ServerFault(
                    f"data centre {dc} does not answer the request for the file.", hint="Try again later."
                ) from exc
            except Error as exc:
                raise _refusal(exc) or exc from exc.__cause__

    async def _centre(self, dc: int) -> FileConnections:
        centre = self._centres.get(dc)
        if centre is not None and centre.is_home != (self._connection.dc == dc):
            del self._centres[dc]
            await centre.close()
            centre = None
        if centre is None:
            centre = self._centres[dc] = FileConnections(self._connection, dc, self._timeouts)
        return centre


def _input(location: FileLocation) -> Any:
    kind = types.InputPhotoFileLocation if location.is_photo else types.InputDocumentFileLocation
    return kind(location.id, location.access_hash, location.reference, location.letter)


def _refusal(exc: Error) -> Error | None:
    """What a refusal of a file means; None for other errors."""
    cause = exc.__cause__
    if not isinstance(cause, RPCError) or not isinstance(exc, ServerFault):
        return None
    name = server_name(cause)
    if name.startswith(_REFERENCES):
        return ReferenceExpired(f"the file reference no longer counts ({name}).")
    if name.startswith(_PARTS):
        return PartRefused(f"the server refuses a part of this size ({name}).")
    return FileRefused(name[:80])


def _read_file(body: bytes) -> bytes:
    """The bytes in an upload.file. Parsed here: a megabyte is copied once instead of three times."""
    if body[:4] != _FILE or len(body) < 13:
        raise Implausible("answered a request for a part of a file with something else")
    length, start = body[12], 13
    if length == 254:
        length, start = int.from_bytes(body[13:16], "little"), 16
    if length > PART or start + length > len(body):
        raise Implausible("sent a part of a file that is cut short or too long")
    return body[start : start + length]


def _read_hashes(body: bytes) -> list[PieceHash]:
    if body[:4] != _LIST or len(body) < 8:
        raise Implausible("answered a request for hashes with something else")
    count, place = int.from_bytes(body[4:8], "little"), 8
    found = []
    for _ in range(count):
        entry = body[place : place + 52]  # constructor, offset: long, limit: int, length of 32 bytes with its padding
        if len(entry) != 52 or entry[:4] != _HASH or entry[16] != 32:
            raise Implausible("sent hashes that cannot be read")
        offset, length = int.from_bytes(entry[4:12], "little"), int.from_bytes(entry[12:16], "little")
        found.append(PieceHash(offset, length, entry[17:49]))
        place += 52
    return found
