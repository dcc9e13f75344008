"""The journal of files on their way from `media/partial/` into the archive: a killed process leaves no orphan.

A blob is stored before its row is committed. So a line is written first: key, SHA-256, size. The next run finds the
file either still in `media/partial/` or already stored, and settles it; nothing is fetched again.
"""

from __future__ import annotations

import os
import re
import threading
from typing import NamedTuple

from archiver.errors import BlockedPath, UsageError
from archiver.media.blob_store import BlobStore
from archiver.model.media_file import FileKey

NAMES = ("handover-0.list", "handover-1.list")
"""Two files by turns: one is emptied when all of its lines are settled."""
LINES = 200
"""Lines after which the other file takes over."""
_LINE = re.compile(r"((?:photo|document)/-?\d{1,20}(?:/thumb)?) ([0-9a-f]{64}) (\d{1,18})")


class Handed(NamedTuple):
    """A complete file on its way."""

    key: FileKey
    sha256: str
    size: int


class Handover:
    """The journal of one process; for several threads."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._turn = 0
        self._lines = [0, 0]
        self._open = [0, 0]
        """Lines of each file that are not settled yet."""

    def read(self) -> list[Handed]:
        """What an earlier process left; call `clear` when it is settled."""
        return [handed for name in NAMES for handed in self._read(name)]

    def _read(self, name: str) -> list[Handed]:
        if name not in self._store.list_partial():
            return []
        with os.fdopen(self._store.open_partial(name, os.O_RDONLY), "rb") as file:
            lines = file.read().decode("ascii", "replace").split("\n")
        found = (_LINE.fullmatch(line) for line in lines[:-1])  # the last one is empty, or torn
        return [Handed(FileKey(one[1]), one[2], int(one[3])) for one in found if one]

    def clear(self) -> None:
        """Remove the files, if all of their lines are settled."""
        with self._lock:
            if not any(self._open):
                for name in NAMES:
                    self._store.drop_partial(name)
                self._lines = [0, 0]

    def note(self, handed: Handed) -> int:
        """Write a line before the file is moved; return what `settled` is to be called with."""
        line = f"{handed.key} {handed.sha256} {handed.size}\n".encode()
        with self._lock:
            turn = self._turn
            try:
                handle = self._store.open_partial(NAMES[turn], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            except BlockedPath as exc:  # which concerns all files
                raise UsageError(str(exc.args[0]), hint=exc.hint) from exc
            try:
                if os.write(handle, line) != len(line):
                    raise OSError("the disk is full")
            finally:
                os.close(handle)
            self._lines[turn] += 1
            self._open[turn] += 1
            return turn

    def settled(self, turn: int) -> None:
        """Note that the archive has the file."""
        with self._lock:
            self._open[turn] -= 1
            other = 1 - self._turn
            if self._lines[self._turn] >= LINES and not self._open[other]:
                self._store.drop_partial(NAMES[other])
                self._lines[other] = 0
                self._turn = other
