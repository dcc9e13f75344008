"""`telekeep search`: find messages in the archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from archiver.cli import output
from archiver.cli.engines import Choice, Finder, open_finder
from archiver.cli.finding import find_glossary, read_query
from archiver.cli.invocation import Invocation
from archiver.cli.reading import When, choose_channels, open_archive, present
from archiver.cli.shown import Shown
from archiver.errors import UsageError
from archiver.row import ChannelName, build_row, to_object
from archiver.store.database import Connection
from archiver.store.rows import get_messages, list_names, snapshot
from search.engine import Question, Sort
from search.tree import Node

if TYPE_CHECKING:
    from search.glossary import Glossary

EXIT_STATUS = {
    0: "found",
    1: "nothing found",
    2: "wrong usage, a wrong query, or there is no archive",
}

_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for, besides the query."""

    channels: tuple[str, ...] = ()
    when: When
    sort: Sort = "newest"
    limit: int = 20
    around: int = 0
    count: bool = False
    shape: Literal["people", "json", "jsonl"] = "people"
    engine: Choice = "auto"
    fuzzy: bool = False
    glossary: Glossary | None = None
    """The spellings that are asked for too."""


def command(
    context: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="Words and filters; see `telekeep help query`.")],
    *,
    channel: Annotated[
        list[str] | None, typer.Option("--channel", "-c", metavar="CHANNEL", help="In this one.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From this instant, or day's beginning.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Before this instant; a day is included.")] = None,
    on: Annotated[str | None, typer.Option(metavar="DAY", help="A day, month, year, or A..B.")] = None,
    tz: Annotated[str, typer.Option(metavar="ZONE", help="The zone that days are counted in.")] = "UTC",
    engine: Annotated[
        Literal["auto", "exact", "meilisearch"],
        typer.Option(metavar="ENGINE", help="auto, exact or meilisearch."),
    ] = "auto",
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Forgive typing errors (Meilisearch only).")] = False,
    expand: Annotated[
        bool, typer.Option("--expand", help="Also the other spellings of the glossary; says which.")
    ] = False,
    glossary: Annotated[
        Path | None, typer.Option("--glossary", metavar="FILE", help="Instead of the one of the settings.")
    ] = None,
    sort: Annotated[
        Literal["newest", "oldest", "relevance"], typer.Option(metavar="ORDER", help="newest, oldest or relevance.")
    ] = "newest",
    limit: Annotated[int, typer.Option("-n", min=0, metavar="N", help="At most so many; 0 for all.")] = 20,
    around: Annotated[
        int, typer.Option("-C", min=0, max=100, metavar="N", help="With N messages before and after, marked.")
    ] = 0,
    facet: Annotated[
        str | None, typer.Option(metavar="WHAT", help="Count by channel, day or media; not built yet.")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Only how many, exactly.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON array of rows.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON row a line.")] = False,
) -> int:
    """Find messages in the archive.

    \b
    Examples:
      telekeep search 'bridge closed'
      telekeep search '"جسر الليل" OR мост -toll' --since 2021-12 --tz Asia/Baghdad
      telekeep search 'has:video is:forwarded channel:NightBridge' -n 0 --jsonl
      telekeep search Sabereen --expand --glossary glossary.txt
      telekeep search -- -toll bridge

    \b
    bridge closed      both words, spelled so or alike (accents, case, Arabic letters, ё and е)
    "bridge closed"    exactly these words, side by side
    bridge OR мост     one of them; -word: not this one; convo*: words that begin so
    has: is: channel: from: fwd: since: until: on: domain: hashtag: mention: ext: filename: views:>1000 ...
    query:NAME         a query that `telekeep query save` keeps
    `telekeep help query` explains all of it.

    A glossary has a group of equivalent spellings a line, with = between: Kyiv = Kiev = Київ. --expand asks for all.

    Rows have the keys of docs/rows.md. In a pipe: date, address, link and text, with tabs between;
    with -C > for a hit or - for its context before them, and a line -- between what does not follow one another.
    """
    if facet:
        raise UsageError(
            "--facet is not built yet.", hint="Leave it out, and count one at a time: --count -c CHANNEL --on DAY."
        )
    if json and jsonl:
        raise UsageError("--json and --jsonl exclude each other.")
    options = Options(
        channels=tuple(channel or ()),
        when=When(since, until, on, tz),
        sort=sort,
        limit=limit,
        around=around,
        count=count,
        shape="json" if json else "jsonl" if jsonl else "people",
        engine=engine,
        fuzzy=fuzzy,
        glossary=find_glossary(context.obj, wanted=expand, named=glossary),
    )
    return asyncio.run(run(context.obj, " ".join(query), options))


async def run(invocation: Invocation, query: str, options: Options) -> int:
    """Search and print; the result is the exit status."""
    now = present()
    bounds = options.when.resolve(now)
    async with open_archive(invocation) as database:
        conn = database.connection
        known = await list_names(conn)
        chosen = await choose_channels(conn, options.channels) if options.channels else None
        tree = await read_query(conn, query, now=now, zone=options.when.tz, glossary=options.glossary)
        question = Question(
            tree=tree,
            bounds=bounds,
            channels=None if chosen is None else frozenset(channel.channel_id for channel in chosen),
            sort=options.sort,
            limit=min(options.limit or _PAGE, _PAGE),
            fuzzy=options.fuzzy,
        )
        meilisearch = invocation.settings().meilisearch
        async with snapshot(conn), open_finder(conn, meilisearch, options.engine, question) as finder:
            if options.count:
                return _print_count(await finder.engine.count(question), finder)
            names = {channel.channel_id: channel for channel in known}
            return await _print(conn, finder, question, names, options)


async def _print(
    conn: Connection, finder: Finder, question: Question, names: dict[int, ChannelName], options: Options
) -> int:
    found, blocks_told, more = 0, 0, ""
    tell, close = _teller(question.tree, options)
    async with aclosing(_blocks(conn, finder, question, names, options)) as blocks:
        async for block in blocks:
            if block is None:
                more = " (there are more: -n 0 shows all, --count counts them)"
                break
            found += sum(shown.is_hit for shown in block)
            blocks_told += 1
            for shown in block:
                tell(shown._replace(block=blocks_told))
    close()
    summary = f"{found} shown, {_ORDER[question.sort]}{more}" if found else "nothing found"
    output.note(f"{summary}; {finder.describe()}")
    return 0 if found else 1


async def _blocks(
    conn: Connection, finder: Finder, question: Question, names: dict[int, ChannelName], options: Options
) -> AsyncGenerator[list[Shown] | None, None]:
    """What is shown together at a time; None last, when there are more hits than were asked for."""
    left = options.limit or None
    around, page = None, _PAGE
    if options.around:
        from archiver.cli.around import PAGE, Surroundings  # noqa: PLC0415 - only when it is asked for

        around, page = Surroundings(conn, finder.engine, names, options.around), PAGE
    while True:
        answer = await finder.engine.search(replace(question, limit=page if left is None else min(left, page)))
        found = {(hit.channel_id, hit.message_id): hit.matched for hit in answer.hits}
        held = await get_messages(conn, list(found))
        finder.dropped += len(found) - len(held)
        present = {key: matched for key, matched in found.items() if key in held}
        if around is not None:
            for block in await around.blocks(question, present):
                yield block
        else:
            for key, matched in present.items():
                yield [Shown(build_row(names[key[0]], *held[key]), matched=matched)]
        left = None if left is None else left - len(held)
        if answer.cursor is None:
            return
        if left == 0:
            yield None
            return
        question = replace(question, cursor=answer.cursor)


_ORDER = {"newest": "newest first", "oldest": "oldest first", "relevance": "best first"}


def _teller(tree: Node, options: Options) -> tuple[Callable[[Shown], None], Callable[[], None]]:
    """How to print a row, and how to end."""
    if options.shape == "people":
        from archiver.cli.hits import printer  # noqa: PLC0415 - JSON needs no highlights

        return printer(tree, in_blocks=options.around > 0), lambda: None
    if options.shape == "jsonl":
        return lambda shown: output.jsonl(_object(shown, options)), lambda: None
    array = output.JsonArray()
    return lambda shown: array.add(_object(shown, options)), array.close


def _object(shown: Shown, options: Options) -> dict[str, Any]:
    row = to_object(shown.row)
    return {**row, "match": shown.is_hit, "block": shown.block} if options.around else row


def _print_count(count: int, finder: Finder) -> int:
    output.line(str(count))
    output.note(finder.describe())
    return 0 if count else 1
