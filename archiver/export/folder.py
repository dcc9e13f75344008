"""Write a directory completely or not at all: under a temporary name beside its place, synced, then renamed.

A directory that is there already is replaced only if it is empty, or if it is an earlier export with nothing else in
it. An error or an interrupt leaves nothing on disk, and a crash what the next export removes (`temporary.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from archiver.errors import UsageError
from archiver.export.earlier_exports import find_earlier_folder
from archiver.export.exchange import exchange
from archiver.export.manifest import FilePart
from archiver.export.temporary import DIRECTORY, create_folder, discard_folder, remove_left_over, sync_folders
from archiver.export.unwritable import unwritable, unwritable_folder

_BUFFER = 1 << 16


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
            remove_left_over(self._parent)
            self._part, self._handle = create_folder(self._parent)
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
            inner = os.open(step, DIRECTORY, dir_fd=at)
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
            sync_folders(self._handle)
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
        discard_folder(self._parent, self._part, self._handle)
        self._handle = self._parent = -1

    def unwritable(self, exc: OSError) -> UsageError:
        """The error for people."""
        return unwritable_folder(self.path, exc)


def expect_replaceable_folder(path: Path, *, force: bool) -> None:
    """Raise UsageError unless there is nothing, an empty directory, or with `force` an earlier export of ours."""
    try:
        if path.is_symlink():
            raise UsageError(
                f"{path} is a symbolic link and is not replaced.", hint=f"Use the directory: {path.resolve()}"
            )
        earlier = find_earlier_folder(path) if any(path.iterdir()) else None
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise UsageError(f"{path} is a file.", hint="This format is a directory; choose another name.") from None
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}.") from exc
    if earlier is None:
        return
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
def scratch_folder(out: Path | None) -> Iterator[Path]:
    """A private scratch folder next to `out`, or in the system's temporary directory if `out` is None."""
    above = Path(tempfile.gettempdir()) if out is None else out.parent
    directory = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    name, handle = None, -1
    try:
        remove_left_over(directory)
        name, handle = create_folder(directory, 0o700)
        yield above / name
    except OSError as exc:
        raise unwritable(out or above, exc) from exc
    finally:
        discard_folder(directory, name, handle)
