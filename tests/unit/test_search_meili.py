"""The pure parts of the index: words, lines, settings, and questions in Meilisearch's language."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.document import Details, Document
from search.engine.protocol import Question
from search.errors import QueryError
from search.meili.compile import facet_body, federated, search_body, split_question
from search.meili.document import document_id, read_id, to_line
from search.meili.filters import quote
from search.meili.folding import folded_texts, folded_words
from search.meili.settings import (
    FORMS,
    SEARCHED,
    SETTINGS,
    WORDS,
    differing_settings,
    hidden_embedders,
    is_stale,
    needed_settings,
    settings_like,
)
from search.meili.task import read_task
from search.query.filters import Context
from search.query.parse import parse
from tests.contract.desks import can_answer

CONTEXT = Context(now=datetime(2024, 5, 20, tzinfo=UTC), channels={"alpha": [1]})


@given(channel_id=st.integers(1, 2**40), message_id=st.integers(1, 2**31))
def test_an_id_names_its_message(channel_id: int, message_id: int) -> None:
    assert read_id(document_id(channel_id, message_id)) == (channel_id, message_id)
    assert read_id(f"{document_id(channel_id, message_id)}\n") is None
    assert read_id(f"-100{channel_id}_{message_id}") is None


def test_a_line_holds_what_is_searched_and_what_is_shown() -> None:
    document = Document(
        channel_id=1001,
        message_id=42,
        date=1_700_000_000,
        channel_username="NightBridge",
        channel_title="Night Bridge",
        text="Ёлка №5, ten feet, 国际",
        extra=("Web title", "A button"),
        author="Jane Roe",
        is_forwarded=True,
        media=("photo", "webpage"),
        mime="image/JPEG",
        file_name="Map.PDF",
        hashtags=("Ab_c",),
        domains=("www.m.example.org",),
        has_link=True,
        grouped_id="13579864213579864",
        fwd_channel_id=77,
        views=9,
    )
    line = to_line(
        document, Details(size=5, page_title="Web title", fwd_message_id=3, sender_id="9007199254740993", reply_to=7)
    )
    found = orjson.loads(line)
    assert line.endswith(b"}\n")
    assert b"\\u" not in line
    assert found["id"] == "c1001_42"
    assert found["text"] == document.text
    assert (found[WORDS], found[FORMS]) == (["國際"], "елка;no5;foot0")
    assert (found["page_title"], found["other_texts"]) == ("Web title", ["A button"])
    assert found["copy_of"] == "c77_3"
    assert (found["media"], found["has"]) == (["photo"], ["webpage", "link", "album"])
    assert (found["mime"], found["ext"], found["hashtags"]) == ("image/jpeg", "pdf", ["ab_c"])
    assert found["domains"] == ["m.example.org", "example.org", "org"]
    assert (found["grouped_id"], found["sender_id"]) == ("13579864213579864", "9007199254740993")
    assert (found["lang"], found["is_forwarded"]) == (None, True)
    assert not {"views", "duration", "is_missing", "is_edited"} & set(found)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ёлка", "елка"),
        ("об’єкт", "обєкт"),
        ("می‌خواهم", "ميخواهم"),
        ("٣٤٥ شخص", "345"),
        ("die Straße war", "strasse"),
        ("Москва👍 сегодня", "москва 👍"),
        ("for $500m", "500m"),
        ('צה"ל', "צהל"),
        ("الیوم", "ال يوم"),
    ],
)
def test_what_would_be_read_otherwise_is_also_indexed_folded(text: str, folded: str) -> None:
    assert (folded_words([text]), folded_texts([text])) == ([folded], [])


def test_a_text_with_invisible_marks_is_indexed_folded_as_a_whole() -> None:
    text = "\u200fالجسر\u200e مغلق"
    assert (folded_words([text]), folded_texts([text])) == ([], ["الجسر مغلق"])


def test_most_texts_are_not_indexed_twice() -> None:
    texts = ["The bridge, it's closed.", "Мост закрыт!", "الجسر مغلق", "Müller à Paris", "国际法院", ""]
    assert (folded_words(texts), folded_texts(texts)) == ([], [])


@pytest.mark.parametrize("lang", ["de", "fa", "zh", None])
@pytest.mark.parametrize("letter", ["x", "\u5e73", "\u0628"])
def test_a_text_without_spaces_takes_no_longer_than_its_length(letter: str, lang: str | None) -> None:
    """What is quadratic takes minutes here, and ends at the limit of a test."""
    line = orjson.loads(to_line(Document(channel_id=1, message_id=1, date=0, text=letter * 200_000, lang=lang)))
    assert line["text"] == letter * 200_000


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_every_text_makes_a_line_of_json(text: str, name: str) -> None:
    line = to_line(Document(channel_id=1, message_id=1, date=0, text=text, file_name=name, hashtags=(name,)))
    assert line.count(b"\n") == 1
    assert orjson.loads(line)["id"] == "c1_1"


THEIRS = {
    **SETTINGS,
    "sortableAttributes": sorted(SETTINGS["sortableAttributes"]),
    "typoTolerance": {**SETTINGS["typoTolerance"], "newInTwo": True},
    "embedders": {},
}
BUT_WORDS = [one for one in SEARCHED if one != WORDS]
BY_HAND = {
    "synonyms": {"kyiv": ["kiev"]},
    "stopWords": ["the"],
    "displayedAttributes": ["*"],
    "searchableAttributes": ["channel_title", *reversed(SEARCHED)],
    "prefixSearch": "disabled",
    "typoTolerance": {"enabled": False},
    "searchCutoffMs": 200,
}


def test_settings_that_are_none_of_ours_stay_but_for_embedders_with_a_hidden_key() -> None:
    embedders = {"open": {"source": "rest", "url": "x"}, "closed": {"source": "openAi", "apiKey": "skXXXX..."}}
    present = {**THEIRS, "embedders": embedders, "dictionary": ["J. R. R."], "chat": {}}
    assert needed_settings(present) == {}
    assert sorted(differing_settings(present)) == ["dictionary", "embedders"]
    assert hidden_embedders(present) == ["closed"]
    made = settings_like(present)
    assert (made["embedders"], made["dictionary"]) == ({"open": embedders["open"]}, ["J. R. R."])


def test_what_is_new_in_a_version_is_added_to_what_the_owner_displays() -> None:
    older = {**THEIRS, "searchableAttributes": ["text", "words_5_3"], "displayedAttributes": ["id", "text"]}
    assert settings_like(older)["displayedAttributes"] == ["id", "text", "file_status", "sha256"]
    assert settings_like({**THEIRS, "displayedAttributes": ["id", "text"]})["displayedAttributes"] == ["id", "text"]


def test_an_index_with_our_settings_needs_none() -> None:
    assert needed_settings(THEIRS) == {}
    assert differing_settings(THEIRS) == []
    assert not is_stale(THEIRS)
    assert not is_stale({"searchableAttributes": ["*"]})
    assert is_stale({"searchableAttributes": ["terms_0_0"]})


@pytest.mark.parametrize("name", BY_HAND)
def test_what_the_owner_set_by_hand_stays_and_is_listed(name: str) -> None:
    present = {**THEIRS, name: BY_HAND[name]}
    assert needed_settings(present) == {}
    assert differing_settings(present) == [name]
    assert settings_like(present)[name] == BY_HAND[name]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("pagination", {"maxTotalHits": 5}, {"maxTotalHits": SETTINGS["pagination"]["maxTotalHits"]}),
        ("proximityPrecision", "byAttribute", "byWord"),
        ("distinctAttribute", "copy_of", None),
        (
            "searchableAttributes",
            ["channel_title", WORDS],
            ["channel_title", WORDS, *(one for one in SEARCHED if one != WORDS)],
        ),
        ("sortableAttributes", ["size"], ["size", "date", "channel_id", "message_id"]),
        ("rankingRules", ["words", "sort"], SETTINGS["rankingRules"]),
        ("filterableAttributes", ["sender", "lang"], [*SETTINGS["filterableAttributes"], "sender"]),
    ],
)
def test_what_our_answers_need_is_completed(name: str, value: object, wanted: object) -> None:
    assert needed_settings({**THEIRS, name: value}) == {name: wanted}
    assert settings_like({**THEIRS, name: value})[name] == wanted


def test_more_than_we_need_stays() -> None:
    more = {
        "pagination": {"maxTotalHits": 9000},
        "sortableAttributes": ["size", *SETTINGS["sortableAttributes"]],
        "filterableAttributes": ["sender", *SETTINGS["filterableAttributes"]],
        "rankingRules": [*SETTINGS["rankingRules"][:-1], "size:desc"],
    }
    assert needed_settings({**THEIRS, **more}) == {}
    assert {name: settings_like({**THEIRS, **more})[name] for name in more} == more


def test_a_new_version_of_the_fields_takes_over_what_the_owner_set() -> None:
    texts = ["channel_title", *(one for one in SEARCHED if one not in {WORDS, FORMS})]
    older = {**THEIRS, **BY_HAND, "searchableAttributes": [*texts, "terms_1_1", "forms_1_1"]}
    assert is_stale(older)
    assert settings_like(older)["searchableAttributes"] == [*texts, WORDS, FORMS]
    assert settings_like(older)["synonyms"] == BY_HAND["synonyms"]
    assert settings_like(None) == settings_like({"searchableAttributes": ["*"], "stopWords": ["the"]}) == SETTINGS


@pytest.mark.parametrize(
    ("query", "q", "condition"),
    [
        ('"bridge" "closed"', '"bridge" "closed" ', "channel_id EXISTS"),
        ('-"toll" "bridge"', '-"toll" "bridge" ', "channel_id EXISTS"),
        ('"bridge" -("toll" OR "tax")', '-"toll" -"tax" "bridge" ', "channel_id EXISTS"),
        ("bridges closed", '"bridges" "closed" ', "channel_id EXISTS"),
        ("Ёлка об'єкт", '"елка" "обєкт" ', "channel_id EXISTS"),
        ('"one two three"', '"one two three" ', "channel_id EXISTS"),
        ('"Ёлка у дома" "Ёлка"', '"Ёлка у дома" "елка" ', "channel_id EXISTS"),
        ("has:photo", "", 'media IN ["photo"]'),
        ("has:media", "", "media EXISTS"),
        ("has:webpage OR has:link", "", "(has = webpage) OR (has = link)"),
        ("is:missing (has:photo OR #ab)", "", '(is_missing = true) AND ((media IN ["photo"]) OR (hashtags = "ab"))'),
        ("-channel:alpha", "", 'NOT (channel_id IN ["1"])'),
        ("id:3..5", "", "(message_id >= 3) AND (message_id <= 5)"),
        ("mime:image/*", "", 'mime STARTS WITH "image/"'),
        ("9-11", '"9 11" ', "channel_id EXISTS"),
    ],
)
def test_a_question_in_its_language(query: str, q: str, condition: str) -> None:
    body = search_body(Question(tree=parse(query, CONTEXT)))
    assert (body["q"], body["filter"], body["limit"]) == (q, condition, 21)
    assert body["sort"] == ["date:desc", "channel_id:desc", "message_id:desc"]


@pytest.mark.parametrize(
    ("query", "q"),
    [
        ("bridge -toll", '-"toll" bridge '),
        ("F-16 国际 bridge", '"f 16" "国际" bridge '),
        ("clos* bridge", "bridge clos"),
        ('"the bridge" clos*', '"the bridge" clos'),
    ],
)
def test_fuzzy_words_have_no_quotes_and_a_beginning_is_the_last(query: str, q: str) -> None:
    assert search_body(Question(tree=parse(query, CONTEXT), fuzzy=True))["q"] == q


def test_a_federated_query_has_neither_limit_nor_facets() -> None:
    asked = federated(facet_body(Question(tree=parse("bridges", CONTEXT)), ["month"]), "messages")
    assert (asked["indexUid"], asked["q"]) == ("messages", '"bridges" ')
    assert not {"limit", "facets"} & set(asked)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("a1 OR b2", "combine words by OR"),
        ("has:photo OR b2", "combine words by OR"),
        ("-(a1 b2)", "exclude a group of words"),
        ("clos*", "--fuzzy"),
        ("bridge -clos*", "exclude the beginnings"),
        ("👍", "symbols"),
        (" ".join(f"-word{number}" for number in range(200)), "of this length"),
        ("a b c d e f g h i j k", "first 10 words"),
        ("views:>5", "does not track views"),
        ("is:pinned", "pinned"),
        ("from:jane", "filter by 'from:'"),
        ("filename:map", "filter by 'filename:'"),
        ("hashtag:ко*", "ASCII"),
    ],
)
def test_what_it_cannot_answer_has_a_reason(query: str, why: str) -> None:
    assert why in (can_answer(Question(tree=parse(query, CONTEXT))) or "")


@given(st.text(st.sampled_from("ab\"\\'()-*:# =<>[]\nORANDNT{}$é国\u0000"), max_size=40) | st.text(max_size=40))
def test_nothing_of_a_question_is_read_as_its_language(text: str) -> None:
    try:
        tree = parse(text, CONTEXT)
    except QueryError:
        return
    question = Question(tree=tree)
    if can_answer(question) is None:
        for part in (*split_question(question).words, *split_question(question).excluded):
            assert re.fullmatch(r'-?"[^"]+"', part)


@given(st.text(max_size=20))
def test_a_quoted_value_ends_where_it_should(value: str) -> None:
    quoted = quote(value)
    assert re.fullmatch(r'"(?:[^"\\]|\\["\\])*"', quoted, re.DOTALL)
    assert re.sub(r'\\(["\\])', r"\1", quoted[1:-1]) == value


def test_a_task_of_a_newer_version_is_read() -> None:
    task = read_task({"uid": 1, "status": "paused", "type": "somethingNew", "error": None, "duration": "PT1M2.5S"})
    assert (task.is_done, task.succeeded, task.error, task.duration) == (False, False, None, 62.5)
    failed = read_task({"uid": 1, "status": "failed", "type": "x", "error": {"code": "new_code", "message": "c1_2 x"}})
    assert (failed.document_id, failed.code) == ("c1_2", "new_code")
