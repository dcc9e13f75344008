from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from archiver.cli.view.wrapping import text_width, wrap, wrap_lines
from search.text.graphemes import splits_cluster

FSI, LRI, RLI, PDI = "\u2068", "\u2066", "\u2067", "\u2069"
LETTERS = "abcé жщ لاابغد می‌خ 大桥。，「」を っー ที่แไำ 한국 👨‍👩‍👧🇺🇦 e\u0301 .,!-— \u00a0\t\u3000"
texts = st.text(alphabet=st.sampled_from(LETTERS) | st.characters(exclude_categories=["Cs", "Cc"]), max_size=80)


def lines(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap_lines(text, width)]


@given(texts, st.integers(8, 40))
def test_wrapping_drops_only_spaces_between_lines(text: str, width: int) -> None:
    at = 0
    for start, end in wrap_lines(text, width):
        assert text[at:start].strip() == ""
        at = end
    assert text[at:].strip("\u200b ").strip() == ""


@given(texts, st.integers(8, 40))
def test_every_line_fits_unless_it_is_one_cluster(text: str, width: int) -> None:
    for line in lines(text, width):
        whole = any(not splits_cluster(line, at) for at in range(1, len(line)))
        assert cell_len(line) <= width or not whole or len(line) < 12


@given(texts, st.integers(8, 40))
def test_no_line_begins_inside_a_cluster(text: str, width: int) -> None:
    for start, _ in wrap_lines(text, width):
        assert start in {0, len(text)} or not splits_cluster(text, start)


@given(st.lists(st.text("abжщبديנא", min_size=1, max_size=9), max_size=20), st.integers(9, 40))
def test_words_that_fit_a_line_are_never_broken(words: list[str], width: int) -> None:
    assert [word for line in lines(" ".join(words), width) for word in line.split()] == words


@given(st.lists(st.text("abжщ", min_size=1, max_size=9), max_size=20), st.integers(9, 40))
def test_a_line_takes_as_many_words_as_it_can(words: list[str], width: int) -> None:
    got = lines(" ".join(words), width)
    for line, after in pairwise(got):
        assert len(line) + 1 + len(after.split()[0]) > width


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        ("the bridge is closed", 10, ["the bridge", "is closed"]),
        ("see https://example.org/a/long/link now", 12, ["see", "https://exam", "ple.org/a/lo", "ng/link now"]),
        ("abc 当地时间今天上午，车队经过了大桥。", 20, ["abc 当地时间今天上", "午，车队经过了大桥。"]),
        ("车队经过了大桥。「是」", 14, ["车队经过了大", "桥。「是」"]),
        ("行きました「はい」", 12, ["行きました", "「はい」"]),
        ("2021年12月16日 колонна", 11, ["2021年12月", "16日", "колонна"]),
        ("100\u00a0км на\u00a0север", 8, ["100\u00a0км", "на\u00a0север"]),
        ("  indented text here", 12, ["  indented", "text here"]),
        ("한국어는 띄어쓰기가 있다", 10, ["한국어는", "띄어쓰기가", "있다"]),
        ("", 10, [""]),
        ("   ", 10, [""]),
    ],
)
def test_lines_are_broken_where_a_reader_expects(text: str, width: int, wanted: list[str]) -> None:
    assert lines(text, width) == wanted


def test_lam_and_alef_stay_together_however_long_the_word() -> None:
    assert all(not line.startswith("ا") for line in lines("لا" * 30, 9))


@given(texts)
def test_styles_stay_on_their_letters(text: str) -> None:
    styled = Text(text.replace("\t", " "))
    for at in range(0, len(styled.plain) - 1, 3):
        styled.stylize("bold", at, at + 1)
    marked = [
        line.plain[span.start : span.end] for line in wrap(styled, 12) for span in line.spans if span.style == "bold"
    ]
    wanted = [styled.plain[span.start : span.end] for span in styled.spans]
    assert [one for one in marked if one.strip()] == [one for one in wanted if one.strip()]


def test_each_line_keeps_the_direction_of_its_paragraph() -> None:
    got = [line.plain for line in wrap(Text("قالت قناة BBC إن الجسر مغلق\nthe bridge جسر الليل is closed\nplain"), 14)]
    assert got[0] == f"{FSI}قالت قناة BBC{PDI}"
    assert wrap(Text("قالت قناة الشرق BBC World"), 16)[1].plain == f"{RLI}BBC World{PDI}"
    assert wrap(Text("the name of the جسر is closed"), 16)[1].plain == f"{LRI}جسر is closed{PDI}"
    assert got[-1] == "plain"


def test_isolates_take_no_columns() -> None:
    for line in wrap(Text("قالت قناة الشرق إن الجسر مغلق " * 9), 20):
        assert cell_len(line.plain) <= 20


def test_running_text_is_at_most_100_columns_wide() -> None:
    assert [text_width(columns, indent=2) for columns in (40, 80, 160)] == [38, 78, 98]
    assert text_width(1) > 0


def test_wrapping_a_word_of_a_hundred_thousand_letters_takes_no_time() -> None:
    assert len(lines("ا" * 100_000, 80)) == 1250
    assert re.sub(r"\s", "", "".join(lines("大" * 20_000, 80))) == "大" * 20_000


def test_a_long_text_takes_time_by_its_length_only() -> None:
    begun = time.process_time()
    assert len(wrap(Text("слово " * 50_000), 80)) == 3847
    assert time.process_time() - begun < 10  # minutes, if each line looked at the whole text
