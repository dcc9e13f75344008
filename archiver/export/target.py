"""A file that is there whole or not at all: written beside its place, synced, then renamed.

A crash leaves at most `.<name>.part`, which the next run of the same export takes over; an error or an interrupt
leaves nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from archiver.errors import Busy, UsageError

_BUFFER = 1 << 20


class Target:
    """A context: `write` bytes, `commit` to make them the file. Leaving without `commit` undoes all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()
        self._part = path.with_name(f".{path.name}.part")
        self._file: BinaryIO | None = None
        self._committed = False

    def __enter__(self) -> Self:
        try:
            handle = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(handle, 0)
        except BlockingIOError as exc:
            os.close(handle)
            raise Busy(
                f"another export is writing {self.path}.", hint="Wait for it to end, or choose another name."
            ) from exc
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
        assert self._file is not None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._part.replace(self.path)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._committed = True
        self._file.close()
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._committed and self._file is not None:
            # Unlink before the lock goes, so that nobody's new file is hit.
            self._part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # what could not be written still cannot
                self._file.close()

    def _unwritable(self, exc: OSError) -> UsageError:
        return UsageError(f"{self.path} cannot be written: {exc.strerror}.")
