"""`telekeep query remove`: remove saved queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import Argument, CommandContext

if TYPE_CHECKING:
    from archiver.store.database import Writer
    from config.settings import Settings

EXIT_STATUS = {0: "removed", 2: "wrong usage, no such query, or other queries use it; nothing was removed"}


def command(
    context: CommandContext,
    names: Annotated[list[str], Argument(metavar="NAME", help="Name of a saved query.")],
) -> int:
    """Remove saved queries, unless others use them.

    \b
    Examples:
      telekeep query remove convoys
    """
    return interrupted.run(run(context.obj.settings(), names=names))


async def run(settings: Settings, *, names: list[str]) -> int:
    """Remove the queries. Returns the exit status."""
    from archiver.cli.commands.query_save import newly_broken
    from archiver.compose.query import make_context
    from archiver.compose.write_archive import open_shared
    from archiver.errors import NotFound, UsageError
    from archiver.store.database import expect_archive
    from archiver.store.search.saved_query import remove_query
    from search.query.filters import suggest
    from search.query.saved import fold_query_name

    expect_archive(settings.archive.dir)
    async with open_shared(settings.archive.dir, command="query", remarks=output) as database:
        context = await make_context(database.connection)
        for name in names:
            if fold_query_name(name) not in context.saved:
                hint = suggest(fold_query_name(name), context.saved, "{}") or "`telekeep query list` lists them."
                raise NotFound(f'there is no saved query "{name}".', hint=hint)
        gone = {fold_query_name(name) for name in names}
        left = {name: text for name, text in context.saved.items() if name not in gone}
        if broken := newly_broken(context, left):
            used = ", ".join(f"query:{one}" for one in broken)
            raise UsageError(f"{used} would no longer work without it.", hint="Remove or change that query first.")

        def act(conn: Writer) -> None:
            for name in names:
                remove_query(conn, name)

        await database.write(act)
    output.note(f"removed {', '.join(names)}.")
    return 0
