"""Write a directory completely or not at all: under a temporary name beside its place, synced, then renamed.

A directory that is there already is replaced only if it is empty, or if it is an earlier export with nothing else in
it. As with files (`target.py`), an error or interrupt leaves nothing behind, and a crash leaves an unlocked
`.telekeep-<random>.part`, which the next export removes.
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
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from archiver.errors import UsageError
from archiver.export.earlier_exports import find_earlier_folder
from archiver.export.exchange import exchange
from archiver.export.manifest import FilePart

_BUFFER = 1 << 16
_PART = re.compile(r"\.telekeep-[0-9a-f]{32}\.part")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderFile:
    """A file that is being written within the folder."""

    def __init__(self, folder: Folder, name: str, file: BinaryIO) -> None:
        self._folder, self._name, self._file = folder, name, file
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        """Append the data."""
        try:
            self._file.write(data)
        except OSError as exc:
            raise self._folder.unwritable(exc) from exc
        self._digest.update(data)
        self._size += len(data)

    def close(self, rows: int = 0) -> None:
        """Sync the file to disk, and list it with its number of rows."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as exc:
            raise self._folder.unwritable(exc) from exc
        self._folder.files.append(
            FilePart(path=self._name, bytes=self._size, rows=rows, sha256=self._digest.hexdigest())
        )

    def drop(self) -> None:
        """Close the file without listing it."""
        with contextlib.suppress(OSError):
            self._file.close()


class Folder:
    """A context manager: `open` files, then `publish` them all. Exiting without `publish` discards everything."""

    def __init__(self, path: Path, *, replace: bool = True) -> None:
        self.path = path
        self.files: list[FilePart] = []
        self._replace = replace
        self._parent = self._handle = -1
        self._part: str | None = None
        self._open: list[FolderFile] = []

    def __enter__(self) -> Self:
        try:
            self._parent = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            remove_left_over_folders(self._parent)
            self._part = f".telekeep-{secrets.token_hex(16)}.part"
            os.mkdir(self._part, 0o777, dir_fd=self._parent)
            self._handle = os.open(self._part, _DIRECTORY, dir_fd=self._parent)
            with contextlib.suppress(OSError):  # some file systems have no locks
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            self._discard()
            raise self.unwritable(exc) from exc
        return self

    def open(self, name: str) -> FolderFile:
        """Begin a new file; folders in its name are made."""
        try:
            at = self._inner(name.split("/")[:-1])
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(name.rpartition("/")[2], flags, 0o666, dir_fd=at)
            if at != self._handle:
                os.close(at)
        except OSError as exc:
            raise self.unwritable(exc) from exc
        file = FolderFile(self, name, os.fdopen(handle, "wb", buffering=_BUFFER))
        self._open.append(file)
        return file

    def _inner(self, steps: list[str]) -> int:
        at = self._handle
        for step in steps:
            with contextlib.suppress(FileExistsError):
                os.mkdir(step, 0o777, dir_fd=at)
            inner = os.open(step, _DIRECTORY, dir_fd=at)
            if at != self._handle:
                os.close(at)
            at = inner
        return at

    def open_directory(self, name: str) -> int:
        """Open a folder within it, which is made first."""
        try:
            return self._inner(name.split("/"))
        except OSError as exc:
            raise self.unwritable(exc) from exc

    def publish(self) -> None:
        """Give the folder its final name. Raises UsageError if something else has it by now."""
        assert self._part is not None
        expect_replaceable_folder(self.path, force=self._replace)
        name = self.path.name
        try:
            for inner, _, _, handle in os.fwalk(".", dir_fd=self._handle):
                del inner
                os.fsync(handle)
            if self._is_taken():
                exchange(self._parent, self._part, name)  # what was there is removed on exit
            else:
                os.rename(self._part, name, src_dir_fd=self._parent, dst_dir_fd=self._parent)
                self._part = None
            os.fsync(self._parent)
        except OSError as exc:
            raise self.unwritable(exc) from exc

    def _is_taken(self) -> bool:
        """Whether there is a folder that is not empty."""
        try:
            return any(self.path.iterdir())
        except FileNotFoundError:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open:
            file.drop()
        self._discard()

    def _discard(self) -> None:
        if self._part is not None and self._parent >= 0:
            shutil.rmtree(self._part, ignore_errors=True, dir_fd=self._parent)
        for handle in (self._handle, self._parent):
            if handle >= 0:
                os.close(handle)
        self._handle = self._parent = -1

    def unwritable(self, exc: OSError) -> UsageError:
        """The error for people."""
        if exc.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            return UsageError(f"{self.path} was made by another program in the meantime; nothing was written.")
        return UsageError(f"{self.path} cannot be written: {exc.strerror}.")


def expect_replaceable_folder(path: Path, *, force: bool) -> None:
    """Raise UsageError unless there is nothing, an empty directory, or with `force` an earlier export of ours."""
    try:
        if path.is_symlink():
            raise UsageError(
                f"{path} is a symbolic link and is not replaced.", hint=f"Use the directory: {path.resolve()}"
            )
        is_empty = not any(path.iterdir())
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise UsageError(f"{path} is a file.", hint="This format is a directory; choose another name.") from None
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}.") from exc
    if is_empty:
        return
    earlier = find_earlier_folder(path)
    if isinstance(earlier, str):
        if force:
            return
        raise UsageError(f"{path} is an earlier export, of {earlier}.", hint="--force replaces it.")
    foreign = f", such as {earlier.name}" if earlier.name else ""
    raise UsageError(
        f"{path} holds files that are not an unchanged export{foreign}; they are not replaced.",
        hint="Choose a new directory.",
    )


@contextlib.contextmanager
def scratch_folder(parent: Path | None) -> Iterator[Path]:
    """A private folder for files that are made before they are written; None: the system's place for such."""
    above = Path(tempfile.gettempdir()) if parent is None else parent
    directory = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    name = f".telekeep-{secrets.token_hex(16)}.part"
    handle = -1
    try:
        remove_left_over_folders(directory)
        os.mkdir(name, 0o700, dir_fd=directory)
        handle = os.open(name, _DIRECTORY, dir_fd=directory)
        with contextlib.suppress(OSError):  # some file systems have no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield above / name
    except OSError as exc:
        raise UsageError(f"{above} cannot be written: {exc.strerror}.") from exc
    finally:
        shutil.rmtree(name, ignore_errors=True, dir_fd=directory)
        for one in (handle, directory):
            if one >= 0:
                os.close(one)


def remove_left_over_folders(directory: int) -> None:
    """Remove folders of killed exports from the directory: our names, our user's, and unlocked."""
    for name in os.listdir(directory):
        if not _PART.fullmatch(name):
            continue
        with contextlib.suppress(OSError):
            handle = os.open(name, _DIRECTORY, dir_fd=directory)
            try:
                if os.fstat(handle).st_uid == os.geteuid() and stat.S_ISDIR(os.fstat(handle).st_mode):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(name, dir_fd=directory)
            finally:
                os.close(handle)
