"""Run an export: one snapshot of the archive, one pass over the rows, data first, manifest last."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.errors import UsageError
from archiver.export.channel_part import describe_channel
from archiver.export.folder import Folder
from archiver.export.job import ExportJob
from archiver.export.manifest import ChannelPart, FilePart, Manifest, folder_manifest
from archiver.export.media_directory import FolderMedia, MediaDirectory
from archiver.export.media_rows import LostFile, MediaRows
from archiver.export.one_state import one_state
from archiver.export.publish import publish
from archiver.export.request import Request
from archiver.export.target import Target
from archiver.export.write_rows import qualify, write_rows
from archiver.export.writer import ByteSink, DescribedRows, FileWriter, OpensFiles, RowSink, StreamRows
from archiver.store.database import Connection
from archiver.version import version


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What was written."""

    rows: int
    manifest: Manifest | None
    data_path: Path | None
    manifest_path: Path | None
    manifest_sha256: str | None = None
    made: Path | None = None
    """The directory that was made for it."""
    renamed: Path | None = None
    """The new path of another file's manifest that had the name."""
    lost: tuple[LostFile, ...] = ()
    """Files that the archive should have, but that are missing or damaged."""
    unchanged: bool = False
    """Whether nothing was written, because a series of files has everything."""
    channels: tuple[ChannelPart, ...] = ()
    """Of a stream, which has no manifest: what is complete."""


async def export_to_file(
    conn: Connection,
    request: Request,
    writer: FileWriter,
    path: Path,
    job: ExportJob,
) -> ExportResult:
    """Write the data file, its manifest and its files, all completely or not at all."""
    with (
        _made_parent(path) as made,
        Target(path, replace=job.force) as data,
        MediaDirectory(path, replace=job.force) as beside,
    ):
        places = job.media.rows(beside) if job.media else None
        sink = write_into(writer, data)
        channels, rows = await write_all(conn, request, sink, job, places)
        files = [FilePart(path=path.name, bytes=data.size, rows=rows, sha256=data.sha256)]
        manifest = make_manifest(request, job, sink, channels, files, media=places)
        encoded = manifest.encode()
        if places:
            await places.sync()
        published = await publish(data, encoded, beside)
    digest, lost = hashlib.sha256(encoded).hexdigest(), places.lost if places else ()
    return ExportResult(rows, manifest, path, published.manifest, digest, made, published.renamed, lost)


async def export_to_folder(
    conn: Connection,
    request: Request,
    make_writer: Callable[[OpensFiles], DescribedRows],
    path: Path,
    job: ExportJob,
) -> ExportResult:
    """Write a directory of files with its manifest, completely or not at all."""
    is_new = not path.exists()
    with _made_parent(path) as made, Folder(path, replace=job.force) as folder:
        writer = make_writer(folder)
        places = job.media.rows(FolderMedia(folder)) if job.media else None
        channels, rows = await write_all(conn, request, writer, job, places)
        manifest = make_manifest(request, job, writer, channels, folder.files, media=places)
        encoded = manifest.encode()
        last = folder.open(folder_manifest(job.format_name))
        last.write(encoded)
        last.close()
        if places:
            await places.sync()
        await asyncio.sleep(0)  # last chance for Ctrl-C: there is no await below
        folder.publish()
    digest, lost = hashlib.sha256(encoded).hexdigest(), places.lost if places else ()
    made = made or (path if is_new else None)
    return ExportResult(rows, manifest, path, path / folder_manifest(job.format_name), digest, made, lost=lost)


async def export_to_stream(
    conn: Connection,
    request: Request,
    writer: FileWriter,
    sink: ByteSink,
    *,
    job: ExportJob,
) -> ExportResult:
    """Write only the data."""
    rows = write_into(writer, sink)
    async with one_state(conn, rows):
        parts = [await describe_channel(conn, request, name) for name in request.channels]
        shares = await write_rows(conn, request, rows, job, parts)
    return ExportResult(sum(share.rows for share in shares.values()), None, None, None, channels=tuple(parts))


def write_into(writer: FileWriter, sink: ByteSink) -> DescribedRows:
    """Make what writes the rows of a format into a sink."""
    return writer(sink) if callable(writer) else StreamRows(writer, sink)


@contextmanager
def _made_parent(path: Path) -> Iterator[Path | None]:
    """Make the directory of a file if it is missing, and yield its path; remove it if the export fails."""
    missing = [above for above in path.parents if not above.exists()]
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise UsageError(f"{path.parent} cannot be created: {exc.strerror}.") from exc
        yield path.parent if missing else None
    except BaseException:
        for above in missing:
            with suppress(OSError):  # it holds other files
                above.rmdir()
        raise


async def write_all(
    conn: Connection, request: Request, rows: RowSink, job: ExportJob, media: MediaRows | None = None
) -> tuple[list[ChannelPart], int]:
    """Write the rows, and describe how complete they are for each channel; both of one state of the archive."""
    async with one_state(conn, rows):
        parts = [await describe_channel(conn, request, name) for name in request.channels]
        shares = await write_rows(conn, request, rows, job, parts, media=media)
    found = [replace(part, share=shares[part.name.channel_id]) for part in qualify(parts, job)]
    return found, sum(share.rows for share in shares.values())


def list_options(request: Request, options: Mapping[str, object], job: ExportJob) -> dict[str, object]:
    """The options of an export, for its manifest."""
    return {**options, **({"revisions": True} if request.revisions else {}), **job.options}


def make_manifest(
    request: Request,
    job: ExportJob,
    writer: DescribedRows,
    channels: list[ChannelPart],
    files: list[FilePart],
    *,
    media: MediaRows | None = None,
) -> Manifest:
    """Make the manifest."""
    return Manifest(
        request=request,
        format=job.format_name,
        options=list_options(request, writer.options, job),
        channels=channels,
        files=list(files),
        tool_version=version(),
        norm_version=_norm_version() if request.query is not None else None,
        exported_at=job.now,
        warnings=writer.warnings,
        media=None if media is None else media.part,
    )


def _norm_version() -> int:
    from search.text.normalize import NORM_VERSION

    return NORM_VERSION
