"""`telekeep export`: export a range of dates to a file, with a manifest that states how complete it is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.cli import interrupted, output
from archiver.cli.arguments import ChannelsArgument, DateZoneOption
from archiver.cli.commands.exporting import ExportSelection, read_request, write_export
from archiver.cli.export_options import (
    AppendOption,
    DryRunOption,
    EdgesOption,
    ExcelOption,
    ExportQueryOption,
    ExportUntilOption,
    FieldsOption,
    ForceOption,
    FormatOption,
    IdsOnlyOption,
    MediaOption,
    OutputOption,
    PartitionOption,
    PseudonymiseOption,
    PseudonymKeyOption,
    RevisionsOption,
    WeightsOption,
)
from archiver.cli.export_plan import ExportPlan, plan_export
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext
from archiver.cli.search_options import Expand, GlossaryFile, On, Since
from archiver.cli.view.exported import (
    estimate_object,
    report,
    report_damaged,
    report_estimate,
    report_stream,
    to_object,
)
from archiver.cli.view.moments import Moments
from archiver.cli.view.progress import ProgressOption, set_style
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, choose_shape
from archiver.compose.read_archive import When, open_archive
from archiver.errors import UsageError
from archiver.export.damaged import Damaged
from archiver.export.estimate import ExportEstimate
from archiver.export.job import MediaExport
from archiver.export.place import Stream
from archiver.export.run import ExportResult
from archiver.model.iso_time import iso
from archiver.reading.clock_offset import read_server_now
from archiver.store.database import Connection
from search.query.dates import parse_zone

if TYPE_CHECKING:
    from archiver.export.pseudonyms.rows import PseudonymousRows
    from search.query.glossary import Glossary

EXIT_STATUS = {
    0: "written, even if no message is in the range",
    2: "wrong usage, or failure; nothing was written",
    3: "written without the messages that are damaged in the archive; the manifest lists them",
    6: "the archive's file is damaged; nothing was written",
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

Rows are documented in docs/rows.md. They are sorted oldest first; the same archive and command give the same bytes. The
file is written completely or not at all; an existing file is replaced only with --force. manifest.json, in the same
directory, has bounds, counts, completeness and SHA-256. Output to a pipe or device has no manifest; a warning says what
is not known to be complete. --json prints what was written, and how complete it is.

--append (jsonl, csv, parquet) writes all.jsonl, then all_0002.jsonl and so on, each with only the messages that are new
or changed: edited, deleted, visible again, or with other counts. Of several rows of a message the last one is current;
together the files have what a full export would have. If nothing is new, nothing is written.

--edges writes a network instead of messages: where posts were forwarded from, whom a channel mentions, what it links
to. Each of these is an edge; with --weights there is one edge between two nodes.

--pseudonymise users gives each person another name and id, the same in every export with the same key. It is not
anonymous: docs/export.md says what is replaced and what is not.

--media copy puts the stored files into FILE.media, identical ones once, under names that telekeep makes; link makes
hard links, which take no space, or copies where links are impossible. Files that are not stored are counted by status,
and the rows say which.
"""


def command(
    context: CommandContext,
    channels: ChannelsArgument = None,
    *,
    out: OutputOption,
    format_name: FormatOption = None,
    fields: FieldsOption = None,
    ids_only: IdsOnlyOption = False,
    partition: PartitionOption = None,
    revisions: RevisionsOption = False,
    edges: EdgesOption = None,
    weights: WeightsOption = False,
    query: ExportQueryOption = None,
    expand: Expand = False,
    glossary: GlossaryFile = None,
    since: Since = None,
    until: ExportUntilOption = None,
    on: On = None,
    tz: DateZoneOption = None,
    excel: ExcelOption = False,
    media: MediaOption = "none",
    pseudonymise: PseudonymiseOption = None,
    pseudonym_key: PseudonymKeyOption = None,
    force: ForceOption = False,
    append: AppendOption = False,
    dry_run: DryRunOption = False,
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
        pseudonym_key=pseudonym_key,
        edges=edges,
        weights=weights,
        dry_run=dry_run,
        shape=choose_shape(json=json, jsonl=jsonl),
    )
    spellings = _find_glossary(context.obj, query, expand=expand, named=glossary)
    when = When(since, until, on, context.obj.zone(tz))
    selection = ExportSelection(channels=channels or [], query=query, glossary=spellings, when=when)
    return interrupted.run(run(context.obj, selection, plan))


def _find_glossary(invocation: Invocation, query: str | None, *, expand: bool, named: Path | None) -> Glossary | None:
    """The glossary for the query. Raises UsageError for options without effect."""
    if expand and query is None:
        raise UsageError("--expand has no effect without --query.", hint="Add --query.")
    if not expand and named is None:
        return None
    from archiver.compose.query import find_glossary

    return find_glossary(invocation.checked_settings, wanted=expand, named=named)


async def run(invocation: Invocation, selection: ExportSelection, plan: ExportPlan) -> int:
    """Export. Returns the exit status."""
    directory = invocation.checked_settings().archive.dir
    place = plan.find_place(directory)
    interrupted.count_kept(lambda: describe_unfinished(place, append=plan.append, is_dry_run=plan.dry_run))
    result: ExportResult | ExportEstimate | None = None
    damaged = Damaged()
    write = Moments(parse_zone(selection.when.tz)).at if output.is_terminal() else iso
    try:
        async with open_archive(directory, remarks=output) as database:
            conn = database.connection
            now = await read_server_now(conn)
            request = await read_request(conn, selection, plan, now=now, write=write)
            persons = None
            if plan.pseudonymise:
                persons = await _open_pseudonyms(conn, invocation, plan, place)
                request = replace(
                    request, query_instead=None if request.query is None else persons.query(request.query)
                )
            files = None if plan.media == "none" else MediaExport(directory, plan.media, output.note)
            result = await write_export(
                conn, request, plan, place, archive=directory, now=now, files=files, damaged=damaged, persons=persons
            )
    except asyncio.CancelledError:
        if result is None:
            raise
        # The interrupt came too late: both files are in place, and 130 would mean that nothing was written.
    if result is not None:
        _report(result, plan, write=write)
    if damaged:
        report_damaged(len(damaged))
    return 3 if damaged else 0


def describe_unfinished(place: Path | Stream, *, append: bool = False, is_dry_run: bool = False) -> str:
    """What an interrupted export left behind, and what to do."""
    if is_dry_run:
        return "nothing was written."
    if isinstance(place, Stream):
        where = "standard output" if place.descriptor == 1 else place.path
        return f"what went to {where} may be incomplete; run it again."
    if append and place.exists():
        return f"nothing was added to the series of {place}; run it again."
    return f"{place} {'stays as it was' if place.exists() else 'was not written'}; run it again."


async def _open_pseudonyms(
    conn: Connection, invocation: Invocation, plan: ExportPlan, place: Path | Stream
) -> PseudonymousRows:
    from archiver.compose.pseudonyms import open_pseudonyms
    from archiver.export.pseudonyms.key import FILE_NAME

    settings = invocation.checked_settings()
    key = plan.pseudonym_key or settings.export.pseudonym_key or settings.archive.dir / FILE_NAME
    is_new = not os.access(key, os.F_OK)
    persons = await open_pseudonyms(conn, key, place=place, dry_run=plan.dry_run)
    if is_new and not plan.dry_run:
        output.note(f"made the key of the pseudonyms, {key}: without it, later exports do not fit this one.")
    return persons


def _report(result: ExportResult | ExportEstimate, plan: ExportPlan, *, write: Callable[[int], str | None]) -> None:
    """Say what was written, or would be, to people and, with `--json`, to programs."""
    if isinstance(result, ExportResult) and result.manifest is None:
        report_stream(result)
        return
    if isinstance(result, ExportEstimate):
        shown = estimate_object(result, plan.form.name)
        report_estimate(result, plan.form.name)
    else:
        report(result, write=write)
        shown = to_object(result)
    if plan.shape != "people":
        (output.json if plan.shape == "json" else output.jsonl)(shown)
