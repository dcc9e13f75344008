"""telekeep's own CSV, also as written for spreadsheets: cells become the values of a row again. Streamed.

Null and the empty text are both an empty cell; only `text` can be the empty text, so nothing is lost by it.
"""

from __future__ import annotations

import csv
import io
import os
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

import orjson

from archiver.errors import UsageError
from archiver.imports.regular import open_regular
from archiver.imports.source import Flaw
from archiver.imports.sources.csv_records import CsvRecord, read_records
from archiver.imports.sources.export_files import ExportFile, find_files
from archiver.imports.sources.exported_rows import (
    RowSource,
    WrittenRow,
    channel_of,
    derive_row,
    expect_keys,
    piece_of,
)
from archiver.imports.stopping import expect_wanted
from archiver.model.row import FLAGS, NESTED

_LONGEST: Final = 16 << 20
_NUMBERS: Final = frozenset({"channel_id", "message_id", "views", "forwards", "replies", "revisions", "boosts"})
_JSON: Final = frozenset({*NESTED, "versions"})


def open_file(path: Path, zone: tzinfo | None) -> CsvRows:
    """Open a file, or the directory of an export. Raises UsageError."""
    return CsvRows(path)


derive = derive_row


class CsvRows(RowSource):
    """Files with a record a row."""

    format = "csv"

    def __init__(self, path: Path) -> None:
        super().__init__(find_files(path, "csv", "*.csv"))
        for file in self._files.files:
            self._lacking = expect_keys(file.path, self._header(file))
            self._scan(file)

    def _scan(self, file: ExportFile) -> None:
        for row in self._rows(file):
            if isinstance(row, WrittenRow) and (number := channel_of(row.value)) is not None:
                self._note_channel(number, row.value.get("permalink"))
                self._note_date(row.value.get("date"))

    def _header(self, file: ExportFile) -> list[str]:
        try:
            return next((one.cells or [] for one in self._records(file)), [])
        except csv.Error as exc:
            raise UsageError(f"the first line of {file.path} is not valid CSV.") from exc

    def _records(self, file: ExportFile) -> Iterator[CsvRecord]:
        before = csv.field_size_limit(_LONGEST)
        try:
            with open_regular(self.root, file.path) as opened:
                text = io.TextIOWrapper(opened, "utf-8-sig", errors="surrogateescape", newline="")
                for record in read_records(text):
                    self._at = opened.tell()
                    yield record
        finally:
            csv.field_size_limit(before)

    def _rows(self, file: ExportFile) -> Iterator[WrittenRow | Flaw]:
        records = self._records(file)
        header = next((one.cells or [] for one in records), [])
        guarded, ended = self._look_at_ends(file)
        before: tuple[str, list[str]] | None = None
        for line, record, is_last in records:
            expect_wanted()
            if before is not None:
                yield _written(before[0], header, before[1], guarded=guarded)
            where = f"{file.path.name}, line {line:,}"
            before = (where, record) if record else None
            if record is None and is_last:
                yield Flaw(where, "from here on the file is not valid CSV, or it ends too early", fatal=True)
            elif record is None:
                yield Flaw(where, "the record is not valid CSV")
        if before is not None and (ended or not before[1][-1] or header[-1] in _JSON):
            yield _written(before[0], header, before[1], guarded=guarded)
        elif before is not None:
            yield Flaw(before[0], "the line does not end, so its last cell may be cut; it is left out")

    def _look_at_ends(self, file: ExportFile) -> tuple[bool, bool]:
        """Whether it is for spreadsheets (byte order mark, apostrophes), and whether its last line is terminated."""
        with open_regular(self.root, file.path) as opened:
            guarded = opened.read(len(BOM_UTF8)) == BOM_UTF8
            opened.seek(-1, os.SEEK_END)
            return guarded, opened.read(1) in (b"\n", b"\r")


def _written(where: str, header: list[str], record: list[str], *, guarded: bool) -> WrittenRow | Flaw:
    if len(record) != len(header):
        return Flaw(where, "the record and the header differ in their number of cells")
    cells = [cell.removeprefix("'") for cell in record] if guarded else record
    try:
        return _row(where, header, cells)
    except (ValueError, TypeError):
        pass
    try:  # bytes that are not UTF-8 are surrogates here, which no value can have
        mended = [cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for cell in cells]
        return _row(where, header, mended)._replace(is_replaced=mended != cells)
    except (ValueError, TypeError):
        return Flaw(where, "the record has cells of other types than telekeep's")


def _row(where: str, header: list[str], cells: list[str]) -> WrittenRow:
    value = {name: _read(name, cell) for name, cell in zip(header, cells, strict=True)}
    return WrittenRow(where, value, piece_of(value))


def _read(name: str, cell: str) -> Any:
    """The value that a cell has in the JSON of a row."""
    if name == "text":
        return cell
    if not cell:
        return None
    if name in _JSON:
        return orjson.loads(cell)
    if name in FLAGS:
        return _FLAGS.get(cell, cell)
    return int(cell) if name in _NUMBERS and len(cell) < 20 else cell


_FLAGS: Final[Mapping[str, bool]] = {"true": True, "false": False}
