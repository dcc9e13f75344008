"""Removes an archive that a command made and left empty, as if it had not been run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archiver.errors import Error
from archiver.lock import LOCK_NAME, hold
from archiver.media.blob_store import MEDIA
from archiver.store.creating import remove_empty
from archiver.store.medium import ARCHIVE_NAME


class NewArchive:
    """What was missing of an archive before a command made it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_missing = not (directory / ARCHIVE_NAME).exists()
        self._has_lock = (directory / LOCK_NAME).exists()
        self._has_media = (directory / MEDIA).exists()
        self._directories = [one for one in (directory, *directory.parents) if not one.exists()]

    def remove_lock(self) -> None:
        """Remove what was made for an archive that was never created. The caller holds the lock."""
        if self._is_missing and not (self._directory / ARCHIVE_NAME).exists():
            if not self._has_lock:
                (self._directory / LOCK_NAME).unlink(missing_ok=True)
            for one in self._directories:
                with suppress(OSError):  # another program has put something there
                    one.rmdir()

    def remove_empty(self, *, command: str) -> None:
        """Remove the archive if it was made since and nothing is in it; leave it if another process mirrors."""
        if not self._is_missing or not (self._directory / ARCHIVE_NAME).exists():
            return
        with suppress(Error, OSError), hold(self._directory, command=command):
            if remove_empty(self._directory / ARCHIVE_NAME):
                if not self._has_media:
                    shutil.rmtree(self._directory / MEDIA, ignore_errors=True)
                self.remove_lock()


@contextmanager
def undone_on_error(new: NewArchive) -> Iterator[None]:
    """Leave nothing of an archive that could not be made; to be entered by the holder of the lock."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            new.remove_lock()
        raise
