"""Forms that no rule derives: the dictionary and the languages it counts in, split German verbs, English spellings."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.exact.index_line import index_line
from search.query.tree import Word
from search.query.widen import word_variants
from search.words.dictionary.aspects import imperfectives, participles
from search.words.dictionary.lookup import PATTERNS, WORDS, languages
from search.words.forms import are_forms
from search.words.listed import asked_forms, asked_keys
from search.words.separable import may_be_split, separable_verbs, split_verbs
from search.words.stems.spelling import american

FOLDER = Path(__file__).parents[2] / "search" / "words" / "dictionary"


def test_the_dictionary_was_compiled_when_telekeep_was_installed() -> None:
    assert all((FOLDER / name).stat().st_size > 1_000_000 for name in (WORDS, PATTERNS))
    assert "nl" in languages("huizen")


@pytest.mark.parametrize(
    ("asked", "word", "lang"),
    [
        ("идти", "шли", "ru"),
        ("написать", "пишут", "ru"),
        ("знайти", "знайшли", "uk"),
        ("miasto", "miescie", "pl"),
        ("najit", "nasli", "cs"),
        ("aller", "irons", "fr"),
        ("aviao", "avioes", "pt"),
        ("uomo", "uomini", "it"),
        ("schip", "schepen", "nl"),
        ("πολη", "πολεισ", "el"),
    ],
)
def test_irregular_forms_are_found(asked: str, word: str, lang: str) -> None:
    assert are_forms(asked, word, lang)
    assert are_forms(word, asked, lang)


def test_a_form_that_other_languages_have_counts_in_its_own_only() -> None:
    assert are_forms("irons", "alle", "fr")
    assert not are_forms("irons", "alle", "de")
    assert not are_forms("irons", "alle", None)
    assert are_forms("vu", "verrez", "de"), "a word of French alone is French anywhere"


def test_both_aspects_are_joined_only_if_the_tables_have_both() -> None:
    verbs = ["подписать", "подписывать", "захватить", "захватывать", "купать", "купить", "походить", "пойти"]
    assert sorted({*imperfectives("ru", verbs)}) == [("захватить", "захватывать"), ("подписать", "подписывать")]
    assert list(participles("pl", ["zamknąć", "zamknięty", "piękny"])) == [("zamknąć", "zamknięty")]


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("Der Konvoi kommt in Kiew an", ["ankommen"]),
        ("Rebellen griffen das Dorf an und zogen sich zurück.", ["angreifen", "zuruckziehen"]),
        ("An der Front kommt es zu Kämpfen", []),
        ("Er kommt. Denk an morgen", []),
        ("Er griff zum Hörer. Sie kam an", ["ankommen"]),
    ],
)
def test_the_parts_of_a_german_verb_stand_in_one_clause_the_first_at_its_end(text: str, verbs: list[str]) -> None:
    assert split_verbs([text], "de") == verbs
    assert split_verbs([text], "en") == []


def test_any_form_of_a_separable_verb_asks_for_both_parts() -> None:
    assert "ankommen" in separable_verbs("angekommen")
    assert "ankommen" in separable_verbs("ankommen")
    assert separable_verbs("kommen") == ()


@pytest.mark.parametrize(
    ("british", "same"),
    [
        ("colourful", "colorful"),
        ("organised", "organized"),
        ("centred", "centered"),
        ("kilometres", "kilometers"),
        ("catalogued", "cataloged"),
        ("fulfilled", "fulfilled"),
        ("programme", "program"),
        ("greyhound", "greyhound"),
        ("wise", "wise"),
    ],
)
def test_british_spellings_become_american_ones(british: str, same: str) -> None:
    assert american(british) == same
    assert american(same) == same


@pytest.mark.parametrize(
    ("typed", "also"),
    [
        ("reopen", "re-open"),
        ("re-open", "reopen"),
        ("OBrien", "o brien"),
        ("Ba'ath", "baath"),
        ("Sanaa", "sana a"),
        ("بعنوان", "به عنوان"),
    ],
)
def test_a_word_is_looked_for_in_its_other_spelling(typed: str, also: str) -> None:
    assert also in {one.text for one in word_variants(Word(typed)) if isinstance(one, Word)}


@pytest.mark.parametrize("typed", ["re-sign", "report", "l'an", "don't"])
def test_what_would_be_another_word_is_not(typed: str) -> None:
    assert len(word_variants(Word(typed))) == 1


@pytest.mark.parametrize(
    "word", ["go", "went", "mice", "aller", "vais", "пойти", "людей", "domem", "essen", "vino", "zz"]
)
def test_no_word_shares_a_key_with_one_asked_for_unless_it_is_listed(word: str) -> None:
    """What marks the matches looks up only the listed words of a text."""
    listed = asked_forms(word)
    for term in {*listed, "goes", "gone", "mouse", "allons", "va", "идти", "человек", "dom", "aß", "vin", "house"}:
        assert term in listed or asked_keys(term).isdisjoint(asked_keys(word))


@given(
    st.lists(st.sampled_from(["Er", "kommt", "fängt", " ", "an", ".", "zurück", "\u0301", "\xad", "’", "_", "é"])).map(
        "".join
    )
)
def test_the_quick_check_for_split_verbs_misses_none(text: str) -> None:
    assert may_be_split(text, index_line(text)) or not split_verbs([text], "de")
