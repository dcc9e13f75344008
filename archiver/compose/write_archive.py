"""Shared by writing commands: open the archive exclusively for mirroring, or for a short write next to a mirror."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from archiver.compose.new_archive import NewArchive, undone_on_error
from archiver.compose.privacy import check_permissions
from archiver.compose.remarks import Remarks
from archiver.errors import Busy
from archiver.lock import hold
from archiver.mirror.rebuild_search import prepare_search
from archiver.store.database import Database
from archiver.store.medium import expect_no_export
from archiver.store.migrations import newest_version


async def report_migration(directory: Path, *, remarks: Remarks) -> None:
    """Report it if opening the archive for writing is going to migrate it."""
    if 0 < await Database.find_version(directory) < newest_version():
        remarks.note(
            "upgrading the archive of an older version (10 million messages take about a minute); older versions will"
            " not be able to open it."
        )


@asynccontextmanager
async def open_archive(directory: Path, *, command: str, remarks: Remarks) -> AsyncIterator[Database]:
    """Open the archive for mirroring, migrated to this version. Raises Busy if another process is mirroring."""
    expect_no_export(directory)
    os.umask(0o077)
    check_permissions(directory, close=True, remarks=remarks)
    new = NewArchive(directory)
    with hold(directory, command=command), undone_on_error(new):
        await report_migration(directory, remarks=remarks)
        async with await Database.open(directory) as database:
            if rewritten := await prepare_search(database):
                remarks.note(f"rebuilt the search tables from {rewritten:,} messages.")
            yield database


@asynccontextmanager
async def open_shared(directory: Path, *, command: str, remarks: Remarks) -> AsyncIterator[Database]:
    """Open the archive for short writes, even while another process is mirroring into it.

    Raises Busy if that process is of another version: a migration needs the archive alone.
    """
    expect_no_export(directory)
    os.umask(0o077)
    check_permissions(directory, close=True, remarks=remarks)
    if not await Database.is_current(directory):
        try:
            async with open_archive(directory, command=command, remarks=remarks):
                pass
        except Busy as exc:
            exc.hint = "It runs another version of telekeep: let it finish, or restart it."
            raise
    async with await Database.open(directory) as database:
        yield database
