"""What only an import has keeps that, through every export, and whatever it is imported over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from archiver.model.versions import list_versions
from archiver.reading.imported_from import read_imports
from archiver.store.database import Database, read
from archiver.store.history import list_revisions
from archiver.store.rows import get_messages
from tests.capturing import START, archive, assert_sound, capture, captured, context_of, export_of, rows
from tests.exporting import export_as
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
