"""The directory of files beside a data file, `day.jsonl.media`: put in place as a whole, together with the data.

It is filled under a temporary name and gets its own when the data does; an earlier one is exchanged for it in the same
moment, and removed afterwards. What is in the way is replaced only if every file in it is one of ours: named by the
earlier manifest, or with the beginning of its own SHA-256 in its name (`media_names`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver.errors import UsageError
from archiver.export.earlier_exports import read_media, walk
from archiver.export.exchange import exchange
from archiver.export.folder import Folder
from archiver.export.manifest import FilePart, MediaFile
from archiver.export.media_names import find_digits
from archiver.export.regular import UnusableFile, open_regular
from archiver.export.temporary import (
    DIRECTORY,
    create_folder,
    discard_folder,
    remove_left_over,
    sync_folders,
    temporary_name,
)
from archiver.export.unwritable import unwritable_folder

SUFFIX = ".media"


class FolderMedia:
    """The files of an export that is a directory anyway: in a directory within it."""

    prefix = "media"

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def open_directory(self, name: str) -> int:
        """Open a directory within it, which is made first."""
        return self._folder.open_directory(f"{self.prefix}/{name}")

    def add(self, file: MediaFile) -> None:
        """List a file that was written."""
        self._folder.files.append(FilePart(path=file.path, bytes=file.bytes, rows=0, sha256=file.sha256))

    def unwritable(self, exc: OSError) -> UsageError:
        """The error for people."""
        return self._folder.unwritable(exc)


class MediaDirectory:
    """A context manager: `open_directory` and `add` files, then `install` and `settle`; otherwise all is discarded."""

    def __init__(self, data: Path, *, replace: bool = True) -> None:
        self.path = data.with_name(data.name + SUFFIX)
        self.prefix = self.path.name
        self.files: list[MediaFile] = []
        self._data = data
        self._replace = replace
        self._parent = self._handle = -1
        self._part: str | None = None
        self._moved = False
        self._held: list[str] = []
        self._named: Mapping[str, int] = {}

    def __enter__(self) -> Self:
        try:
            self._parent = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            raise self.unwritable(exc) from exc
        return self

    def open_directory(self, name: str) -> int:
        """Open a directory within it, which is made first."""
        try:
            if self._part is None:
                remove_left_over(self._parent)
                self._part, self._handle = create_folder(self._parent)
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o777, dir_fd=self._handle)
            return os.open(name, DIRECTORY, dir_fd=self._handle)
        except OSError as exc:
            raise self.unwritable(exc) from exc

    def add(self, file: MediaFile) -> None:
        """List a file that was written."""
        self.files.append(file)

    def expect_replaceable(self) -> None:
        """Raise UsageError if something is in the way that must not be replaced."""
        held = self._list_held()
        if not held or (not self.files and not self._replace):
            return
        strange = next((name for name in held if not self._is_ours(name)), None)
        if strange is not None:
            if not self.files:
                return  # it is no part of this export, and stays
            raise UsageError(
                f"{self.path} holds files that are not of an earlier export, such as {strange}; they are not replaced.",
                hint="Choose another name.",
            )
        if not self._replace:
            raise UsageError(f"{self.path} already exists.", hint="Choose another name; --force replaces it.")

    def install(self) -> None:
        """Give it its name; what had the name gets the temporary one."""
        try:
            if self._part is not None:
                sync_folders(self._handle)
                self._put_in_place(self._part)
            elif self._replace and self._list_held() and all(map(self._is_ours, self._held)):
                self._part = temporary_name()  # this export has no files, the earlier one has
                self._rename(self.path.name, self._part)
            else:
                return
        except OSError as exc:
            raise self.unwritable(exc) from exc
        self._moved = True

    def _put_in_place(self, part: str) -> None:
        if self._list_held():
            exchange(self._parent, part, self.path.name)
        else:
            self._rename(part, self.path.name)

    def undo(self) -> None:
        """Put back what `install` has moved, as far as possible."""
        if not self._moved or self._part is None:
            return
        with contextlib.suppress(OSError):
            if self._exists(self._part) and self._exists(self.path.name):
                exchange(self._parent, self._part, self.path.name)
            elif self._exists(self._part):
                self._rename(self._part, self.path.name)
            else:
                self._rename(self.path.name, self._part)

    def _rename(self, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=self._parent, dst_dir_fd=self._parent)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        discard_folder(self._parent, self._part, self._handle)

    def _list_held(self) -> list[str]:
        """Everything below the final name that is not a directory. Raises UsageError if that is not a directory."""
        self._held, self._named = [], {}
        if not self._exists(self.path.name):
            return []
        if not stat.S_ISDIR(os.stat(self.path.name, dir_fd=self._parent, follow_symlinks=False).st_mode):
            if not self.files:
                return []
            raise UsageError(f"{self.path} is not a directory and is not replaced.", hint="Choose another name.")
        self._held = list(walk(self.path))
        self._named = read_media(self._parent, self._data.name)
        return self._held

    def _is_ours(self, name: str) -> bool:
        digits = find_digits(name)
        if digits is None:
            return False
        try:
            with open_regular(self._parent, f"{self.path.name}/{name}") as file:
                if self._named.get(f"{self.path.name}/{name}") == os.fstat(file.fileno()).st_size:
                    return True
                return hashlib.file_digest(file, "sha256").hexdigest().startswith(digits)
        except (UnusableFile, OSError):
            return False

    def _exists(self, name: str) -> bool:
        try:
            os.stat(name, dir_fd=self._parent, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def unwritable(self, exc: OSError) -> UsageError:
        """The error for people."""
        return unwritable_folder(self.path, exc)
