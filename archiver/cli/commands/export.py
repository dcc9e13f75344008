"""`telekeep export`: export a range of dates to a file, with a manifest that states how complete it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import Argument, CommandContext, Option
from archiver.cli.view.export_words import ExportWords
from archiver.cli.view.exported import report, to_object
from archiver.cli.view.moments import Moments
from archiver.cli.view.progress import Progress, ProgressOption, set_style
from archiver.cli.view.shape import JsonLinesOption, JsonObjectOption, Shape, choose_shape
from archiver.compose.query import find_glossary, open_engine, read_query
from archiver.compose.read_archive import When, choose_channels, open_archive
from archiver.errors import UsageError
from archiver.export.csv_writer import CsvWriter
from archiver.export.formats.registry import ENDINGS, FORMATS, ExportFormat, WriterContext
from archiver.export.place import Stream, find_folder, find_place, open_stream
from archiver.export.request import Request
from archiver.export.run import ExportResult, export_to_file, export_to_folder, export_to_stream
from archiver.export.stream import count_items, find_newest
from archiver.model.row import iso
from archiver.reading.clock_offset import read_server_now
from archiver.store.database import read
from archiver.store.rows import list_broadcasts, list_names
from search.query.dates import parse_zone

if TYPE_CHECKING:
    from search.query.glossary import Glossary

EXIT_STATUS = {
    0: "written, even if no message is in the range",
    2: "wrong usage, or failure; nothing was written",
    130: "interrupted; nothing was written",
}

FormatName: TypeAlias = Literal["jsonl", "csv", "html", "desktop-json", "markdown", "atom", "parquet"]

HELP = """\
Export a range of dates to a file, with a manifest.

\b
Examples:
  telekeep export -o all.jsonl
  telekeep export @channel --on 2021-12-16 --tz Asia/Baghdad --format csv -o day.csv --excel
  telekeep export --query 'bridge -toll' --since 2021-12 -o found/
  telekeep export --since 7d -o - | jq .permalink
  telekeep export @channel --format html -o pages/

Formats: jsonl, csv, html (a directory of pages that any browser shows), desktop-json (what Telegram Desktop
writes), markdown, atom, parquet. docs/export.md describes them.

Rows are documented in docs/rows.md. They are sorted oldest first and cover [since, until) in UTC; the same archive
and command give the same bytes. The file is written completely or not at all; an existing file is replaced only
with --force. manifest.json, in the same directory, has bounds, counts, completeness and SHA-256. Output to a pipe
or device has no manifest. --json prints what was written, and how complete it is.
"""


def command(
    context: CommandContext,
    channels: Annotated[
        list[str] | None, Argument(metavar="CHANNEL", help="Name, alias, link or id; default: all.")
    ] = None,
    *,
    out: Annotated[
        str, Option("--output", "-o", metavar="PATH", help="A new file, a directory, a pipe, or - for stdout.")
    ],
    format_name: Annotated[
        FormatName | None,
        Option("--format", metavar="FORMAT", help="See above; default: by the file name extension."),
    ] = None,
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
    tz: Annotated[str | None, Option(metavar="ZONE", help="Time zone of dates; default: [display] tz, UTC.")] = None,
    excel: Annotated[bool, Option("--excel", help="CSV for spreadsheets: BOM, ids as text, no formulas.")] = False,
    force: Annotated[bool, Option("--force", help="Replace an existing file.")] = False,
    json: JsonObjectOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Export a range of dates to a file, with a manifest; users see HELP instead."""
    set_style(progress)
    shape = choose_shape(json=json, jsonl=jsonl)
    _expect_separate_outputs(out, format_name, shape)
    form = choose_format(format_name, out, excel=excel)
    if expand and query is None:
        raise UsageError("--expand has no effect without --query.", hint="Add --query.")
    spellings = find_glossary(context.obj.checked_settings, wanted=expand, named=glossary)
    when = When(since, until, on, context.obj.zone(tz))
    return interrupted.run(
        run(
            context.obj,
            channels or [],
            form=form,
            out=out,
            query=query,
            when=when,
            glossary=spellings,
            force=force,
            shape=shape,
        )
    )


async def run(
    invocation: Invocation,
    typed: list[str],
    *,
    form: ExportFormat,
    out: str,
    query: str | None,
    when: When,
    glossary: Glossary | None = None,
    force: bool = False,
    shape: Shape = "people",
) -> int:
    """Export. Returns the exit status."""
    directory = invocation.checked_settings().archive.dir
    place = _find_place(form, out, force=force, archive=directory)
    result: ExportResult | None = None
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
                await open_engine(conn)
                tree = await read_query(conn, query, now=now, zone=when.tz, remarks=output, glossary=glossary)
            request = Request(
                channels=channels, bounds=bounds, zone=when.tz, query=query, tree=tree, by_channel=form.by_channel
            )
            names = {name.channel_id: name for name in await read(conn, list_names)}
            context = WriterContext(
                request=request,
                wording=ExportWords(Moments(zone), names),
                newest=await find_newest(conn, request),
                groups=frozenset(names) - await read(conn, list_broadcasts),
            )
            with Progress("export") as progress:
                total = await count_items(conn, request) if progress.is_shown else None

                def advance(rows: int) -> None:
                    progress.advance(rows, total)

                if isinstance(place, Stream):
                    async with open_stream(place) as sink:
                        await export_to_stream(conn, request, form.open(context), sink, progress=advance)
                    return 0
                if form.make_folder is not None:
                    result = await export_to_folder(
                        conn,
                        request,
                        partial(form.make_folder, context),
                        place,
                        format_name=form.name,
                        now=now,
                        force=force,
                        progress=advance,
                    )
                else:
                    result = await export_to_file(
                        conn,
                        request,
                        form.open(context),
                        place,
                        format_name=form.name,
                        now=now,
                        force=force,
                        progress=advance,
                    )
    except asyncio.CancelledError:
        if result is None:
            raise
        # The interrupt came too late: both files are in place, and 130 would mean that nothing was written.
    report(result, write=write)
    if shape != "people":
        (output.json if shape == "json" else output.jsonl)(to_object(result))
    return 0


def _find_place(form: ExportFormat, out: str, *, force: bool, archive: Path) -> Path | Stream:
    if form.make_folder is not None:
        return find_folder(out, form.name, force=force, archive=archive)
    return find_place(out, form.name, force=force, archive=archive, file_name=form.file_name)


def _expect_separate_outputs(out: str, format_name: str | None, shape: Shape) -> None:
    """Raise UsageError if rows and JSON would be mixed; warn if the name says another format than the option."""
    if shape != "people" and out in _STDOUT:
        raise UsageError(f"--{shape} and the rows cannot both go to standard output.", hint="Use -o FILE.")
    named = ENDINGS.get(Path(out).suffix.lower())
    if format_name is not None and named not in (None, format_name):
        output.warn(f"{out} is written as {format_name} (--format), but its name says {named}.")


_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def choose_format(typed: str | None, out: str, *, excel: bool) -> ExportFormat:
    """The format by --format, else by the file name extension. Raises UsageError."""
    form = FORMATS[typed or _format_of(out)]
    if not excel:
        return form
    if form.name != "csv":
        raise UsageError("--excel needs CSV.", hint="Use --format csv.")
    return replace(form, make=lambda _: CsvWriter(excel=True))


def _format_of(out: str) -> str:
    """The format by file name extension; JSON Lines without one, as for a directory, a pipe or standard output."""
    ending = Path(out).suffix.lower()
    if ending in ENDINGS:
        return ENDINGS[ending]
    if not ending or out.endswith("/") or (Path(out).exists() and not Path(out).is_file()):
        return "jsonl"
    if ending in (".html", ".htm"):
        raise UsageError("html is a directory of files.", hint=f"Use --format html -o {Path(out).with_suffix('')}/")
    raise UsageError(f"unknown file name extension {ending}.", hint=f"Use --format: {', '.join(FORMATS)}.")
