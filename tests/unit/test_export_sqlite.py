from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archiver.cli.commands.history import run as show_history
from archiver.cli.commands.search import run as run_search
from archiver.cli.invocation import Invocation
from archiver.cli.search_options import SearchOptions
from archiver.cli.view.moments import Moments
from archiver.compose.read_archive import When
from archiver.errors import NotFound
from archiver.evidence.run import verify
from archiver.export.verify import check
from archiver.store.database import Database
from config.settings import ArchiveSettings, Settings
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


def test_an_export_of_some_messages_suggests_no_sync_and_loses_track_of_nothing(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = small(archive, tmp_path / "small", bounds=Bounds(until=LATER.fromtimestamp(START + 600, LATER.tzinfo)))
    run = Invocation(checked=[Settings(archive=ArchiveSettings(dir=made))])
    assert asyncio.run(run_search(run, "bridge", SearchOptions(when=When(None, None, None, "UTC")))) == 0
    said = capsys.readouterr().err
    assert "results are incomplete" in said
    assert "telekeep sync" not in said
    with pytest.raises(NotFound, match="not archived") as unseen:
        asyncio.run(show_history(run, "1001/50", Moments(), diff=False, counters=False, shape="json"))
    assert "sync" not in str(unseen.value)
    manifest = export_as("jsonl", made, tmp_path / "again.jsonl").manifest
    assert manifest is not None
    reasons = [one for part in manifest.channels for one in part.completeness.shortfall.reasons]
    assert reasons
    assert not [one for one in reasons if "lost track" in one]


def test_the_whole_is_sound_and_says_what_it_is(archive: Path, tmp_path: Path) -> None:
    found = verify(small(archive, tmp_path / "small") / "archive.db")
    assert [one for one in found.remarks if "is an export" in one]
    assert not [fault for fault in found.faults if fault.what in ("database", "outbox", "search")]
