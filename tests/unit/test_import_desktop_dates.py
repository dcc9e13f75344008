"""Dates of Telegram Desktop's exports: local times and labels become moments, or are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from archiver.errors import UsageError
from archiver.imports.sources.exporter_clock import is_certain
from tests.capturing import archive, assert_sound, rows
from tests.desktop_pages import OLD, DesktopPages
from tests.desktop_read import SUMMER, WINTER, flaws, load, read
from tests.importing import chat, entry, import_into, write_json

__all__ = ["archive"]


def test_with_a_zone_summer_is_summer_whatever_the_label_says(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Europe/Berlin")
    pages.add(1, WINTER, text="a")
    pages.add(2, SUMMER, text="b", forwarded=("Bob", SUMMER - 5))
    path = pages.write(tmp_path)
    assert path.joinpath("messages.html").read_text("utf-8").count("UTC+01:00") == 3
    found = read(path, "Europe/Berlin")
    assert [int(one.message.date.timestamp()) for one in found.values()] == [WINTER, SUMMER]
    with pytest.raises(UsageError, match=r"1 of its 2 dates may be an hour off.*UTC\+01:00.*--tz Europe/Berlin"):
        read(path, None)
    with pytest.raises(UsageError, match=r"labelled UTC\+01:00, which is not an offset of --tz Asia/Baghdad"):
        read(path, "Asia/Baghdad")


def test_without_a_zone_a_label_is_taken_where_it_is_certain(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, SUMMER, text="no zone at UTC+3 has a summer time")
    assert int(read(pages.write(tmp_path), None)[1].message.date.timestamp()) == SUMMER


@pytest.mark.parametrize("label", ["+03", "GMT+3", "AST", "Arabian Standard Time"])
def test_a_label_may_lack_its_utc_or_be_a_name(tmp_path: Path, label: str) -> None:
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, SUMMER, text="a", forwarded=("Bob", SUMMER - 5))
    path = pages.write(tmp_path)
    page = path / "messages.html"
    page.write_text(page.read_text("utf-8").replace("UTC+03:00", label), "utf-8")
    zone = None if "3" in label else "Asia/Baghdad"
    found = read(path, zone)[1].message
    forwarded = datetime.fromisoformat(load(found.fwd_from)["date"])
    assert (int(found.date.timestamp()), int(forwarded.timestamp())) == (SUMMER, SUMMER - 5)
    if zone is not None:
        with pytest.raises(UsageError, match="does not name the zone"):
            read(path, None)


def test_a_date_of_a_forward_that_is_not_certain_is_left_out_and_said(tmp_path: Path) -> None:
    before = WINTER - 3 * 365 * 86_400
    pages = DesktopPages("News", zone="Asia/Baghdad")
    pages.add(1, WINTER, text="a", forwarded=("Bob", before))
    path = pages.write(tmp_path)
    assert load(read(path, None)[1].message.fwd_from) == {"from_name": "Bob"}
    assert any(one.note and "1 date of a forwarded post" in one.what for one in flaws(path, None))
    assert datetime.fromisoformat(load(read(path, "Asia/Baghdad")[1].message.fwd_from)["date"]).timestamp() == before


@pytest.mark.parametrize(
    ("hours", "day", "certain"),
    [
        (1, (2024, 1, 10), True),
        (1, (2024, 7, 10), False),
        (3, (2024, 7, 10), True),
        (3, (2021, 12, 10), False),  # Amman was at UTC+2 then, and labels all of it UTC+3 now
        (2, (2024, 1, 10), True),
        (2, (2024, 3, 31), False),
        (0, (2024, 7, 10), False),
        (-5, (2024, 1, 10), True),
        (-5, (2024, 6, 10), False),
        (4, (2012, 7, 1), False),
    ],
)
def test_a_label_is_certain_if_every_zone_that_writes_it_had_it(
    hours: int, day: tuple[int, int, int], certain: bool
) -> None:
    assert is_certain(hours * 3600, datetime(*day).date()) is certain  # noqa: DTZ001 - a day


def test_dates_without_label_need_a_zone(tmp_path: Path) -> None:
    pages = DesktopPages("News", zone="Asia/Tehran", generation=OLD)
    pages.add(1, SUMMER - 3 * 365 * 86_400, text="in summer time, which Iran gave up later", forwarded=("B", SUMMER))
    path = pages.write(tmp_path)
    with pytest.raises(UsageError, match=r"1 of its 1 dates are local times.*--tz"):
        read(path, None)
    message = read(path, "Asia/Tehran")[1].message
    assert int(message.date.timestamp()) == SUMMER - 3 * 365 * 86_400
    assert datetime.fromisoformat(load(message.fwd_from)["date"]).timestamp() == SUMMER


def test_an_hour_that_exists_twice_is_told_apart_by_the_order_of_ids(tmp_path: Path) -> None:
    turn = int(datetime(2024, 10, 27, 1, tzinfo=UTC).timestamp())
    pages = DesktopPages("News", zone="Europe/Berlin")
    moments = [turn - 1800, turn - 60, turn + 60, turn + 1800, turn + 7200]
    for number, moment in enumerate(moments, 1):
        pages.add(number, moment, text="x")
    path = pages.write(tmp_path)
    assert [int(one.message.date.timestamp()) for one in read(path).values()] == moments
    assert any("4 dates are in an hour that clocks show twice" in one.what for one in flaws(path))


def test_one_message_without_zone_costs_only_itself_until_it_is_given(tmp_path: Path) -> None:
    local = entry(3, "local", date="2021-12-16T04:03:00", date_unixtime=...)
    path = write_json(tmp_path / "result.json", chat([entry(1, "one"), entry(2, "two"), local, entry(4, "four")]))
    outcome = import_into(tmp_path / "a", path)
    [flaw] = outcome.flaws.values()
    assert (outcome.counts.new, outcome.is_flawed, flaw.places) == (3, True, ["message 3"])
    assert "time zone is not known" in flaw.what
    assert "--tz" in flaw.what
    again = import_into(tmp_path / "a", path, zone=ZoneInfo("Europe/Kyiv"))
    assert (again.counts.new, again.counts.same, again.flaws) == (1, 3, {})
    assert rows(tmp_path / "a", "SELECT date FROM message WHERE message_id = 3") == [(1_639_620_180,)]
    assert rows(tmp_path / "a", "SELECT zone FROM import_source") == [("Europe/Kyiv",)]
    assert_sound(tmp_path / "a")


def test_a_file_of_local_times_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    written = [entry(at, "x", date_unixtime=...) for at in (1, 2)] + [entry(3, "x")]
    path = write_json(tmp_path / "result.json", chat([{**one, "text": "x" * 200_000} for one in written]))
    with pytest.raises(UsageError, match="local times"):
        import_into(tmp_path / "a", path)
    assert rows(tmp_path / "a", "SELECT count(*) FROM channel") == [(0,)]


def test_a_message_whose_two_dates_contradict_each_other_is_named_once_a_file(archive: Path, tmp_path: Path) -> None:
    wrong = {"date": "2019-01-05T10:00:00"}
    listed = [entry(1, "a", **wrong), entry(2, "b"), entry(3, "c", **wrong, photo="(none)"), entry(4, "d")]
    outcome = import_into(archive, write_json(tmp_path / "result.json", chat(listed)))
    [flaw] = outcome.flaws.values()
    assert "further apart" in flaw.what
    assert (flaw.count, flaw.places, flaw.note) == (2, ["message 1", "message 3"], True)
    assert (outcome.counts.new, outcome.is_flawed) == (4, False)


def test_a_date_in_the_future_is_imported_and_named(archive: Path, tmp_path: Path) -> None:
    late = entry(2, "b", date="2099-01-01T00:00:00", date_unixtime="4070908800")
    path = write_json(tmp_path / "result.json", chat([entry(1, "a"), late]))
    outcome = import_into(archive, path)
    [flaw] = outcome.flaws.values()
    assert "in the future" in flaw.what
    assert (flaw.count, flaw.places, outcome.counts.new) == (1, ["message 2"], 2)
