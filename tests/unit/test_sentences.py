"""Sentences that are said in English elsewhere, on a page in another language: names in them stay what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.web.languages import load_languages
from archiver.web.sentences import CONTEXT
from archiver.web.texts import said_html
from scripts.messages import list_messages

LANGUAGES = load_languages()
ABSENT = "the channel had no such message when it was read (3 Feb 2022)"
ABSENT_FR = "le canal n’avait aucun message de ce numéro quand il a été lu (3 févr. 2022)"
FRENCH = LANGUAGES["fr"].sentences


def list_quoting() -> list[str]:
    return [
        one.text for one in list_messages() if one.context == CONTEXT and "'{0}'" in one.text and "{1}" not in one.text
    ]


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("there is no such page.", "cette page n’existe pas."),
        ("'a page' is not a date.", "«\u00a0a page\u00a0» n’est pas une date."),
        ("x: this is a phone number, not a channel.", "x\u00a0: c’est un numéro de téléphone, pas un canal."),
        ("12,345 more differences", "12\u202f345 autres différences"),
        (
            'atlas/7 is not archived: it is older than the mirrored window, which begins 3 Feb 2022.',
            "atlas/7 n’est pas archivé\u00a0: il est antérieur à la période archivée, qui commence le 3 févr. 2022.",
        ),
        (
            "x/9 is not archived: the highest known id of the channel at 3 Feb 2022 is 4.",
            "x/9 n’est pas archivé\u00a0: l’identifiant le plus haut connu du canal le 3 févr. 2022 est 4.",
        ),
        (
            "it is older than the mirrored window.",
            "il est antérieur à la période archivée.",
        ),
        (
            ABSENT + "; it never existed, or was deleted before it was seen.",
            ABSENT_FR + "\u202f; il n’a jamais existé, ou a été supprimé avant d’être vu.",
        ),
        (
            "time after which messages are deleted: 1,000 days",
            "délai avant suppression des messages\u00a0: 1\u202f000 jours",
        ),
        (
            "found separately: bridge 2,599 · 1,000 tolls 0",
            "trouvés séparément\u00a0: bridge 2\u202f599 · 1,000 tolls 0",
        ),
        ("No such sentence: at all", "No such sentence: at all"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_sentence_is_said_with_its_names(english: str, french: str) -> None:
    assert FRENCH.say(english) == french


@given(st.deferred(lambda: st.sampled_from(list_quoting())), st.text())
def test_what_stands_in_quotes_is_never_changed(sentence: str, value: str) -> None:
    said = FRENCH.say(sentence.replace("{0}", value))
    assert f"\u00a0{value}\u00a0»" in said or value in said


@given(st.text())
def test_english_stays_as_it_is(sentence: str) -> None:
    assert LANGUAGES["en"].sentences.say(sentence) == sentence


def test_what_is_left_to_right_within_arabic_is_an_element() -> None:
    catalogue = LANGUAGES["ar"].sentences
    enclosed = [key for key, said in catalogue._exact.items() if "\u2066" in said]
    assert enclosed
    for sentence in enclosed:
        html = said_html(catalogue.list_parts(sentence))
        assert html.count('<bdi dir="ltr">') == catalogue.say(sentence).count("\u2066")
        assert "&lt;bdi" not in html
        assert "\u2066" not in html
