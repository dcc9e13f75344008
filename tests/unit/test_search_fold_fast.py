"""Folding through the codec equals folding character by character."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.text.characters import TABLE
from search.text.fold_fast import fold_fast
from search.text.fold_map import fold_with_map
from search.text.normalize import fold
from tests.tiers import examples

WORDS = st.sampled_from(
    [
        "Мост", "закрыт", "п'ять", "ё", "Ґанок", "Pont", "fermé", "Straße", "œuvre", "Łódź",
        "IŞIK", "الجِسْر", "می", "کتاب", "های", "۱۴۰۰", 'צה"ל', "שָׁלוֹם", "国际，法", "ひらがな",
        "한국어", "ไทย", "🔴", "🇺🇦", "👍🏽", "\ufe0f", "№5", "…", "«»", "cо",
        "ａｂ", "①",
    ]
)  # fmt: skip
ODD = st.text(
    st.sampled_from("\u0301\u0308\u064b\u0653\u0654\u0640\u200c\u3099\u1161\u11a8\u0338\ufe0f'\"´ eاоカㅎ")
    | st.characters(exclude_categories=["Cs"]),
    max_size=3,
)


@settings(max_examples=examples(300))
@given(st.lists(st.tuples(WORDS | ODD, st.sampled_from(["", " ", "\n", ", "])), max_size=8))
def test_a_text_folds_as_it_does_character_by_character(parts: list[tuple[str, str]]) -> None:
    text = "".join(word + space for word, space in parts)
    assert fold(text) == fold_with_map(text).text
    apart = fold_fast(text)
    assert apart is None or apart == text.translate(TABLE)


@pytest.mark.parametrize(
    "text",
    [
        "🔴 Мост закрыт! №5 — «школа»…",
        "Le pont est fermé 🇫🇷 œuvre",
        "ГОРОД and city",
        "الجِسْر مغلق ۱۴۰۰",
        "צה״ל שָׁלוֹם",
        "大桥，关闭。",
    ],
)
def test_what_people_write_is_folded_that_way(text: str) -> None:
    assert fold_fast(text) is not None


@pytest.mark.parametrize("text", ["é café", "がが", "عاد ٓ", "ㅎㅏㄴ"])
def test_combining_characters_are_not_folded_fast(text: str) -> None:
    assert fold_fast(text.replace("é", "e\u0301").replace("が", "か\u3099")) is None
