"""`telekeep search`: find messages in the archive."""

from __future__ import annotations

import sys

from archiver.cli import interrupted, output
from archiver.cli.arguments import DateZoneOption
from archiver.cli.commands.opening import open_search
from archiver.cli.commands.searching import Search, print_count, print_facets, print_hits
from archiver.cli.invocation import Invocation
from archiver.cli.pages import ResultPages
from archiver.cli.parsing.parameters import CommandContext, read_signature
from archiver.cli.search_options import (
    SEARCH_FORMATS,
    After,
    Around,
    Channels,
    Collapse,
    Count,
    Engine,
    Expand,
    Facet,
    Format,
    Fuzzy,
    GlossaryFile,
    Json,
    Jsonl,
    Limit,
    MorePages,
    On,
    Order,
    Query,
    SearchOptions,
    Since,
    Until,
    Web,
    check_combination,
    choose_search_shape,
)
from archiver.cli.view import figures
from archiver.cli.view.ending import describe_command
from archiver.cli.view.export_instead import expect_printable, list_typed
from archiver.cli.view.fields import Csv, Fields
from archiver.cli.view.misplaced import find_misplaced
from archiver.cli.view.missed_days import note_missed_days
from archiver.cli.view.moments import Moments
from archiver.compose.engine import select_engine
from archiver.compose.query import find_glossary, read_query
from archiver.compose.read_archive import When, choose_channels, open_archive
from archiver.errors import UsageError
from archiver.model.iso_time import iso
from archiver.reading.clock_offset import read_server_now
from archiver.reading.posted_days import list_missed_by_day
from archiver.reading.shortfall import read_scope
from archiver.store.database import read
from archiver.store.messages.rows import list_names, snapshot
from search.engine.facets import parse_names
from search.engine.protocol import Question
from search.query.dates import parse_zone

EXIT_STATUS = {
    0: "found",
    1: "nothing found",
    2: "wrong usage, an invalid query, or there is no archive",
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
  telekeep search convoy --web
  telekeep search -- -toll bridge

\b
bridge closed      both words, in any form or spelling (accents, case, Arabic letters, ё and е)
"bridge closed"    exactly this phrase
bridge OR мост     either word; -word: not this one; convo*: words that start with convo
has: is: channel: from: fwd: since: until: on: domain: hashtag: mention: ext: filename: views:>1000
query:NAME         a query saved with `telekeep query save`
See `telekeep help query` for the full syntax.

A glossary has one group of equivalent spellings per line, separated by =: Kyiv = Kiev = Київ. --expand searches for
all of them.

A terminal shows cards, longer output in a pager; --more continues the same search at its next page. Use '*' for all
messages. Rows have the keys documented in docs/rows.md. In a pipe: date, address, link, text and title of the channel,
separated by tabs; with -C preceded by > for a hit or - for its context, and with a line -- between blocks. --collapse
shows the earliest hit of each group of copies, and the number of copies. --facet prints facet, name and count.
--format markdown or atom prints the hits as `export` writes them.
"""


def command(
    context: CommandContext,
    query: Query,
    *,
    channel: Channels = None,
    since: Since = None,
    until: Until = None,
    on: On = None,
    tz: DateZoneOption = None,
    engine: Engine = "auto",
    fuzzy: Fuzzy = False,
    expand: Expand = False,
    glossary: GlossaryFile = None,
    sort: Order = "newest",
    limit: Limit = 20,
    around: Around = 0,
    after: After = None,
    more: MorePages = False,
    collapse: Collapse = False,
    facet: Facet = None,
    count: Count = False,
    json: Json = False,
    jsonl: Jsonl = False,
    csv: Csv = False,
    format_name: Format = None,
    fields: Fields = None,
    web: Web = False,
) -> int:
    """Find messages in the archive; users see HELP instead."""
    text = " ".join(query)
    if not text.strip():
        raise UsageError("the query is empty.", hint="Use '*' for all messages, or words such as 'bridge closed'.")
    typed = {"--since": since, "--until": until, "--on": on, "--tz": tz, "--expand": expand, "--glossary": glossary}
    expect_printable(format_name, SEARCH_FORMATS, text, [*(channel or ()), *list_typed(typed)])
    shape, document = choose_search_shape(format_name, json=json, jsonl=jsonl, csv=csv, fields=fields)
    options = SearchOptions(
        channels=tuple(channel or ()),
        when=When(since, until, on, context.obj.zone(tz)),
        sort="relevance" if fuzzy and "sort" not in context.given else sort,
        limit=limit,
        limit_given="limit" in context.given,
        around=around,
        count=count,
        shape=shape,
        document=document,
        fields=fields,
        engine=engine,
        fuzzy=fuzzy,
        glossary=find_glossary(context.obj.checked_settings, wanted=expand, named=glossary),
        facets=parse_names(facet) if facet is not None else (),
        collapse=collapse,
        after=after,
        more=more,
        web=web,
    )
    check_combination(options)
    return _find(context.obj, text, options)


def _find(invocation: Invocation, text: str, options: SearchOptions) -> int:
    if options.web:
        return interrupted.run(open_search(invocation.checked_settings(), text, options))
    status = interrupted.run(run(invocation, text, options))
    _note_misplaced(text)
    return status


def _note_misplaced(text: str) -> None:
    """Suggest the command with the options that were typed inside the query."""
    if meant := find_misplaced(text, read_signature(command)):
        words = "options inside the query are read as words; did you mean:"
        for line in describe_command(words, meant) if output.is_terminal(sys.stderr) else [f"{words} {meant}"]:
            output.note(line, to_copy=True)


async def run(invocation: Invocation, query: str, options: SearchOptions) -> int:
    """Search and print. Returns the exit status."""
    settings = invocation.checked_settings()
    async with open_archive(settings.archive.dir, remarks=output) as database:
        conn = database.connection
        now = await read_server_now(conn)
        zone = parse_zone(options.when.tz)
        moments = Moments(zone, now.timestamp())
        write = moments.at if options.shape == "people" and output.is_terminal() else iso
        bounds = options.when.resolve(now, remarks=output, write=write)
        chosen = await choose_channels(conn, options.channels, remarks=output) if options.channels else None
        tree = await read_query(conn, query, now=now, zone=options.when.tz, remarks=output, glossary=options.glossary)
        pages = ResultPages(settings.archive.dir, query, options)
        if pages.is_over:
            shown = figures.count(pages.before or 0, "result")
            output.note(f"all {shown} of this search have been shown; without --more it starts again")
            return 1
        question = Question(
            tree=tree,
            bounds=bounds,
            channels=None if chosen is None else frozenset(channel.channel_id for channel in chosen),
            sort=options.sort,
            cursor=pages.cursor,
            fuzzy=options.fuzzy,
        )
        async with (
            snapshot(conn),
            select_engine(conn, settings.meilisearch, options.engine, question) as selected,
        ):
            names = {channel.channel_id: channel for channel in await read(conn, list_names)}
            over = await read_scope(conn, question)
            search = Search(conn, selected, names, question, options, moments)
            if options.facets:
                status = await print_facets(search, over)
            elif options.count:
                status = await print_count(search, over)
            else:
                status = await print_hits(search, over, pages)
            note_missed_days(await list_missed_by_day(conn, question, zone), names)
            return status
