"""telekeep's own Parquet, of one file or in folders by channel and month: the typed columns become rows again.

Streamed: some hundred rows are in memory at a time, and what pyarrow holds of their row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

import orjson

from archiver.errors import UsageError
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
)
from archiver.model.row import NESTED

_BATCH: Final = 512
_TYPED: Final = frozenset({"media", "hashtags", "links"})
_TEXTS: Final = tuple(name for name in (*NESTED, "versions") if name not in _TYPED)
"""Columns with JSON text."""


def open_file(path: Path, zone: tzinfo | None) -> ParquetFiles:
    """Open a file, or the directory of an export. Raises UsageError, also without pyarrow."""
    return ParquetFiles(path)


derive = derive_row


class ParquetFiles(RowSource):
    """Files of rows in columns."""

    format = "parquet"

    def __init__(self, path: Path) -> None:
        self._parquet = _import_pyarrow()
        super().__init__(find_files(path, "parquet", *PARQUET_FILES))
        if not self.parts:
            raise UsageError(f"{path} has no Parquet files.")
        for file in self._files.files:
            with self._open(file) as opened:
                self._lacking = expect_keys(file.path, opened.schema_arrow.names)
                self._scan(opened)

    @contextmanager
    def _open(self, file: ExportFile) -> Iterator[Any]:
        with open_regular(self.root, file.path) as opened:
            try:
                yield self._parquet.ParquetFile(opened)
            except (ValueError, OSError, RuntimeError, LookupError, ArithmeticError, TypeError) as exc:
                raise UsageError(f"{file.path} is not a readable Parquet file.") from exc

    def _scan(self, opened: Any) -> None:
        """Find the channels and the newest date."""
        columns = [name for name in ("channel_id", "permalink", "date") if name in opened.schema_arrow.names]
        for batch in opened.iter_batches(batch_size=1 << 16, columns=columns):
            values = batch.to_pydict()
            links = values.get("permalink") or [None] * len(values["channel_id"])
            named = dict(zip(values["channel_id"], links, strict=True))
            for number, link in named.items():
                if channel_of({"channel_id": number}) is not None:
                    self._note_channel(number, link)
            dates = [one for one in values["date"] if isinstance(one, datetime) and one.tzinfo is not None]
            if dates:
                self._note_date(_in_utc(max(dates)))

    def _rows(self, file: ExportFile) -> Iterator[WrittenRow | Flaw]:
        number = 0
        with self._open(file) as opened:
            for batch in opened.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield _written(f"{file.path.name}, row {number:,}", row)


def _written(where: str, row: Mapping[str, Any]) -> WrittenRow | Flaw:
    try:
        value = {name: _read(name, cell) for name, cell in row.items()}
        return WrittenRow(where, value, orjson.dumps(value))
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


def _import_pyarrow() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed.", hint="pip install 'telekeep[parquet]'"
        ) from None
    pa.set_memory_pool(pa.system_memory_pool())
    return pq
