"""`telekeep search`: find messages in the archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import typer

from archiver.cli import output
from archiver.cli.finding import open_engine, read_query
from archiver.cli.invocation import Invocation
from archiver.cli.reading import When, choose_channels, open_archive, present
from archiver.errors import UsageError
from archiver.row import ChannelName, Row, build_row, to_object
from archiver.store.database import Connection
from archiver.store.rows import get_messages, list_around, list_names, snapshot
from search.engine import Engine, Question, Sort
from search.tree import Node

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


def command(
    context: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="Words and filters; see above.")],
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
        typer.Option(metavar="ENGINE", help="auto or exact; meilisearch is not built yet."),
    ] = "auto",
    fuzzy: Annotated[bool, typer.Option("--fuzzy", help="Forgive typing errors; not built yet.")] = False,
    sort: Annotated[
        Literal["newest", "oldest", "relevance"], typer.Option(metavar="ORDER", help="newest, oldest or relevance.")
    ] = "newest",
    limit: Annotated[int, typer.Option("-n", min=0, metavar="N", help="At most so many; 0 for all.")] = 20,
    around: Annotated[
        int, typer.Option("-C", min=0, max=100, metavar="N", help="With N messages before and after.")
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
      telekeep search -- -toll bridge

    \b
    bridge closed      both words, spelled so or alike (accents, case, Arabic letters, ё and е)
    "bridge closed"    exactly these words, side by side
    bridge OR мост     one of them; -word: not this one; convo*: words that begin so
    has: is: channel: from: fwd: since: until: on: domain: hashtag: mention: ext: filename: views:>1000 ...

    Rows have the keys of docs/rows.md. In a pipe: date, address, link and text, with tabs between.
    """
    _refuse_unbuilt(engine=engine, fuzzy=fuzzy, facet=facet)
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
        tree = read_query(query, known=known, now=now, zone=options.when.tz)
        question = Question(
            tree=tree,
            bounds=bounds,
            channels=None if chosen is None else frozenset(channel.channel_id for channel in chosen),
            sort=options.sort,
            limit=min(options.limit or _PAGE, _PAGE),
        )
        async with snapshot(conn):
            engine = await open_engine(conn)
            if options.count:
                return _print_count(await engine.count(question), engine)
            names = {channel.channel_id: channel for channel in known}
            return await _print(conn, engine, question, names, options)


async def _print(
    conn: Connection, engine: Engine, question: Question, names: dict[int, ChannelName], options: Options
) -> int:
    found, more = 0, ""
    tell, close = _teller(question.tree, options)
    async with aclosing(_blocks(conn, engine, question, names, options)) as blocks:
        async for block in blocks:
            if block is None:
                more = " (there are more: -n 0 shows all, --count counts them)"
                break
            found += 1
            for row, hit in block:
                tell(row, hit)
    close()
    shown = f"{found} shown, {_ORDER[question.sort]}{more}" if found else "nothing found"
    output.note(f"{shown}; {_by(engine)}")
    return 0 if found else 1


async def _blocks(
    conn: Connection, engine: Engine, question: Question, names: dict[int, ChannelName], options: Options
) -> AsyncGenerator[list[tuple[Row, bool]] | None, None]:
    """A hit with its neighbours at a time; None last, when there are more than were asked for."""
    left = options.limit or None
    while True:
        answer = await engine.search(replace(question, limit=_PAGE if left is None else min(left, _PAGE)))
        keys = [(hit.channel_id, hit.message_id) for hit in answer.hits]
        held = await get_messages(conn, keys)
        for key in keys:
            if key not in held:
                continue
            around = await list_around(conn, *key, options.around) if options.around else [held[key]]
            yield [(build_row(names[key[0]], *one), one[0].message_id == key[1]) for one in around]
        left = None if left is None else left - len(keys)
        if answer.cursor is None:
            return
        if left == 0:
            yield None
            return
        question = replace(question, cursor=answer.cursor)


_ORDER = {"newest": "newest first", "oldest": "oldest first", "relevance": "best first"}


def _teller(tree: Node, options: Options) -> tuple[Callable[[Row, bool], None], Callable[[], None]]:
    """How to print a row, and how to end."""
    if options.shape == "people":
        from archiver.cli.hits import printer  # noqa: PLC0415 - JSON needs no highlights

        return printer(tree), lambda: None
    if options.shape == "jsonl":
        return lambda row, hit: output.jsonl(_object(row, hit, options)), lambda: None
    array = output.JsonArray()
    return lambda row, hit: array.add(_object(row, hit, options)), array.close


def _object(row: Row, hit: bool, options: Options) -> dict[str, Any]:
    return {**to_object(row), "match": hit} if options.around else to_object(row)


def _print_count(count: int, engine: Engine) -> int:
    output.line(str(count))
    output.note(_by(engine))
    return 0 if count else 1


def _by(engine: Engine) -> str:
    """Who answered, and whether its counts are exact."""
    return f"engine={engine.name} exact=yes"


def _refuse_unbuilt(*, engine: str, fuzzy: bool, facet: str | None) -> None:
    hint = "The embedded engine answers exactly: leave the option out."
    if engine == "meilisearch":
        raise UsageError("--engine meilisearch is not built yet.", hint=hint)
    if fuzzy:
        raise UsageError("--fuzzy is not built yet.", hint=hint)
    if facet:
        raise UsageError("--facet is not built yet.", hint="Count one at a time: --count -c CHANNEL --on DAY.")
