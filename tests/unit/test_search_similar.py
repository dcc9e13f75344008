from __future__ import annotations

from pathlib import Path

import aiosqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.exact.similar import edit_distance, find_similar, nearest
from tests.sample import build, index, make_message

WORDS = st.text("abcд", max_size=7)


def slow_distance(a: str, b: str) -> int:
    if not a or not b:
        return len(a) + len(b)
    costs = [
        slow_distance(a[:-1], b) + 1,
        slow_distance(a, b[:-1]) + 1,
        slow_distance(a[:-1], b[:-1]) + (a[-1] != b[-1]),
    ]
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        costs.append(slow_distance(a[:-2], b[:-2]) + 1)
    return min(costs)


@given(st.text("abc", max_size=5), st.text("abc", max_size=5), st.integers(1, 3))
def test_distances_are_exact_up_to_the_limit(first: str, second: str, limit: int) -> None:
    exact = slow_distance(first, second)
    got = edit_distance(first, second, limit)
    assert got == exact if exact <= limit else got > limit


@given(WORDS, st.lists(WORDS, max_size=30))
def test_only_near_words_are_found_and_never_the_word_itself(word: str, terms: list[str]) -> None:
    found = [one.word for one in nearest(word, terms, 5)]
    assert word not in found
    assert len(found) <= 5
    assert set(found) <= set(terms)


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("diwaniah", ["diwaniyah"]),
        ("covnoy", ["convoy"]),
        ("xonvoy", ["convoy"]),
        ("ديوننيه", ["الديوانيه"]),
        ("калонна", ["колонна"]),
        ("bridge", []),
        ("zz", []),
        ("大桥", []),
        ("nothing", []),
    ],
)
async def test_words_of_an_archive_are_found_in_spite_of_a_typing_error(
    tmp_path: Path, word: str, wanted: list[str]
) -> None:
    texts = ["convoy near Diwaniyah #convoy", "الديوانية 2021", "колонна техники", "bridge 大桥 t.me/a"]
    messages = [make_message(number, text) for number, text in enumerate(texts, 1)]
    index(build(tmp_path, messages), messages)
    async with aiosqlite.connect(f"file:{tmp_path}/archive.db?mode=ro", uri=True) as conn:
        assert [one.word for one in await find_similar(conn, word, 5)] == wanted


async def test_a_large_archive_is_asked_by_the_beginning_of_the_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [make_message(number, f"convoy word{number} الديوانية") for number in range(1, 400)]
    index(build(tmp_path, messages), messages)
    monkeypatch.setattr("search.exact.similar._FEW_PAGES", 0)
    async with aiosqlite.connect(f"file:{tmp_path}/archive.db?mode=ro", uri=True) as conn:
        for word, wanted in (("cnovoy", "convoy"), ("convoyy", "convoy"), ("cnvoy", "convoy"), ("ديونيه", "الديوانيه")):
            assert wanted in {one.word for one in await find_similar(conn, word, 5)}, word
