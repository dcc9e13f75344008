"""Parquet exports, read by pyarrow and DuckDB, which are large: only where '.[readers]' is installed."""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from archiver.export.formats.parquet import ParquetRows
from archiver.export.formats.registry import FORMATS, partitioned
from archiver.export.request import Request
from archiver.export.verify import check
from archiver.model.row import KEYS, NESTED
from search.query.dates import Bounds
from tests.exporting import export_as, export_form
from tests.hostile import hostile_messages
from tests.sample import OTHER, _insert, build, connect, make_message

pytestmark = pytest.mark.soak
pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra: '.[parquet]'")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    build(tmp_path / "archive", hostile_messages(), covered=[(1, 60)])
    others = [make_message(number, f"b{number}", channel_id=1002, views=number) for number in range(1, 99)]
    return build(tmp_path / "archive", others, channel=OTHER)


def as_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of Parquet as a row of JSON Lines."""
    found = {}
    for key, value in row.items():
        if isinstance(value, datetime):
            found[key] = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        elif key == "media":
            found[key] = [{**one, "extra": one["extra"] and orjson.loads(one["extra"])} for one in value]
        elif key in NESTED and isinstance(value, str):
            found[key] = orjson.loads(value)
        else:
            found[key] = value
    return found


def test_rows_equal_those_of_json_lines(archive: Path, tmp_path: Path) -> None:
    export_as("parquet", archive, tmp_path / "p/all.parquet")
    export_as("jsonl", archive, tmp_path / "j/all.jsonl", by_channel=True)
    table = pq.read_table(tmp_path / "p/all.parquet")
    assert table.column_names == list(KEYS)
    lines = [orjson.loads(line) for line in (tmp_path / "j/all.jsonl").read_bytes().splitlines()]
    assert [as_row(row) for row in table.to_pylist()] == lines
    assert [one.fault for one in check(tmp_path / "p/manifest.json")] == [None]


def test_columns_have_types_and_statistics(archive: Path, tmp_path: Path) -> None:
    export_as("parquet", archive, tmp_path / "all.parquet")
    file = pq.ParquetFile(tmp_path / "all.parquet")
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types["message_id"] == types["views"] == "int64"
    assert types["date"] == "timestamp[us, tz=UTC]"
    assert types["channel"].startswith("dictionary<values=string")
    assert types["hashtags"].startswith("list<")
    group = file.metadata.row_group(0)
    assert {group.column(at).compression for at in range(group.num_columns)} == {"ZSTD"}
    assert group.column(0).statistics.min == 1001


@pytest.mark.soak(only="writes 66,000 messages twice")
def test_two_exports_are_the_same_bytes_in_groups_of_65536(tmp_path: Path) -> None:
    messages = [make_message(number, "x") for number in range(1, 66_000)]
    archive = build(tmp_path / "archive", messages, covered=[(1, 66_000)])
    for name in ("one", "two"):
        export_as("parquet", archive, tmp_path / name / "all.parquet")
    assert (tmp_path / "one/all.parquet").read_bytes() == (tmp_path / "two/all.parquet").read_bytes()
    metadata = pq.ParquetFile(tmp_path / "one/all.parquet").metadata
    assert [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)] == [65_536, 463]


def test_a_partitioned_export_is_read_as_one_table(archive: Path, tmp_path: Path) -> None:
    late = make_message(100_000, "in February", channel_id=1002)
    with closing(connect(archive)) as conn:
        _insert(conn, late)
    form = partitioned(FORMATS["parquet"])
    for name in ("one", "two"):
        export_form(form, archive, tmp_path / name)
        assert not [one.fault for one in check(tmp_path / name / "_manifest.json") if one.fault]
    files = sorted(str(path.relative_to(tmp_path / "one")) for path in (tmp_path / "one").rglob("*.parquet"))
    assert files == [
        "peer=1001/month=2021-12/part-0001.parquet",
        "peer=1002/month=2021-12/part-0001.parquet",
        "peer=1002/month=2022-02/part-0001.parquet",
    ]
    assert all((tmp_path / "one" / one).read_bytes() == (tmp_path / "two" / one).read_bytes() for one in files)
    duckdb = pytest.importorskip("duckdb")
    query = "SELECT peer, month, count(*) FROM read_parquet(?, hive_partitioning=true) GROUP BY ALL ORDER BY ALL"
    found = duckdb.execute(query, [str(tmp_path / "one/**/*.parquet")]).fetchall()
    assert [(int(peer), count) for peer, _, count in found] == [(1001, len(hostile_messages())), (1002, 98), (1002, 1)]
    table = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "one", columns=["peer", "message_id"])
    assert table.num_rows == len(hostile_messages()) + 99


def test_an_unfinished_writer_writes_nothing_when_released(archive: Path) -> None:
    """pyarrow writes a footer then, into a file that may be closed."""
    written: list[bytes] = []
    sink = SimpleNamespace(write=written.append)
    rows = ParquetRows(Request(channels=(), bounds=Bounds()), None, sink)
    rows.begin()
    before = len(written)
    rows.close()
    del rows
    gc.collect()
    assert len(written) == before


def test_a_changed_file_is_found(archive: Path, tmp_path: Path) -> None:
    export_as("parquet", archive, tmp_path / "all.parquet")
    data = bytearray((tmp_path / "all.parquet").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "all.parquet").write_bytes(data)
    assert [one.fault for one in check(tmp_path / "manifest.json")] == ["has a different SHA-256"]


def test_duckdb_reads_csv_and_json_lines_alike(archive: Path, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    tables = []
    for name, read in (("csv", "read_csv(?, all_varchar=true)"), ("jsonl", "read_json(?, format='newline_delimited')")):
        export_as(name, archive, tmp_path / name / "all")
        query = f"SELECT message_id::BIGINT, text, permalink, views::BIGINT FROM {read} ORDER BY permalink"  # noqa: S608
        rows = duckdb.execute(query, [str(tmp_path / name / "all")]).fetchall()
        tables.append([(number, text or "", *rest) for number, text, *rest in rows])
    assert tables[0] == tables[1]
    assert len(tables[0]) == 98 + len(hostile_messages())


def test_duckdb_reads_it(archive: Path, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    export_as("parquet", archive, tmp_path / "all.parquet")
    query = "SELECT channel, count(*), min(date), sum(views) FROM read_parquet(?) GROUP BY channel ORDER BY channel"
    found = duckdb.execute(query, [str(tmp_path / "all.parquet")]).fetchall()
    assert [(name, count) for name, count, *_ in found] == [("NightBridge", len(hostile_messages())), ("jisr_news", 98)]


MEASURE = """
import sys
from pathlib import Path
from tests.exporting import export_as
export_as("parquet", Path(sys.argv[1]), Path(sys.argv[2]))
said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(said["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.soak(only="writes 140,000 messages and measures memory")
def test_a_row_group_takes_less_than_150_mb(tmp_path: Path) -> None:
    messages = [make_message(number, f"{number} {'word ' * 60}") for number in range(1, 140_000)]
    archive = build(tmp_path / "archive", messages, covered=[(1, 140_000)])
    command = [sys.executable, "-c", MEASURE, str(archive), str(tmp_path / "all.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert int(done.stdout) < 150
