"""CSV as in RFC 4180: a header, CRLF between records, quotes where needed, newlines of a text kept within its cell.

Nested values are JSON text, flags are `true` or `false`. Null and the empty text are both an empty cell; only `text`
can be the empty text.

`excel=True` writes for spreadsheets, which guess types: ids of 16 digits and more lose their last digits, and a cell
that starts like a formula is executed. So the file starts with a byte order mark (without it Excel assumes another
encoding), and an apostrophe precedes each `grouped_id`, each other id of more than 15 digits, and each cell that
starts with one of = + - @ TAB CR LF or their full-width forms. Spreadsheets read an apostrophe as "this is text";
unlike `="123"` it is not a formula, and it is easy to undo: strip one leading apostrophe. The manifest records it.
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from archiver.model.row import FLAGS, KEYS, HeldItem, Row, build_row

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONG_IDS = frozenset({"grouped_id"})
"""Ids that are always guarded, so that the column has one type: nearly all are too long to be exact."""
_EXACT_DIGITS = 15
"""Digits up to which spreadsheets store numbers exactly."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")
_EXCEL_ROWS = 1_048_576
_EXCEL_CELL = 32_767


class CsvWriter:
    """One record per row of docs/rows.md. `fields`: only these keys, in this order."""

    extension = "csv"

    def __init__(self, *, excel: bool = False, fields: Sequence[str] | None = None) -> None:
        self._excel = excel
        self._fields = fields
        self._keys = tuple(fields or KEYS)
        self._flag_places = [self._keys.index(name) for name in FLAGS if name in self._keys]
        self._buffer = io.StringIO()
        self._csv = csv.writer(self._buffer, lineterminator="\r\n")
        self._rows = 0
        self._long = 0

    @property
    def options(self) -> dict[str, object]:
        """The dialect, and the adaptations for spreadsheets."""
        guarded = {
            "byte_order_mark": True,
            "text_prefix": "'",
            "exact_digits": _EXACT_DIGITS,
            "id_columns": sorted(LONG_IDS),
            "formula_guard": True,
        }
        fields = {} if self._fields is None else {"fields": list(self._fields)}
        return {"encoding": "UTF-8", "line_end": "CRLF", "excel": guarded if self._excel else None, **fields}

    @property
    def warnings(self) -> list[str]:
        """The limits of spreadsheets that the file exceeds."""
        if not self._excel:
            return []
        found = []
        if self._rows >= _EXCEL_ROWS:
            found.append(f"{self._rows} rows and the header exceed the {_EXCEL_ROWS} rows that Excel shows.")
        if self._long:
            found.append(f"{self._long} cells exceed the {_EXCEL_CELL} characters that Excel keeps.")
        return found

    def begin(self) -> bytes:
        """The header."""
        return (BYTE_ORDER_MARK if self._excel else b"") + self._record(self._keys)

    def encode(self, row: Row) -> bytes:
        """Encode the row as a record."""
        self._rows += 1
        cells = [row[key] for key in self._keys]
        for at in self._flag_places:
            cells[at] = _flag(cells[at])
        if not self._excel:
            return self._record(cells)
        cells = [guard_cell(cell, always=key in LONG_IDS) for key, cell in zip(self._keys, cells, strict=True)]
        self._long += sum(isinstance(cell, str) and len(cell) > _EXCEL_CELL for cell in cells)
        return self._record(cells)

    def end(self) -> bytes:
        """Nothing."""
        return b""

    def _record(self, *records: Sequence[Any]) -> bytes:
        self._buffer.seek(0)
        self._buffer.truncate()
        self._csv.writerows(records)
        return self._buffer.getvalue().encode("utf-8", "replace")


class WholeCsvWriter(CsvWriter):
    """Writes CSV with all keys, not for spreadsheets, many messages at a time."""

    def encode_held(self, items: Sequence[HeldItem]) -> bytes:
        """Encode messages as records."""
        return self._record(*map(self._cells, items))

    def _cells(self, item: HeldItem) -> list[Any]:
        cells = list(build_row(*item).values())
        for at in self._flag_places:
            cells[at] = "true" if cells[at] else "false"
        return cells


def _flag(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else value


def guard_cell(value: Any, *, always: bool = False) -> Any:
    """Guard a cell that a spreadsheet would evaluate or round. `always`: guard numbers that would stay exact too."""
    if value is None:
        return None
    if always or (isinstance(value, int) and not -(10**_EXACT_DIGITS) < value < 10**_EXACT_DIGITS):
        return f"'{value}"
    # A leading apostrophe is guarded too, so that stripping one always restores the text.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
