"""A file that is there whole or not at all: written beside its place under a name of its own, synced, then renamed.

The name beside it cannot be guessed, is made by us and nobody else (O_EXCL, O_NOFOLLOW), and is locked while it is
written. An error or an interrupt leaves nothing; a crash leaves `.telekeep-<random>.part`, which is locked no more and
which the next export into the directory removes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from archiver.errors import UsageError

_BUFFER = 1 << 20
_PART = re.compile(r"\.telekeep-[0-9a-f]{32}\.part")
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
"""What file systems without hard links say, as those of memory sticks."""


class Target:
    """A context: `write` bytes, `commit` to make them the file. Leaving without `commit` undoes all.

    `replace`: whether a regular file of that name gives way; anything else never does.
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
            _remove_left_over(self.directory)
            self._part, handle = _create(self.directory)
        except OSError as exc:
            self._close_directory()
            raise self._unwritable(exc) from exc
        self._file = os.fdopen(handle, "wb", buffering=_BUFFER)
        return self

    def write(self, data: bytes) -> None:
        """Append."""
        assert self._file is not None
        try:
            self._file.write(data)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """Of all that was written so far."""
        return self._digest.hexdigest()

    def commit(self) -> None:
        """Make what was written the file, durably."""
        self.seal()
        self.install()
        self.settle()

    def seal(self) -> None:
        """Bring everything to the disk, under its own name still, and keep a way back to what is replaced."""
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
        """Give it its name: one step, which happens or not."""
        assert self._part is not None
        try:
            if self._find_old() is not None:
                os.rename(self._part, self.path.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)
            else:
                _rename_new(self.directory, self._part, self.path.name)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._part = None

    @property
    def installed(self) -> bool:
        """Whether what we wrote has its name, however far `install` came."""
        try:
            assert self._file is not None
            ours = os.fstat(self._file.fileno())
            return os.path.samestat(ours, os.stat(self.path.name, dir_fd=self.directory, follow_symlinks=False))
        except OSError:
            return False

    def undo(self) -> None:
        """Put back what `install` replaced, as far as it can be."""
        if not self.installed:
            return
        with contextlib.suppress(OSError):
            if self._before is not None:
                os.rename(self._before, self.path.name, src_dir_fd=self.directory, dst_dir_fd=self.directory)
                self._before = None
            else:
                os.unlink(self.path.name, dir_fd=self.directory)

    def settle(self) -> None:
        """Make the new name last, and give up the way back."""
        try:
            os.fsync(self.directory)
        except OSError as exc:
            raise self._unwritable(exc) from exc
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
            with contextlib.suppress(OSError):  # what could not be written still cannot
                self._file.close()
        self._close_directory()

    def _find_old(self) -> os.stat_result | None:
        """The file that is to give way. Raises UsageError where something does not."""
        try:
            info = os.stat(self.path.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(info.st_mode):
            raise UsageError(f"{self.path} is no regular file and is not replaced.", hint="Choose another name.")
        if not self._replace:
            raise UsageError(f"{self.path} is there already.", hint="Choose another name; --force replaces it.")
        return info

    def _keep_old(self) -> None:
        name = _part_name()
        try:
            os.link(self.path.name, name, src_dir_fd=self.directory, dst_dir_fd=self.directory, follow_symlinks=False)
        except OSError as exc:
            if exc.errno not in _NO_LINKS:
                raise
            return
        self._before = name
        with contextlib.suppress(OSError):  # locked, so that no other export takes it for a left-over
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self._before_lock = os.open(name, flags, dir_fd=self.directory)
            fcntl.flock(self._before_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

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
        return UsageError(f"{self.path} cannot be written: {exc.strerror}.")


def link_new(directory: int, name: str, new_name: str) -> None:
    """A second name for a small file, or a copy of it under that name. Raises FileExistsError, and replaces nothing."""
    try:
        os.link(name, new_name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        part, handle = _create(directory)
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        with os.fdopen(handle, "wb") as copy, os.fdopen(source, "rb") as file:
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
            _rename_new(directory, part, new_name)


def _rename_new(directory: int, part: str, name: str) -> None:
    """Give a file of ours a name that nothing has. Raises FileExistsError."""
    try:
        os.link(part, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        # Without hard links there is no single step that spares what is there.
        if name in os.listdir(directory):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
        os.rename(part, name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        os.unlink(part, dir_fd=directory)


def _part_name() -> str:
    return f".telekeep-{secrets.token_hex(16)}.part"


def _create(directory: int) -> tuple[str, int]:
    """A new file that is ours alone, locked."""
    while True:
        name = _part_name()
        handle = os.open(name, _CREATE, 0o666, dir_fd=directory)
        with contextlib.suppress(OSError):  # there are file systems without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return name, handle
        os.close(handle)  # another export took it for a left-over, before it was locked


def _remove_left_over(directory: int) -> None:
    """Remove what exports that were killed left in the directory: our names, our files, and nobody's lock on them."""
    for name in os.listdir(directory):
        if not _PART.fullmatch(name):
            continue
        with contextlib.suppress(OSError):
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
            try:
                info = os.fstat(handle)
                if stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=directory)
            finally:
                os.close(handle)
