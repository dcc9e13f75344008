"""Digests of rows as a file holds them: equal for a row that would be written and the same row in a file.

`last_seen` is left out: every sync moves it, even if nothing else has changed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from io import BufferedReader
from typing import Any, Protocol

import orjson

from archiver.export.csv_writer import CsvWriter
from archiver.export.jsonl import JsonlWriter
from archiver.export.row_keys import LONGEST_ROW, bare_id
from archiver.model.row import KEYS, Row

KEY = ("channel_id", "message_id")
"""The key of a message in each file of a series."""
UNCOUNTED = "last_seen"
"""The key that changes although the message does not."""
_UNCOUNTED = re.compile(rb'"last_seen":"[^"]*"')
"""That key in a line; quotes within a text are escaped."""


class RowImage(Protocol):
    """One format."""

    def of_row(self, row: Row) -> bytes:
        """The digest of a row."""
        ...

    def of_file(self, file: BufferedReader) -> Iterator[tuple[int, int, bytes]]:
        """Channel, message and digest of each row of a file. Raises ValueError, KeyError, TypeError, csv.Error."""
        ...


class LineImage:
    """JSON Lines: the bytes of a line."""

    def __init__(self, fields: Sequence[str] | None) -> None:
        self._writer = JsonlWriter(fields)

    def of_row(self, row: Row) -> bytes:
        """The digest of a row."""
        return self._digest(self._writer.encode(row))

    def _digest(self, line: bytes) -> bytes:
        return digest(_UNCOUNTED.sub(b"", line))

    def of_file(self, file: BufferedReader) -> Iterator[tuple[int, int, bytes]]:
        """Channel, message and digest of each line."""
        while line := file.readline(LONGEST_ROW):
            row = orjson.loads(line)
            yield row["channel_id"], row["message_id"], self._digest(line)


class RecordImage:
    """CSV: the bytes of a record."""

    def __init__(self, keys: Sequence[str] | None, *, excel: bool) -> None:
        self._excel, self._keys = excel, list(keys or KEYS)
        self._writer = CsvWriter(excel=excel, fields=keys)

    def of_row(self, row: Row) -> bytes:
        """The digest of a row."""
        return digest(self._writer.encode(row | {UNCOUNTED: None}))

    def of_file(self, file: BufferedReader) -> Iterator[tuple[int, int, bytes]]:
        """Channel, message and digest of each record."""
        before = csv.field_size_limit(LONGEST_ROW)
        text = io.TextIOWrapper(file, "utf-8-sig" if self._excel else "utf-8", newline="")
        try:
            records = csv.reader(text)
            header = next(records)
            places = [header.index(name) for name in KEY]
            write = _record_writer()
            uncounted = [at for at, name in enumerate(header) if name == UNCOUNTED]
            for cells in records:
                for at in uncounted:
                    cells[at] = ""
                channel_id, message_id = (int(bare_id(cells[at], guarded=self._excel)) for at in places)
                yield channel_id, message_id, digest(write(cells)) if header == self._keys else b""
        finally:
            text.detach()
            csv.field_size_limit(before)


def digest(data: bytes) -> bytes:
    """16 bytes."""
    return blake2b(data, digest_size=16).digest()


def _record_writer() -> Callable[[Sequence[Any]], bytes]:
    """Write cells as they were before they were read: whether a cell is quoted depends only on its contents."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")

    def write(cells: Sequence[Any]) -> bytes:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(cells)
        return buffer.getvalue().encode()

    return write
