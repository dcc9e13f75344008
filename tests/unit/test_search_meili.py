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
from search.meili.compile import can_answer, facet_body, federated, search_body, split_question
from search.meili.document import document_id, read_id, to_line
from search.meili.filters import quote
from search.meili.settings import FORMS, SETTINGS, TERMS, differing_settings, is_stale, needed_settings, settings_like
from search.meili.task import read_task
from search.meili.words import encode, encode_line, form_words, is_plain
from search.query.filters import Context
from search.query.parse import parse
from search.text.normalize import tokens

CONTEXT = Context(now=datetime(2024, 5, 20, tzinfo=UTC), channels={"alpha": [1]})
TERM = st.text(min_size=1, max_size=30) | st.text("az09 zqй国", min_size=1, max_size=70)


@pytest.mark.parametrize(
    ("term", "word"),
    [
        ("bridge", "bridge"),
        ("16", "16"),
        ("covid19", "covid19"),
        ("ёлка", "ёлка"),
        ("الجسر", "الجسر"),
        ("שלום", "שלום"),
        # The script of a digit depends on what stands before it in the text.
        ("16th", "zq001d001i0038002w"),
        ("国际", "zq0fyd10tl"),
        ("мостbridge", None),
        ("👍", "zq2r3x"),
        ("zq2r3x", None),
    ],
)
def test_terms_that_charabia_keeps_stand_for_themselves_and_others_are_coded(term: str, word: str | None) -> None:
    assert is_plain(encode(term)) == (word == term)
    assert re.fullmatch("zq[0-9a-z]+", encode(term)) or encode(term) == term


@given(one=TERM, other=TERM)
def test_different_terms_have_different_words(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) == (one == other)
    assert len(encode(one).encode()) <= 60


@given(st.text(max_size=60))
def test_a_line_has_a_word_for_each_term(text: str) -> None:
    terms = tokens(text)
    assert encode_line(" ".join(terms)).split() == [encode(term) for term in terms]


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
        text="Ёлка №5, see 国际",
        extra=("Web title",),
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
    line = to_line(document, Details(size=5, fwd_message_id=3, sender_id="9007199254740993", reply_to=7))
    found = orjson.loads(line)
    assert line.endswith(b"}\n")
    assert b"\\u" not in line
    assert found["id"] == "c1001_42"
    assert found["text"] == document.text
    assert found[TERMS] == [f"елка no5 see {encode('国际')} {encode('际')}", "web title", "map pdf"]
    assert found["copy_of"] == "c77_3"
    assert found["has"] == ["photo", "webpage", "media", "link", "album"]
    assert (found["mime"], found["ext"], found["hashtags"]) == ("image/jpeg", "pdf", ["ab_c"])
    assert found["domains"] == ["m.example.org", "example.org", "org"]
    assert (found["grouped_id"], found["sender_id"]) == ("13579864213579864", "9007199254740993")
    assert (found["lang"], found["is_forwarded"], found["is_missing"]) == (None, True, False)
    assert "views" not in found
    assert "duration" not in found


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
BY_HAND = {
    "synonyms": {"kyiv": ["kiev"]},
    "stopWords": ["the"],
    "displayedAttributes": ["*"],
    "searchableAttributes": ["channel_title", "text", TERMS, FORMS],
    "prefixSearch": "disabled",
    "typoTolerance": {"enabled": False},
    "searchCutoffMs": 200,
}


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
    older = {**THEIRS, **BY_HAND, "searchableAttributes": ["channel_title", "text", "terms_1_1", "forms_1_1_1"]}
    assert is_stale(older)
    assert settings_like(older)["searchableAttributes"] == ["channel_title", "text", TERMS, FORMS]
    assert settings_like(older)["synonyms"] == BY_HAND["synonyms"]
    assert settings_like(None) == settings_like({"searchableAttributes": ["*"], "stopWords": ["the"]}) == SETTINGS


@pytest.mark.parametrize(
    ("query", "q", "condition"),
    [
        ('"bridge" "closed"', '"bridge" "closed" ', "channel_id EXISTS"),
        ('-"toll" "bridge"', '-"toll" "bridge" ', "channel_id EXISTS"),
        ('"bridge" -("toll" OR "tax")', '-"toll" -"tax" "bridge" ', "channel_id EXISTS"),
        ("has:photo", "", 'has IN ["photo"]'),
        ("is:missing (has:photo OR #ab)", "", '(is_missing = true) AND ((has IN ["photo"]) OR (hashtags = "ab"))'),
        ("-channel:alpha", "", 'NOT (channel_id IN ["1"])'),
        ("id:3..5", "", "(message_id >= 3) AND (message_id <= 5)"),
        ("mime:image/*", "", 'mime STARTS WITH "image/"'),
        ("9-11", '"9 11" ', "channel_id EXISTS"),
    ],
)
def test_a_question_in_its_language(query: str, q: str, condition: str) -> None:
    body = search_body(Question(tree=parse(query, CONTEXT)))
    assert (body["q"], body["filter"], body["limit"]) == ([q], condition, 21)
    assert body["sort"] == ["date:desc", "channel_id:desc", "message_id:desc"]


def test_a_plain_word_is_asked_for_by_its_keys_and_every_text_has_them() -> None:
    body = search_body(Question(tree=parse('bridges -toll "closed road"', CONTEXT)))
    excluded = "".join(f'-"{key}" ' for key in form_words("toll"))
    assert body["q"] == [f'{excluded}"{key}" "closed road" ' for key in form_words("bridges")]
    assert set(form_words("bridges")) & set(form_words("bridge"))
    found = orjson.loads(to_line(Document(channel_id=1, message_id=1, date=0, text="A bridge, the BRIDGE")))
    assert found[FORMS] == sorted(set(found[FORMS]))
    assert {*form_words("bridge")} <= {*found[FORMS]}


def test_a_word_of_a_text_is_never_a_key() -> None:
    key = form_words("bridge")[0]
    assert key.startswith("zk")
    assert encode(key) != key


def test_several_qs_are_one_federated_question() -> None:
    body = facet_body(Question(tree=parse("bridges", CONTEXT)), ["is_service"])
    asked = federated(body, "messages")
    assert asked["federation"] == {"limit": 0, "facetsByIndex": {"messages": ["is_service"]}}
    assert [one["q"] for one in asked["queries"]] == body["q"]
    assert all(one["indexUid"] == "messages" and "limit" not in one and "facets" not in one for one in asked["queries"])


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("attack convoy soldier bridge", "The forms of these words"),
        ("a1 OR b2", "combine words by OR"),
        ("has:photo OR b2", "combine words by OR"),
        ("-(a1 b2)", "exclude a group of words"),
        ("clos*", "no prefixes"),
        ("国", "single character"),
        ("国际法院", "adjacent words"),
        ('"one two three"', "adjacent words"),
        ("a b c d e f g h i j k", "first 10 words"),
        ("views:>5", "does not track views"),
        ("is:pinned", "pinned"),
        ('from:"jane roe"', "several adjacent words"),
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
        parts = split_question(question)
        words = "[0-9a-z\u0370-\u05ff\u0600-\u06ff]+"
        for part in (*(way for ways in parts.wanted for way in ways), *parts.excluded):
            assert re.fullmatch(f'-?"{words}( {words})?"', part)


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
