"""Read which messages `export` was asked for, and write them: the writer of the format, and where its rows go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from archiver.cli import output
from archiver.cli.export_plan import ExportPlan
from archiver.cli.terminal import terminal_safe
from archiver.cli.view.export_words import ExportWords
from archiver.cli.view.moments import Moments
from archiver.cli.view.progress import Progress
from archiver.compose.read_archive import When, choose_channels
from archiver.errors import UsageError
from archiver.export.damaged import Damaged
from archiver.export.estimate import ExportEstimate, estimate
from archiver.export.formats.registry import ExportFormat, WriterContext
from archiver.export.job import ExportJob, MediaExport
from archiver.export.media_places import no_files, place_of
from archiver.export.place import Stream, open_stream
from archiver.export.request import Request
from archiver.export.run import (
    ExportResult,
    export_to_file,
    export_to_folder,
    export_to_stream,
    write_into,
)
from archiver.export.stream import count_items
from archiver.export.writer import ByteSink
from archiver.imports.hidden_modules import import_pyarrow
from archiver.store.channels.channel_details import list_unnamed_public
from archiver.store.database import Connection, read
from archiver.store.messages.readable import MAYBE_DAMAGE
from archiver.store.messages.rows import has_search_tables, list_broadcasts, list_names
from search.query.dates import Bounds, parse_zone

if TYPE_CHECKING:
    from archiver.export.formats.sqlite_archive import ExtractSource
    from archiver.export.pseudonyms.rows import PseudonymousRows
    from archiver.model.row import ChannelName
    from search.query.glossary import Glossary
    from search.query.tree import Node

_BINARY = ("parquet", "sqlite")
_NOT_ANONYMOUS = (
    "pseudonymised, not anonymous: the link of a post shows who is in it, and texts may name persons in plain words."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSelection:
    """Which messages to export, as typed."""

    channels: list[str]
    query: str | None
    glossary: Glossary | None
    when: When


async def read_request(
    conn: Connection,
    selection: ExportSelection,
    plan: ExportPlan,
    *,
    now: datetime,
    write: Callable[[int], str | None],
) -> Request:
    """Resolve the dates, channels and query. Raises Error."""
    when, query = selection.when, selection.query
    bounds = when.resolve(now, remarks=output, write=write)
    if bounds.since is not None and bounds.since > now:
        output.warn("0 rows: this range is in the future.")
    channels = await choose_channels(conn, selection.channels, remarks=output)
    tree = None
    if query is not None:
        from archiver.compose.query import open_engine, read_query

        await open_engine(conn)
        tree = await read_query(conn, query, now=now, zone=when.tz, remarks=output, glossary=selection.glossary)
    await _note_missed_days(conn, tree, bounds, channels, when.tz)
    return Request(
        channels=channels,
        bounds=bounds,
        zone=when.tz,
        query=query,
        tree=tree,
        by_channel=plan.form.by_channel,
        revisions=plan.revisions,
    )


async def _note_missed_days(
    conn: Connection, tree: Node | None, bounds: Bounds, channels: Sequence[ChannelName], zone: str
) -> None:
    """Name messages that belong to the dates by their day alone, if the search tables can be read."""
    if (tree is None and bounds == Bounds()) or not await read(conn, has_search_tables):
        return
    from archiver.cli.view.missed_days import note_missed_days
    from archiver.reading.posted_days import list_missed_by_day
    from search.engine.protocol import Question
    from search.query.tree import EVERYTHING

    ids = frozenset(one.channel_id for one in channels)
    question = Question(tree=tree or EVERYTHING, bounds=bounds, channels=ids)
    with suppress(*MAYBE_DAMAGE):  # what the export itself says
        missed = await list_missed_by_day(conn, question, parse_zone(zone))
        note_missed_days(missed, {one.channel_id: one for one in channels})


async def write_export(
    conn: Connection,
    request: Request,
    plan: ExportPlan,
    place: Path | Stream,
    *,
    archive: Path,
    now: datetime,
    files: MediaExport | None,
    damaged: Damaged,
    persons: PseudonymousRows | None = None,
) -> ExportResult | ExportEstimate:
    """Write the export. `persons`: pseudonymises people in rows.

    `damaged` gets the messages that are left out. That is an error in a series, which would take them for deleted, and
    in an archive, which would take them for absent.
    """
    if plan.form.name == "parquet":
        import_pyarrow(alone=True)
    form, context = plan.form, await _context(conn, request, plan, place, archive)
    image = form.make_image(context) if plan.append and form.make_image is not None else None
    job = await _make_job(conn, plan, now=now, files=files, persons=persons)
    if plan.dry_run:
        from archiver.export.append.run import estimate_append
        from archiver.export.append.series import find_series

        series = None if image is None or isinstance(place, Stream) else find_series(place)
        if image is None or series is None:
            return await _estimate(conn, request, form, context, job)
        make_rows = partial(write_into, form.open(context))
        return await estimate_append(conn, request, make_rows, series, job=job, image=image)
    with Progress("export") as progress:
        total = await count_items(conn, request) if progress.is_shown else None

        def advance(rows: int) -> None:
            progress.advance(rows, total)

        needs_all = plan.append or form.name == "sqlite"
        job = replace(job, progress=advance, damaged=None if needs_all else damaged)
        if isinstance(place, Stream):
            async with open_stream(place) as sink:
                return await export_to_stream(conn, request, form.open(context), _harmless(sink, form), job=job)
        if image is not None:
            from archiver.export.append.run import append_to_file

            return await append_to_file(conn, request, form.open(context), place, job=job, image=image)
        if form.make_folder is not None:
            return await export_to_folder(conn, request, partial(form.make_folder, context), place, job)
        return await export_to_file(conn, request, form.open(context), place, job)


class _TerminalSink:
    """Shows a text format on a terminal, without what could harm it."""

    def __init__(self, terminal: BinaryIO) -> None:
        self._terminal = terminal

    def write(self, data: bytes, /) -> None:
        """Show some lines."""
        text = data.decode("utf-8", "replace").replace("\r\n", "\n")
        self._terminal.write(terminal_safe(text, multiline=True).encode())


def _harmless(sink: BinaryIO, form: ExportFormat) -> ByteSink:
    """The sink, if it is no terminal. Raises UsageError for bytes on a terminal."""
    if not sink.isatty():
        return sink
    if form.name in _BINARY:
        raise UsageError(f"{form.name} is not text and is not shown on a terminal.", hint="Use -o FILE, or a pipe.")
    return _TerminalSink(sink)


async def _make_job(
    conn: Connection,
    plan: ExportPlan,
    *,
    now: datetime,
    files: MediaExport | None,
    persons: PseudonymousRows | None,
) -> ExportJob:
    job = ExportJob(format_name=plan.form.name, now=now, force=plan.force, media=files)
    if persons is not None:
        output.note(_NOT_ANONYMOUS)
        job = replace(job, prepare=persons.row, options=persons.options)
    if plan.edges is not None:
        from archiver.compose.edges import open_edges
        from archiver.export.edges.rows import PreparedEdges

        job = job.also_prepare(PreparedEdges(await open_edges(conn, plan.edges)).prepare)
    return job


async def _estimate(
    conn: Connection, request: Request, form: ExportFormat, context: WriterContext, job: ExportJob
) -> ExportEstimate:
    if job.media is not None:
        output.note("the estimate does not include the files.")
    if form.make_folder is not None:
        return await estimate(conn, request, partial(form.make_folder, context), job.prepare)
    return await estimate(conn, request, partial(write_into, form.open(context)), job.prepare)


async def _context(
    conn: Connection, request: Request, plan: ExportPlan, place: Path | Stream, archive: Path
) -> WriterContext:
    names = {name.channel_id: name for name in await read(conn, list_names)}
    return WriterContext(
        request=request,
        wording=ExportWords(Moments(parse_zone(request.zone)), names),
        fields=plan.fields,
        excel=plan.excel,
        groups=frozenset(names) - await read(conn, list_broadcasts),
        public=await read(conn, list_unnamed_public),
        extract=_extract_source(None if plan.dry_run else place, archive) if plan.form.name == "sqlite" else None,
        media_places=no_files if plan.media == "none" else place_of,
    )


def _extract_source(place: Path | Stream | None, archive: Path) -> ExtractSource:
    from archiver.export.formats.sqlite_archive import ExtractSource
    from archiver.mirror.rebuild_search import index_messages
    from archiver.store.messages.extract import SearchTables
    from search.exact import writer

    return ExtractSource(
        archive=archive,
        search=SearchTables(writer.create, index_messages),
        out=place if isinstance(place, Path) else None,
    )
