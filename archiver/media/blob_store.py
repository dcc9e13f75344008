"""The stored bytes of files: one copy of each content, named by its SHA-256, in `media/` of the archive.

A finished temporary file is adopted: synced, renamed to its name, and both directories synced, so that after a power
cut a blob is whole or absent. Names are made of hashes alone, never of what a server says. Everything below `media/` is
opened relative to its open directory and never through a symbolic link, which somebody may have put there meanwhile;
`media` itself may be one, to another disk.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from archiver.errors import BlockedPath, IntegrityError, NotFound, UsageError
from archiver.model.media_file import blob_path

MEDIA: Final = "media"
PARTIAL: Final = "partial"
"""Below `media/`: what is being fetched."""
DATA: Final = ".data"
"""End of the names of files under way; other files there describe them."""
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Never through a link; opening a FIFO must not block."""
_LINKED: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO})
"""What the system says of a link, or of something else in the place of a file or directory."""
_HEX: Final = frozenset("0123456789abcdef")
_CHUNK: Final = 1 << 20


class BlobStore:
    """The blobs of one archive. All methods block; a large file is hashed in seconds, so call them in a thread."""

    def __init__(self, archive: Path, *, step: Callable[[str], None] = lambda _: None) -> None:
        """`step` is called before each step of `adopt`; tests end the process there."""
        self.root = archive / MEDIA
        self.partial = self.root / PARTIAL
        self._archive = archive
        self._step = step

    def prepare(self) -> None:
        """Create `media/` and `media/partial/`, readable only by their owner. Raises UsageError."""
        try:
            self.root.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError as exc:
            raise UsageError(
                f"{self.root} is not a directory, or is a link to a missing one.",
                hint="Mount its disk, or move it away.",
            ) from exc
        with self._said(), self._directory() as root, self._inner(root, PARTIAL, make=True):
            pass

    def path(self, sha256: str) -> Path:
        """Where a blob is or would be."""
        return self._archive / blob_path(sha256)

    def open_partial(self, name: str, flags: int = os.O_RDWR | os.O_CREAT) -> int:
        """Open a file of `media/partial/`, as a descriptor. Raises UsageError if the name is taken by a link."""
        _expect_name(name)
        with self._said(), self._directory() as root, self._inner(root, PARTIAL, make=True) as partial:
            return _open_regular(name, flags, partial, self.partial)

    def drop_partial(self, name: str) -> None:
        """Remove a file of `media/partial/`, if it is there."""
        _expect_name(name)
        with (
            self._said(),
            suppress(FileNotFoundError),
            self._directory() as root,
            self._inner(root, PARTIAL) as partial,
        ):
            os.unlink(name, dir_fd=partial)

    def list_partial(self) -> list[str]:
        """The names in `media/partial/`."""
        with self._said():
            try:
                with self._directory() as root, self._inner(root, PARTIAL) as partial, os.scandir(partial) as entries:
                    return sorted(entry.name for entry in entries)
            except FileNotFoundError:
                return []

    def measure_partial(self) -> tuple[int, int]:
        """The number of files under way, and the bytes that they take on disk, which is less than they seem to have."""
        files = octets = 0
        for name in self.list_partial():
            if name.endswith(DATA):
                with suppress(OSError, UsageError), os.fdopen(self.open_partial(name, os.O_RDONLY), "rb") as file:
                    files, octets = files + 1, octets + os.fstat(file.fileno()).st_blocks * 512
        return files, octets

    def adopt(self, name: str, *, sha256: str, size: int) -> Path:
        """Make a finished file of `media/partial/` the blob with this hash, which the caller has computed.

        If there is such a blob already, it stays and the temporary file is removed. Raises IntegrityError if the
        file's size is not `size`, UsageError if a link or something else is in the way.
        """
        _expect_name(name)
        path = self.path(sha256)
        with self._said(), self._directory() as root, self._inner(root, PARTIAL) as partial:
            self._sync_finished(name, partial, size)
            with self._inner(root, path.parent.name, make=True) as bucket:
                self._step("rename")
                if self._holds(bucket, path, sha256, size):
                    os.unlink(name, dir_fd=partial)
                else:
                    os.rename(name, path.name, src_dir_fd=partial, dst_dir_fd=bucket)
                self._step("sync bucket")
                os.fsync(bucket)
            self._step("sync partial")
            os.fsync(partial)
        return path

    def open(self, sha256: str) -> BinaryIO:
        """Open a blob for reading. Raises NotFound, or UsageError if a link is in its place."""
        path = self.path(sha256)
        with self._said():
            try:
                with self._directory() as root, self._inner(root, path.parent.name) as bucket:
                    handle = _open_regular(path.name, os.O_RDONLY, bucket, path.parent)
            except FileNotFoundError as exc:
                raise NotFound(f"{path} is not there.", hint="Run `telekeep verify --media`.") from exc
            return os.fdopen(handle, "rb")

    def size(self, sha256: str) -> int | None:
        """Bytes on disk; None if the blob is not there."""
        try:
            with self.open(sha256) as file:
                return os.fstat(file.fileno()).st_size
        except NotFound:
            return None

    def has_regular(self, sha256: str) -> bool:
        """Whether the blob is there, as a file of its own: a link in its place is none."""
        try:
            return self.size(sha256) is not None
        except UsageError:
            return False

    def rehash(self, sha256: str) -> bool | None:
        """Whether the bytes on disk still have this hash; None if the blob is not there."""
        try:
            with self.open(sha256) as file:
                return hash_file(file) == sha256
        except NotFound:
            return None

    def delete(self, sha256: str) -> bool:
        """Remove a blob; return whether it was there. Its directory goes with the last one."""
        path = self.path(sha256)
        with self._said(), self._directory() as root:
            try:
                with self._inner(root, path.parent.name) as bucket:
                    os.unlink(path.name, dir_fd=bucket)
                    os.fsync(bucket)
            except FileNotFoundError:
                return False
            with suppress(OSError):  # others are in it
                os.rmdir(path.parent.name, dir_fd=root)
        return True

    def list_blobs(self) -> Iterator[str]:
        """The hashes of all regular files with a blob's name; what else lies below `media/` is not ours."""
        try:
            buckets = sorted(
                one.name for one in self.root.iterdir() if len(one.name) == 2 and _HEX.issuperset(one.name)
            )
        except FileNotFoundError:
            return
        for bucket in buckets:
            yield from self._list_bucket(bucket)

    def free_bytes(self) -> int:
        """Bytes that the file system has left for us."""
        place = self.root if self.root.exists() else self._archive
        found = os.statvfs(place)
        return found.f_bavail * found.f_frsize

    def _list_bucket(self, bucket: str) -> list[str]:
        with self._said(), self._directory() as root:
            try:
                with self._inner(root, bucket) as handle, os.scandir(handle) as entries:
                    return sorted(
                        bucket + entry.name
                        for entry in entries
                        if len(entry.name) == 62
                        and _HEX.issuperset(entry.name)
                        and entry.is_file(follow_symlinks=False)
                    )
            except OSError as exc:
                if exc.errno in _LINKED:
                    return []
                raise

    def _sync_finished(self, name: str, partial: int, size: int) -> None:
        handle = _open_regular(name, os.O_RDONLY, partial, self.partial)
        try:
            found = os.fstat(handle).st_size
            if found != size:
                raise IntegrityError(f"{self.partial / name} has {found:,} bytes instead of {size:,}.")
            os.fchmod(handle, 0o600)
            self._step("sync file")
            os.fsync(handle)
        finally:
            os.close(handle)

    def _holds(self, bucket: int, path: Path, sha256: str, size: int) -> bool:
        """Whether the bucket has the blob, whole. What has its name but other bytes is damaged, and is replaced."""
        try:
            handle = _open_regular(path.name, os.O_RDONLY, bucket, path.parent)
        except FileNotFoundError:
            return False
        with os.fdopen(handle, "rb") as file:
            return os.fstat(file.fileno()).st_size == size and hash_file(file) == sha256

    @contextmanager
    def _directory(self) -> Iterator[int]:
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield handle
        finally:
            os.close(handle)

    @contextmanager
    def _inner(self, root: int, name: str, *, make: bool = False) -> Iterator[int]:
        """Open a directory of `media/`; `make`: create it first, private, if it is not there."""
        try:
            handle = os.open(name, _DIRECTORY, dir_fd=root)
        except FileNotFoundError:
            if not make:
                raise
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=root)
            os.fsync(root)
            handle = os.open(name, _DIRECTORY, dir_fd=root)
        try:
            yield handle
        finally:
            os.close(handle)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what the system says of links in `media/` into one line; a full disk keeps its own error."""
        try:
            yield
        except OSError as exc:
            if exc.errno not in _LINKED:
                raise
            raise BlockedPath(
                f"{self.root / os.fsdecode(exc.filename or '')} is a link or not a regular file; nothing is read or"
                " written through it.",
                hint="Move it away. Only `media` itself may be a link to another disk.",
            ) from exc


def hash_file(file: BinaryIO) -> str:
    """The SHA-256 of all bytes of an open file, in hexadecimal."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _expect_name(name: str) -> None:
    """Raise ValueError unless it is one plain file name: ours are made of keys and hashes."""
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a partial file")


def _open_regular(name: str, flags: int, directory: int, place: Path) -> int:
    """Open a file of an open directory, never through a link. Raises BlockedPath unless it is a regular file."""
    try:
        handle = os.open(name, flags | _FILE, 0o600, dir_fd=directory)
    except OSError as exc:
        if exc.errno not in _LINKED:
            raise
        raise BlockedPath(f"{place / name} is a link or not a regular file.", hint="Move it away.") from exc
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise BlockedPath(f"{place / name} is not a regular file.", hint="Move it away.")
