"""The answer of a view as data, by the encoders of the command line: docs/rows.md."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.export.csv_writer import CsvWriter
from archiver.model.json_text import dump
from archiver.model.row import Row, to_object
from archiver.web.site import Asked
from archiver.web.view import Shown


def to_json(shown: Shown, asked: Asked) -> bytes:
    """One object: what the view has to say, and `rows` where it shows messages."""
    answer = {**(shown.data or {})}
    if shown.status == 200:
        answer = {"address": asked.path, **answer}
    if shown.rows is not None:
        answer["rows"] = [to_object(row) for row in shown.rows]
    return dump(answer) + b"\n"


def to_csv(rows: Sequence[Row]) -> bytes:
    """A table as `export --format csv --excel` writes it: browsers hand it to a spreadsheet."""
    writer = CsvWriter(excel=True)
    return b"".join([writer.begin(), *map(writer.encode, rows)])
