from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archiver.evidence.run import verify
from archiver.export.verify import check
from archiver.store.database import Database
from search.engine.protocol import Question
from search.exact.writer import ExactEngine
from search.query.dates import Bounds
from search.query.filters import Context
from search.query.parse import parse
from tests.exporting import LATER, export_as
from tests.hostile import hostile_messages
from tests.sample import OTHER, START, build, make_message, photo


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    gone = "UPDATE message SET missing_since = 1640000000, missing_how = 'update' WHERE message_id = 4"
    build(tmp_path / "archive", hostile_messages(), covered=[(1, 60)], sql=[gone])
    others = [make_message(number, f"bridge {number}", channel_id=1002, media=(photo(),)) for number in range(1, 600)]
    return build(tmp_path / "archive", others, channel=OTHER, covered=[(1, 599)])


def small(archive: Path, out: Path, **more: object) -> Path:
    export_as("sqlite", archive, out / "archive.db", **more)
    out.chmod(0o700)
    (out / "archive.db").chmod(0o600)
    return out


def find(archive: Path, text: str) -> list[int]:
    async def run() -> list[int]:
        async with await Database.open_readonly(archive) as database:
            question = Question(tree=parse(text, Context(now=LATER)), bounds=Bounds(), sort="oldest", limit=1000)
            return [hit.message_id for hit in (await ExactEngine(database.connection).search(question)).hits]

    return asyncio.run(run())


def test_an_export_of_the_small_archive_is_the_same_bytes_as_one_of_the_archive(archive: Path, tmp_path: Path) -> None:
    made = small(archive, tmp_path / "small")
    export_as("jsonl", archive, tmp_path / "one.jsonl")
    export_as("jsonl", made, tmp_path / "two/two.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two/two.jsonl").read_bytes()
    assert [one.fault for one in check(tmp_path / "small/manifest.json")] == [None]


def test_the_small_archive_is_searched_and_other_programs_read_it(archive: Path, tmp_path: Path) -> None:
    made = small(archive, tmp_path / "small")
    assert find(made, "bridges") == list(range(1, 600))
    assert find(made, "is:deleted") == [4]
    import sqlite_utils  # which imports pandas where it is there

    database = sqlite_utils.Database(made / "archive.db")
    assert database["messages"].count == 599 + len(hostile_messages())
    texts = {row["text"] for row in database.query("SELECT text FROM messages WHERE channel = 'NightBridge'")}
    assert texts == {message.text for message in hostile_messages()}
    database.close()


def test_the_bytes_are_the_same_twice(archive: Path, tmp_path: Path) -> None:
    files = [small(archive, tmp_path / name) / "archive.db" for name in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(one.name for one in (tmp_path / "one").iterdir()) == ["archive.db", "manifest.json"]


def test_some_messages_say_nothing_about_the_others(archive: Path, tmp_path: Path) -> None:
    bounds = Bounds(until=LATER.fromtimestamp(START + 600, LATER.tzinfo))
    made = small(archive, tmp_path / "small", bounds=bounds)
    with closing(sqlite3.connect(made / "archive.db")) as conn:
        assert conn.execute("SELECT count(*) FROM message").fetchone() == (17,)
        for table in ("coverage", "account", "access"):
            assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
    assert find(made, "bridge") == list(range(1, 10))


def test_the_whole_is_sound_and_says_what_it_is(archive: Path, tmp_path: Path) -> None:
    found = verify(small(archive, tmp_path / "small") / "archive.db")
    assert [one for one in found.remarks if "is an export" in one]
    assert not [fault for fault in found.faults if fault.what in ("database", "outbox", "search")]
