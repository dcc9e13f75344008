"""Files beside an export become blobs of the archive: never fetched again.

Paths come from untrusted exports: each is followed only below the export's own directory, part by part, never through
a link, and only to a regular file.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from archiver.imports.regular import is_regular, open_directory, open_in
from archiver.imports.source import AttachedFile
from archiver.imports.stopping import expect_wanted
from archiver.media.blob_store import DATA, BlobStore
from archiver.store.medium import ARCHIVE_NAME

OUTSIDE: Final = "its path leads out of the export"
ABSENT: Final = "it does not exist"
NOT_REGULAR: Final = "it is a link, or not a regular file"
"""Why a file is not taken, wherever it is."""
_CHUNK: Final = 1 << 20
_LINKED: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENXIO})
_MOST_PARTS: Final = 32
_OF_DATABASE: Final = ("", "-wal", "-shm")


class StoredFile(NamedTuple):
    """Bytes that are stored."""

    sha256: str
    size: int


class NotAdopted(Exception):
    """Why a file beside an export cannot be stored, as a sentence."""


class OpenedFile(NamedTuple):
    """An opened file that belongs to an export."""

    size: int
    read: Callable[[int], bytes]


class ExportedMedia(Protocol):
    """The media files of an export."""

    def open(self, path: str, archive: Path) -> AbstractContextManager[OpenedFile]:
        """Open a file, never one outside. Raises NotAdopted. `archive`: our own directory."""
        ...


class MediaFolder:
    """A directory of media files."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def open(self, path: str, archive: Path) -> Iterator[OpenedFile]:
        """Open a file below it."""
        with open_attached(self._root, path, archive) as file:
            yield OpenedFile(os.fstat(file).st_size, partial(os.read, file))


def made_up_id(sha256: str) -> str:
    """An id for a file of unknown id, from its bytes: negative, unlike Telegram's."""
    return f"-{int(sha256[:15], 16) + 1}"


@contextmanager
def open_attached(root: Path, path: str, archive: Path) -> Iterator[int]:
    """Open a file below the directory of an export. Raises NotAdopted. `archive`: our own directory."""
    parts = _parts(path)
    with _explained(), open_directory(root, parts[:-1]) as directory:
        _expect_other(parts[-1], directory, archive)
        file = open_in(directory, parts[-1])
    try:
        if not is_regular(file):
            raise NotAdopted("it is not a regular file")
        yield file
    finally:
        os.close(file)


def adopt_file(blobs: BlobStore, media: ExportedMedia, attached: AttachedFile) -> StoredFile:
    """Copy a file into the blob store. Raises NotAdopted; other errors are the disk's own."""
    name = f"import-{os.getpid()}{DATA}"
    with media.open(attached.path, blobs.root.parent) as (size, read):
        expect_size(attached, size)
        try:
            sha256 = _copy(read, blobs.open_partial(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC))
            stored = expect_sha256(attached, StoredFile(sha256, size))
            blobs.adopt(name, sha256=sha256, size=size)
        finally:
            blobs.drop_partial(name)
    return stored


def hash_opened(file: OpenedFile) -> StoredFile:
    """The SHA-256 and the size of an opened file."""
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        expect_wanted()
        digest.update(chunk)
        size += len(chunk)
    return StoredFile(digest.hexdigest(), size)


def expect_size(attached: AttachedFile, size: int) -> None:
    """Raise NotAdopted if a file has another size than the export says; a hash says more than Telegram's size."""
    if attached.sha256 is None and attached.size not in (None, size):
        raise NotAdopted("its size differs from what the export says")


def expect_sha256(attached: AttachedFile, file: StoredFile) -> StoredFile:
    """The file. Raises NotAdopted if it has another hash than the export says."""
    if attached.sha256 not in (None, file.sha256):
        raise NotAdopted("its SHA-256 differs from what the export says")
    return file


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise NotAdopted(OUTSIDE)
    if len(parts) > _MOST_PARTS:
        raise NotAdopted("its path is too deep")
    return parts


def _expect_other(name: str, directory: int, archive: Path) -> None:
    """Refuse the database of our own archive: closing a descriptor of it would drop SQLite's locks."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except (OSError, ValueError):
        return  # opening it reports what is wrong
    for suffix in _OF_DATABASE:
        with suppress(OSError):
            if os.path.samestat(found, (archive / f"{ARCHIVE_NAME}{suffix}").stat()):
                raise NotAdopted("it is the database of this archive")


@contextmanager
def _explained() -> Iterator[None]:
    """Say why a file cannot be opened. Raises NotAdopted."""
    try:
        yield
    except FileNotFoundError as exc:
        raise NotAdopted(ABSENT) from exc
    except (OSError, ValueError) as exc:
        is_link = isinstance(exc, OSError) and exc.errno in _LINKED
        raise NotAdopted(NOT_REGULAR if is_link else "it cannot be read") from exc


def _copy(read: Callable[[int], bytes], target: int) -> str:
    """Copy all bytes; return their SHA-256."""
    digest = hashlib.sha256()
    try:
        while chunk := read(_CHUNK):
            expect_wanted()
            digest.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[os.write(target, view) :]
    finally:
        os.close(target)
    return digest.hexdigest()
