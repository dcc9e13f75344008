"""The archive opens in the programs that people have: docs/other-programs.md, run on a real archive."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.mirror.rebuild_search import rebuild_search
from archiver.store.database import Database
from tests.sample import CHANNEL, build, connect, make_message, photo

DOCUMENT = (Path(__file__).parents[2] / "docs/other-programs.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
EVERY = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"


@pytest.fixture
async def archive(tmp_path: Path) -> Path:
    build(
        tmp_path,
        [
            make_message(1, kind="service", action='{"type":"channel_create","title":"Example"}'),
            make_message(2, "first", media=(photo(file_name="a.jpg"),), views=5),
            make_message(
                3,
                "second",
                sender='{"type":"user","id":5,"name":"Mina","username":null}',
                markup='[[{"text":"Read on","type":"url","url":"https://example.org"}]]',
            ),
        ],
        channel=replace(CHANNEL, username="example"),
    )
    async with await Database.open(tmp_path) as database:
        await rebuild_search(database)
    with closing(connect(tmp_path)) as conn:
        conn.execute("UPDATE message SET missing_since = last_seen + 60 WHERE message_id = 2")
    return tmp_path / "archive.db"


def _open(archive: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{archive}?mode=ro", uri=True)


def _plan(conn: sqlite3.Connection, query: str) -> str:
    return "\n".join(row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {query}"))


def test_every_column_is_documented_in_its_order(archive: Path) -> None:
    with closing(_open(archive)) as conn:
        columns = [row[0] for row in conn.execute("SELECT * FROM messages LIMIT 0").description]
    cells = re.findall(r"^\| (`.*?) \|", DOCUMENT, re.MULTILINE)
    assert [name for cell in cells for name in re.findall(r"`(\w+)`", cell)] == columns


def test_a_message_reads_as_people_write_it(archive: Path) -> None:
    with closing(_open(archive)) as conn:
        conn.row_factory = sqlite3.Row
        service, first, second = map(dict, conn.execute("SELECT * FROM messages ORDER BY message_id"))
    assert (service["kind"], service["media"], service["deleted_since"]) == ("service", None, None)
    assert first["date"] == "2021-12-16T00:02:00Z"
    assert first["permalink"] == "https://t.me/example/2"
    assert (first["channel"], first["kind"], first["media"], first["views"]) == ("example", "message", "photo", 5)
    assert first["deleted_since"] > first["last_seen"]
    assert (second["author"], second["revisions"], len(second["payload_sha256"])) == ("Mina", 0, 64)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_finds_something(archive: Path, example: str) -> None:
    with closing(connect(archive.parent)) as conn:
        conn.execute(
            "INSERT INTO revision SELECT channel_id, message_id, 1, NULL, 'before', NULL, '[]', NULL, NULL, first_seen,"
            " last_seen, last_seen, x'00', x'00', layer, raw, import_id FROM message WHERE message_id = 3"
        )
    with closing(_open(archive)) as conn:
        assert conn.execute(example).fetchall()


def test_the_python_example_runs(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [example] = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    monkeypatch.chdir(archive.parent)
    exec(compile(example, "docs/other-programs.md", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out.splitlines()[1:] == ["2021-12-16T00:02:00Z first", "2021-12-16T00:03:00Z second"]


def test_channel_date_and_id_are_looked_up_in_indexes(archive: Path) -> None:
    with closing(_open(archive)) as conn:
        for channel in ("channel = 'example'", "channel = 'EXAMPLE'", "channel_id = 1001"):
            of = f"SELECT * FROM messages WHERE {channel}"
            assert len(conn.execute(of).fetchall()) == 3
            assert "SEARCH m USING INDEX message_date (channel_id=?)" in _plan(conn, f"{of} AND date > '2021'")
            assert "(channel_id=? AND date>? AND date<?)" in _plan(
                conn, f"{of} AND date_unix >= 1639612800 AND date_unix < 1639699200"
            )
            assert "(channel_id=? AND message_id=?)" in _plan(conn, f"{of} AND message_id = 3")


def test_every_table_can_be_counted_and_listed_as_sqlite_utils_and_datasette_do(archive: Path) -> None:
    with closing(_open(archive)) as conn:
        for name in _names(conn):
            count = conn.execute(f"select count(*) from [{name}]").fetchone()[0]
            listed = conn.execute(f"select * from [{name}] limit 101").fetchall()
            assert len(listed) == min(count, 101)
        assert conn.execute("select count(*) from [search_text]").fetchone() == (3,)


def _names(conn: sqlite3.Connection) -> Iterator[str]:
    return (row[0] for row in conn.execute(EVERY).fetchall())


def test_sqlite_utils_counts_all_tables_and_lists_the_view(archive: Path) -> None:
    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", "sqlite_utils", *arguments]
        return orjson.loads(subprocess.run(command, capture_output=True, check=True, env=dict(os.environ)).stdout)

    counts = {row["table"]: row["count"] for row in run("tables", str(archive), "--counts")}
    assert counts["message"] == counts["search_text"] == 3
    assert [row["message_id"] for row in run("rows", str(archive), "messages")] == [1, 2, 3]


def test_a_reader_neither_waits_for_a_writer_nor_holds_it_up(archive: Path) -> None:
    with closing(connect(archive.parent)) as writer, closing(_open(archive)) as reader:
        count = "SELECT count(*) FROM messages WHERE deleted_since IS NULL"
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE message SET missing_since = NULL")
        assert reader.execute(count).fetchone() == (2,)
        reader.execute("BEGIN")
        assert reader.execute(count).fetchone() == (2,)
        writer.execute("COMMIT")
        assert reader.execute(count).fetchone() == (2,)
        reader.execute("ROLLBACK")
        assert reader.execute(count).fetchone() == (3,)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM message")
