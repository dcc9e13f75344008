"""`telekeep repair search`: rebuild the search tables from the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.view import figures
from archiver.cli.view.progress import Progress, ProgressOption, set_style

if TYPE_CHECKING:
    from config.settings import Settings

EXIT_STATUS = {
    0: "rebuilt",
    2: "wrong usage, there is no archive, or another process is mirroring into it",
    6: "some messages cannot be read; the search tables are unchanged",
}


def command(context: CommandContext, *, progress: ProgressOption = "auto") -> int:
    """Rebuild the search tables from the messages and their earlier versions.

    \b
    Examples:
      telekeep repair search

    Searches use the old tables until the rebuild is complete; interrupting it leaves them unchanged. No account or
    server is needed, but no other process may be mirroring into the archive.
    """
    set_style(progress)
    return interrupted.run(run(context.obj.settings()))


async def run(settings: Settings) -> int:
    """Rebuild the tables. Returns the exit status. Raises IntegrityError."""
    from archiver.compose.privacy import check_permissions
    from archiver.compose.write_archive import report_migration
    from archiver.errors import IntegrityError
    from archiver.lock import hold
    from archiver.mirror.rebuild_search import rebuild_search
    from archiver.store.database import Database, expect_archive
    from archiver.store.faults import find_fault
    from archiver.store.verify.checked import UNREADABLE

    directory = settings.archive.dir
    expect_archive(directory)
    check_permissions(directory, close=True, remarks=output)
    with hold(directory, command="repair"):
        await report_migration(directory, remarks=output)
        async with await Database.open(directory) as database:
            try:
                with Progress("repair", unit="messages") as progress:
                    count = await rebuild_search(database, progress.advance)
            except UNREADABLE as exc:
                if (fault := find_fault(exc)) is not None and fault.exit_status != IntegrityError.exit_status:
                    raise  # a full disk is no damage
                raise IntegrityError(
                    "some messages cannot be read; the search tables are unchanged.",
                    hint="`telekeep verify` lists them.",
                ) from exc
    output.note(f"rebuilt the search tables from {figures.count(count, 'message')}.")
    return 0
