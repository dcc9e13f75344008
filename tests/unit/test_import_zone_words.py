from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.view.import_zone import describe_zone
from archiver.imports.foreign import name_foreign
from archiver.imports.sources.desktop_ends import find_offsets

AT = datetime(2023, 5, 2, 10, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


@given(st.integers(-14 * 4, 14 * 4), st.integers(10**9, 2 * 10**9))
def test_the_exporters_offset_is_in_dates_that_are_written_both_ways(quarters: int, unix: int) -> None:
    at, offset = datetime.fromtimestamp(unix, UTC), timedelta(minutes=15 * quarters)
    written = f'"date": "{at + offset:%Y-%m-%dT%H:%M:%S}",\n   "date_unixtime": "{unix}"'
    assert find_offsets(written.encode()) == {offset: at}


@pytest.mark.parametrize(
    ("offset", "is_used", "said"),
    [
        (
            2,
            False,
            "--tz Asia/Tokyo was not needed: the dates in the file are exact, and its local times are UTC+02:00,",
        ),
        (9, False, "--tz Asia/Tokyo was not needed: the dates in the file are exact"),
        (-3, True, "--tz Asia/Tokyo contradicts the file: where it has exact dates, its local times are UTC-03:00"),
    ],
)
def test_an_unneeded_or_contradicting_time_zone_is_reported(offset: int, is_used: bool, said: str) -> None:
    found = describe_zone("Asia/Tokyo", TOKYO, {timedelta(hours=offset): AT}, is_used=is_used)
    assert str(found).startswith(said)


def test_a_needed_and_fitting_time_zone_is_not_reported() -> None:
    assert describe_zone("Asia/Tokyo", TOKYO, {timedelta(hours=9): AT}, is_used=True) is None
    assert describe_zone("Asia/Tokyo", TOKYO, {}, is_used=True) is None


def test_exports_of_other_messengers_are_recognised_by_file_names() -> None:
    assert name_foreign(["s/users.json", "s/channels.json", "s/general/1.json"]) == "a Slack export"
    assert name_foreign(["a/users.json", "b/channels.json"]) is None
    assert name_foreign(["x/WhatsApp Chat with Ann.txt", "x/1.jpg"]) == "a WhatsApp chat as text"
    assert name_foreign(["result.json", "chat.txt"]) is None
