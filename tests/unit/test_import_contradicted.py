"""An export that contradicts most of the archive is refused, even with the channel's own id."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.commands.import_ import ImportOrder
from archiver.cli.commands.import_ import run as run_import
from archiver.cli.invocation import Invocation
from archiver.errors import UsageError
from archiver.imports.contradiction import Compared
from config.settings import ArchiveSettings, Settings
from tests.capturing import START, archive, capture, captured, dump, export_of, rows
from tests.importing import entry, import_into

__all__ = ["archive"]
YEARS = 60_000_000


def forged(message_id: int) -> dict[str, Any]:
    return entry(message_id, f"forged {message_id}", date_unixtime=str(START + YEARS + message_id))


@pytest.mark.parametrize("is_captured", [True, False], ids=["captured", "imported"])
def test_an_export_that_contradicts_most_of_the_archive_writes_nothing(
    archive: Path, tmp_path: Path, *, is_captured: bool
) -> None:
    if is_captured:
        capture(archive, [captured(at, f"words {at}") for at in (3, 2, 1)])
    else:
        import_into(archive, export_of(tmp_path, *(entry(at, f"words {at}") for at in (1, 2, 3)), name="true.json"))
    before = dump(archive)
    path = export_of(tmp_path, entry(1, "words 1"), forged(2), forged(3), forged(4))
    with pytest.raises(UsageError, match="2 of the 3 shared messages differ in both words and dates"):
        import_into(archive, path)
    assert dump(archive) == before
    assert rows(archive, "SELECT count(*) FROM import_source WHERE file_name = 'result.json'") == [(0,)]


def test_edits_and_a_wrong_time_zone_do_not_count_as_contradiction(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(at, f"words {at}") for at in (3, 2, 1)])
    zoned = [entry(at, f"edited {at}", date_unixtime=str(START + 60 * at + 3 * 3600)) for at in (1, 2, 3)]
    assert import_into(archive, export_of(tmp_path, *zoned)).counts.differing == 3
    edited = [entry(at, f"edited again {at}") for at in (1, 2, 3)]
    assert import_into(archive, export_of(tmp_path, *edited, name="edited.json")).counts.differing == 3


def test_a_contradiction_found_after_writing_ends_the_import_there(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.imports.gather_pages.PAGE", 2)
    capture(archive, [captured(at, f"words {at}") for at in (6, 5, 4, 3)])
    outcome = import_into(archive, export_of(tmp_path, *map(forged, range(1, 7))))
    assert (outcome.counts.new, outcome.counts.differing, outcome.is_cut) == (2, 0, True)
    assert [one.places for one in outcome.flaws.values() if not one.note] == [["message 3"]]
    assert rows(archive, "SELECT count(*) FROM revision") == [(0,)]
    assert rows(archive, "SELECT finished_at FROM import_source") == [(None,)]


def test_an_export_that_contradicts_only_itself_is_imported_to_its_end(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.imports.gather_pages.PAGE", 2)
    capture(archive, [captured(9, "words 9")])
    once = [entry(at, f"words {at}") for at in (1, 2, 3, 4)]
    outcome = import_into(archive, export_of(tmp_path, *once, *map(forged, (1, 2, 3, 4))))
    assert (outcome.counts.new, outcome.counts.differing, outcome.is_cut) == (4, 4, False)


@pytest.mark.parametrize(
    ("shared", "contradicted", "other"), [(1, 1, False), (3, 2, True), (4, 2, False), (0, 0, False)]
)
def test_more_than_half_and_more_than_one_must_be_contradicted(shared: int, contradicted: int, *, other: bool) -> None:
    assert Compared(shared, contradicted).is_other is other


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_an_import_warns_of_dates_that_are_others_than_those_archived(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], is_dry_run: bool
) -> None:
    import_into(archive, export_of(tmp_path, *(entry(number, "a") for number in range(1, 6)), name="first.json"))
    moved = {1: YEARS, 2: YEARS, 5: 3600}  # the last one as if in another time zone
    unix = {number: 1_639_612_800 + 60 * number + moved.get(number, 0) for number in range(1, 6)}
    path = export_of(tmp_path, *(entry(number, "a", date_unixtime=str(at)) for number, at in unix.items()))
    invocation = Invocation(loaded=[Settings(archive=ArchiveSettings(dir=archive))])
    asyncio.run(run_import(invocation, ImportOrder(path, None, None, is_dry_run=is_dry_run, shape="json")))
    said = capsys.readouterr()
    assert json.loads(said.out)["other_dates"] == 2
    assert "2 messages have other dates in the archive, and Telegram never changes dates" in said.err


def test_no_post_is_first_seen_before_its_date_in_whatever_order_a_file_is(archive: Path, tmp_path: Path) -> None:
    newest = 1_639_612_800 + 10_000_000
    listed = [entry(number, "words " * 400) for number in range(1, 600)]
    listed[300] = entry(301, "newest", date_unixtime=str(newest))
    import_into(archive, export_of(tmp_path, *listed))
    assert rows(archive, "SELECT message_id FROM message WHERE first_seen < date OR last_seen < date") == []
    assert rows(archive, "SELECT first_seen FROM message WHERE message_id = 301") == [(newest,)]
