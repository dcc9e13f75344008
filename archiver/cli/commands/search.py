"""`telekeep search`: find messages in the archive."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.search_options import (
    After,
    Around,
    Channels,
    Collapse,
    Count,
    Engine,
    Expand,
    Facet,
    Fuzzy,
    GlossaryFile,
    Json,
    Jsonl,
    Limit,
    On,
    Order,
    Query,
    SearchOptions,
    Since,
    Until,
    Zone,
    check_combination,
)
from archiver.cli.view.answers import Answers, More
from archiver.cli.view.searched import describe_searched, incomplete_object, warn_incomplete
from archiver.cli.view.shown import Shown
from archiver.compose.engine import Finder, open_finder
from archiver.compose.query import find_glossary, read_query
from archiver.compose.read_archive import When, choose_channels, open_archive
from archiver.model.row import to_object
from archiver.reading.clock_offset import read_server_now
from archiver.reading.shortfall import SearchScope, read_scope
from archiver.store.database import Connection, read
from archiver.store.rows import list_names, snapshot
from search.engine.facets import parse_names
from search.engine.protocol import Question
from search.query.dates import parse_zone
from search.query.tree import And, InChannel, Node, includes_revisions

EXIT_STATUS = {
    0: "found",
    1: "nothing found",
    2: "wrong usage, a wrong query, or there is no archive",
}


HELP = """\
Find messages in the archive.

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
bridge closed      both words, in any form or spelling (accents, case, Arabic letters, ё and е)
"bridge closed"    exactly this phrase
bridge OR мост     either word; -word: not this one; convo*: words that start with convo
has: is: channel: from: fwd: since: until: on: domain: hashtag: mention: ext: filename: views:>1000 ...
query:NAME         a query saved with `telekeep query save`
See `telekeep help query` for the full syntax.

A glossary has one group of equivalent spellings per line, separated by =: Kyiv = Kiev = Київ. --expand searches for
all of them.

Rows have the keys documented in docs/rows.md. In a pipe: date, address, link and text, separated by tabs; with -C
preceded by > for a hit or - for its context, and with a line -- between blocks. --collapse shows the earliest hit of
each group of copies, and the number of copies. --facet prints facet, name and count.
"""


def command(
    context: CommandContext,
    query: Query,
    *,
    channel: Channels = None,
    since: Since = None,
    until: Until = None,
    on: On = None,
    tz: Zone = None,
    engine: Engine = "auto",
    fuzzy: Fuzzy = False,
    expand: Expand = False,
    glossary: GlossaryFile = None,
    sort: Order = "newest",
    limit: Limit = 20,
    around: Around = 0,
    after: After = None,
    collapse: Collapse = False,
    facet: Facet = None,
    count: Count = False,
    json: Json = False,
    jsonl: Jsonl = False,
) -> int:
    """Find messages in the archive; users see HELP instead."""
    options = SearchOptions(
        channels=tuple(channel or ()),
        when=When(since, until, on, context.obj.zone(tz)),
        sort="relevance" if fuzzy and "sort" not in context.given else sort,
        limit=limit,
        around=around,
        count=count,
        shape="json" if json else "jsonl" if jsonl else "people",
        engine=engine,
        fuzzy=fuzzy,
        glossary=find_glossary(context.obj.settings, wanted=expand, named=glossary),
        facets=parse_names(facet) if facet is not None else (),
        collapse=collapse,
        after=after,
    )
    check_combination(options, both=json and jsonl)
    return interrupted.run(run(context.obj, " ".join(query), options))


async def run(invocation: Invocation, query: str, options: SearchOptions) -> int:
    """Search and print. Returns the exit status."""
    async with open_archive(invocation.settings().archive.dir, remarks=output) as database:
        conn = database.connection
        now = await read_server_now(conn)
        bounds = options.when.resolve(now, remarks=output)
        names = {channel.channel_id: channel for channel in await read(conn, list_names)}
        chosen = await choose_channels(conn, options.channels, remarks=output) if options.channels else None
        tree = await read_query(conn, query, now=now, zone=options.when.tz, remarks=output, glossary=options.glossary)
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
            over = await read_scope(conn, only=_only(question), since=bounds.since_unix, until=bounds.until_unix)
            if options.facets:
                from archiver.cli.view.facets import name_channels, print_counts

                counts = await finder.engine.facets(question, options.facets, zone)
                print_counts(name_channels(counts, names), options.shape, over)
                counted = any(counts.values())
                nothing = "" if counted else f"nothing found to count {await describe_searched(conn, over)}; "
                _remark(nothing, finder)
                warn_incomplete(over)
                return 0 if counted else 1
            answers = Answers(conn, finder, names)
            if options.count:
                count = await _count(answers, finder, question, options)
                return await _print_count(conn, count, finder, over=over, shape=options.shape)
            found, summary = await _print(answers, question, options)
            nothing = "" if found else f" {await describe_searched(conn, over)}"
            _remark(f"{summary}{nothing}; ", finder)
            warn_incomplete(over)
            return 0 if found else 1


def _remark(summary: str, finder: Finder) -> None:
    """Say which engine answered. If --fuzzy had no effect, say so even with --quiet."""
    output.note(f"{summary}{finder.describe()}")
    if output.is_quiet() and finder.fuzzy and finder.away is not None:
        output.warn(finder.describe())


async def _print(answers: Answers, question: Question, options: SearchOptions) -> tuple[int, str]:
    """Print the hits. Returns their number and a summary."""
    found, blocks_printed, more = 0, 0, ""
    show, close = _printer(question.tree, options)
    shown_blocks = (
        answers.collapsed(question, options.limit)
        if options.collapse
        else answers.plain(question, options.limit, options.around)
    )
    async with aclosing(shown_blocks) as blocks:
        async for block in blocks:
            if isinstance(block, More):
                more = f" (there are more: --after {block.cursor} continues, -n 0 shows all, --count counts them)"
                break
            found += sum(shown.is_hit for shown in block)
            blocks_printed += 1
            for shown in block:
                show(shown._replace(block=blocks_printed))
    close()
    return found, f"{found} shown, {_ORDER[question.sort]}{more}" if found else "nothing found"


async def _count(answers: Answers, finder: Finder, question: Question, options: SearchOptions) -> int:
    if options.collapse:
        return await answers.count_groups(question)
    return await finder.engine.count(question)


_ORDER = {"newest": "newest first", "oldest": "oldest first", "relevance": "best first"}


def _printer(tree: Node, options: SearchOptions) -> tuple[Callable[[Shown], None], Callable[[], None]]:
    """A function that prints a row, and one that ends the output."""
    if options.shape == "people":
        from archiver.cli.view.hits import printer

        return printer(tree, in_blocks=options.around > 0), lambda: None
    if options.shape == "jsonl":
        return lambda shown: output.jsonl(_object(shown, tree, options)), lambda: None
    array = output.JsonArray()
    return lambda shown: array.add(_object(shown, tree, options)), array.close


def _object(shown: Shown, tree: Node, options: SearchOptions) -> dict[str, Any]:
    row = to_object(shown.row)
    if options.around:
        row |= {"match": shown.is_hit, "block": shown.block}
    if includes_revisions(tree):
        row["earlier"] = shown.earlier.to_object() if shown.earlier else None
    if options.collapse:
        row["copies"] = list(shown.copies or ())
    return row


async def _print_count(conn: Connection, count: int, finder: Finder, *, over: SearchScope, shape: str) -> int:
    if shape == "people":
        output.line(str(count))
    else:
        write = output.json if shape == "json" else output.jsonl
        write({"count": count, "incomplete": incomplete_object(over)})
    nothing = "" if count else f"nothing found {await describe_searched(conn, over)}; "
    _remark(nothing, finder)
    warn_incomplete(over)
    return 0 if count else 1


def _only(question: Question) -> frozenset[int] | None:
    """The channels that the question is restricted to; None for all."""
    conditions = question.tree.parts if isinstance(question.tree, And) else (question.tree,)
    named = [part.ids for part in conditions if isinstance(part, InChannel)]
    if question.channels is not None:
        named.append(frozenset(question.channels))
    return frozenset.intersection(*named) if named else None
