"""`--fields a,b` and `--csv`: selected keys of the objects that a command lists, in the requested order.

wanted = parse_fields(typed, KEYS)          # None: all
table = CsvTable(wanted or KEYS)
table.add(row)                            # or output.jsonl(pick(row, wanted))
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from archiver.cli import output
from archiver.cli.parsing.parameters import Option
from archiver.cli.terminal import terminal_safe
from archiver.cli.view.shape import Shape, choose_shape
from archiver.errors import UsageError
from archiver.model.json_text import dump

Fields: TypeAlias = Annotated[
    str | None,
    Option("--fields", metavar="A,B", help="Only these keys, in this order; with --json, --jsonl or --csv."),
]
TableShape: TypeAlias = Shape | Literal["csv"]
Csv: TypeAlias = Annotated[bool, Option("--csv", help="Print CSV with a header.")]


def parse_fields(typed: str | None, known: Sequence[str]) -> tuple[str, ...] | None:
    """The requested keys, each once; None for all. Raises UsageError, which suggests similar ones."""
    if typed is None:
        return None
    wanted = tuple(dict.fromkeys(name.strip() for name in typed.split(",") if name.strip()))
    wrong = next((name for name in wanted if name not in known), None)
    if wrong is not None:
        raise UsageError(f'there is no field "{wrong}".', hint=_suggest(wrong, known))
    if not wanted:
        raise UsageError("--fields names no field.", hint=f"Fields: {', '.join(known)}.")
    return wanted


def choose_table_shape(*, json: bool, jsonl: bool, csv: bool, fields: str | None) -> TableShape:
    """The shape by these options. Raises UsageError."""
    if json + jsonl + csv > 1:
        raise UsageError("--json, --jsonl and --csv cannot be combined.", hint="Choose one.")
    shape: TableShape = "csv" if csv else choose_shape(json=json, jsonl=jsonl)
    if fields is not None and shape == "people":
        raise UsageError("--fields needs --json, --jsonl or --csv.")
    return shape


def pick(row: Mapping[str, Any], fields: Sequence[str] | None) -> Mapping[str, Any]:
    """These keys of the object, null where it has none; all of them for None."""
    return row if fields is None else {name: row.get(name) for name in fields}


class CsvTable:
    """A table as in RFC 4180, as `export --format csv` writes it: nested values as JSON, null as an empty cell."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._write(fields)

    def add(self, row: Mapping[str, Any]) -> None:
        """Print one record."""
        self._write([_cell(row.get(name)) for name in self._fields])

    def _write(self, cells: Sequence[object]) -> None:
        record = io.StringIO()
        csv.writer(record, lineterminator="\r\n").writerow(cells)
        text = record.getvalue()
        if output.is_terminal():
            text = f"{terminal_safe(text.removesuffix(chr(13) + chr(10)), multiline=True)}\n"
        sys.stdout.flush()
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(text)
        else:
            buffer.write(text.encode("utf-8", "replace"))


def _cell(value: Any) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, str | int | float) else dump(value).decode()


def _suggest(wrong: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(wrong.lower(), known, n=2)
    return f"Did you mean {' or '.join(near)}?" if near else f"Fields: {', '.join(known)}."
