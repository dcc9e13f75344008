"""The files that a page of messages brings: stored, or, for a dry run, only looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from archiver.ids import MessageId
from archiver.imports.adopt import (
    ExportedMedia,
    NotAdopted,
    OpenedFile,
    StoredFile,
    adopt_file,
    expect_sha256,
    expect_size,
    hash_opened,
)
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.page_files import Files, LostFiles
from archiver.imports.source import AttachedFile, Flaw, ImportedMessage
from archiver.imports.stopping import in_thread
from archiver.media.blob_store import BlobStore


class PageAdopter:
    """Takes the files of pages from beside an export into an archive."""

    def __init__(self, media: ExportedMedia, archive: Path, *, is_aside: bool = False) -> None:
        """`is_aside`: the archive is a scratch one, which needs no files."""
        self._media = media
        self._blobs = BlobStore(archive)
        self._is_aside = is_aside

    async def adopt(self, page: Sequence[ImportedMessage], outcome: ImportOutcome) -> tuple[Files, LostFiles]:
        """Store the files of a page; those that cannot be stored are added to the outcome."""
        if not any(one.files for one in page):
            return {}, {}
        return await in_thread(self._adopt_all, page, outcome)

    async def look(self, page: Sequence[ImportedMessage], held: Collection[int], outcome: ImportOutcome) -> Files:
        """The files of a page, hashed where the archive has the message."""
        return await in_thread(self._look_at_all, page, held, outcome)

    def _adopt_all(self, page: Sequence[ImportedMessage], outcome: ImportOutcome) -> tuple[Files, LostFiles]:
        self._blobs.prepare()
        return _each_file(page, outcome, lambda _, file: self._take(file))

    def _take(self, file: AttachedFile) -> StoredFile:
        """Store a file; only hash it for a scratch archive. Raises NotAdopted."""
        if not self._is_aside:
            return adopt_file(self._blobs, self._media, file)
        with self._opened(file) as opened:
            return expect_sha256(file, hash_opened(opened))

    def _look_at_all(self, page: Sequence[ImportedMessage], held: Collection[int], outcome: ImportOutcome) -> Files:
        return _each_file(page, outcome, lambda number, file: self._look(file, is_held=number in held))[0]

    def _look(self, file: AttachedFile, *, is_held: bool) -> StoredFile | None:
        with self._opened(file) as opened:
            return hash_opened(opened) if is_held else None

    @contextmanager
    def _opened(self, file: AttachedFile) -> Iterator[OpenedFile]:
        with self._media.open(file.path, self._blobs.root.parent) as opened:
            expect_size(file, opened.size)
            yield opened


def _each_file(
    page: Sequence[ImportedMessage],
    outcome: ImportOutcome,
    take: Callable[[MessageId, AttachedFile], StoredFile | None],
) -> tuple[Files, LostFiles]:
    """What `take` returns for the files of a page, and why it cannot take the others."""
    found: dict[tuple[MessageId, int], StoredFile] = {}
    lost: dict[tuple[MessageId, int], str] = {}
    for one in page:
        number = one.message_id
        for file in one.files:
            outcome.attached += 1
            try:
                if (stored := take(number, file)) is not None:
                    found[number, file.slot] = stored
            except NotAdopted as exc:
                outcome.add_flaw(Flaw(f"message {number}", f"its file is not imported: {exc}"))
                lost[number, file.slot] = str(exc)
    return found, lost
