"""telekeep's own JSONL: a row a line, of all versions, with or without earlier contents. Streamed.

Several channels may be in one file, by date: each is read for itself.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import BinaryIO, Final

from archiver.errors import UsageError
from archiver.imports.regular import open_regular
from archiver.imports.source import Flaw
from archiver.imports.sources.export_files import ExportFile, find_files
from archiver.imports.sources.exported_rows import (
    RowSource,
    WrittenRow,
    channel_of,
    derive_row,
    expect_keys,
    load_row,
    mend_row,
)
from archiver.imports.stopping import expect_wanted

LONGEST: Final = 16 << 20
"""Bytes of the longest row that is read."""
_BEGIN: Final = re.compile(
    rb'\{"channel_id":([0-9]{1,16}),"channel":"[^"\\]*","message_id":[0-9]{1,10},"permalink":"([^"\\]{1,200})","date":"([0-9TZ:-]{20})"'
)
"""How a row begins as telekeep writes it."""


def open_file(path: Path, zone: tzinfo | None) -> Jsonl:
    """Open a file, or the directory of an export. Raises UsageError."""
    return Jsonl(path)


derive = derive_row


class Jsonl(RowSource):
    """Files with a row a line."""

    format = "jsonl"

    def __init__(self, path: Path) -> None:
        super().__init__(find_files(path, "jsonl", "*.jsonl"))
        self._lacking = expect_keys(path, self._first_keys(path))
        self._scan()

    def _first_keys(self, path: Path) -> list[str]:
        for file in self._files.files:
            for row in self._rows(file):
                if isinstance(row, WrittenRow) and isinstance(row.value, dict):
                    return list(row.value)
        raise UsageError(f"{path} has no rows of telekeep.")

    def _scan(self) -> None:
        """Find the channels and the newest date, mostly without reading all of a row."""
        for file in self._files.files:
            with open_regular(self.root, file.path) as opened:
                for line, _ in _lines(opened):
                    if found := _BEGIN.match(line):
                        number, link, date = int(found[1]), found[2].decode("ascii", "replace"), found[3].decode()
                    else:
                        value = load_row(line)
                        link = value.get("permalink") if isinstance(value, dict) else None
                        date = value.get("date") if isinstance(value, dict) else None
                        number = channel_of(value) or 0
                    if number:
                        self._note_channel(number, link)
                    self._note_date(date)

    def _rows(self, file: ExportFile) -> Iterator[WrittenRow | Flaw]:
        with open_regular(self.root, file.path) as opened:
            for number, (line, is_whole) in enumerate(_lines(opened), 1):
                self._at = opened.tell()
                where = f"{file.path.name}, line {number:,}"
                if not line.strip():
                    continue
                if len(line) > LONGEST:
                    yield Flaw(where, f"the row has more than {LONGEST >> 20} MB")
                    continue
                value, is_replaced = mend_row(line)
                if value is None:
                    yield _broken(where, is_whole=is_whole)
                else:
                    yield WrittenRow(where, value, line.rstrip(b"\r\n"), is_replaced=is_replaced)


def _broken(where: str, *, is_whole: bool) -> Flaw:
    if is_whole:
        return Flaw(where, "the line is not valid JSON")
    return Flaw(where, "the file ends in the middle of a row: the rest is missing", fatal=True)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The lines, of longer ones only the beginning, and whether each is ended."""
    is_first = True
    while line := file.readline(LONGEST + 1):
        expect_wanted()
        part = line
        while not part.endswith(b"\n") and len(part) > LONGEST:
            expect_wanted()
            part = file.readline(LONGEST + 1)
        yield line.removeprefix(BOM_UTF8) if is_first else line, part.endswith(b"\n")
        is_first = False
