"""`telekeep repair search`: make the search tables again from the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from archiver.cli import interrupted, output

if TYPE_CHECKING:
    from config.settings import Settings

EXIT_STATUS = {
    0: "the search tables are those of the messages",
    2: "wrong usage, there is no archive, or another process mirrors into it",
    6: "the messages cannot all be read; the search tables are as they were",
}


def command(context: typer.Context) -> int:
    """Make the search tables again from the messages and their earlier contents.

    \b
    Examples:
      telekeep repair search

    All at once: until it is done searches use the old tables, and stopping it leaves those. No account and no server is
    needed, but nothing else may mirror into the archive meanwhile.
    """
    return interrupted.run(run(context.obj.settings()))


async def run(settings: Settings) -> int:
    """Make them. Returns the exit status. Raises IntegrityError."""
    from archiver.compose.privacy import look_at_permissions
    from archiver.compose.write_archive import tell_of_migration
    from archiver.errors import IntegrityError
    from archiver.lock import hold
    from archiver.mirror.rebuild_search import rebuild_search
    from archiver.store.checked import UNREADABLE
    from archiver.store.database import Database, expect_archive

    directory = settings.archive.dir
    expect_archive(directory)
    look_at_permissions(directory, close=True, remarks=output)
    with hold(directory, command="repair"):
        await tell_of_migration(directory, remarks=output)
        async with await Database.open(directory) as database:
            try:
                count = await rebuild_search(database)
            except UNREADABLE as exc:
                raise IntegrityError(
                    "the messages cannot all be read; the search tables are as they were.",
                    hint="`telekeep verify` says which.",
                ) from exc
    output.note(f"made the search tables from {count:,} messages.")
    return 0
