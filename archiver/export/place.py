"""Resolve `-o`: a regular file, which is written completely or not at all, or a stream to write to."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archiver.errors import UsageError
from archiver.export.earlier_exports import find_earlier
from archiver.export.folder import expect_replaceable_folder
from archiver.export.formats.registry import ENDINGS
from archiver.export.manifest import MANIFEST_NAME

_DESCRIPTOR = re.compile(rf"(?:/dev|/proc/(?:self|thread-self|{os.getpid()}))/(?:fd/([0-9]{{1,9}})|stdout|stderr)")
_BESIDE_ARCHIVE = frozenset(ENDINGS) - {".sqlite", ".sqlite3", ".db"}
"""File name extensions that SQLite gives to none of its own files."""
_LINKS = 40
"""Symbolic links in a row that Linux follows."""
_READER_TIMEOUT = 600.0
"""Seconds to wait for a reader of a pipe."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Standard output, a pipe or a device. A stream never gets a manifest."""

    path: str
    descriptor: int | None = None
    """If it is already open."""


def find_place(
    out: str, extension: str, *, force: bool = True, archive: Path | None = None, file_name: str | None = None
) -> Path | Stream:
    """The stream or file that `-o` names; `file_name`, or `messages.<extension>`, if it names a directory.

    Raises UsageError for what must not be replaced: files, unless `force`; links, disks, files of the archive.
    """
    if out == "-":
        return Stream(out, 1)
    descriptor = _find_descriptor(out)
    if descriptor is not None:
        return Stream(out, descriptor)
    if not out or "\0" in out:
        raise UsageError("-o needs the name of a file or directory, or - for standard output.")
    path = Path(out)
    info = _examine(path)
    _expect_outside_files(path, archive)
    if out.endswith("/") or (info and stat.S_ISDIR(info.st_mode)):
        name = file_name or f"messages.{extension}"
        return find_place(str(path / name), extension, force=force, archive=archive)
    if path.name.endswith(MANIFEST_NAME):
        raise UsageError(f"{out} cannot be the data file.", hint="That name is reserved for the manifest.")
    if info is None:
        _expect_no_clash(path, archive)
        _expect_nameable(path)
        return path
    if stat.S_ISFIFO(info.st_mode) or stat.S_ISCHR(info.st_mode):
        return Stream(out)
    if path.is_symlink():
        raise UsageError(f"{out} is a symbolic link and is not replaced.", hint=f"Use the file: {path.resolve()}")
    if not stat.S_ISREG(info.st_mode):
        raise UsageError(f"{out} is a disk or a socket; exports are not written there.", hint="Use a file.")
    _expect_nameable(path)
    _expect_replaceable(path, force=force, archive=archive)
    return path


def find_folder(out: str, format_name: str, *, force: bool = True, archive: Path | None = None) -> Path:
    """The directory that `-o` names, for a format of several files.

    Raises UsageError for what must not be replaced: anything but an empty directory or, with `force`, our own export.
    """
    if out == "-" or _find_descriptor(out) is not None:
        raise UsageError(f"{format_name} is a directory of files and cannot go to a stream.", hint="Use -o DIRECTORY.")
    if not out or "\0" in out or not Path(out).name:
        raise UsageError("-o needs the name of a new directory.")
    path = Path(out)
    if path.suffix.lower() in (".html", ".htm"):
        raise UsageError(f"{format_name} is a directory of files.", hint=f"Use -o {path.with_suffix('')}/")
    if archive is not None and path.resolve().is_relative_to(archive.resolve()):
        raise UsageError(f"{path} would be among the archive's own files.", hint="Choose another directory.")
    _expect_nameable(path)
    expect_replaceable_folder(path, force=force)
    return path


def _examine(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise UsageError(f"{path} is a broken symbolic link.", hint="Use a file.") from None
        return None
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}.") from exc


def _find_descriptor(out: str) -> int | None:
    """The open descriptor that a path such as /dev/stdout refers to, also through links."""
    path = os.path.abspath(out)  # noqa: PTH100 - resolving would follow it to the very file
    for _ in range(_LINKS):
        if found := _DESCRIPTOR.fullmatch(path):
            return int(found[1]) if found[1] else 2 if path.endswith("stderr") else 1
        try:
            path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))  # noqa: PTH115, PTH118, PTH120
        except (OSError, ValueError):
            return None
    return None


def _expect_nameable(path: Path) -> None:
    """Raise UsageError if the manifest cannot name the file in UTF-8."""
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"the name of {path} is not UTF-8, so the manifest cannot contain it.", hint="Choose another name."
        ) from None


def _expect_outside_files(path: Path, archive: Path | None) -> None:
    """Raise UsageError for anything in the directory of stored files."""
    if archive is not None and path.resolve().is_relative_to((archive / "media").resolve()):
        raise UsageError(f"{path} would be among the archive's stored files.", hint="Choose another directory.")


def _expect_no_clash(path: Path, archive: Path | None) -> None:
    """Raise UsageError for a new file next to the archive that SQLite could mistake for one of its own."""
    if (
        archive is not None
        and path.suffix.lower() not in _BESIDE_ARCHIVE
        and path.parent.resolve() == archive.resolve()
    ):
        raise UsageError(f"{path} would be among the archive's own files.", hint="Choose another directory.")


def _expect_replaceable(path: Path, *, force: bool, archive: Path | None) -> None:
    inside = archive is not None and path.resolve().is_relative_to(archive.resolve())
    earlier = find_earlier(path) if inside or not force else None
    if inside and earlier is None:
        raise UsageError(f"{path} belongs to the archive and is not replaced.", hint="Choose another name.")
    if force:
        return
    if earlier is not None:
        raise UsageError(f"{path} is an earlier export, of {earlier}.", hint="--force replaces it.")
    raise UsageError(f"{path} already exists.", hint="Choose another name; --force replaces it.")


@asynccontextmanager
async def open_stream(stream: Stream) -> AsyncIterator[BinaryIO]:
    """Open the stream for writing; wait for a reader of a pipe. Raises UsageError."""
    try:
        if stream.descriptor == 1:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        handle = await _open(stream.path) if stream.descriptor is None else os.dup(stream.descriptor)
        with os.fdopen(handle, "wb") as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise UsageError(f"{stream.path} cannot be written: {exc.strerror}.") from exc


async def _open(path: str) -> int:
    """Open a pipe or character device that exists, without creating or truncating anything."""
    for _ in range(int(_READER_TIMEOUT / 0.1)):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as exc:
            if exc.errno != errno.ENXIO or not Path(path).is_fifo():
                raise  # a device that is not available, such as /dev/tty without a terminal
            await asyncio.sleep(0.1)
            continue
        mode = os.fstat(handle).st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
            os.close(handle)
            raise UsageError(f"{path} was replaced in the meantime; nothing was written.")
        os.set_blocking(handle, True)
        return handle
    raise UsageError(f"the pipe {path} has no reader.", hint="Start its reader first.")
