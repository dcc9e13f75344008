"""Continue a series of exports: compare each row with those in the files, and write the new and changed ones.

The manifest gets its name before the data does, with the disk synced in between: so after a kill there is a manifest
without its file, which the next run finds under its temporary name (`cut_off.py`). Rows are compared with the files
themselves, so no other state is kept or trusted: neither a clock nor a position in the archive.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from archiver.errors import Busy, UsageError
from archiver.export.append.comparison import RowComparison, load_series
from archiver.export.append.cut_off import expect_not_lost, finish_cut_off
from archiver.export.append.names import part_name
from archiver.export.append.row_image import RowImage
from archiver.export.append.series import Series, expect_intact, find_series
from archiver.export.estimate import ExportEstimate, Nowhere
from archiver.export.job import ExportJob
from archiver.export.manifest import MANIFEST_NAME, FilePart, Manifest
from archiver.export.publish import turn
from archiver.export.request import Request
from archiver.export.run import (
    ExportResult,
    export_to_file,
    list_options,
    make_manifest,
    write_all,
    write_into,
)
from archiver.export.target import Target
from archiver.export.writer import DescribedRows, FileWriter
from archiver.store.database import Connection
from archiver.store.temporary.row_digests import RowDigests

_VOLATILE = frozenset({"pyarrow"})
"""Options that affect the bytes of a file, not its values."""


async def append_to_file(
    conn: Connection,
    request: Request,
    writer: FileWriter,
    path: Path,
    *,
    job: ExportJob,
    image: RowImage,
) -> ExportResult:
    """Write the next file of the series that begins at `path`, and its manifest; the first one if there is none."""
    series = find_series(path)
    if series is not None and series.cut_off is not None:
        await finish_cut_off(series)
        series = find_series(path)
    if series is None:
        try:
            return await export_to_file(conn, request, writer, path, job)
        except UsageError as exc:
            if path.exists():
                raise Busy(f"another export began {path} in the meantime.", hint="Run it again.") from exc
            raise
    expect_same(series, request, job, write_into(writer, Nowhere()).options)
    expect_intact(series)
    with RowDigests() as held, Target(path.with_name(_next_name(series)), replace=False) as data:
        load_series(series, image, held)
        compared = RowComparison(image, held)
        sink = write_into(writer, data)
        channels, rows = await write_all(conn, request, sink, job.also_prepare(compared.pick))
        file = FilePart(path=data.path.name, bytes=data.size, rows=rows, sha256=data.sha256)
        said = _describe(series, compared)
        manifest = replace(make_manifest(request, job, sink, channels, [file]), append=said)
        if not rows and not said["withdrawn"]:
            last = series.directory / series.last.manifest
            manifest = replace(manifest, append=None)
            return ExportResult(0, manifest, path, last, series.last.sha256, unchanged=True)
        return await _publish(series, data, manifest)


async def estimate_append(
    conn: Connection,
    request: Request,
    make_rows: Callable[[Nowhere], DescribedRows],
    series: Series,
    *,
    job: ExportJob,
    image: RowImage,
) -> ExportEstimate:
    """Count what `append_to_file` would write, without writing it."""
    sink = Nowhere()
    rows = make_rows(sink)
    expect_same(series, request, job, rows.options)
    await expect_not_lost(series)
    with RowDigests() as held:
        load_series(series, image, held)
        compared = RowComparison(image, held)
        await write_all(conn, request, rows, job.also_prepare(compared.pick))
        withdrawn = compared.count_withdrawn()
    return ExportEstimate(compared.new + compared.changed, sink.size, 0.0, is_exact=True, withdrawn=withdrawn)


def expect_same(series: Series, request: Request, job: ExportJob, options: dict[str, object]) -> None:
    """Raise UsageError unless the series was exported like this."""
    claims = series.last.claims
    if claims["format"] != job.format_name:
        raise UsageError(
            f"{series.first} is {claims['format']}, not {job.format_name}.", hint=f"Use --format {claims['format']}."
        )
    before = {name: value for name, value in claims["options"].items() if name not in _VOLATILE}
    now = {name: value for name, value in list_options(request, options, job).items() if name not in _VOLATILE}
    differs = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if claims["query"] != request.shown_query:
        differs.append("query")
    if differs:
        raise UsageError(
            f"{series.first} was exported with other options ({', '.join(differs)}).",
            hint="Use the same ones, or choose another name.",
        )
    asked = {one.channel_id for one in request.channels}
    if lost := [one for one in claims["channels"] if one["channel_id"] not in asked]:
        name = lost[0]["username"] or lost[0]["alias"] or lost[0]["channel_id"]
        raise UsageError(
            f"{series.first} also has messages of {name}, which this command does not export.",
            hint="Name that channel too, or choose another name.",
        )


def _next_name(series: Series) -> str:
    return part_name(series.first, series.next_number)


def _describe(series: Series, compared: RowComparison) -> dict[str, Any]:
    """What the manifest says about the series."""
    return {
        "number": series.next_number,
        "previous": {"file": series.last.data, "manifest_sha256": series.last.sha256},
        "new": compared.new,
        "changed": compared.changed,
        "withdrawn": compared.list_withdrawn(),
        "messages": compared.messages,
    }


async def _publish(series: Series, data: Target, manifest: Manifest) -> ExportResult:
    """Put both in place: the manifest first. Raises UsageError, Busy."""
    encoded = manifest.encode()
    name = f"{data.path.name}.{MANIFEST_NAME}"
    async with turn(data.directory):
        _expect_unmoved(series)
        with Target(data.path.with_name(name), replace=False) as listed:
            if not (series.unlisted and _is_same(data)):
                data.seal()  # first, so that a full disk is reported for the data, not its manifest
            listed.write(encoded)
            listed.seal()
            await asyncio.sleep(0)  # last chance for Ctrl-C: there is no await below
            listed.install()
            listed.settle()
            if not series.unlisted:
                _install(data, listed)
    rows, digest = sum(part.share.rows for part in manifest.channels), hashlib.sha256(encoded).hexdigest()
    return ExportResult(rows, manifest, data.path, data.path.with_name(name), digest)


def _install(data: Target, listed: Target) -> None:
    try:
        data.install()
    except BaseException:
        if not data.installed:
            listed.undo()
        raise
    data.settle()


def _expect_unmoved(series: Series) -> None:
    """Raise Busy if the series was continued in the meantime."""
    now = find_series(series.directory / series.first)
    if now is None or [one.sha256 for one in now.links] != [one.sha256 for one in series.links]:
        raise Busy(f"another export continued {series.first} in the meantime.", hint="Run it again.")


def _is_same(data: Target) -> bool:
    """Whether the file that is there without a manifest is the one that would be written. Raises UsageError."""
    with data.path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == data.sha256:
            return True
    raise UsageError(
        f"{data.path} is there, but no manifest lists it.",
        hint="Restore its manifest from a copy, or move it away too and run this again.",
    )
