"""Digests of the rows of Parquet files: of their values, since the bytes depend on the version of pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BufferedReader
from typing import Any

import orjson

from archiver.export.append.row_image import UNCOUNTED, digest
from archiver.export.formats.parquet import READERS, TIMES
from archiver.imports.hidden_modules import import_pyarrow
from archiver.imports.parquet_input import iter_groups, open_parquet
from archiver.model.row import KEYS, MEDIA_KEYS, Row

_BATCH_ROWS = 128


class ColumnImage:
    """Parquet: the values of a row."""

    def __init__(self, keys: Sequence[str] | None) -> None:
        self._keys = list(keys or KEYS)
        self._pa, _ = import_pyarrow()

    def of_row(self, row: Row) -> bytes:
        """The digest of a row."""
        return _digest([_value(name, row[name]) for name in self._keys if name != UNCOUNTED])

    def of_file(self, file: BufferedReader) -> Iterator[tuple[int, int, bytes]]:
        """Channel, message and digest of each row."""
        try:
            parquet = open_parquet(file)
            same = parquet.schema_arrow.names == self._keys
            for batch in (one for _, group in iter_groups(parquet, batch_size=_BATCH_ROWS) for one in group):
                columns = {name: self._values(name, batch.column(name)) for name in batch.schema.names}
                counted = [values for name, values in columns.items() if name != UNCOUNTED]
                ids = zip(columns["channel_id"], columns["message_id"], strict=True)
                for key, values in zip(ids, zip(*counted, strict=True), strict=True):
                    yield *key, _digest(list(values)) if same else b""
        except (OSError, RuntimeError) as exc:  # pyarrow's errors are ValueErrors, KeyErrors and these
            raise ValueError("not Parquet") from exc

    def _values(self, name: str, column: Any) -> list[Any]:
        if name in TIMES:
            return list(column.view(self._pa.int64()).to_pylist())  # `cast` would load numpy, which takes 20 MB
        values = list(column.to_pylist())
        return [_media(one) for one in values] if name == "media" else values


def _digest(values: list[Any]) -> bytes:
    return digest(orjson.dumps(values))


def _value(name: str, value: Any) -> Any:
    if value is None or name not in READERS:
        return value
    read = READERS[name](value)
    if isinstance(read, datetime):
        return int(read.timestamp()) * 1_000_000
    return _media(read) if name == "media" else read


def _media(items: Sequence[dict[str, Any]]) -> list[Any]:
    return [
        [float(one[name]) if name == "duration" and one[name] is not None else one[name] for name in MEDIA_KEYS]
        for one in items
    ]
