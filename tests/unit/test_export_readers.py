"""Readers that nobody here wrote get each row of each format as it is in the archive: pandas, polars, pyarrow, DuckDB.

They are large, so `scripts/readers` installs them where these tests are to run; lxml comes with '.[dev]'.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from archiver.formatting.visible import possible
from archiver.model.record import Media
from archiver.model.row import FLAGS, KEYS, NESTED
from tests.exporting import append_as, export_as
from tests.hostile import TEXTS, hostile_messages
from tests.sample import OTHER, build, make_message, photo

Rows = list[dict[str, Any]]
INTEGERS = ("channel_id", "message_id", "views", "forwards", "replies", "revisions", "boosts")


def photos(count: int) -> tuple[Media, ...]:
    return tuple(photo(slot, duration=1.5) for slot in range(count))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One archive in every format, channel by channel."""
    made = tmp_path_factory.mktemp("readers")
    others = [
        make_message(number, f"b{number}", channel_id=1002, views=number, media=photos(number % 3))
        for number in range(1, 40)
    ]
    archive = build(made / "archive", hostile_messages(), covered=[(1, 60)])
    build(archive, others, channel=OTHER)
    for name in ("jsonl", "csv", "html", "atom", "desktop-json", *(("parquet",) if find_spec("pyarrow") else ())):
        export_as(name, archive, made / name / "all", by_channel=True)
    return made


@pytest.fixture(scope="module")
def truth(exported: Path) -> Rows:
    """What JSON Lines say by Python's own reader; ids, texts and times are held against the archive's tables."""
    rows = [json.loads(line) for line in (exported / "jsonl/all").read_bytes().splitlines()]
    with closing(sqlite3.connect(exported / "archive/archive.db")) as conn:
        query = (
            "SELECT channel_id, message_id, text, strftime('%Y-%m-%dT%H:%M:%SZ', date, 'unixepoch') FROM message"
            " ORDER BY channel_id, date, message_id"
        )
        assert [(row["channel_id"], row["message_id"], row["text"], row["date"]) for row in rows] == list(
            conn.execute(query)
        )
    assert set(TEXTS) <= {row["text"] for row in rows}
    return rows


def from_cells(rows: Rows) -> Rows:
    """Rows of text cells, as docs/rows.md says that CSV has them."""
    return [{key: _from_cell(key, row[key] or "") for key in KEYS} for row in rows]


def _from_cell(key: str, cell: str) -> Any:
    if cell == "":
        return "" if key == "text" else None
    return json.loads(cell) if key in (*NESTED, *FLAGS, *INTEGERS) else cell


CSV_READERS = ("pandas", "polars", "pyarrow", "duckdb")


def read_csv(name: str, path: Path) -> Rows:
    library = pytest.importorskip("pyarrow.csv" if name == "pyarrow" else name)
    if name == "pandas":
        return list(library.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"))
    if name == "polars":
        return list(library.read_csv(path, infer_schema=False).to_dicts())
    if name == "pyarrow":
        options = {
            "parse_options": library.ParseOptions(newlines_in_values=True),
            "convert_options": library.ConvertOptions(
                column_types=dict.fromkeys(KEYS, pytest.importorskip("pyarrow").string())
            ),
        }
        return list(library.read_csv(path, **options).to_pylist())
    found = library.execute("SELECT * FROM read_csv(?, all_varchar=true, header=true)", [str(path)])
    return [dict(zip(KEYS, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("name", CSV_READERS)
def test_csv(exported: Path, truth: Rows, name: str) -> None:
    assert from_cells(read_csv(name, exported / "csv/all")) == truth


def test_json_lines_by_pandas(exported: Path, truth: Rows) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.read_json(exported / "jsonl/all", lines=True, dtype=False)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    dates = ({"date": write_utc(row["date"])} if hasattr(row["date"], "strftime") else {} for row in rows)
    whole = ({key: _whole(row[key]) for key in INTEGERS} for row in rows)
    assert [{**row, **date, **numbers} for row, date, numbers in zip(rows, dates, whole, strict=True)] == truth


def _whole(value: Any) -> Any:
    return None if value is None else int(value)


def test_json_lines_by_polars(exported: Path, truth: Rows) -> None:
    polars = pytest.importorskip("polars")
    table = polars.read_ndjson(exported / "jsonl/all", infer_schema_length=None)
    assert set(table.columns) == set(KEYS)
    plain = [key for key in KEYS if key not in NESTED]
    assert table.select(plain).to_dicts() == [{key: row[key] for key in plain} for row in truth]


def test_json_lines_by_duckdb(exported: Path, truth: Rows) -> None:
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.execute("SELECT json FROM read_ndjson_objects(?)", [str(exported / "jsonl/all")]).fetchall()
    assert [json.loads(one) for (one,) in found] == truth
    query = "SELECT message_id, text FROM read_json(?, format='newline_delimited')"
    assert duckdb.execute(query, [str(exported / "jsonl/all")]).fetchall() == [
        (row["message_id"], row["text"]) for row in truth
    ]


def from_columns(rows: Iterator[dict[str, Any]], write_time: Callable[[Any], str]) -> Rows:
    """Rows of Parquet as those of JSON Lines."""
    times = ("date", "edit_date", "first_seen", "last_seen", "missing_since")
    found = []
    for row in rows:
        made = {
            key: json.loads(value) if key in NESTED and isinstance(value, str) else value for key, value in row.items()
        }
        made |= {key: write_time(row[key]) for key in times if row[key] is not None}
        made["media"] = [
            {**one, "extra": json.loads(one["extra"]) if one["extra"] else None} for one in list(row["media"])
        ]
        found.append(made | {key: list(row[key]) for key in ("hashtags", "links")})
    return found


def write_utc(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_parquet_by_pyarrow_and_polars(exported: Path, truth: Rows) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    assert from_columns(iter(pq.ParquetFile(exported / "parquet/all").read().to_pylist()), write_utc) == truth
    polars = pytest.importorskip("polars")
    assert from_columns(polars.read_parquet(exported / "parquet/all").iter_rows(named=True), write_utc) == truth


def test_parquet_by_pandas(exported: Path, truth: Rows) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    usual = pandas.read_parquet(exported / "parquet/all")
    assert {str(usual[key].dtype) for key in INTEGERS} == {"int64", "Int64"}
    assert str(usual["date"].dtype) == "datetime64[us, UTC]"
    table = pandas.read_parquet(exported / "parquet/all", dtype_backend="pyarrow")
    table = table.astype(object).where(table.notna(), None)
    assert from_columns(iter(table.to_dict("records")), write_utc) == truth


def test_parquet_by_duckdb(exported: Path, truth: Rows) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    conn = duckdb.connect()
    conn.execute("SET TimeZone = 'UTC'")
    found = conn.execute("SELECT * FROM read_parquet(?)", [str(exported / "parquet/all")])
    rows = (dict(zip(KEYS, row, strict=True)) for row in found.fetchall())
    assert from_columns(rows, write_utc) == truth


def test_html_by_lxml(exported: Path, truth: Rows) -> None:
    found = [
        article
        for path in sorted((exported / "html/all").glob("messages*.html"))
        for article in html.parse(path, html.HTMLParser(encoding="utf-8")).iterfind(".//article")
    ]
    keys = [(int(one.get("data-channel-id")), int(one.get("data-message-id")), one.get("data-date")) for one in found]
    assert keys == [(row["channel_id"], row["message_id"], row["date"]) for row in truth]


def test_a_feed_by_lxml(exported: Path, truth: Rows) -> None:
    feed = etree.parse(exported / "atom/all", etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    rows = feed.findall(".//{urn:telekeep:rows:1}row")
    assert [(int(one.get("message-id")), one.get("date")) for one in rows] == [
        (row["message_id"], row["date"]) for row in truth
    ]
    contents = feed.findall(".//{http://www.w3.org/2005/Atom}content")
    for row, content in zip(truth, contents, strict=True):
        if not row["media"] and not row["entities"]:
            words = html.fromstring(f"<div>{content.text}</div>").text_content()
            assert "".join(words.split()).startswith("".join(possible(row["text"]).split())[:100])


def test_desktop_json_by_pandas(exported: Path, truth: Rows) -> None:
    pandas = pytest.importorskip("pandas")
    said = json.loads((exported / "desktop-json/all").read_bytes())
    table = pandas.json_normalize(said["chats"]["list"], "messages")
    assert list(table["id"]) == [row["message_id"] for row in truth]
    words = ["".join(part["text"] for part in parts) for parts in table["text_entities"]]
    assert words == [row["text"] for row in truth]


def test_the_query_of_the_docs_adds_up_a_series(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    archive = build(tmp_path / "archive", [make_message(number, f"n{number}") for number in range(1, 9)])
    for changed in (None, 3, 5):
        if changed:
            with closing(sqlite3.connect(archive / "archive.db")) as conn:
                conn.execute("UPDATE message SET text = 'edited ' || text WHERE message_id >= ?", (changed,))
                conn.commit()
        append_as("parquet", archive, tmp_path / "out/all.parquet")
    docs = (Path(__file__).parents[2] / "docs/export.md").read_text()
    query = docs[docs.index("SELECT * EXCLUDE (filename)") :].partition("```")[0]
    query = query.replace("'all*.parquet'", f"'{tmp_path}/out/all*.parquet'").rstrip().rstrip(";")
    found = duckdb.execute(f"SELECT message_id, text FROM ({query}) ORDER BY 1").fetchall()  # noqa: S608
    export_as("jsonl", archive, tmp_path / "whole.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "whole.jsonl").read_bytes().splitlines()]
    assert found == [(row["message_id"], row["text"]) for row in lines]
    assert found[-1] == (8, "edited edited n8")
