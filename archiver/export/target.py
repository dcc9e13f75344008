"""Write a file completely or not at all: under a temporary name in the same directory, synced, then renamed.

An error or an interrupt leaves nothing on disk, and a crash what the next export removes (`temporary.py`).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from archiver.errors import UsageError
from archiver.export.temporary import create_file, lock, remove_left_over, temporary_name
from archiver.export.unwritable import unwritable

_BUFFER = 1 << 20
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
"""Errors of file systems without hard links, such as those of USB sticks."""
NO_LINKS = _NO_LINKS | {errno.EXDEV}
"""The same, and those between two file systems."""


class Target:
    """A context manager: `write` bytes, then `commit` them. Exiting without `commit` discards everything.

    `replace`: whether to replace a regular file of that name; other kinds are never replaced.
    """

    def __init__(self, path: Path, *, replace: bool = True) -> None:
        self.path = path
        self.size = 0
        self.directory = -1
        self._replace = replace
        self._digest = hashlib.sha256()
        self._part: str | None = None
        self._file: BinaryIO | None = None
        self._before: str | None = None
        self._before_lock = -1

    def __enter__(self) -> Self:
        try:
            self.directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            remove_left_over(self.directory)
            self._part, handle = create_file(self.directory)
        except OSError as exc:
            self._close_directory()
            raise self._unwritable(exc) from exc
        self._file = os.fdopen(handle, "wb", buffering=_BUFFER)
        return self

    def write(self, data: bytes) -> None:
        """Append the data."""
        assert self._file is not None
        try:
            self._file.write(data)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """SHA-256 of everything written so far."""
        return self._digest.hexdigest()

    def commit(self) -> None:
        """Put the file in place, durably."""
        self.seal()
        self.install()
        self.settle()

    def seal(self) -> None:
        """Sync everything to disk under the temporary name, and keep a link to the file to be replaced."""
        assert self._file is not None
        try:
            self._file.flush()
            old = self._find_old()
            if old is not None:
                os.fchmod(self._file.fileno(), stat.S_IMODE(old.st_mode) & 0o777)
                self._keep_old()
            os.fsync(self._file.fileno())
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def install(self) -> None:
        """Rename the file to its final name, atomically."""
        assert self._part is not None
        try:
            if self._find_old() is not None:
                os.rename(self._part, self.path.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)
            else:
                rename_new(self.directory, self._part, self.path.name)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._part = None

    @property
    def installed(self) -> bool:
        """Whether our file has its final name, even if `install` was interrupted."""
        try:
            assert self._file is not None
            ours = os.fstat(self._file.fileno())
            return os.path.samestat(ours, os.stat(self.path.name, dir_fd=self.directory, follow_symlinks=False))
        except OSError:
            return False

    def undo(self) -> None:
        """Restore what `install` replaced, as far as possible."""
        if not self.installed:
            return
        with contextlib.suppress(OSError):
            if self._before is not None:
                os.rename(self._before, self.path.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)
                self._before = None
            else:
                os.unlink(self.path.name, dir_fd=self.directory)

    def settle(self) -> None:
        """Sync the new name to disk, and drop the link to the old file."""
        try:
            os.fsync(self.directory)
        except OSError as exc:
            raise UsageError(f"{self.path} was written, but may not outlast a power cut: {exc.strerror}.") from exc
        finally:
            self._drop_old()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._part, dir_fd=self.directory)
        self._drop_old()
        if self._file is not None:
            with contextlib.suppress(OSError):  # a write error was already reported
                self._file.close()
        self._close_directory()

    def _find_old(self) -> os.stat_result | None:
        """The file to be replaced, if any. Raises UsageError if it must not be."""
        try:
            info = os.stat(self.path.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(info.st_mode):
            raise UsageError(f"{self.path} is not a regular file and is not replaced.", hint="Choose another name.")
        if not self._replace:
            raise UsageError(f"{self.path} already exists.", hint="Choose another name; --force replaces it.")
        return info

    def _keep_old(self) -> None:
        name = temporary_name()
        try:
            os.link(self.path.name, name, src_dir_fd=self.directory, dst_dir_fd=self.directory, follow_symlinks=False)
        except OSError as exc:
            if exc.errno not in _NO_LINKS:
                raise
            return
        self._before = name
        with contextlib.suppress(OSError):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self._before_lock = os.open(name, flags, dir_fd=self.directory)
            lock(self._before_lock)

    def _drop_old(self) -> None:
        if self._before is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._before, dir_fd=self.directory)
            self._before = None
        if self._before_lock >= 0:
            os.close(self._before_lock)
            self._before_lock = -1

    def _close_directory(self) -> None:
        if self.directory >= 0:
            os.close(self.directory)
            self.directory = -1

    def _unwritable(self, exc: OSError) -> UsageError:
        return unwritable(self.path, exc)


def link_new(directory: int, name: str, new_name: str) -> None:
    """Link a small file to a second name, or copy it there. Replaces nothing. Raises FileExistsError."""
    try:
        os.link(name, new_name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        part, handle = create_file(directory)
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        with os.fdopen(handle, "wb") as copy, os.fdopen(source, "rb") as file:
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
            rename_new(directory, part, new_name)


def rename_new(directory: int, part: str, name: str) -> None:
    """Rename a file of ours to an unused name. Raises FileExistsError."""
    try:
        os.link(part, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        # Without hard links there is no atomic step that never replaces a file.
        if name in os.listdir(directory):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
        os.rename(part, name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.unlink(part, dir_fd=directory)
