from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.view import figures
from archiver.duration import in_words

NUMBERS = st.integers(0, 10**15)


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (1849, "1.8k"),
        (12_345, "12k"),
        (999_999, "999k"),
        (3_400_000, "3.4M"),
        (-1849, "-1.8k"),
    ],
)
def test_a_short_number_claims_no_more_than_there_is(value: int, short: str) -> None:
    assert figures.short(value) == short


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        (0, 0, "100 %"),
        (0, 9, "0 %"),
        (1, 10_000, "<1 %"),
        (17, 100, "17 %"),
        (9_999, 10_000, "99.9 %"),
        (99, 100, "99 %"),
        (5, 5, "100 %"),
    ],
)
def test_a_percentage(part: int, whole: int, percent: str) -> None:
    assert figures.percent(part, whole) == percent


@given(NUMBERS, NUMBERS)
def test_all_is_said_of_all_only_and_none_of_none_only(part: int, whole: int) -> None:
    part = min(part, whole)
    said = figures.percent(part, whole)
    assert (said == "100 %") == (part == whole)
    assert (said == "0 %") == (part == 0 < whole)


@pytest.mark.parametrize(
    ("octets", "size"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (41_500_000, "41.5 MB"),
        (999_960, "1.0 MB"),
        (123e9, "123 GB"),
    ],
)
def test_a_size_is_in_the_units_of_disks(octets: int, size: str) -> None:
    assert figures.size(int(octets)) == size


@given(NUMBERS)
def test_no_size_and_no_short_number_is_long(value: int) -> None:
    assert re.fullmatch(r"[0-9]{1,3} bytes?|[0-9]{1,2}\.[0-9] .B|[0-9]{1,3} [kMGTP]B|1 byte", figures.size(value))
    assert len(figures.short(min(value, 10**11))) <= 4


@given(st.floats(0, 1e9))
def test_a_duration_is_right_within_a_twentieth(seconds: float) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "days": 86_400}
    said = in_words(seconds).replace(",", "").split()
    meant = sum(int(figure) * units[unit] for figure, unit in zip(said[::2], said[1::2], strict=True))
    assert meant == pytest.approx(seconds, rel=0.26 if "days" in said else 0.05, abs=1)


def test_one_is_singular() -> None:
    assert figures.count(1, "message") == "1 message"
    assert figures.count(12_345, "message") == "12,345 messages"
    assert figures.count(2, "copy", "copies") == "2 copies"
