"""telekeep's own Parquet, of one file or in folders by channel and month: the typed columns become rows again.

Streamed: some hundred rows are in memory at a time, and what pyarrow holds of their row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from archiver.errors import UsageError
from archiver.imports.hidden_modules import import_pyarrow
from archiver.imports.parquet_input import iter_groups, open_parquet
from archiver.imports.regular import open_regular
from archiver.imports.row_values import UnreadableRow
from archiver.imports.source import Flaw
from archiver.imports.sources.export_files import PARQUET_FILES, ExportFile, find_files
from archiver.imports.sources.exported_rows import (
    RowSource,
    WrittenRow,
    channel_of,
    derive_row,
    expect_keys,
    piece_of,
)
from archiver.imports.stopping import expect_wanted
from archiver.model.row import NESTED

_BATCH: Final = 128
_SCANNED: Final = 2_048
"""Rows per batch when only channels and dates are read."""
_TYPED: Final = frozenset({"media", "hashtags", "links"})
_TEXTS: Final = tuple(name for name in (*NESTED, "versions") if name not in _TYPED)
"""Columns with JSON text."""


def open_file(path: Path, zone: tzinfo | None) -> ParquetFiles:
    """Open a file, or the directory of an export. Raises UsageError, for example if pyarrow is missing."""
    return ParquetFiles(path)


derive = derive_row


class ParquetFiles(RowSource):
    """Files of rows in columns."""

    format = "parquet"
    _ends_unseen = False

    def __init__(self, path: Path) -> None:
        import_pyarrow()  # now, so that a missing library is reported before the files are
        super().__init__(find_files(path, "parquet", *PARQUET_FILES))
        if not self.parts:
            raise UsageError(f"{path} has no Parquet files.")
        self._unreadable: dict[Path, str] = {}
        for file in self._files.files:
            try:
                with self._open(file) as opened:
                    self._lacking = expect_keys(file.path, opened.schema_arrow.names)
                    self._scan(opened)
            except _UnreadableParquet as exc:
                self._unreadable[file.path] = str(exc)
        if not self._channels and self._unreadable:
            file_path, why = next(iter(self._unreadable.items()))
            raise UsageError(f"{file_path} {why}.")

    @contextmanager
    def _open(self, file: ExportFile) -> Iterator[Any]:
        """Raises _UnreadableParquet, where the index at the end of the file cannot be read."""
        with open_regular(self.root, file.path) as opened:
            try:
                found = open_parquet(opened)
            except _DAMAGED as exc:
                raise _UnreadableParquet(_why_unreadable(opened)) from exc
            yield found

    def _scan(self, opened: Any) -> None:
        """Find the channels and the newest date."""
        columns = [name for name in ("channel_id", "permalink", "date") if name in opened.schema_arrow.names]
        is_damaged = False
        for _, batches in iter_groups(opened, batch_size=_SCANNED, columns=columns):
            try:
                for batch in batches:
                    expect_wanted()
                    self._note(batch.to_pydict())
            except _DAMAGED:  # reported when its rows are read
                is_damaged = True
        if is_damaged and not self._channels:
            raise _UnreadableParquet("is damaged: none of its rows can be read")

    def _note(self, values: Mapping[str, list[Any]]) -> None:
        links = values.get("permalink") or [None] * len(values["channel_id"])
        named = dict(zip(values["channel_id"], links, strict=True))
        for number, link in named.items():
            if channel_of({"channel_id": number}) is not None:
                self._note_channel(number, link)
        dates = [one for one in values["date"] if isinstance(one, datetime) and one.tzinfo is not None]
        if dates:
            self._note_date(_in_utc(max(dates)))

    def _rows(self, file: ExportFile) -> Iterator[WrittenRow | Flaw]:
        """The rows of each group until a damaged place in it; then those of the next group."""
        name, end = file.path.name, 0
        if file.path in self._unreadable:
            yield Flaw(name, f"it {self._unreadable[file.path]}")
            return
        size = file.path.stat().st_size
        with self._open(file) as opened:
            for count, batches in iter_groups(opened, batch_size=_BATCH):
                number, end = end, end + count
                while (found := _read_batch(batches)) is not None:
                    self._at = size * number // max(opened.metadata.num_rows, 1)
                    if not found:
                        yield Flaw(f"{name}, rows {number + 1:,} to {end:,}", _MISSING)
                        break
                    for row in found:
                        number += 1
                        yield _written(f"{name}, row {number:,}", row)


class _UnreadableParquet(Exception):
    """Why nothing of a file can be read: what follows its name."""


_DAMAGED: Final = (ValueError, OSError, RuntimeError, LookupError, ArithmeticError, TypeError)
"""What pyarrow raises for damaged files."""
_MISSING: Final = "the file is damaged there: they are missing"


def _why_unreadable(file: BinaryIO) -> str:
    size = file.seek(0, 2)
    file.seek(max(size - 4, 0))
    if file.read(4) != b"PAR1":
        return "ends too early: Parquet has its index at the end, so nothing of it can be read"
    return "is not a readable Parquet file: its index is damaged"


def _read_batch(batches: Iterator[Any]) -> list[dict[str, Any]] | None:
    """The rows of the next batch; none if they are damaged, None if there are no more."""
    try:
        batch = next(batches, None)
        return None if batch is None else batch.to_pylist()
    except _DAMAGED:
        return []


def _written(where: str, row: Mapping[str, Any]) -> WrittenRow | Flaw:
    try:
        value = {name: _read(name, cell) for name, cell in row.items()}
        return WrittenRow(where, value, piece_of(value))
    except (ValueError, TypeError, AttributeError, UnreadableRow):
        return Flaw(where, "the row has columns of other types than telekeep's")


def _read(name: str, cell: Any) -> Any:
    """The value that a cell has in the JSON of a row."""
    if isinstance(cell, datetime):
        return _in_utc(cell)
    if name in _TEXTS and isinstance(cell, str):
        return orjson.loads(cell)
    if name == "media" and isinstance(cell, list):
        return [one | {"extra": None if one.get("extra") is None else orjson.loads(one["extra"])} for one in cell]
    return cell


def _in_utc(moment: datetime) -> str:
    """A time as rows have it. Raises UnreadableRow."""
    if moment.tzinfo is None:
        raise UnreadableRow("has a time without zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
