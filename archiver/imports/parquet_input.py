"""Read Parquet in little memory: a row group at a time, and of its columns no more than the next rows need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from archiver.imports.hidden_modules import import_pyarrow

_BUFFER: Final = 1 << 14
"""Read-ahead per column in bytes; without it, whole columns of a row group are held in memory."""


def open_parquet(file: BinaryIO) -> Any:
    """A `pyarrow.parquet.ParquetFile`. Raises UsageError if pyarrow is missing, and its errors for damaged files."""
    _, parquet = import_pyarrow()
    return parquet.ParquetFile(file, page_checksum_verification=True, pre_buffer=False, buffer_size=_BUFFER)


def iter_groups(opened: Any, **more: Any) -> Iterator[tuple[int, Iterator[Any]]]:
    """The number of rows of each row group, and its batches. `more`: arguments of `iter_batches`."""
    for place in range(opened.num_row_groups):
        count = opened.metadata.row_group(place).num_rows
        yield count, opened.iter_batches(row_groups=[place], use_threads=False, **more)
