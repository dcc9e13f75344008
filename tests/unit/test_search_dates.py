from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import DateError
from search.query.dates import (
    Bounds,
    parse_bounds,
    parse_on,
    parse_range,
    parse_since,
    parse_until,
    parse_zone,
)

NOW = datetime(2024, 3, 31, 10, 30, tzinfo=UTC)
BAGHDAD = ZoneInfo("Asia/Baghdad")
BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2021", utc(2021, 1, 1), utc(2022, 1, 1)),
        ("2021-12", utc(2021, 12, 1), utc(2022, 1, 1)),
        ("2021-02", utc(2021, 2, 1), utc(2021, 3, 1)),
        ("2021-12-16", utc(2021, 12, 16), utc(2021, 12, 17)),
        ("today", utc(2024, 3, 31), utc(2024, 4, 1)),
        ("Yesterday", utc(2024, 3, 30), utc(2024, 3, 31)),
        ("2021-12-16T10:30", utc(2021, 12, 16, 10, 30), utc(2021, 12, 16, 10, 30)),
        ("2021-12-16 10:30:05", utc(2021, 12, 16, 10, 30, 5), utc(2021, 12, 16, 10, 30, 5)),
        ("2021-12-16T10:30Z", utc(2021, 12, 16, 10, 30), utc(2021, 12, 16, 10, 30)),
        ("2021-12-16T10:30+03:00", utc(2021, 12, 16, 7, 30), utc(2021, 12, 16, 7, 30)),
        ("@1639612800", utc(2021, 12, 16), utc(2021, 12, 16)),
        ("7d", NOW - timedelta(days=7), NOW - timedelta(days=7)),
        ("2h", NOW - timedelta(hours=2), NOW - timedelta(hours=2)),
        ("30m", NOW - timedelta(minutes=30), NOW - timedelta(minutes=30)),
        ("2w", NOW - timedelta(weeks=2), NOW - timedelta(weeks=2)),
        ("now", NOW, NOW),
        ("٧d", NOW - timedelta(days=7), NOW - timedelta(days=7)),
        ("۲۰۲۱-۱۲-۱۶", utc(2021, 12, 16), utc(2021, 12, 17)),
    ],
)
def test_a_date_begins_and_is_over(text: str, since: datetime, until: datetime) -> None:
    assert parse_since(text, UTC, NOW) == since
    assert parse_until(text, UTC, NOW) == until


def test_days_are_whole_days_in_the_zone() -> None:
    assert parse_on("2021-12-16", BAGHDAD, NOW) == Bounds(utc(2021, 12, 15, 21), utc(2021, 12, 16, 21))
    assert parse_since("2021-12-16T10:30", BAGHDAD, NOW) == utc(2021, 12, 16, 7, 30)
    late = datetime(2024, 5, 1, 22, tzinfo=UTC)
    assert parse_since("today", BAGHDAD, late) == utc(2024, 5, 1, 21)


def test_a_day_is_as_long_as_the_clock_makes_it() -> None:
    short, long = parse_on("2024-03-31", BERLIN, NOW), parse_on("2024-10-27", BERLIN, NOW)
    assert short == Bounds(utc(2024, 3, 30, 23), utc(2024, 3, 31, 22))
    assert long == Bounds(utc(2024, 10, 26, 22), utc(2024, 10, 27, 23))


def test_a_time_that_the_clock_skips_or_shows_twice_is_one_instant() -> None:
    assert parse_since("2024-03-31T02:30", BERLIN, NOW) == utc(2024, 3, 31, 1, 30)
    assert parse_since("2024-10-27T02:30", BERLIN, NOW) == utc(2024, 10, 27, 0, 30)
    assert parse_since("2024-10-27T02:30+01:00", BERLIN, NOW) == utc(2024, 10, 27, 1, 30)
    assert parse_range("2024-10-27T02:00..2024-10-27", BERLIN, NOW) == Bounds(utc(2024, 10, 27), utc(2024, 10, 27, 23))


def test_a_day_whose_midnight_is_skipped_begins_at_the_jump() -> None:
    assert parse_since("2023-04-28", ZoneInfo("Africa/Cairo"), NOW) == utc(2023, 4, 27, 22)
    assert parse_until("2023-04-27", ZoneInfo("Africa/Cairo"), NOW) == utc(2023, 4, 27, 22)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("2021-12-01..2021-12-31", Bounds(utc(2021, 12, 1), utc(2022, 1, 1))),
        ("2021..2021", Bounds(utc(2021, 1, 1), utc(2022, 1, 1))),
        ("2021-12-01..", Bounds(utc(2021, 12, 1))),
        ("..2021-11", Bounds(None, utc(2021, 12, 1))),
        ("@0..@60", Bounds(utc(1970, 1, 1), utc(1970, 1, 1, 0, 1))),
        ("2021-12-16", Bounds(utc(2021, 12, 16), utc(2021, 12, 17))),
    ],
)
def test_ranges_include_both_of_their_days(text: str, bounds: Bounds) -> None:
    assert parse_range(text, UTC, NOW) == bounds


@pytest.mark.parametrize(
    "text",
    [
        "20211216", "2021-W50", "2021-350", "2021-12-16T10", "2021-12-16T1030", "2021-1-1", "12/16/2021", "16.12.2021",
        "2021-13", "2021-02-30", "0000", "1969", "9999", "@999999999999", "999999999w", "7", "d", "-7d", "7 d", "",
        "2021-12-16T24:00", "2021-12-16T10:60", "2021-12-16T10:30+25:00", "٧ d", "tomorrow", "2021-12-16T10:30 UTC",
    ],
)  # fmt: skip
def test_other_date_forms_are_rejected_with_the_valid_ones(text: str) -> None:
    with pytest.raises(DateError):
        parse_since(text, UTC, NOW)


@pytest.mark.parametrize("text", ["..", "2022..2021", "2021-12-16T10:30", "7d", "2021..2022..2023"])
def test_wrong_ranges_are_refused(text: str) -> None:
    with pytest.raises(DateError):
        parse_range(text, UTC, NOW)


def test_the_options_together() -> None:
    assert parse_bounds(tz=UTC, now=NOW) == Bounds()
    assert parse_bounds(since="2021", until="2021", tz=UTC, now=NOW) == Bounds(utc(2021, 1, 1), utc(2022, 1, 1))
    assert parse_bounds(on="2021-01..2021-02", tz=UTC, now=NOW) == Bounds(utc(2021, 1, 1), utc(2021, 3, 1))
    with pytest.raises(DateError, match="period is empty"):
        parse_bounds(since="today", until="yesterday", tz=UTC, now=NOW)
    with pytest.raises(DateError, match="--on"):
        parse_bounds(on="today", since="2021", tz=UTC, now=NOW)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        *(("UTC", 0), ("z", 0), ("+03:00", 3), ("-0530", -5.5), ("Asia/Baghdad", 3), ("+14:00", 14)),
        *(("asia/baghdad", 3), ("EUROPE/paris", 1), ("america/argentina/buenos_aires", -3)),
    ],
)
def test_zones(text: str, hours: float) -> None:
    assert datetime(2024, 1, 1, tzinfo=parse_zone(text)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Asia/Bagdad", "Asia/Baghdad"),
        ("baghdad", "Asia/Baghdad"),
        ("europe/pariss", "Europe/Paris"),
        ("New York", "New_York"),
    ],
)
def test_an_unknown_zone_suggests_similar_ones(text: str, near: str) -> None:
    with pytest.raises(DateError, match=near):
        parse_zone(text)


@pytest.mark.parametrize("text", ["", "../etc/passwd", "/etc/localtime", "Asia", "+15:00", "+03:99", "\0", "x" * 5000])
def test_no_zone_is_a_traceback(text: str) -> None:
    with pytest.raises(DateError):
        parse_zone(text)


def test_bounds_count_whole_seconds() -> None:
    half = utc(2024, 1, 1) + timedelta(milliseconds=500)
    assert Bounds(half, half).since_unix == Bounds(half, half).until_unix == int(utc(2024, 1, 1).timestamp()) + 1
    assert Bounds(utc(2024, 1, 1)).since_unix == int(utc(2024, 1, 1).timestamp())
    assert Bounds().until_unix is None


def test_bounds_intersect() -> None:
    first, second = Bounds(utc(2020, 1, 1), utc(2022, 1, 1)), Bounds(utc(2021, 1, 1))
    assert first.intersect(second) == Bounds(utc(2021, 1, 1), utc(2022, 1, 1)) == second.intersect(first)
    assert first.intersect(Bounds()) == first


@given(st.text() | st.text("0123456789-:.TZ@+dhmw ", max_size=20))
def test_any_text_is_a_date_or_a_date_error(text: str) -> None:
    for parse in (parse_since, parse_until):
        with suppress(DateError):
            assert parse(text, BAGHDAD, NOW).utcoffset() is not None
    for parse_both in (parse_on, parse_range):
        with suppress(DateError):
            bounds = parse_both(text, BAGHDAD, NOW)
            assert bounds.since is None or bounds.until is None or bounds.since <= bounds.until
    with suppress(DateError):
        assert NOW.astimezone(parse_zone(text)) == NOW


@given(
    st.dates(min_value=date(1971, 1, 1), max_value=date(2100, 1, 1)),
    st.sampled_from([BERLIN, BAGHDAD, UTC, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Apia")]),
)
def test_days_follow_one_another_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    after = day + timedelta(days=1)
    assert parse_until(f"{day:%Y-%m-%d}", zone, NOW) == parse_since(f"{after:%Y-%m-%d}", zone, NOW)


def test_a_period_that_ends_where_it_begins_is_said_to_be_empty() -> None:
    with pytest.raises(DateError) as failed:
        parse_bounds(since="2021", until="2020", tz=UTC, now=NOW)
    assert str(failed.value).startswith(
        "The period is empty: it begins at 2021-01-01T00:00:00Z and ends before 2021-01-01T00:00:00Z."
    )


def test_a_day_that_a_zone_skipped_is_named() -> None:
    apia = ZoneInfo("Pacific/Apia")
    for typed in ({"on": "2011-12-30"}, {"since": "2011-12-30", "until": "2011-12-30"}):
        with pytest.raises(DateError, match=r"^There was no 2011-12-30 in Pacific/Apia: "):
            parse_bounds(**typed, tz=apia, now=datetime(2021, 1, 1, tzinfo=UTC))
    whole = parse_bounds(on="2011-12", tz=apia, now=datetime(2021, 1, 1, tzinfo=UTC))
    assert (whole.until_unix or 0) - (whole.since_unix or 0) == 30 * 86_400
