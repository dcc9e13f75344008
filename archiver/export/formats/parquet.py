"""Parquet for DuckDB, pandas, Spark and ClickHouse: the keys of docs/rows.md as typed columns, sorted by channel.

Rows are converted early to Arrow batches, which wait in a temporary file until there are 65,536 rows, a row group. The
bytes depend on the version of pyarrow, which the manifest names.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson

from archiver.export.formats.batch_spool import BatchSpool
from archiver.export.request import Request
from archiver.export.writer import ByteSink
from archiver.imports.hidden_modules import import_pyarrow
from archiver.model.iso_time import iso
from archiver.model.json_text import dump
from archiver.model.row import KEYS, MEDIA_KEYS, SCHEMA_VERSION, Row

GROUP_ROWS = 65_536
_BATCH_ROWS = 512
_BATCH_LETTERS = 1 << 18
"""Characters of text after which a batch is complete, even with fewer rows."""
TIMES = frozenset({"date", "edit_date", "first_seen", "last_seen", "missing_since"})
_WORDS = frozenset({"channel", "kind", "origin"})
_INTEGERS = frozenset({"channel_id", "message_id", "views", "forwards", "replies", "revisions", "boosts"})
_MAY_BE_ABSENT = frozenset({"views", "forwards", "replies", "boosts"})
_FLAGS = frozenset({"noforwards", "pinned", "silent", "edit_hidden"})
_LISTS = frozenset({"hashtags", "links"})
_MEDIA_INTEGERS = frozenset({"size", "width", "height"})


class ParquetRows:
    """Writes rows, some thousand at a time."""

    def __init__(self, request: Request, fields: Sequence[str] | None, sink: ByteSink) -> None:
        self._pa, self._pq = import_pyarrow()
        self._schema = _make_schema(self._pa, request, fields or KEYS)
        self._sink = sink
        self._writer: Any = None
        self._passing: _Passing | None = None
        self._rows: list[Row] = []
        self._letters = 0
        self._spool = BatchSpool(self._pa, self._schema)
        self.options: dict[str, object] = {
            "compression": "zstd",
            "row_group_rows": GROUP_ROWS,
            "pyarrow": self._pa.__version__,
            **({} if fields is None else {"fields": list(fields)}),
        }
        self.warnings: list[str] = []

    def begin(self) -> None:
        """Write the magic number."""
        self._passing = _Passing(self._sink, self._spool.forget)
        self._writer = self._pq.ParquetWriter(
            self._pa.PythonFile(self._passing, mode="w"),
            self._schema,
            compression="zstd",
            compression_level=3,
            write_statistics=True,
            write_page_checksum=True,  # damage is noticed by those who read it
            data_page_size=1 << 17,
            use_dictionary=sorted(_WORDS & set(self._schema.names)),
        )

    def add(self, row: Row) -> None:
        """Keep the row; write the row group that it completes."""
        self._rows.append(row)
        self._letters += len(row.get("text") or "")
        is_whole = self._spool.rows + len(self._rows) == GROUP_ROWS
        if is_whole or len(self._rows) == _BATCH_ROWS or self._letters > _BATCH_LETTERS:
            self._add_batch()
        if is_whole:
            self._write_group()

    def end(self) -> None:
        """Write the last row group and the footer."""
        self._add_batch()
        self._write_group()
        self._writer.close()
        self.close()

    def close(self) -> None:
        """Remove temporary files; an unfinished writer's footer is discarded."""
        if self._passing is not None:
            self._passing.end()
        self._writer = None
        self._spool.close()

    def _add_batch(self) -> None:
        if self._rows:
            columns = [self._column(field) for field in self._schema]
            self._spool.add(self._pa.record_batch(columns, schema=self._schema))
            self._rows, self._letters = [], 0

    def _write_group(self) -> None:
        if self._spool.rows:
            with self._spool.read() as table:
                self._writer.write_table(table, row_group_size=GROUP_ROWS)

    def _column(self, field: Any) -> Any:
        read = READERS.get(field.name)
        values = [row[field.name] for row in self._rows]
        return self._pa.array(
            values if read is None else [None if one is None else read(one) for one in values], field.type
        )


class _Passing(io.RawIOBase):
    """Passes the bytes of the Parquet writer on to the sink."""

    def __init__(self, sink: ByteSink, passed: Callable[[], None]) -> None:
        """`passed` is called after each part."""
        super().__init__()
        self._sink: ByteSink | None = sink
        self._passed = passed
        self._size = 0

    def end(self) -> None:
        """Discard all further writes: pyarrow writes once more when its writer is released."""
        self._sink = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        if self._sink is None:
            return len(part)
        self._sink.write(part)
        self._size += len(part)
        self._passed()
        return len(part)

    def tell(self) -> int:
        return self._size


def _make_schema(pa: Any, request: Request, names: Sequence[str]) -> Any:
    words = pa.dictionary(pa.int32(), pa.string())
    kinds = {
        **dict.fromkeys(TIMES, pa.timestamp("us", tz="UTC")),
        **dict.fromkeys(_WORDS, words),
        **dict.fromkeys(_INTEGERS, pa.int64()),
        **dict.fromkeys(_FLAGS, pa.bool_()),
        **dict.fromkeys(_LISTS, pa.list_(pa.string())),
        "media": pa.list_(pa.struct([(name, _media_type(pa, name)) for name in MEDIA_KEYS])),
    }
    metadata = {
        "row_schema_version": SCHEMA_VERSION,
        "query": request.shown_query,
        "since": iso(request.bounds.since_unix),
        "until": iso(request.bounds.until_unix),
        "channels": [one.channel_id for one in request.channels],
    }
    fields = [pa.field(name, kinds.get(name, pa.string())) for name in names]
    return pa.schema(fields, metadata={"telekeep": dump(metadata), "pandas": dump(_pandas_types(names))})


def _pandas_types(names: Sequence[str]) -> dict[str, Any]:
    """The pandas types of columns: nullable integers, which would become floats by default.

    https://github.com/pandas-dev/pandas/blob/main/doc/source/development/developer.rst
    """
    columns = [
        {"name": name, "field_name": name, "pandas_type": "int64", "numpy_type": "Int64", "metadata": None}
        for name in names
        if name in _MAY_BE_ABSENT
    ]
    return {"index_columns": [], "column_indexes": [], "columns": columns}


def _media_type(pa: Any, name: str) -> Any:
    return pa.int64() if name in _MEDIA_INTEGERS else pa.float64() if name == "duration" else pa.string()


def _read_time(value: str) -> datetime | None:
    """A time of a row; None for one beyond the calendar."""
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _read_media(value: str) -> list[dict[str, Any]]:
    return [one | {"extra": _text(one["extra"])} for one in orjson.loads(value)] if value != "[]" else []


def _text(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _read_list(value: str) -> list[str]:
    return [] if value == "[]" else list(orjson.loads(value))


READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(TIMES, _read_time),
    **dict.fromkeys(_LISTS, _read_list),
    "media": _read_media,
}
