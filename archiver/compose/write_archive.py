"""What the writing commands share: the archive opened for the mirror, alone, or for a short write beside it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from archiver.compose.privacy import look_at_permissions
from archiver.compose.remarks import Remarks
from archiver.errors import Busy
from archiver.lock import hold
from archiver.mirror.rebuild_search import prepare_search
from archiver.store.database import ARCHIVE_NAME, Database


async def tell_of_migration(directory: Path, *, remarks: Remarks) -> None:
    """Say that opening the archive for writing is going to change its tables, where it is."""
    if (directory / ARCHIVE_NAME).exists() and not await Database.is_current(directory):
        remarks.note("bringing the archive of an older telekeep up to date; older versions cannot open it afterwards.")


@asynccontextmanager
async def open_archive(directory: Path, *, command: str, remarks: Remarks) -> AsyncIterator[Database]:
    """The archive for mirroring, made ready by this version. Raises Busy when another process mirrors."""
    os.umask(0o077)
    look_at_permissions(directory, close=True, remarks=remarks)
    with hold(directory, command=command):
        await tell_of_migration(directory, remarks=remarks)
        async with await Database.open(directory) as database:
            if rewritten := await prepare_search(database):
                remarks.note(f"made the search tables anew, from {rewritten:,} messages.")
            yield database


@asynccontextmanager
async def open_beside(directory: Path, *, command: str, remarks: Remarks) -> AsyncIterator[Database]:
    """The archive for short writes, also while another process mirrors into it.

    Raises Busy when that one is of another version: tables are changed only where nobody else works on them.
    """
    os.umask(0o077)
    look_at_permissions(directory, close=True, remarks=remarks)
    if not await Database.is_current(directory):
        try:
            async with open_archive(directory, command=command, remarks=remarks):
                pass
        except Busy as exc:
            exc.hint = "It began with another version of telekeep: let it end, or stop it and start it again."
            raise
    async with await Database.open(directory) as database:
        yield database
