"""Parquet in a folder for each channel and month, for archives that are mostly read in parts."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.export.formats.parquet import ParquetRows
from archiver.export.request import Request
from archiver.export.writer import FileSink, OpensFiles
from archiver.model.row import Row


class PartitionedParquet:
    """A file for each channel and month, in folders that DuckDB, Spark and pyarrow read as columns (Hive's way).

    Rows come by channel and date, so only one file is open at a time.
    """

    def __init__(self, request: Request, fields: Sequence[str] | None, folder: OpensFiles) -> None:
        self._request, self._fields, self._folder = request, fields, folder
        self._place: tuple[str, str] | None = None
        self._file: FileSink | None = None
        self._rows: ParquetRows | None = None
        self._count = 0
        self._seen: dict[tuple[str, str], int] = {}
        self.warnings: list[str] = []

    @property
    def options(self) -> dict[str, object]:
        """How the files were written."""
        return ParquetRows(self._request, self._fields, _Nothing()).options | {"partition": "channel-month"}

    def begin(self) -> None:
        """Do nothing: a file begins with its first row."""

    def add(self, row: Row) -> None:
        """Write the row into the file of its channel and month."""
        place = str(row["channel_id"]), str(row["date"] or "unknown")[:7]
        if place != self._place or self._rows is None:
            self._rows = self._open(place)
        self._rows.add(row)
        self._count += 1

    def end(self) -> None:
        """End the last file; an export without rows has one empty file."""
        if self._rows is None:
            self._rows = self._open(("none", "none"))
        self._close()

    def close(self) -> None:
        """Remove what is temporary."""
        if self._rows is not None:
            self._rows.close()

    def _open(self, place: tuple[str, str]) -> ParquetRows:
        self._close()
        self._place = place
        number = self._seen[place] = self._seen.get(place, 0) + 1
        self._file = self._folder.open(f"peer={place[0]}/month={place[1]}/part-{number:04d}.parquet")
        rows = ParquetRows(self._request, self._fields, self._file)
        rows.begin()
        return rows

    def _close(self) -> None:
        if self._rows is not None and self._file is not None:
            self._rows.end()
            self._file.close(self._count)
        self._count = 0


class _Nothing:
    def write(self, data: bytes, /) -> None:
        """Do nothing."""
