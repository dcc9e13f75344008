"""Times for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.view.moments import Moments, choose_zone
from search.errors import DateError

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
BAGHDAD = Moments(ZoneInfo("Asia/Baghdad"), NOW)
BERLIN = Moments(ZoneInfo("Europe/Berlin"), NOW)
IN_UTC = Moments(UTC, NOW)


def unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_offset_is_visible_and_the_day_is_the_zones() -> None:
    late = unix("2021-12-16T21:30:09+00:00")
    assert BAGHDAD.at(late) == "17 Dec 2021 00:30 +03"
    assert BAGHDAD.at(late, seconds=True) == "17 Dec 2021 00:30:09 +03"
    assert IN_UTC.at(late) == BAGHDAD.in_utc(late) == "16 Dec 2021 21:30 UTC"
    assert BAGHDAD.with_utc(late) == "17 Dec 2021 00:30 +03 (16 Dec 21:30 UTC)"
    assert BAGHDAD.with_utc(late - 12 * 3600) == "16 Dec 2021 12:30 +03 (09:30 UTC)"
    assert IN_UTC.with_utc(late) == "16 Dec 2021 21:30 UTC"
    assert BAGHDAD.day(late) == "Fri 17 Dec 2021"
    assert Moments(ZoneInfo("Asia/Kolkata"), NOW).at(late) == "17 Dec 2021 03:00 +05:30"
    assert Moments(ZoneInfo("America/St_Johns"), NOW).at(late) == "16 Dec 2021 18:00 -03:30"
    assert Moments(ZoneInfo("Europe/London"), NOW).at(late) == "16 Dec 2021 21:30 +00"


def test_only_the_current_year_is_left_out() -> None:
    assert BAGHDAD.short(unix("2026-11-29T14:52:00+00:00")) == "29 Nov 17:52 +03"
    assert BAGHDAD.short(unix("2025-12-31T20:59:00+00:00")) == "31 Dec 2025 23:59 +03"
    assert BAGHDAD.short(unix("2025-12-31T21:00:00+00:00")) == "1 Jan 00:00 +03"


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("2026-11-29T14:52:00+00:00", "2026-11-29T14:58:00+00:00", "between 29 Nov 17:52 and 17:58 +03"),
        ("2026-11-29T20:52:00+00:00", "2026-11-29T21:03:00+00:00", "between 29 Nov 23:52 and 30 Nov 00:03 +03"),
        ("2021-11-29T14:52:00+00:00", "2021-11-29T14:58:00+00:00", "between 29 Nov 2021 17:52 and 17:58 +03"),
        (
            "2025-12-31T14:52:00+00:00",
            "2026-01-02T14:58:00+00:00",
            "between 31 Dec 2025 17:52 and 2 Jan 2026 17:58 +03",
        ),
        ("2026-11-29T14:52:03+00:00", "2026-11-29T14:52:41+00:00", "between 29 Nov 17:52:03 and 17:52:41 +03"),
        ("2026-11-29T14:52:03+00:00", "2026-11-29T14:52:03+00:00", "on 29 Nov at 17:52:03 +03"),
    ],
)
def test_an_interval_says_what_tells_its_ends_apart(begin: str, end: str, said: str) -> None:
    assert BAGHDAD.between(unix(begin), unix(end)) == said
    assert BAGHDAD.between(unix(begin), unix(end), next_to=0) == said.removesuffix(" +03")


def test_what_lasted_is_no_interval_of_doubt() -> None:
    assert BAGHDAD.span(NOW, NOW + 360) == "from 30 Nov 15:00 to 15:06 +03"
    assert BERLIN.span(NOW - 200 * 86_400, NOW) == "from 14 May 14:00 +02 to 30 Nov 13:00 +01"


def test_an_interval_over_a_clock_change_shows_both_offsets() -> None:
    begin, end = unix("2026-10-25T00:30:00+00:00"), unix("2026-10-25T01:30:00+00:00")
    assert BERLIN.between(begin, end) == "between 25 Oct 02:30 +02 and 02:30 +01"
    assert BERLIN.between(begin, end, next_to=end) == "between 25 Oct 02:30 +02 and 02:30 +01"


def test_beside_a_time_of_another_offset_an_interval_keeps_its_own() -> None:
    july, november = unix("2026-07-01T10:00:00+00:00"), unix("2026-11-29T10:00:00+00:00")
    assert BERLIN.between(november, november + 360, next_to=july) == "between 29 Nov 11:00 and 11:06 +01"
    assert BERLIN.between(november, november + 360, next_to=november) == "between 29 Nov 11:00 and 11:06"


def test_an_age_is_said_for_two_days_and_never_for_the_future() -> None:
    assert IN_UTC.ago(NOW - 180) == "3 min ago"
    assert IN_UTC.ago(NOW - 3 * 86400) == "27 Nov 12:00 UTC"
    assert IN_UTC.ago(NOW + 60) == "30 Nov 12:01 UTC"


def test_the_zone_is_the_one_asked_for_then_the_configured_one_then_utc() -> None:
    assert choose_zone(None) is UTC
    assert choose_zone("Asia/Baghdad", "Europe/Berlin") == ZoneInfo("Asia/Baghdad")
    assert choose_zone(None, "Europe/Berlin") == ZoneInfo("Europe/Berlin")
    with pytest.raises(DateError):
        choose_zone("Asia/Bagdad")


@given(
    st.floats(min_value=-1e12, max_value=1e15, allow_nan=False),
    st.floats(min_value=-1e12, max_value=1e15, allow_nan=False),
    st.integers(-14 * 60, 14 * 60),
)
def test_no_time_fails_and_every_known_one_shows_its_offset(begin: float, end: float, minutes: int) -> None:
    moments = Moments(timezone(timedelta(minutes=minutes)), NOW)
    for said in (moments.at(begin), moments.short(begin), moments.between(begin, end), moments.clock(begin)):
        assert re.search(r"[+-]\d\d(:\d\d)?$| UTC$|unknown time", said)


@given(st.integers(0, 4_102_444_800), st.integers(-14 * 60, 14 * 60))
def test_a_time_shown_to_the_second_can_be_read_back(moment: int, minutes: int) -> None:
    said = Moments(timezone(timedelta(minutes=minutes)), NOW).at(moment, seconds=True)
    offset = said.rpartition(" ")[2]
    padded = said.replace("UTC", "+0000") if offset == "UTC" or ":" in offset else f"{said}:00"
    assert datetime.strptime(padded, "%d %b %Y %H:%M:%S %z").timestamp() == moment
