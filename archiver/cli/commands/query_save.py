"""`telekeep query save`: save a query under a name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import Argument, CommandContext

if TYPE_CHECKING:
    from config.settings import Settings
    from search.query.filters import Context

EXIT_STATUS = {0: "saved", 2: "wrong usage, an invalid query, or there is no archive; nothing was saved"}


def command(
    context: CommandContext,
    name: Annotated[str, Argument(metavar="NAME", help="Letters and digits of any script, - _ and .")],
    query: Annotated[list[str], Argument(metavar="QUERY", help="As in search.")],
) -> int:
    """Save a query under a name, to use it as query:NAME.

    \b
    Examples:
      telekeep query save convoys 'convoy OR рота OR رتل'
      telekeep query save fresh 'query:convoys has:video since:7d'
      telekeep query save not-toll -- -toll

    The query is checked now, with the queries and channels that it names. Relative dates such as since:7d and
    on:yesterday are resolved when the query is used, in the --tz given then. An existing query of the same name is
    replaced. Works while `telekeep run` is mirroring.
    """
    return interrupted.run(run(context.obj.settings(), name=name, query=" ".join(query)))


async def run(settings: Settings, *, name: str, query: str) -> int:
    """Check and save the query. Returns the exit status."""
    from archiver.compose.query import make_context
    from archiver.compose.write_archive import open_shared
    from archiver.errors import UsageError
    from archiver.store.database import expect_archive
    from archiver.store.search.saved_query import save_query
    from search.query.parse import EVERYTHING, parse
    from search.query.saved import MAX_QUERY_NAME, fold_query_name, is_query_name

    if not is_query_name(name):
        raise UsageError(
            f'"{name}" is not a valid query name.',
            hint=f"Use letters and digits of any script, - _ and ., at most {MAX_QUERY_NAME} characters.",
        )
    if any("\ud800" <= char <= "\udfff" for char in query):
        raise UsageError("the query is not valid UTF-8.", hint="Type it again.")
    expect_archive(settings.archive.dir)
    async with open_shared(settings.archive.dir, command="query", remarks=output) as database:
        context = await make_context(database.connection)
        saved = {**context.saved, fold_query_name(name): query}
        if parse(query, replace(context, saved=saved)) == EVERYTHING:
            raise UsageError("the query is empty.", hint="Give words or filters.")
        if broken := newly_broken(context, saved):
            raise UsageError(
                f"{', '.join(f'query:{one}' for one in broken)} would no longer work with it.",
                hint="Use another name, or fix that query first.",
            )
        before = context.saved.get(fold_query_name(name))
        await database.write(save_query, name, query, now=int(time.time()))
    output.note(f"saved; use it as query:{name}." if before is None else f"saved; previously: {before}")
    return 0


def newly_broken(context: Context, saved: Mapping[str, str]) -> list[str]:
    """The saved queries that are valid now but would not be with these."""
    after = replace(context, saved=saved)
    return [one for one in saved if _works(one, context) and not _works(one, after)]


def _works(name: str, context: Context) -> bool:
    from search.errors import QueryError
    from search.query.parse import parse

    try:
        parse(f"query:{name}", context)
    except QueryError:
        return False
    return True
