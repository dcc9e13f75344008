"""`telekeep search`: find messages in the archive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from archiver.cli import output
from archiver.cli.answers import Answers, More
from archiver.cli.engines import Choice, Finder, open_finder
from archiver.cli.finding import find_glossary, read_query
from archiver.cli.invocation import Invocation
from archiver.cli.reading import When, choose_channels, open_archive
from archiver.cli.searched import describe_searched, incomplete_object, warn_incomplete
from archiver.cli.shown import Shown
from archiver.errors import UsageError
from archiver.reading.clock_offset import read_present
from archiver.reading.shortfall import Searched, look_over
from archiver.row import to_object
from archiver.store.database import Connection
from archiver.store.rows import list_names, snapshot
from search.dates import parse_zone
from search.engine import Question, Sort
from search.facets import NAMES, FacetName, read_names
from search.tree import And, InChannel, Node, asks_revisions

if TYPE_CHECKING:
    from search.glossary import Glossary

EXIT_STATUS = {
    0: "found",
    1: "nothing found",
    2: "wrong usage, a wrong query, or there is no archive",
}


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
    facets: tuple[FacetName, ...] = ()
    """What is counted by, instead of rows."""
    collapse: bool = False
    """One row for all copies."""
    after: str | None = None
    """The cursor of an earlier answer."""


def command(
    context: typer.Context,
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="Words and filters; see `telekeep help query`.")],
    *,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", "-c", metavar="CHANNEL", help="Only in this channel; may be repeated."),
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
    limit: Annotated[int, typer.Option("-n", min=0, metavar="N", help="At most N; 0 for all.")] = 20,
    around: Annotated[
        int, typer.Option("-C", min=0, max=100, metavar="N", help="With N messages before and after, marked.")
    ] = 0,
    after: Annotated[
        str | None, typer.Option("--after", metavar="CURSOR", help="Go on where the last answer ended.")
    ] = None,
    collapse: Annotated[
        bool, typer.Option("--collapse", help="One row for all copies: forwards, and texts that read alike.")
    ] = False,
    facet: Annotated[
        str | None, typer.Option(metavar="WHAT", help=f"Count by {', '.join(NAMES)}; several with commas.")
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
      telekeep search convoy --facet channel,month --tz Asia/Baghdad
      telekeep search 'convoy in:revisions' --collapse --sort oldest
      telekeep search -- -toll bridge

    \b
    bridge closed      both words, spelled so or alike (accents, case, Arabic letters, ё and е)
    "bridge closed"    exactly these words, side by side
    bridge OR мост     one of them; -word: not this one; convo*: words that begin so
    has: is: channel: from: fwd: since: until: on: domain: hashtag: mention: ext: filename: views:>1000 ...
    query:NAME         a query that `telekeep query save` keeps
    `telekeep help query` explains all of it.

    A glossary has one group of equivalent spellings per line, with = between: Kyiv = Kiev = Київ. --expand asks for
    all.

    Rows have the keys of docs/rows.md. In a pipe: date, address, link and text, with tabs between;
    with -C > for a hit or - for its context before them, and a line -- between what does not follow one another.
    --collapse shows the earliest hit of all copies, and how many there are. --facet prints facet, name and count.
    """
    options = Options(
        channels=tuple(channel or ()),
        when=When(since, until, on, tz),
        sort="relevance" if fuzzy and _is_default(context, "sort") else sort,
        limit=limit,
        around=around,
        count=count,
        shape="json" if json else "jsonl" if jsonl else "people",
        engine=engine,
        fuzzy=fuzzy,
        glossary=find_glossary(context.obj, wanted=expand, named=glossary),
        facets=read_names(facet) if facet is not None else (),
        collapse=collapse,
        after=after,
    )
    _refuse(options, json and jsonl)
    return asyncio.run(run(context.obj, " ".join(query), options))


def _refuse(options: Options, both: bool) -> None:
    """Options that do not go together."""
    if both:
        raise UsageError("--json and --jsonl exclude each other.")
    if options.facets and (options.count or options.collapse or options.around):
        raise UsageError("--facet counts hits; --count, --collapse and -C show something else.", hint="Ask one by one.")
    if options.collapse and options.around:
        raise UsageError("--collapse and -C exclude each other: copies stand in several places.")
    if options.after is not None and (options.facets or options.count):
        raise UsageError("--after continues rows; counts are of all hits.", hint="Leave it out.")


def _is_default(context: typer.Context, name: str) -> bool:
    """Whether nobody chose: --fuzzy puts exact words before guesses then, and dates after both."""
    source = context.get_parameter_source(name)
    return source is None or source.name == "DEFAULT"


async def run(invocation: Invocation, query: str, options: Options) -> int:
    """Search and print; the result is the exit status."""
    async with open_archive(invocation) as database:
        conn = database.connection
        now = await read_present(conn)
        bounds = options.when.resolve(now)
        names = {channel.channel_id: channel for channel in await list_names(conn)}
        chosen = await choose_channels(conn, options.channels) if options.channels else None
        tree = await read_query(conn, query, now=now, zone=options.when.tz, glossary=options.glossary)
        question = Question(
            tree=tree,
            bounds=bounds,
            channels=None if chosen is None else frozenset(channel.channel_id for channel in chosen),
            sort=options.sort,
            cursor=options.after,
            fuzzy=options.fuzzy,
        )
        meilisearch = invocation.settings().meilisearch
        zone = parse_zone(options.when.tz)
        async with (
            snapshot(conn),
            open_finder(conn, meilisearch, options.engine, question, counting=(options.facets, zone)) as finder,
        ):
            over = await look_over(conn, only=_only(question), since=bounds.since_unix, until=bounds.until_unix)
            if options.facets:
                from archiver.cli.facets import name_channels, print_counts  # noqa: PLC0415 - only when it is asked for

                counts = await finder.engine.facets(question, options.facets, zone)
                print_counts(name_channels(counts, names), options.shape, over)
                counted = any(counts.values())
                nothing = "" if counted else f"nothing found to count {await describe_searched(conn, over)}; "
                output.note(f"{nothing}{finder.describe()}")
                warn_incomplete(over)
                return 0 if counted else 1
            answers = Answers(conn, finder, names)
            if options.count:
                count = await _count(answers, finder, question, options)
                return await _print_count(conn, count, finder, over=over, shape=options.shape)
            found, summary = await _print(answers, question, options)
            nothing = "" if found else f" {await describe_searched(conn, over)}"
            output.note(f"{summary}{nothing}; {finder.describe()}")
            warn_incomplete(over)
            return 0 if found else 1


async def _print(answers: Answers, question: Question, options: Options) -> tuple[int, str]:
    """Print the hits. Returns how many there were, and a summary."""
    found, blocks_told, more = 0, 0, ""
    tell, close = _teller(question.tree, options)
    shown_blocks = (
        answers.collapsed(question, options.limit)
        if options.collapse
        else answers.plain(question, options.limit, options.around)
    )
    async with aclosing(shown_blocks) as blocks:
        async for block in blocks:
            if isinstance(block, More):
                more = f" (there are more: --after {block.cursor} goes on, -n 0 shows all, --count counts them)"
                break
            found += sum(shown.is_hit for shown in block)
            blocks_told += 1
            for shown in block:
                tell(shown._replace(block=blocks_told))
    close()
    return found, f"{found} shown, {_ORDER[question.sort]}{more}" if found else "nothing found"


async def _count(answers: Answers, finder: Finder, question: Question, options: Options) -> int:
    if options.collapse:
        return await answers.count_groups(question)
    return await finder.engine.count(question)


_ORDER = {"newest": "newest first", "oldest": "oldest first", "relevance": "best first"}


def _teller(tree: Node, options: Options) -> tuple[Callable[[Shown], None], Callable[[], None]]:
    """How to print a row, and how to end."""
    if options.shape == "people":
        from archiver.cli.hits import printer  # noqa: PLC0415 - JSON needs no highlights

        return printer(tree, in_blocks=options.around > 0), lambda: None
    if options.shape == "jsonl":
        return lambda shown: output.jsonl(_object(shown, tree, options)), lambda: None
    array = output.JsonArray()
    return lambda shown: array.add(_object(shown, tree, options)), array.close


def _object(shown: Shown, tree: Node, options: Options) -> dict[str, Any]:
    row = to_object(shown.row)
    if options.around:
        row |= {"match": shown.is_hit, "block": shown.block}
    if asks_revisions(tree):
        row["earlier"] = shown.earlier.to_object() if shown.earlier else None
    if options.collapse:
        row["copies"] = list(shown.copies or ())
    return row


async def _print_count(conn: Connection, count: int, finder: Finder, *, over: Searched, shape: str) -> int:
    if shape == "people":
        output.line(str(count))
    else:
        write = output.json if shape == "json" else output.jsonl
        write({"count": count, "incomplete": incomplete_object(over)})
    nothing = "" if count else f"nothing found {await describe_searched(conn, over)}; "
    output.note(f"{nothing}{finder.describe()}")
    warn_incomplete(over)
    return 0 if count else 1


def _only(question: Question) -> frozenset[int] | None:
    """The channels that a question is about; None: all."""
    conditions = question.tree.parts if isinstance(question.tree, And) else (question.tree,)
    named = [part.ids for part in conditions if isinstance(part, InChannel)]
    if question.channels is not None:
        named.append(frozenset(question.channels))
    return frozenset.intersection(*named) if named else None
