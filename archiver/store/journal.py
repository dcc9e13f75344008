"""SQLite's write-ahead log (`-wal`): whether everything committed to it can still be read.

If a frame is damaged, SQLite takes the log to end before it and silently drops what was committed later. A program
killed while writing leaves an incomplete last frame; that is not damage.
https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from struct import Struct, unpack
from typing import NamedTuple

from archiver.store.raw_file import read_at

_HEADER, _FRAME = Struct(">8I"), Struct(">6I")
_SUMMED = 24
"""Bytes of the header covered by its checksum."""
_MAGIC = 0x377F0682
"""The last bit gives the byte order of the checksums."""
_INDEX = Struct("=4I 2I 2I 8s")
"""The start of the log's index (`-shm`): version .. sizes, last frame, pages, checksum up to it, salt."""
_ATTEMPTS = 20
"""Attempts to get a consistent view of the log while another process writes it."""
_MASK = 0xFFFFFFFF


class _End(NamedTuple):
    """Where SQLite takes the log to end: the last valid frame, the checksum up to it, and the log's salt."""

    frame: int
    checksum: tuple[int, int]
    salt: bytes


class Logged(NamedTuple):
    """What the log contains of the archive's file."""

    pages: int
    """Number of pages in the archive after the log's last transaction."""
    numbers: frozenset[int]
    """Numbers of the pages in the log."""


def read_log(path: Path) -> Logged | None:
    """What the file's log contains, as far as SQLite will read it; None if nothing. Raises OSError."""
    log = path.with_name(f"{path.name}-wal")
    if not log.is_file():
        return None
    head = read_at(log, _HEADER.size)
    if len(head) < _HEADER.size:
        return None
    magic, _, size, *_, one, two = _HEADER.unpack(head)
    order, size = ">" if magic & 1 else "<", 65_536 if size == 1 else size
    if magic | 1 != _MAGIC | 1 or _add(head[:_SUMMED], (0, 0), order) != (one, two):
        return None
    pages, numbers, since = 0, set[int](), set[int]()
    for number, last in _iter_frames(log, head[16:24], size, (one, two), order):
        since.add(number)
        if last:
            pages = last
            numbers |= since
            since.clear()
    return Logged(pages, frozenset(numbers)) if pages else None


def _iter_frames(log: Path, salt: bytes, size: int, checksum: tuple[int, int], order: str) -> Iterator[tuple[int, int]]:
    """Yield each sound frame's page number, and the archive's page count if it ends a transaction, else 0."""
    for number in range(1, (log.stat().st_size - _HEADER.size) // (_FRAME.size + size) + 1):
        whole = read_at(log, _FRAME.size + size, _frame_at(number, size))
        frame, page = whole[: _FRAME.size], whole[_FRAME.size :]
        if len(page) < size or frame[8:16] != salt:
            return
        checksum = _add(page, _add(frame[:8], checksum, order), order)
        if frame[16:] != _encode(checksum):
            return
        yield int.from_bytes(frame[:4], "big"), int.from_bytes(frame[4:8], "big")


def check_journal(conn: sqlite3.Connection, path: Path) -> str | None:
    """What the log lost, as a predicate about the archive. `conn` has it open, so SQLite has read the log."""
    log, index = (path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm"))
    try:
        if not log.is_file() or not log.stat().st_size:
            return None
        conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        for _ in range(_ATTEMPTS):
            end = _find_end(index)
            lost = _find_lost(log, end)
            if _find_end(index) == end:
                return lost
    except OSError:
        pass
    return None


def _find_end(index: Path) -> _End:
    data = read_at(index, _INDEX.size)
    if len(data) < _INDEX.size:
        return _End(0, (0, 0), b"")
    *_, frame, _, one, two, salt = _INDEX.unpack(data)
    return _End(frame, (one, two), salt)


def _find_lost(log: Path, end: _End) -> str | None:
    head = read_at(log, _HEADER.size)
    if len(head) < _HEADER.size:
        return None
    magic, _, size, *_, one, two = _HEADER.unpack(head)
    order = ">" if magic & 1 else "<"
    if magic | 1 != _MAGIC | 1 or _add(head[:_SUMMED], (0, 0), order) != (one, two):
        return "the beginning of its log (-wal) is damaged: what was committed to it is lost"
    salt, size = head[16:24], 65_536 if size == 1 else size
    if end.salt != salt:
        return None  # all of it is in the file, and the log is about to restart
    committed = list(_list_committed(log, end.frame, salt, size))
    if not committed or not _is_broken(log, end, committed[-1], size, order):
        return None
    return f"its log (-wal) is damaged after frame {end.frame}: {len(committed)} transactions are lost"


def _list_committed(log: Path, after: int, salt: bytes, size: int) -> list[int]:
    """The frames after `after` that end a transaction of this log and are complete in length."""
    found = []
    count = (log.stat().st_size - _HEADER.size) // (_FRAME.size + size)
    for number in range(after + 1, count + 1):
        frame = read_at(log, _FRAME.size, _frame_at(number, size))
        if frame[8:16] == salt and frame[4:8] != bytes(4):
            found.append(number)
    return found


def _is_broken(log: Path, end: _End, last: int, size: int, order: str) -> bool:
    """Whether a frame before the last is not as written; only the last may have been cut short."""
    checksum = end.checksum
    for number in range(end.frame + 1, last):
        whole = read_at(log, _FRAME.size + size, _frame_at(number, size))
        frame, page = whole[: _FRAME.size], whole[_FRAME.size :]
        checksum = _add(page, _add(frame[:8], checksum, order), order)
        if frame[8:] != end.salt + _encode(checksum):
            return True
    return False


def _frame_at(number: int, size: int) -> int:
    """The offset of a frame in the log, given the size of a page."""
    return _HEADER.size + (number - 1) * (_FRAME.size + size)


def _encode(checksum: tuple[int, int]) -> bytes:
    return b"".join(one.to_bytes(4, "big") for one in checksum)


def _add(data: bytes, checksum: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = checksum
    words = unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = one + first + two & _MASK
        two = two + second + one & _MASK
    return one, two
