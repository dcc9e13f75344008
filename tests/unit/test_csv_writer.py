from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.export.csv_writer import BYTE_ORDER_MARK, CsvWriter
from archiver.model.row import KEYS, Row

CELL = st.none() | st.integers(0, 2**63 - 1) | st.text(st.characters(codec="utf-8"))
ROW = st.fixed_dictionaries(dict.fromkeys(KEYS, CELL))
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


def written(rows: list[Row], *, excel: bool = False) -> bytes:
    writer = CsvWriter(excel=excel)
    return writer.begin() + b"".join(writer.encode(row) for row in rows) + writer.end()


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def row(**cells: object) -> Row:
    return {**dict.fromkeys(KEYS), **cells}


@given(st.lists(ROW, max_size=4))
def test_readers_get_every_cell_back(rows: list[Row]) -> None:
    header, *records = read(written(rows))
    assert tuple(header) == KEYS
    assert records == [["" if one[key] is None else str(one[key]) for key in KEYS] for one in rows]


@given(st.lists(ROW, max_size=4))
def test_spreadsheets_run_nothing_and_one_apostrophe_gives_the_value_back(rows: list[Row]) -> None:
    data = written(rows, excel=True)
    assert data.startswith(BYTE_ORDER_MARK)
    for record, one in zip(read(data)[1:], rows, strict=True):
        for key, cell in zip(KEYS, record, strict=True):
            assert not cell.startswith(FORMULA)
            assert cell.removeprefix("'") == ("" if one[key] is None else str(one[key]))
            if isinstance(one[key], int):
                assert cell.startswith("'") == (key == "grouped_id" or one[key] >= 10**15)


def test_plain_csv_changes_nothing_and_has_no_mark() -> None:
    data = written([row(text="=1+1", message_id=5)])
    assert not data.startswith(BYTE_ORDER_MARK)
    assert b",=1+1," in data
    assert data.endswith(b"\r\n")


def test_newlines_stay_within_their_cell() -> None:
    [_, record] = read(written([row(text='one\ntwo "three"\r\n,four')]))
    assert record[KEYS.index("text")] == 'one\ntwo "three"\r\n,four'


@pytest.mark.parametrize("excel", [False, True])
def test_manifest_says_how_it_was_written(excel: bool) -> None:
    options = CsvWriter(excel=excel).options
    assert options["line_end"] == "CRLF"
    assert (options["excel"] is not None) is excel


def test_what_a_spreadsheet_would_cut_is_said() -> None:
    writer = CsvWriter(excel=True)
    writer.encode(row(text="x" * 32_768))
    assert "32767" in writer.warnings[0]
