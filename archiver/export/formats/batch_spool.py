"""Arrow batches in a temporary file, until there are enough of them for a row group: memory for one of them at a time.

They are read from the mapped file. The pages that were read stay in memory as long as they are mapped, so they are
given back again and again while the row group is written: `forget`. Some batches are joined before they are kept,
because Linux maps 64 KiB around each byte that is read, and pyarrow first looks into every column of every batch.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from archiver.allocator import trim
from archiver.export.unwritable import unwritable_temporary

_JOINED = 8
_MOST_WAITING = 4 << 20
"""Size in bytes from which batches are not joined with more."""


class BatchSpool:
    """Keeps batches of one schema in order."""

    def __init__(self, pa: Any, schema: Any) -> None:
        self._pa, self._schema = pa, schema
        self._file: Any = None
        self._stream: Any = None
        self._mapped: mmap.mmap | None = None
        self._waiting: list[Any] = []
        self.rows = 0

    def add(self, batch: Any) -> None:
        """Keep one more batch."""
        self._waiting.append(batch)
        self.rows += batch.num_rows
        if len(self._waiting) == _JOINED or sum(one.nbytes for one in self._waiting) > _MOST_WAITING:
            self._keep()

    def _keep(self) -> None:
        """Write the waiting batches. Raises UsageError."""
        try:
            self._write()
        except OSError as exc:
            raise unwritable_temporary(exc) from exc

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        if self._stream is None:
            # Not the format with an index: that allows only one dictionary a column for all batches.
            self._stream = self._pa.ipc.new_stream(self._pa.PythonFile(self._file, mode="w"), self._schema)
        self._stream.write_table(self._join())
        self._file.flush()

    def _join(self) -> Any:
        """The waiting batches as one, which wait no longer."""
        waiting, self._waiting = self._waiting, []
        return self._pa.Table.from_batches(waiting, schema=self._schema).combine_chunks()

    @contextmanager
    def read(self) -> Iterator[Any]:
        """All batches as one table, which must not be used afterwards; then the spool is empty again."""
        if self._stream is None:
            yield self._join()
            self.rows = 0
            return
        if self._waiting:
            self._keep()
        self._stream.close()
        self._file.flush()  # eight bytes that mark the end
        trim()
        self._mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        reader = self._pa.ipc.open_stream(self._pa.BufferReader(self._pa.py_buffer(self._mapped)))
        table = reader.read_all()
        self.forget()
        yield table
        self._mapped = self._stream = None  # unmapped with the last array
        self._file.seek(0)
        self._file.truncate()
        self.rows = 0

    def forget(self) -> None:
        """Release the memory of what was read; it is read from the file again when needed."""
        if self._mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Remove the file."""
        self._stream = None
        if self._file is not None:
            self._file.close()
            self._file = None
