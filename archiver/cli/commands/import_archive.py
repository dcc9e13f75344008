"""`telekeep import` of another archive of telekeep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archiver.cli.view.progress import Progress

if TYPE_CHECKING:
    from archiver.cli.view.merge_report import MergeReport
    from archiver.store.database import Database


async def import_archive(
    database: Database | None, directory: Path, path: Path, channel: str | None, *, is_dry_run: bool
) -> MergeReport:
    """Take over another archive, and say what that brought."""
    from archiver.cli.view.merge_report import MergeReport, report_merge
    from archiver.compose.merge_archive import merge_archive

    with Progress("import", unit="messages") as progress:
        outcome = await merge_archive(
            database, directory, path, channel=channel, is_dry_run=is_dry_run, progress=progress.advance
        )
    result = MergeReport(path, outcome, is_dry_run)
    report_merge(result)
    return result
