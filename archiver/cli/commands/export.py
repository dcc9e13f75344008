"""`telekeep export`: export a range of dates to a file, with a manifest that states how complete it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.arguments import ChannelsArgument, DateZoneOption
from archiver.cli.commands.exporting import write_export
from archiver.cli.export_options import (
    EdgesOption,
    ExportPlan,
    FieldsOption,
    FormatOption,
    MediaOption,
    PartitionOption,
    PseudonymiseOption,
    PseudonymKeyOption,
    plan_export,
)
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.exported import estimate_object, report, report_estimate, to_object
from archiver.cli.view.moments import Moments
from archiver.cli.view.progress import ProgressOption, set_style
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, choose_shape
from archiver.compose.read_archive import When, choose_channels, open_archive
from archiver.errors import UsageError
from archiver.export.estimate import ExportEstimate
from archiver.export.request import Request
from archiver.export.run import (
    ExportResult,
    MediaExport,
)
from archiver.model.row import iso
from archiver.reading.clock_offset import read_server_now
from search.query.dates import parse_zone

if TYPE_CHECKING:
    from search.query.glossary import Glossary

EXIT_STATUS = {
    0: "written, even if no message is in the range",
    2: "wrong usage, or failure; nothing was written",
    130: "interrupted; nothing was written",
}

HELP = """\
Export a range of dates to a file, with a manifest.

\b
Examples:
  telekeep export -o all.jsonl
  telekeep export @channel --on 2021-12-16 --tz Asia/Baghdad --format csv -o day.csv --excel
  telekeep export --query 'bridge -toll' --since 2021-12 -o found/
  telekeep export --since 7d -o - | jq .permalink
  telekeep export @channel --format html -o pages/
  telekeep export @channel --on 2021-12-16 -o day.jsonl --media copy
  telekeep export -o all.jsonl --append
  telekeep export --edges forwards -o forwards.graphml

Formats: jsonl, csv, html (a directory of pages for any browser), desktop-json (Telegram Desktop's
format), markdown, atom, parquet, sqlite (a small archive). docs/export.md describes them.

Rows are documented in docs/rows.md. They are sorted oldest first and cover [since, until) in UTC; the same archive
and command give the same bytes. The file is written completely or not at all; an existing file is replaced only
with --force. manifest.json, in the same directory, has bounds, counts, completeness and SHA-256. Output to a pipe
or device has no manifest. --json prints what was written, and how complete it is.

--append (jsonl, csv, parquet) writes all.jsonl, then all_0002.jsonl and so on, each with only the messages that are new
or changed: edited, deleted, returned, counted again. Of each message the last row counts; together they are what a full
export would be. Without anything new no file changes.

--edges writes a network instead of messages: from where posts were forwarded to where, whom a channel mentions, what it
links to. One edge each; with --weights one for all between the same two.

--pseudonymise users gives each person another name and id, the same in every export with the same key. It is not
anonymous: docs/export.md says what is replaced and what is not.

--media copy puts the stored files into FILE.media, under names of their own, identical files once; link makes hard
links, which take no space, or copies where links are impossible. Files that are not stored are counted by status, and
the rows say which.
"""


def command(
    context: CommandContext,
    channels: ChannelsArgument = None,
    *,
    out: Annotated[
        str, Option("--output", "-o", metavar="PATH", help="A new file, a directory, a pipe, or - for stdout.")
    ],
    format_name: FormatOption = None,
    fields: FieldsOption = None,
    ids_only: Annotated[bool, Option("--ids-only", help="Only channel_id and message_id of each message.")] = False,
    partition: PartitionOption = None,
    revisions: Annotated[bool, Option("--revisions", help="Include earlier versions, under the key versions.")] = False,
    edges: EdgesOption = None,
    weights: Annotated[
        bool, Option("--weights", help="With --edges: one edge between two nodes, with how many there are.")
    ] = False,
    query: Annotated[
        str | None, Option("--query", metavar="QUERY", help="Only matching messages; see `telekeep help query`.")
    ] = None,
    expand: Annotated[bool, Option("--expand", help="Also search for equivalent spellings from the glossary.")] = False,
    glossary: Annotated[
        Path | None, Option("--glossary", metavar="FILE", help="Glossary to use instead of the configured one.")
    ] = None,
    since: Annotated[str | None, Option(metavar="DATE", help="Only messages from this time or day on.")] = None,
    until: Annotated[
        str | None,
        Option(metavar="DATE", help="Only messages up to and including this day, or before this time."),
    ] = None,
    on: Annotated[str | None, Option(metavar="DAY", help="Only this day, month, year, or range A..B.")] = None,
    tz: DateZoneOption = None,
    excel: Annotated[bool, Option("--excel", help="CSV for spreadsheets: BOM, ids as text, no formulas.")] = False,
    media: MediaOption = "none",
    pseudonymise: PseudonymiseOption = None,
    pseudonym_key: PseudonymKeyOption = None,
    force: Annotated[bool, Option("--force", help="Replace an existing file.")] = False,
    append: Annotated[
        bool, Option("--append", help="Add a file with only what is new or changed since the last one.")
    ] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Write nothing; estimate rows, bytes and seconds.")] = False,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Export a range of dates to a file, with a manifest; users see HELP instead."""
    set_style(progress)
    plan = plan_export(
        out=out,
        format_name=format_name,
        fields=fields,
        ids_only=ids_only,
        partition=partition,
        revisions=revisions,
        excel=excel,
        media=media,
        force=force,
        append=append,
        pseudonymise=pseudonymise is not None,
        edges=edges,
        weights=weights,
        dry_run=dry_run,
        shape=choose_shape(json=json, jsonl=jsonl),
    )
    if pseudonym_key is not None and pseudonymise is None:
        raise UsageError("--pseudonym-key has no effect without --pseudonymise.", hint="Add --pseudonymise users.")
    if expand and query is None:
        raise UsageError("--expand has no effect without --query.", hint="Add --query.")
    spellings = None
    if expand or glossary is not None:
        from archiver.compose.query import find_glossary

        spellings = find_glossary(context.obj.checked_settings, wanted=expand, named=glossary)
    when = When(since, until, on, context.obj.zone(tz))
    return interrupted.run(
        run(context.obj, channels or [], plan, query=query, when=when, glossary=spellings, key=pseudonym_key)
    )


async def run(
    invocation: Invocation,
    typed: list[str],
    plan: ExportPlan,
    *,
    query: str | None,
    when: When,
    glossary: Glossary | None = None,
    key: Path | None = None,
) -> int:
    """Export. Returns the exit status."""
    settings = invocation.checked_settings()
    directory = settings.archive.dir
    place = plan.find_place(directory)
    result: ExportResult | ExportEstimate | None = None
    zone = parse_zone(when.tz)
    write = Moments(zone).at if output.is_terminal() else iso
    try:
        async with open_archive(directory, remarks=output) as database:
            conn = database.connection
            now = await read_server_now(conn)
            bounds = when.resolve(now, remarks=output, write=write)
            channels = await choose_channels(conn, typed, remarks=output)
            tree = None
            if query is not None:
                from archiver.compose.query import open_engine, read_query

                await open_engine(conn)
                tree = await read_query(conn, query, now=now, zone=when.tz, remarks=output, glossary=glossary)
            request = Request(
                channels=channels,
                bounds=bounds,
                zone=when.tz,
                query=query,
                tree=tree,
                by_channel=plan.form.by_channel,
                revisions=plan.revisions,
            )
            persons = None
            if plan.pseudonymise:
                from archiver.compose.pseudonyms import open_pseudonyms

                persons = await open_pseudonyms(
                    conn, key or settings.export.pseudonym_key, archive=directory, place=place, dry_run=plan.dry_run
                )
                request = replace(request, query_instead=None if query is None else persons.query(query))
            files = None if plan.media == "none" else MediaExport(directory, plan.media, output.note)
            result = await write_export(
                conn, request, plan, place, archive=directory, now=now, files=files, persons=persons
            )
    except asyncio.CancelledError:
        if result is None:
            raise
        # The interrupt came too late: both files are in place, and 130 would mean that nothing was written.
    if result is None:
        return 0
    if isinstance(result, ExportEstimate):
        shown = estimate_object(result, plan.form.name)
        report_estimate(result, plan.form.name)
    else:
        report(result, write=write)
        shown = to_object(result)
    if plan.shape != "people":
        (output.json if plan.shape == "json" else output.jsonl)(shown)
    return 0
