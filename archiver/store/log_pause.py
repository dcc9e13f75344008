"""The write-ahead log beside readers that never leave: when it is time for all of them to pause for a moment.

SQLite can restart the log only while no reader uses it. With many readers one after the other there is always
one, and the log grows for as long as they come. https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

LARGE: Final = 72 << 20
"""Bytes of a log that should be restarted; without readers it stays below 64 MB (`archiver.store.database`)."""
LEAVING: Final = 10.0
"""Maximum seconds for the readers to leave: usually milliseconds, longer where mirroring takes the processor."""
RENEWING: Final = 2.0
"""Maximum seconds for the writer to restart the log, after its next two commits."""
_APART: Final = 2.0
"""Seconds between two pauses; doubled after each that changed nothing: another process may be reading for long."""
_DOUBLED: Final = 5
"""Maximum number of doublings."""
_SALT: Final = slice(16, 24)
"""Of the log's header: changes with each restart. https://www.sqlite.org/fileformat2.html#the_write_ahead_log"""


class LogPause:
    """Decides on the pauses of one archive's readers."""

    def __init__(self, archive: Path) -> None:
        self._log = archive.with_name(f"{archive.name}-wal")
        self._next = 0.0
        self._failed = 0
        """Pauses since the log last restarted."""
        self._in_vain = 0
        """Size at which a pause changed nothing: nobody writes."""

    def is_due(self) -> bool:
        """Whether the readers should pause now."""
        if time.monotonic() < self._next:
            return False
        size = self._size()
        return size > LARGE and size != self._in_vain

    def mark(self) -> bytes:
        """What changes when the log restarts."""
        try:
            with self._log.open("rb") as log:
                return log.read(_SALT.stop)[_SALT]
        except OSError:
            return b""

    def end(self, *, have_left: bool, renewed: bool) -> None:
        """Record how a pause ended: whether all readers left, and whether the log restarted."""
        self._in_vain = self._size() if have_left and not renewed else 0
        self._failed = 0 if renewed else min(self._failed + 1, _DOUBLED)
        self._next = time.monotonic() + _APART * 2**self._failed

    def _size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0
