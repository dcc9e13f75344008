"""`telekeep import` of another archive of telekeep."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archiver.cli import output
from archiver.cli.view.progress import Progress

if TYPE_CHECKING:
    from archiver.cli.view.merge_report import MergeReport
    from archiver.store.database import Database

_TRIES: Final = 8
_PAUSE: Final = 0.5
"""Seconds: another program may be about to open or close it."""


async def import_archive(
    database: Database | None, directory: Path, path: Path, channel: str | None, *, is_dry_run: bool
) -> MergeReport:
    """Take over another archive, and say what that brought."""
    from archiver.cli.view.merge_report import MergeReport, report_merge
    from archiver.compose.merge_archive import merge_archive
    from archiver.store.merging.foreign import ChangedArchiveError

    with Progress("import", unit="messages") as progress:
        for tries in count(1):
            try:
                outcome = await merge_archive(
                    database, directory, path, channel=channel, is_dry_run=is_dry_run, progress=progress.advance
                )
                break
            except ChangedArchiveError:
                if tries == _TRIES:
                    raise
                output.note("another program wrote to it while it was read; it is read again")
                await asyncio.sleep(_PAUSE)
    result = MergeReport(path, outcome, is_dry_run)
    report_merge(result)
    return result
