"""Grapheme clusters are never split: compared with a library that implements all of UAX #29."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from search.text.graphemes import MAX_MARKS, ceil_boundary, floor_boundary, splits_cluster

_CLUSTER = regex.compile(r"\X")


def cluster_boundaries(text: str) -> set[int]:
    """Return all cluster boundaries, including both ends."""
    return {0, *(match.end() for match in _CLUSTER.finditer(text))}


def block(first: int, last: int) -> st.SearchStrategy[str]:
    return st.characters(min_codepoint=first, max_codepoint=last, exclude_categories=["Cn", "Cs"])


SIGNS = st.one_of(
    st.sampled_from("👩👧🏽🇺🇦🇫🇷❤\ufe0f\u20e3#1\u200d🏴\U000e0067\U000e007f👍"),
    st.sampled_from("ae\u0301\u0323\u0489\r\n\t\0\u200b\u2028 \u200c"),
    block(0x0590, 0x08FF),
    block(0x0900, 0x0DFF),
    block(0x0E00, 0x0EFF),
    block(0x1000, 0x11FF),
    block(0x1780, 0x17FF),
    block(0xA960, 0xA97F),
    block(0xAC00, 0xD7FF),
    block(0xFF60, 0xFFA0),
    st.characters(exclude_categories=["Cn", "Cs"]),  # what is not assigned yet may be in a newer library
)
TEXTS = st.text(SIGNS, min_size=1, max_size=12)


@pytest.mark.parametrize(
    "letter",
    ["👩‍👩‍👧‍👦", "👍🏽", "🇺🇦", "❤️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "e\u0301\u0323", "각", "한", "น้ำ"[:3], "क्षि", "ക്ഷ", "ｶﾞ", "שָׁ", "\r\n"],
)
def test_a_cluster_is_never_split(letter: str) -> None:
    assert all(splits_cluster(letter, at) for at in range(1, len(letter)))
    text = f"{letter}{letter}" if letter != "น้ำ"[:3] else letter
    for at in range(1, len(text)):
        assert floor_boundary(text, at) in {0, len(letter)}
        assert ceil_boundary(text, at) in {len(letter), len(text)}


@given(TEXTS)
def test_where_it_cuts_the_standard_cuts_too(text: str) -> None:
    cuts = cluster_boundaries(text)
    for at in range(1, len(text)):
        assert splits_cluster(text, at) or at in cuts, [f"{ord(char):04x}" for char in text]


@given(TEXTS, st.integers(0, 12))
def test_floor_and_ceil_are_cluster_boundaries(text: str, at: int) -> None:
    at = min(at, len(text))
    before, behind = floor_boundary(text, at), ceil_boundary(text, at) if at else 0
    assert before <= at <= behind or at == 0
    assert {before, behind} <= cluster_boundaries(text)


def test_a_cluster_with_endless_marks_is_cut_anyway() -> None:
    text = "a" + "\u0301" * 10_000
    assert floor_boundary(text, 5_000) == 5_000
    assert ceil_boundary(text, 5_000) == 5_000
    assert floor_boundary(text, MAX_MARKS) == 0
