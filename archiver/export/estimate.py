"""Estimate an export without writing it: rows are counted, bytes and time are extrapolated from its first rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from archiver.export.channel_part import describe_channel
from archiver.export.marking import list_marks, read_claims
from archiver.export.one_state import one_state
from archiver.export.remarks import find_for_readers, list_remarks
from archiver.export.request import Request
from archiver.export.stream import count_items, iter_chunks
from archiver.export.writer import DescribedRows
from archiver.model.row import Row
from archiver.store.database import Connection

_SAMPLE = 4096
"""Rows that are encoded as a sample."""


@dataclass(frozen=True, slots=True)
class ExportEstimate:
    """The expected size of an export."""

    rows: int
    bytes: int
    seconds: float
    is_exact: bool
    """Whether all rows were in the sample."""
    withdrawn: int = 0
    """Messages of a series that would no longer be part of it."""


class Nowhere:
    """Counts bytes, of one file or several."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes, /) -> None:
        """Count the data."""
        self.size += len(data)

    def open(self, name: str) -> Nowhere:
        """Count the bytes of this file, too."""
        del name
        return self

    def close(self, rows: int = 0) -> None:
        """Do nothing."""


async def estimate(
    conn: Connection,
    request: Request,
    make_rows: Callable[[Nowhere], DescribedRows],
    prepare: Callable[[Row], Row | None] | None = None,
) -> ExportEstimate:
    """Estimate an export. `make_rows`: makes, for a sink, what writes the rows; `prepare`: as in a job."""
    sink = Nowhere()
    rows = make_rows(sink)
    async with one_state(conn, rows):
        total = await count_items(conn, request)
        began = time.perf_counter()
        if (readers := find_for_readers(rows)) is not None:
            readers.set_remarks(
                list_remarks([await describe_channel(conn, request, name) for name in request.channels])
            )
        read, written = await _write_sample(conn, request, rows, prepare or (lambda row: row))
        took = time.perf_counter() - began
    scale = total / read if read else 0
    exact = read >= total
    count, size = (written, sink.size) if exact else (round(written * scale), round(sink.size * scale))
    return ExportEstimate(count, size, took * max(scale, 1), exact)


async def _write_sample(
    conn: Connection, request: Request, rows: DescribedRows, prepare: Callable[[Row], Row | None]
) -> tuple[int, int]:
    """The number of rows that were read, and of those that were written."""
    count = written = 0
    is_for_readers = find_for_readers(rows) is not None
    try:
        rows.begin()
        async with aclosing(iter_chunks(conn, request)) as chunks:
            async for chunk in chunks:
                claims = await read_claims(conn, chunk) if is_for_readers else {}
                some = chunk[: _SAMPLE - count]
                made = [(message, one) for message, row in some if (one := prepare(row)) is not None]
                for message, row in made:
                    rows.add({**row, **list_marks(message, claims)} if is_for_readers else row)
                count, written = count + len(some), written + len(made)
                if count == _SAMPLE:
                    break
        rows.end()
    finally:
        rows.close()
    return count, written
