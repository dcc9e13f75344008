"""Exports made without a command, for tests of formats."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from archiver.cli.view.export_words import ExportWords
from archiver.cli.view.moments import Moments
from archiver.compose.read_archive import choose_channels
from archiver.export.append.run import append_to_file
from archiver.export.formats.registry import FORMATS, ExportFormat, WriterContext
from archiver.export.formats.sqlite_archive import ExtractSource
from archiver.export.job import ExportJob
from archiver.export.request import Request
from archiver.export.run import ExportResult, export_to_file, export_to_folder
from archiver.mirror.rebuild_search import index_messages
from archiver.store.channels.channel_details import list_unnamed_public
from archiver.store.database import Database
from archiver.store.messages.extract import SearchTables
from search.exact import writer
from search.query.dates import Bounds
from tests.remarks import Heard

LATER = datetime(2026, 1, 1, tzinfo=UTC)


def export_as(
    format_name: str, archive: Path, out: Path, *, force: bool = True, zone: str = "UTC", **more: Any
) -> ExportResult:
    """Export the whole archive in a format. `more`: fields of the request."""
    return export_form(FORMATS[format_name], archive, out, force=force, zone=zone, **more)


def append_as(format_name: str, archive: Path, out: Path, **more: Any) -> ExportResult:
    """The next file of a series."""
    return export_form(FORMATS[format_name], archive, out, append=True, **more)


def export_form(
    form: ExportFormat,
    archive: Path,
    out: Path,
    *,
    force: bool = True,
    zone: str = "UTC",
    append: bool = False,
    context: Mapping[str, Any] | None = None,
    job: Mapping[str, Any] | None = None,
    **more: Any,
) -> ExportResult:
    """The same for a format that has no name of its own. `context`, `job`: more fields of these."""

    async def run() -> ExportResult:
        async with await Database.open_readonly(archive) as database:
            conn = database.connection
            channels = await choose_channels(conn, [], remarks=Heard())
            request = Request(channels=channels, bounds=Bounds(), zone=zone, by_channel=form.by_channel)
            request = replace(request, **more)
            names = {name.channel_id: name for name in channels}
            extract = ExtractSource(archive=archive, search=SearchTables(writer.create, index_messages), out=out)
            needed = WriterContext(
                request=request,
                wording=ExportWords(Moments(), names),
                extract=extract,
                public=await database.read(list_unnamed_public),
            )
            needed = replace(needed, **(context or {}))
            how = ExportJob(format_name=form.name, now=LATER, force=force, **(job or {}))
            if form.make_folder is not None:
                make = partial(form.make_folder, needed)
                return await export_to_folder(conn, request, make, out, how)
            made = form.open(needed)
            if append:
                assert form.make_image is not None
                return await append_to_file(conn, request, made, out, job=how, image=form.make_image(needed))
            return await export_to_file(conn, request, made, out, how)

    return asyncio.run(run())
