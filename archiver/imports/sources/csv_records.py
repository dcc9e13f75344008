"""Read CSV records so that a stray quote costs only the records that it is in, not the rest of the file. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_ROW: Final = re.compile(r"\"?'?[0-9]{1,16}\"?,")
"""Start of a row: a channel id."""
_FREE: Final = 32 << 20
"""Characters that may be read twice, beyond the number already read: a stray quote seems to quote all that follows."""


class CsvRecord(NamedTuple):
    """A record, and the line on which it ends."""

    line: int
    cells: list[str] | None
    """None if it is not CSV; `line` is then its first line."""
    is_last: bool = False
    """Whether nothing could be read after an invalid record."""


def read_records(lines: Iterable[str]) -> Iterator[CsvRecord]:
    """The records; all should have as many cells as the first. Raises csv.Error if the first is not CSV."""
    source = _Lines(lines)
    reader, width = csv.reader(source, strict=True), 0
    while True:
        source.begin()
        try:
            cells: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            if not width:
                raise
            cells, reader = None, csv.reader(source, strict=True)
        width = width or len(cells or ())
        if cells is not None and (len(source.taken) == 1 or len(cells) in (0, width)):
            yield CsvRecord(source.number, cells)
        else:
            first = source.number - len(source.taken) + 1
            is_found = source.go_back()
            yield CsvRecord(first, cells, is_last=not is_found)


class _Lines:
    """Yields lines, and can go back to the second line of a record."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: list[str] = []
        self.taken: list[str] = []
        """Lines of the current record."""
        self.number = 0
        self._passed = self._wasted = 0
        """Characters read, and read again."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._next()
        self.number += 1
        self.taken.append(line)
        return line

    def _next(self) -> str:
        line = next(self._lines)
        self._passed += len(line)
        return line

    def begin(self) -> None:
        """Start a record."""
        self.taken = []

    def go_back(self) -> bool:
        """Rewind to the record's first later line that looks like a row; return whether any lines are left."""
        begins = (at for at, line in enumerate(self.taken) if at and _ROW.match(line))
        at = next(begins, None) if self._wasted <= _FREE + self._passed else None
        if at is not None:
            self._wasted += sum(map(len, self.taken[at:]))
            self.number -= len(self.taken) - at
            self._again += reversed(self.taken[at:])
            return True
        if (following := next(self._lines, None)) is not None:
            self._again.insert(0, following)
        return bool(self._again)
