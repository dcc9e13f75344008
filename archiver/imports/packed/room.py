"""Where packed files are unpacked: a private directory that goes with its process, and limits on its size."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, Final

from archiver.errors import UsageError
from archiver.imports.stopping import ReadingStopped

_PREFIX: Final = ".telekeep-unpacked-"
"""Hidden, and used by nothing else: such directories are removed unless somebody has locked them."""
_LARGE: Final = "/var/tmp"  # noqa: S108 - the place for what is too large for memory, private below
_RATIO: Final = 600
"""Maximum compression ratio: message texts reach 20, a zip bomb 1000."""
_FREE: Final = 64 << 20
"""Bytes up to which the compression ratio is not checked."""
_KEEP: Final = 256 << 20
"""Bytes to leave free on the disk."""
_STEP: Final = 32 << 20
_OLD: Final = 60.0
"""Age in seconds from which an unlocked directory counts as left by a killed process."""


class UnpackStopped(ReadingStopped):
    """Unpacking was cancelled."""


def expect_going(is_stopped: Callable[[], bool]) -> None:
    """Raise UnpackStopped once `is_stopped`."""
    if is_stopped():
        raise UnpackStopped


class UnpackRoom:
    """A directory for the files of one import."""

    def __init__(self, is_stopped: Callable[[], bool]) -> None:
        """`is_stopped` is called after every chunk."""
        self._is_stopped = is_stopped
        base = _choose_base()
        _clear(base)
        try:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
            self._handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            raise UsageError(f"cannot unpack to {base}: {exc.strerror}.", hint="Set TMPDIR.") from exc
        with suppress(OSError):  # no locks on this file system; a newer process does not take it for left behind
            fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._handle)

    def write(self, name: Path, chunks: Generator[bytes, None, None], packed: int) -> None:
        """Write a file. `packed`: its compressed size. Raises UsageError if it is too large, and UnpackStopped."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        written = checked = 0
        try:
            with closing(chunks), path.open("xb") as file:
                for chunk in chunks:
                    expect_going(self._is_stopped)
                    written += len(chunk)
                    expect_plausible(written, packed)
                    if written >= checked:
                        self.expect_room(len(chunk))
                        checked = written + _STEP
                    file.write(chunk)
        except OSError as exc:
            raise UsageError(f"it cannot be unpacked to {self.path.parent}: {exc.strerror}.", hint=_WHERE) from exc

    def take(self, name: Path) -> BinaryIO:
        """Open a written file that only its reader needs: it is gone once it is closed."""
        file = (self.path / name).open("rb")
        (self.path / name).unlink()
        return file

    def expect_room(self, size: int) -> None:
        """Raise UsageError if the disk has no room for `size` more bytes."""
        free = shutil.disk_usage(self.path).free
        if free - size < _KEEP:
            raise UsageError(f"{self.path.parent} has no room to unpack it ({free:,} bytes are free).", hint=_WHERE)


_WHERE: Final = "Set TMPDIR to a directory on a larger disk, or unpack it yourself."


def expect_plausible(size: int, packed: int) -> None:
    """Raise UsageError if the compression ratio is that of a zip bomb."""
    if is_bomb(size, packed):
        raise UsageError(
            f"it unpacks to more than {_RATIO} times its size, which no export does.", hint="Unpack it yourself."
        )


def is_bomb(size: int, packed: int) -> bool:
    """Whether the compression ratio is that of a zip bomb."""
    return size > _FREE and size > packed * _RATIO


def _choose_base() -> Path:
    """TMPDIR, else the directory for large temporary files: `/tmp` may be in memory."""
    if "TMPDIR" not in os.environ and os.access(_LARGE, os.W_OK | os.X_OK):
        return Path(_LARGE)
    return Path(tempfile.gettempdir())


def _clear(base: Path) -> None:
    """Remove directories left by killed processes."""
    for path in base.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            found = path.lstat()
            if found.st_uid != os.getuid() or time.time() - found.st_mtime < _OLD:
                continue
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
