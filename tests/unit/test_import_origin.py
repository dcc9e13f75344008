"""What only an import has keeps that, through every export, and whatever it is imported over."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from archiver.cli.view.answers import Answers
from archiver.cli.view.shown import Shown
from archiver.compose.engine import SelectedEngine
from archiver.mirror.rebuild_search import rebuild_search
from archiver.model.versions import list_versions
from archiver.reading.change import Change
from archiver.reading.change_log import iter_changes
from archiver.reading.imported_from import read_imports
from archiver.store.database import Database, read
from archiver.store.messages.arrivals import iter_changes_since
from archiver.store.messages.history import list_revisions
from archiver.store.messages.rows import get_messages, list_names
from search.engine.protocol import Question
from search.exact.reader import ExactEngine
from search.query.dates import Bounds
from search.query.filters import Context
from search.query.parse import parse
from tests.capturing import START, archive, assert_sound, capture, captured, context_of, export_of, rows
from tests.exporting import LATER, export_as
from tests.importing import CHANNEL_ID, entry, import_into

__all__ = ["archive"]
FORMATS = ("jsonl", "csv", "desktop-json")


@pytest.fixture
def claiming(tmp_path: Path) -> Path:
    """An archive that captured a post, of which an import alone claims other words."""
    path = tmp_path / "claiming"
    capture(path, [captured(1, "shown")])
    import_into(path, export_of(tmp_path, entry(1, "never shown"), name="forged.json"))
    return path


def origins(archive: Path) -> list[tuple[str, dict[str, Any] | None]]:
    """The text of each version, and its import as JSON."""

    async def found() -> list[tuple[str, dict[str, Any] | None]]:
        key = (CHANNEL_ID, 1)
        async with await Database.open_readonly(archive) as database:
            held = await database.read(get_messages, [key])
            kept = await read(database.connection, list_revisions, {key: (1, held[key][0].revisions)})
            imports = await read_imports(database.connection, *key)
        shown = [imports.describe(one) for one in list_versions(*held[key], kept[key])]
        return [(one["text"], one["import"]) for one in shown]

    return asyncio.run(found())


@pytest.mark.parametrize("form", FORMATS)
def test_what_only_an_import_has_keeps_that_through_exports_of_exports(
    tmp_path: Path, claiming: Path, form: str
) -> None:
    source = claiming
    for hop in ("first", "second"):
        export_as(form, source, tmp_path / hop, revisions=True)
        source = tmp_path / f"archive of {hop}"
        import_into(source, tmp_path / hop)
        found = dict(origins(source))["never shown"]
        assert found is not None
        assert (found["file"], found["claimed_by"]) == (hop, "forged.json")
        assert found["claimed_sha256"] == sha256((tmp_path / "forged.json").read_bytes()).hexdigest()
        assert context_of(source).claimed_in == hop
        assert_sound(source)


@pytest.mark.parametrize("form", FORMATS)
def test_an_earlier_content_claimed_over_a_captured_post_is_counted_and_of_the_time_of_the_import(
    tmp_path: Path, archive: Path, claiming: Path, form: str
) -> None:
    capture(archive, [captured(1, "shown")])
    export_as(form, claiming, tmp_path / "rows", revisions=True)
    counts = import_into(archive, tmp_path / "rows").counts
    assert (counts.differing, counts.same, counts.revisions) == (1, 0, 1)
    [(text, found), current] = origins(archive)
    assert (text, found and found["file"], current) == ("never shown", "rows", ("shown", None))
    assert rows(archive, "SELECT replaced_at = (SELECT at FROM import_source) FROM revision") == [(1,)]
    again = import_into(archive, tmp_path / "rows").counts
    assert (again.same, again.revisions) == (1, 0)
    assert_sound(archive)


def test_the_own_export_of_an_archive_adds_no_content_that_telegram_showed(tmp_path: Path, archive: Path) -> None:
    capture(archive, [captured(1, "as it was")])
    capture(archive, [captured(1, "as it is")], pts=2)
    export_as("jsonl", archive, tmp_path / "rows", revisions=True)
    assert import_into(archive, tmp_path / "rows").counts.revisions == 0
    assert origins(archive) == [("as it was", None), ("as it is", None)]


def test_an_edit_after_a_claimed_content_begins_when_telegram_showed_it(tmp_path: Path, archive: Path) -> None:
    claiming = tmp_path / "rows"
    capture(archive, [captured(1, "shown")])
    export_as("jsonl", archive, claiming)
    text = claiming.read_text(encoding="utf-8").rstrip().removesuffix("}")
    version = '{"revision":1,"edit_date":null,"first_seen":"2022-01-01T00:00:00Z","last_seen":"2022-01-02T00:00:00Z",'
    claiming.write_text(f'{text},"versions":[{version}"text":"claimed","media":[]}}]}}\n', encoding="utf-8")
    assert import_into(archive, claiming).counts.revisions == 1
    capture(archive, [captured(1, "edited")], pts=2)
    first = "(SELECT first_seen FROM message)"
    assert rows(archive, f"SELECT text, first_seen = {first} FROM revision ORDER BY revision") == [  # noqa: S608
        ("claimed", 0),
        ("shown", 1),
    ]
    assert_sound(archive)


def test_an_export_with_another_date_does_not_say_when_a_post_was_first_there(tmp_path: Path, archive: Path) -> None:
    year = 365 * 86_400
    held = [entry(number, "held", date_unixtime=str(START + year)) for number in (1, 2)]
    import_into(archive, export_of(tmp_path, *held, name="held.json"))
    other = [entry(1, "held", date_unixtime=str(START)), entry(2, "other", date_unixtime=str(START))]
    import_into(archive, export_of(tmp_path, *other, name="other.json"))
    assert rows(archive, "SELECT first_seen, last_seen FROM message") == [(START + year, START + year)] * 2
    assert_sound(archive)


def test_changes_compare_each_import_with_what_telegram_showed_and_name_it(tmp_path: Path, archive: Path) -> None:
    capture(archive, [captured(1, "shown")])
    for name in ("a.json", "b.json"):
        import_into(archive, export_of(tmp_path, entry(1, f"claimed by {name}"), name=name))
    capture(archive, [captured(1, "edited")], pts=2)

    async def found() -> list[Change]:
        async with await Database.open_readonly(archive) as database:
            names = {one.channel_id: one for one in await database.read(list_names)}
            listed = iter_changes(database.connection, ("differs", "edited"), names=names, bounds=Bounds())
            return [one async for one in listed]

    changes = [one.to_object() for one in asyncio.run(found())]
    said = {(one["kind"], one["old"], one["new"], (one["import"] or {}).get("file")) for one in changes}
    assert said == {
        ("differs", "claimed by a.json", "shown", "a.json"),
        ("differs", "claimed by b.json", "shown", "b.json"),
        ("edited", "shown", "edited", None),
    }
    assert all("the import of" not in one["description"] for one in changes if one["kind"] == "edited")
    assert list_events(archive) == ["edited"]


def list_events(archive: Path) -> list[str]:
    """What `tail` says that happened."""
    with sqlite3.connect(archive / "archive.db") as conn:
        found = [one.event for one in iter_changes_since(conn, 0)]
    conn.close()
    return found


def test_a_hit_in_the_content_of_an_import_has_its_origin_and_times_as_in_history(
    tmp_path: Path, claiming: Path
) -> None:
    async def found() -> dict[str, Any]:
        async with await Database.open_readonly(claiming) as database:
            names = {one.channel_id: one for one in await database.read(list_names)}
            selected = SelectedEngine(ExactEngine(database.connection))
            answers = Answers(database.connection, selected, names)
            question = Question(tree=parse("never in:revisions", Context(now=LATER)))
            [[shown]] = [one async for one in answers.plain(question, 0, 0)]
            assert isinstance(shown, Shown)
            assert shown.earlier is not None
            return shown.imports.describe(shown.earlier)

    one = asyncio.run(found())
    assert (one["text"], one["import"]) == ("never shown", dict(origins(claiming))["never shown"])
    assert one["first_seen"] == one["last_seen"] == one["import"]["newest"]


@pytest.mark.parametrize("order", ["import first", "capture first", "rebuilt"])
def test_an_edit_that_only_an_import_claims_of_a_captured_post_is_no_edit(
    tmp_path: Path, archive: Path, order: str
) -> None:
    edited = entry(1, "never shown", edited_unixtime=str(START + 99))
    forged = export_of(tmp_path, edited, entry(2, "edited by import", edited_unixtime=str(START + 999)))
    if order == "import first":
        import_into(archive, forged)
    capture(archive, [captured(1, "shown")])
    if order != "import first":
        import_into(archive, forged)

    async def found() -> list[tuple[int, int | None]]:
        async with await Database.open(archive) as database:
            if order == "rebuilt":
                await rebuild_search(database)
            tree = parse("is:edited in:revisions", Context(now=LATER))
            answer = await ExactEngine(database.connection).search(Question(tree=tree))
            return [(hit.message_id, hit.revision) for hit in answer.hits]

    assert asyncio.run(found()) == [(2, None)]
    assert_sound(archive)


@pytest.mark.parametrize("is_first", [True, False], ids=["assumed first", "exact first"])
def test_no_post_was_first_seen_before_its_date_whatever_zone_was_assumed(
    tmp_path: Path, archive: Path, *, is_first: bool
) -> None:
    exact = export_of(tmp_path, entry(1, "words", date_unixtime=str(START + 60)), name="exact.json")
    local = datetime.fromtimestamp(START + 60 - 3 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    undated = {name: value for name, value in entry(1, "words", date=local).items() if name != "date_unixtime"}
    assumed = export_of(tmp_path, undated, name="assumed.json")
    for path in (assumed, exact) if is_first else (exact, assumed):
        import_into(archive, path, zone=ZoneInfo("UTC"))
    assert rows(archive, "SELECT date, first_seen FROM message") == [(START + 60, START + 60)]
    assert_sound(archive)
