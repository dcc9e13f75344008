"""Glossaries: the file format, and the queries they expand to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import GlossaryError
from search.query.filters import Context
from search.query.glossary import expand, read_glossary
from search.query.parse import parse
from search.query.tree import Phrase
from search.query.write import write
from tests.contract.questions import SAID, Said
from tests.contract.reference import satisfies
from tests.contract.test_engine import CONTEXT
from tests.contract.test_reference import DOCUMENTS

FILE = """\ufeff
# People and groups
Sabereen = Sabreen = صابرين = Сабирин
Islamic Resistance = Résistance islamique = المقاومة الإسلامية   # as the press writes it
ёлка=Tannenbaum
Kyiv = Kiev = Київ\r
Resistance = مقاومة
bridge = мост
bridge = جسر
國際 = 国际
covid-19 = коронавирус
"""
GLOSSARY = read_glossary(FILE.removeprefix("\ufeff"))
NOW = Context(now=datetime(2024, 5, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("asked", "expanded"),
    [
        ("sabreen", "sabreen OR Sabereen OR صابرين OR Сабирин"),
        ("صَابِرِينَ -toll", "(صَابِرِينَ OR Sabereen OR Sabreen OR Сабирин) -toll"),
        ("Елка", "Елка OR Tannenbaum"),
        ("KIEV OR x", "KIEV OR Kyiv OR Київ OR x"),
        ("islamic resistance x", '(islamic resistance OR "Résistance islamique" OR "المقاومة الإسلامية") x'),
        ("islamic x resistance", "islamic x (resistance OR مقاومة)"),
        ('"islamic resistance"', '"islamic resistance" OR "Résistance islamique" OR "المقاومة الإسلامية"'),
        ("«resistance islamique»", '"resistance islamique" OR "Islamic Resistance" OR "المقاومة الإسلامية"'),
        ('"kyiv"', '"kyiv" OR "Kiev" OR "Київ"'),
        ("bridge", "bridge OR мост OR جسر"),
        ("мост", "мост OR bridge"),
        ("bridges", "bridges OR bridge OR мост OR جسر"),
        ("мосту -toll", "(мосту OR bridge OR мост) -toll"),
        ("والجسر", "والجسر OR bridge OR جسر"),
        ('"bridges"', '"bridges"'),
        ("-kiev", "-(kiev OR Kyiv OR Київ)"),
        ("国际", "国际 OR 國際"),
        ("covid-19", "covid-19 OR коронавирус"),
        ("covid 19", "covid 19 OR коронавирус"),
        ("kie* #kiev from:kiev has:photo nothing", "kie* #kiev from:kiev has:photo nothing"),
    ],
)
def test_a_word_or_phrase_asks_for_its_group(asked: str, expanded: str) -> None:
    assert write(expand(parse(asked, NOW), GLOSSARY)) == expanded


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a = b\n\nalone\n", 3, "only one spelling"),
        ("a, b, c", 1, "only one spelling"),
        ("a = = b", 1, "missing next to"),
        ("a =", 1, "missing next to"),
        ("# fine\na = !!!", 2, "nothing to look for in '!!!'"),
        ("a = b\nconv* = c", 2, "is not allowed"),
    ],
)
def test_a_bad_line_is_named_by_its_number(text: str, line: int, says: str) -> None:
    with pytest.raises(GlossaryError, match=says) as caught:
        read_glossary(text)
    assert caught.value.line == line
    assert caught.value.hint


def test_a_file_of_comments_has_no_spellings() -> None:
    glossary = read_glossary("# a = b\n\n  # c = d\n")
    assert not glossary.groups
    tree = parse("a OR (b c)", NOW)
    assert expand(tree, glossary) == tree


@given(st.text("ab =#*\n!جё", max_size=30))
def test_any_text_is_a_glossary_or_an_error_with_its_line(text: str) -> None:
    try:
        glossary = read_glossary(text)
    except GlossaryError as error:
        line = error.line
    else:
        line, spelled = 1, glossary.groups.values()
        assert all(spelled)
    assert 1 <= line <= text.count("\n") + 1


@given(st.lists(st.text("ab -\"()'#جё", min_size=1, max_size=6), min_size=2, max_size=4))
def test_whatever_the_spellings_are_the_question_can_be_written(spellings: list[str]) -> None:
    try:
        glossary = read_glossary(" = ".join(spellings))
    except GlossaryError:
        return
    for group in glossary.groups.values():
        wider = expand(Phrase(group[0]), glossary)
        assert parse(write(wider), NOW) == wider


WIDER = read_glossary("convoy = Конвой = رتلا\nab convoy = 国际法\nещё ab = 16 = ab")


@given(SAID, st.lists(DOCUMENTS, max_size=8))
def test_a_question_without_exclusion_finds_no_less_with_it(asked: Said, documents: list[object]) -> None:
    if "-" in asked.text or "NOT" in asked.text:
        return
    tree = parse(asked.text, CONTEXT)
    wider = expand(tree, WIDER)
    for document in documents:
        assert satisfies(document, wider) or not satisfies(document, tree)  # type: ignore[arg-type]
