"""A time zone that was wrong at an import is corrected by another one, and exact dates count, not assumed ones."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from archiver.cli.view.citation import cite
from archiver.cli.view.import_report import ImportedChat, ImportReport, report_import
from archiver.cli.view.import_words import describe_imports
from archiver.cli.view.moments import Moments
from archiver.compose.import_channel import ImportChannel
from archiver.ids import ChannelId
from archiver.imports import run_import
from archiver.imports.detect import open_source
from archiver.imports.import_file import HashedSource
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.import_target import ImportTarget
from archiver.imports.source import ImportedMessage, Seen
from archiver.reading.citation_styles import STYLES, cite_as
from archiver.store.database import Database
from archiver.store.imports.import_source import finish_imports
from tests.capturing import START, archive, assert_sound, capture, captured, context_of, export_of, rows
from tests.desktop_pages import OLD, DesktopPages
from tests.importing import CHANNEL_ID, entry, import_into, messages_of, read_all
from tests.merging import merge

__all__ = ["archive"]
UTC, BAGHDAD, KYIV = ZoneInfo("UTC"), ZoneInfo("Asia/Baghdad"), ZoneInfo("Europe/Kyiv")
LATE = 3 * 3600
DATES = "SELECT message_id, date FROM message ORDER BY message_id"
FOUND = "SELECT message_id, date FROM search_document WHERE flags & 1 = 0 ORDER BY message_id"
EXACT = [(1, START + 60), (2, START + 120)]
WRONG = [(number, date - LATE) for number, date in EXACT]


def local(number: int, text: str = "Bridge closed", **more: Any) -> dict[str, Any]:
    """A message whose date is that of `entry`, as local time in UTC."""
    return entry(number, text, date=f"2021-12-16T00:{number:02}:00", date_unixtime=..., **more)


def old_export(tmp_path: Path, *, edited: bool = False) -> Path:
    more = {"edited": "2021-12-17T00:00:00"} if edited else {}
    return export_of(tmp_path, local(1, **more), local(2), name="old.json")


def test_an_old_export_is_dated_by_its_newest_local_date(archive: Path, tmp_path: Path) -> None:
    import_into(archive, old_export(tmp_path), zone=UTC)
    assert rows(archive, "SELECT DISTINCT first_seen, last_seen FROM message") == [(EXACT[1][1],) * 2]


def test_another_zone_moves_when_a_deleted_message_was_last_seen(archive: Path, tmp_path: Path) -> None:
    capture(archive, [captured(5, "e")], proven=(1, 5))
    for zone in (BAGHDAD, UTC):
        import_into(archive, old_export(tmp_path), zone=zone)
        gone = rows(archive, "SELECT last_seen FROM message WHERE missing_since")
        assert rows(archive, "SELECT last_seen FROM absence") == gone
        assert_sound(archive)


def differs(archive: Path, number: int = 1) -> list[Any]:
    found = rows(archive, "SELECT differs FROM imported WHERE message_id = ? ORDER BY import_id", number)
    return [None if one is None else json.loads(one) for (one,) in found]


def test_another_zone_corrects_all_dates_and_what_was_said_before_stays(archive: Path, tmp_path: Path) -> None:
    path = old_export(tmp_path, edited=True)
    import_into(archive, path, zone=BAGHDAD)
    assert rows(archive, DATES) == rows(archive, FOUND) == WRONG
    again = import_into(archive, path, zone=UTC)
    assert (again.counts.same, again.counts.corrected, again.former_zone("UTC")) == (2, 2, "Asia/Baghdad")
    assert rows(archive, DATES) == rows(archive, FOUND) == EXACT
    assert rows(archive, "SELECT edit_date FROM message WHERE message_id = 1") == [(START + 86_400,)]
    assert rows(archive, "SELECT zone, finished_at IS NULL FROM import_source") == [("UTC", 0)]
    assert differs(archive) == [{"assumed": {"before": {"tz": "Asia/Baghdad", "date": WRONG[0][1]}, "tz": "UTC"}}]
    [said] = describe_imports(context_of(archive).imports, Moments())
    assert said == "old.json: date 15 Dec 2021 21:01 UTC by --tz Asia/Baghdad, since corrected"
    assert_sound(archive)
    assert import_into(archive, path, zone=UTC).counts.changes == 0
    assert import_into(archive, path, zone=BAGHDAD).counts.corrected == 2
    assert rows(archive, DATES) == rows(archive, FOUND) == WRONG
    assert_sound(archive)


def test_earlier_contents_are_found_by_the_corrected_date(archive: Path, tmp_path: Path) -> None:
    path = export_of(tmp_path, local(1, "first words"), local(1, "other words", edited="2021-12-17T00:00:00"))
    found = "SELECT d.date FROM search_revision JOIN search_document AS d USING (docid)"
    import_into(archive, path, zone=BAGHDAD)
    assert rows(archive, found) == [WRONG[0][1:]]
    for zone, expected in ((UTC, EXACT), (BAGHDAD, WRONG)):
        import_into(archive, path, zone=zone)
        assert rows(archive, found) == [expected[0][1:]]
        assert_sound(archive)


def test_another_zone_changes_nothing_that_was_captured_but_what_the_import_says_of_it(
    archive: Path, tmp_path: Path
) -> None:
    capture(archive, [captured(2, "other words"), captured(1, "Bridge closed")], proven=(1, 2))
    path = old_export(tmp_path)
    before = rows(archive, DATES)
    import_into(archive, path, zone=BAGHDAD)
    assert "date" in differs(archive)[0]["other"]
    assert import_into(archive, path, zone=UTC).counts.corrected == 2
    assert rows(archive, DATES) == rows(archive, FOUND) == before
    assert [one.get("other") for number in (1, 2) for one in differs(archive, number)] == [None, None]
    assert context_of(archive).assumed == ""
    assert_sound(archive)


@pytest.mark.parametrize(("then", "expected"), [(UTC, EXACT), (BAGHDAD, WRONG)])
def test_a_correction_that_was_killed_goes_on_or_is_taken_back(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: ZoneInfo, expected: list[tuple[int, int]]
) -> None:
    path = old_export(tmp_path)
    import_into(archive, path, zone=BAGHDAD)

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run_import.Importer, "_finish", killed)
        with pytest.raises(KeyboardInterrupt):
            import_into(archive, path, zone=UTC)
    assert rows(archive, "SELECT zone, finished_at FROM import_source") == [("Asia/Baghdad", None)]
    assert (rows(archive, DATES), context_of(archive).assumed_zone) == (EXACT, "UTC")
    assert_sound(archive)
    import_into(archive, path, zone=then)
    assert rows(archive, DATES) == rows(archive, FOUND) == expected
    assert context_of(archive).assumed_zone == str(then)
    assert_sound(archive)


def test_a_corrected_import_is_finished_together_with_its_newest_date(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_export(tmp_path)
    import_into(archive, path, zone=BAGHDAD)
    write = Database.write

    async def killed_once_finished(database: Database, job: Any, *args: Any, **more: Any) -> Any:
        done = await write(database, job, *args, **more)
        if job is finish_imports:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(Database, "write", killed_once_finished)
    with pytest.raises(KeyboardInterrupt):
        import_into(archive, path, zone=UTC)
    assert rows(archive, "SELECT zone, newest, finished_at > 0 FROM import_source") == [("UTC", EXACT[1][1], 1)]


def test_whoever_reads_or_cites_a_date_learns_on_which_zone_it_rests(archive: Path, tmp_path: Path) -> None:
    import_into(archive, old_export(tmp_path), zone=BAGHDAD)
    context = context_of(archive)
    said = "time zone Asia/Baghdad assumed at import"
    assert said in cite(context, Moments())
    assert all(said in cite_as(style, context) for style in STYLES)
    assert context.imports.to_objects()[0]["tz"] == "Asia/Baghdad"
    import_into(archive, export_of(tmp_path, entry(3, "exact"), name="new.json"))
    assert context_of(archive, 3).assumed == ""


@pytest.mark.parametrize(
    ("words", "exact_first", "edited"),
    [
        ("Bridge closed", False, True),
        ("Bridge closed", True, True),
        ("Bridge open", False, True),
        ("Bridge open", True, True),
        ("Bridge open", False, False),
    ],
)
def test_an_exact_date_counts_in_whichever_order_they_are_imported(
    archive: Path, tmp_path: Path, words: str, exact_first: bool, edited: bool
) -> None:
    old = old_export(tmp_path, edited=edited)
    new = export_of(tmp_path, entry(1, words), entry(2, "Bridge closed"), name="new.json")
    for path in (new, old) if exact_first else (old, new):
        import_into(archive, path, zone=BAGHDAD)
    assert rows(archive, DATES) == rows(archive, FOUND) == EXACT
    assert [context_of(archive, number).assumed for number in (1, 2)] == ["", ""]
    import_into(archive, old, zone=KYIV)
    import_into(archive, old, zone=UTC)
    assert rows(archive, DATES) == rows(archive, FOUND) == EXACT
    assert not any((one or {}).get("other", {}).get("date") for one in differs(archive))
    assert_sound(archive)


def test_a_date_that_another_telekeep_had_imported_is_not_known_to_be_exact(tmp_path: Path) -> None:
    target = ImportTarget(CHANNEL_ID, 1, 0, 0, 0, "jsonl")
    [one] = messages_of(read_all(export_of(tmp_path, entry(1, "x"))))
    relayed = ImportedMessage(message=one.message, seen=Seen(by_telegram=False, first_seen=1, last_seen=1))
    assert (target.is_exact(one), target.is_exact(relayed)) == (True, False)


def test_what_telegram_shows_later_counts(archive: Path, tmp_path: Path) -> None:
    import_into(archive, old_export(tmp_path), zone=BAGHDAD)
    capture(archive, [captured(2, "Bridge closed"), captured(1, "other words")], proven=(1, 2))
    assert rows(archive, DATES) == rows(archive, FOUND) == EXACT
    assert context_of(archive).assumed == ""
    assert_sound(archive)


def test_html_is_corrected_with_the_moment_by_which_it_was_made(archive: Path, tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad", generation=OLD)
    for number in (1, 2):
        pages.add(number, START + 60 * number, text="x", forwarded=("Far", START))
    path = pages.write(tmp_path)
    import_into(archive, path, str(CHANNEL_ID), zone=UTC)
    assert_sound(archive)
    assert import_into(archive, path, str(CHANNEL_ID), zone=BAGHDAD).counts.corrected == 2
    assert rows(archive, DATES) == rows(archive, FOUND) == EXACT
    assert rows(archive, "SELECT DISTINCT first_seen, last_seen FROM message") == [(EXACT[1][1], EXACT[1][1])]
    assert rows(archive, "SELECT newest FROM import_source") == [(EXACT[1][1],)]
    assert_sound(archive)
    exact = export_of(tmp_path, entry(1, "x"), entry(2, "y"), name="new.json")
    import_into(archive, path, str(CHANNEL_ID), zone=UTC)
    import_into(archive, exact)
    assert rows(archive, DATES) == EXACT
    assert_sound(archive)


def test_a_merge_names_the_zone_of_each_date_where_two_archives_assumed_different_ones(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad", generation=OLD)
    pages.add(1, START + 60, text="x")
    path = pages.write(tmp_path)
    for ours, theirs in ((BAGHDAD, UTC), (UTC, BAGHDAD)):
        archives = [tmp_path / f"{name} {ours}" for name in ("ours", "theirs")]
        for directory, zone in zip(archives, (ours, theirs), strict=True):
            import_into(directory, path, str(CHANNEL_ID), zone=zone)
        import_into(archives[0], export_of(tmp_path, entry(1, "y"), name="new.json"))
        asyncio.run(merge(archives[1], archives[0], now=int(time.time())))
        [(_, date)] = rows(archives[0], DATES)
        assert context_of(archives[0]).assumed_zone == {START + 60: None, START + 60 + LATE: "UTC"}[date]
        assert_sound(archives[0])


def report_of(path: Path, outcome: ImportOutcome, zone: str = "UTC", *, is_dry_run: bool = False) -> None:
    channel = ImportChannel(channel_id=ChannelId(CHANNEL_ID), name="desk")
    chats = [ImportedChat(channel, outcome)]
    report_import(ImportReport(path, HashedSource(open_source(path, UTC)), zone, is_dry_run, chats, Counter(), []))


def test_a_correction_is_said_and_never_called_nothing(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = old_export(tmp_path)
    import_into(archive, path, zone=BAGHDAD)
    report_of(path, import_into(archive, path, zone=UTC))
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "desk: 0 messages new, 2 known"
    assert said[1].startswith("desk: imported before with --tz Asia/Baghdad: the dates of 2 messages were corrected")
    report_of(path, import_into(archive, path, zone=ZoneInfo("Etc/UTC")), "Etc/UTC")
    assert "nothing changed" not in capsys.readouterr().err
    report_of(path, import_into(archive, path, zone=BAGHDAD), "Asia/Baghdad", is_dry_run=True)
    assert "would be corrected" in capsys.readouterr().err
    report_of(path, import_into(archive, export_of(tmp_path, entry(1, "Bridge closed"), name="new.json")))
    assert "has the exact date of this export now" in capsys.readouterr().err
