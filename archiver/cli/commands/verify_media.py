"""`telekeep verify --media`: the stored files, read again; without it, how many were not."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.cli import interrupted, output
from archiver.cli.view import figures
from archiver.cli.view.file_sums import describe_on_disk
from archiver.cli.view.progress import Progress
from archiver.errors import UsageError
from archiver.model.iso_time import iso
from archiver.model.media_file import blob_path
from archiver.store.database import ARCHIVE_NAME, Database
from archiver.store.media.blob_check import BlobSum, sum_blobs
from archiver.store.media.channel_files import count_stored

if TYPE_CHECKING:
    from archiver.evidence.stored_files import StoredFiles

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_NAMED = 3
"""Maximum number of files named in a sentence."""
_LISTED = 1000
"""Maximum number of faults listed."""
KEPT = "the files read so far are recorded; the next run starts with the others, which this check says nothing about."
RETRY = "Have lost files fetched again: `telekeep media retry`, then `telekeep media fetch`."


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaChecked:
    """Result for the stored files."""

    of: BlobSum
    """What should be stored."""
    shown: int | None = None
    """Number of stored message files, if counted."""
    files: int = 0
    """Files that were read or looked for."""
    read: int = 0
    """Files that were read to their end."""
    size: int = 0
    missing: int = 0
    damaged: int = 0
    unreadable: int = 0
    extra: tuple[str, ...] = ()
    """Paths of files that no message has."""
    returned: tuple[str, ...] = ()
    """Paths of files that are there, but count as moved away."""
    recorded: bool = False
    faults: tuple[tuple[str, str], ...] = ()
    wanted: bool = False
    """Whether files were to be read."""

    def as_object(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "files": self.files,
            "bytes": self.size,
            "of_files": self.of.files,
            "of_bytes": self.of.size,
            "missing": self.missing,
            "damaged": self.damaged,
            "unreadable": self.unreadable,
            "extra": list(self.extra),
            "returned": list(self.returned),
            "oldest_check": iso(self.of.oldest),
            "recorded": self.recorded,
        }

    @property
    def row(self) -> tuple[str, str]:
        """The line of the result."""
        return (figures.count(self.files, "file") if output.is_terminal() else f"{self.files} files", "ok")


def parse_share(text: str | None) -> float:
    """The share of a run, `5%`. Raises UsageError."""
    if text is None:
        return 1.0
    found = _SHARE.fullmatch(text.strip())
    share = float(found[1]) / 100 if found else 0.0
    if not 0 < share <= 1:
        raise UsageError(f"--sample {text!r} is not a share of the stored files.", hint="Write --sample 5%.")
    return share


async def count_unread(directory: Path) -> MediaChecked:
    """Count what is stored, without reading it."""
    async with await Database.open_readonly(directory) as database:
        return MediaChecked(of=await database.read(sum_blobs), shown=await database.read(count_stored))


async def check_media(directory: Path, share: float, *, may_record: bool) -> MediaChecked:
    """Read stored files again. `may_record`: record the result if the archive is writable."""
    from archiver.evidence.stored_files import check_stored, describe

    record = may_record and os.access(directory / ARCHIVE_NAME, os.W_OK) and os.access(directory, os.W_OK)
    async with _open(directory, record=record) as database:
        with Progress("verify", unit="bytes", label="files") as progress:
            interrupted.count_kept(lambda: KEPT if record else "")

            def advance(done: StoredFiles, read: int, total: int) -> None:
                counted = f"{figures.count(done.files, 'file')}, {figures.size(read)}"
                progress.advance(read, total, counted=counted, more={"files": done.files})

            done = await check_stored(database, share=share, record=record, progress=advance)
        faults = [await describe(database, one) for one in done.faults[:_LISTED]]
        after = await database.read(sum_blobs)
    return _summarize(done, after, tuple((one.what, one.wrong) for one in faults))


@asynccontextmanager
async def _open(directory: Path, *, record: bool) -> AsyncIterator[Database]:
    if record:
        from archiver.compose.write_archive import open_shared

        async with open_shared(directory, command="verify", remarks=output) as database:
            yield database
        return
    async with await Database.open_readonly(directory) as database:
        yield database


def _summarize(done: StoredFiles, after: BlobSum, faults: tuple[tuple[str, str], ...]) -> MediaChecked:
    return MediaChecked(
        of=after,
        files=done.files,
        read=done.read,
        size=done.size,
        missing=done.count("missing"),
        damaged=done.count("damaged"),
        unreadable=done.count(None),
        extra=tuple(map(blob_path, done.extra)),
        returned=tuple(map(blob_path, done.returned)),
        recorded=done.recorded,
        faults=faults,
        wanted=True,
    )


def _unread(found: MediaChecked) -> str:
    """How many of the files were not read, and why."""
    cut = found.files - found.read - found.missing - found.unreadable
    counts = {"missing": found.missing, "of another size": cut, "unreadable": found.unreadable}
    why = ", ".join(f"{figures.number(count)} {word}" for word, count in counts.items() if count)
    return f"; not read: {why}" if why else ""


def _name(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more


def note_media(found: MediaChecked, *, share: float) -> None:
    """Print which files the result covers."""
    if not found.wanted:
        if found.of.files:
            stored = describe_on_disk(found.of.files if found.shown is None else found.shown, found.of)
            output.note(f"stored files were not read ({stored}); --media reads them again.")
        return
    oldest = (
        f"; the oldest check dates from {iso(found.of.oldest)}" if share < 1 and found.of.oldest is not None else ""
    )
    said = (
        f"stored files: {figures.number(found.read)} of {figures.number(found.of.files)},"
        f" {figures.size(found.size)} of {figures.size(found.of.size)}, were read again{_unread(found)}{oldest}."
    )
    output.note(said if found.of.files else "no files are stored.")
    if found.extra:
        output.note(f"{figures.count(len(found.extra), 'file')} in media/ without a message: {_name(found.extra)}.")
    if found.returned:
        files = figures.count(len(found.returned), "file")
        output.note(
            f"{files} in media/ recorded as moved away, so not read: {_name(found.returned)};"
            " `telekeep media offload --returned` hashes them, and records intact ones as stored again."
        )
    if not found.recorded:
        output.note("the result was not recorded, because the archive is damaged or cannot be written to.")
