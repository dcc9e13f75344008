"""What documents have for questions of other programs: base forms of their words, and other spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.meili.base_forms import MARK, _is_near, base_forms
from search.meili.document import SEPARATOR
from search.meili.folding import folded_words
from search.meili.spellings import spellings, unspaced_spellings
from search.text.normalize import fold


def bases(text: str, lang: str | None) -> list[str]:
    return [one.removesuffix(MARK) for one in base_forms([fold(text)], lang)]


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("went", "en", ["go"]),
        ("cities", None, ["city"]),
        ("denied", "en", ["deny"]),
        ("пять дней", "ru", ["день"]),
        ("стреляли", "ru", ["стрелять"]),
        ("сообщил", "ru", ["сообщать"]),
        ("шкіл", "uk", ["школа"]),
        ("les yeux", "fr", ["oeil"]),
        ("murieron", "es", ["morir"]),
        ("brachten", "de", ["bringen"]),
        ("gitti", "tr", ["gitmek"]),
        ("בממשלה", "he", ["ממשלה"]),
        ("شركات", "ar", ["شركه"]),
    ],
)
def test_a_word_brings_its_base(text: str, lang: str | None, found: list[str]) -> None:
    assert set(found) <= set(bases(text, lang))


@pytest.mark.parametrize(
    "text", ["bridges", "soldiers", "мосты", "ракеты", "подсудимых", "les ponts", "الجسر", "city", "国际法院", ""]
)
def test_a_base_that_the_text_itself_is_found_by_is_left_out(text: str) -> None:
    assert bases(text, None) == []


@pytest.mark.parametrize(
    ("text", "lang", "without"),
    [
        ("строили", "ru", ["построить", "страивать"]),
        ("знищено", "uk", ["нищити"]),
        ("und", "de", ["undy"]),
        ("בהפגנות", "he", ["בהפגנה", "בהפגן"]),
        ("وقوات", "ar", ["وقوه"]),
    ],
)
def test_a_word_does_not_bring_what_only_its_entry_or_a_rule_has(text: str, lang: str, without: list[str]) -> None:
    assert set(without).isdisjoint(bases(text, lang))


@given(
    st.text("abc", min_size=1, max_size=10),
    st.lists(st.tuples(st.integers(0, 10), st.sampled_from("abc-")), max_size=2),
)
def test_a_word_with_some_errors_is_near(word: str, errors: list[tuple[int, str]]) -> None:
    other = word
    for at, letter in errors:
        other = other[:at] + letter.strip("-") + other[at + 1 :]
    assert _is_near(word, other, len(errors))
    assert _is_near(other, word, len(errors))


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("美國總統", "zh", ["美国总统"]),
        ("台湾", "zh", ["臺灣"]),
        ("عام 2021", "ar", ["٢٠٢١", "۲۰۲۱"]),
        ("ปี 2564", "th", ["๒๕๖๔"]),
        ("2021", "ar", []),
        ("كتاب تازه", "fa", ["کتاب"]),
        ("كتاب جديد", "ar", []),
        ("der Fluss", "de", ["fluß"]),
        ("the boss", "en", []),
        ("ueber den Rhein", "de", ["uber"]),
        ("北朝鮮がミサイル発射", "ja", ["北朝鮮", "ミサイル", "発射"]),
        ("三人が死んだ", "ja", ["死ぬ"]),
        ("윤석열대통령", "ko", ["대통령"]),
        ("체포했다", "ko", []),
    ],
)
def test_a_word_brings_its_other_spellings(text: str, lang: str, found: list[str]) -> None:
    others = [*spellings([text], [fold(text)], lang), *unspaced_spellings([text], [fold(text)])]
    assert set(found) <= set(others) if found else others == []


@given(st.text(max_size=60), st.sampled_from(["ar", "fa", "he", "ru", "de", "ja", "zh", "", None]))
def test_any_text_has_bases_and_spellings_without_separators(text: str, lang: str | None) -> None:
    folded = fold(text)
    found = [*base_forms([folded], lang), *spellings([text], [folded], lang), *folded_words([text])]
    assert all(found)
    assert not any(SEPARATOR in one for one in found)
    assert all(unspaced_spellings([text], [folded]))
