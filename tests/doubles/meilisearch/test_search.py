"""What a question finds: words, prefixes, phrases, what is excluded, strategies, typos, and where it is looked for."""

from __future__ import annotations

from typing import Any

import pytest
from meilisearch.index import Index

from tests.doubles.meilisearch.fixtures import Meili

TEXTS = {
    1: "The quick brown fox jumps over the lazy dog",
    2: "Quick questions, brown answers: a fox?",
    3: "A lazy afternoon. The dog sleeps by the bridge.",
    4: "Мост через реку ночью",
    5: "Café crème brûlée à la carte",
    6: "جسر الليل",
    7: "北京大学",
    8: "fox",
    9: "sunflower fields",
    10: "the sun flower",
    11: "call 2024-05-17 at 3.14",
    12: "telegram telegraph telephone",
}


def texts(meili: Meili, **settings: Any) -> Index:
    documents = [{"id": number, "text": text} for number, text in TEXTS.items()]
    return meili.filled(documents, **{"searchableAttributes": ["text"], **settings})


def found(index: Index, q: str, **options: Any) -> list[int]:
    return [hit["id"] for hit in index.search(q, {"limit": 100, **options})["hits"]]


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        ("fox", {1, 2, 8}),
        ("FOX", {1, 2, 8}),
        ("fo", {1, 2, 8}),  # the last word is a prefix
        ("fo ", set()),  # with anything after it, it is not
        ("tele", {12}),
        ("cafe creme", {5}),
        ("BRULEE", {5}),
        ("мост ноч", {4}),
        ("МОСТ", {4}),
        ("جسر", {6}),
        ("北京", {7}),
        ('"brown fox"', {1}),
        ('"brown fo"', set()),  # no prefix in a phrase
        ('"fox jumps over the lazy dog"', {1}),
        ('"dog lazy"', set()),
        ('"afternoon the"', set()),  # a full stop parts them
        ('"lazy dog" quick', {1}),
        ("fox -quick", {8}),
        ("fox -brown -quick", {8}),
        ('dog -"lazy dog"', {3}),
        ("-fox", {3, 4, 5, 6, 7, 9, 10, 11, 12}),
        ("2024-05-17", {11}),
        ("3.14", {11}),
        ("sunflower", {9, 10}),  # two halves side by side
        ("sun flower", {9, 10}),  # two neighbours as one word
        ("", set(TEXTS)),
        ("   ", set(TEXTS)),
        ("!?", set(TEXTS)),
    ],
)
def test_words_prefixes_phrases_and_what_is_excluded(meili: Meili, q: str, ids: set[int]) -> None:
    index = texts(meili)
    assert set(found(index, q, matchingStrategy="all")) == ids


@pytest.mark.parametrize(
    ("strategy", "ids"),
    [("last", {1, 2, 8}), ("all", {1}), ("frequency", {1, 3})],
)
def test_what_may_be_missing_depends_on_the_strategy(meili: Meili, strategy: str, ids: set[int]) -> None:
    index = texts(meili)
    assert set(found(index, "fox lazy dog", matchingStrategy=strategy)) == ids


def test_phrases_must_be_there_whatever_the_strategy(meili: Meili) -> None:
    index = texts(meili)
    assert set(found(index, '"quick brown" nowhere', matchingStrategy="last")) == {1}
    assert found(index, '"brown quick"', matchingStrategy="last") == []


def test_only_the_first_ten_words_count(meili: Meili) -> None:
    ten = [f"word{letter}" for letter in "abcdefghij"]
    index = meili.filled([{"id": 1, "text": " ".join(ten)}], typoTolerance={"enabled": False})
    assert found(index, " ".join([*ten, "nowhere"]), matchingStrategy="all") == [1]
    assert found(index, " ".join([*ten[:9], "nowhere"]), matchingStrategy="all") == []


def test_typos_are_forgiven_by_length_and_only_when_allowed(meili: Meili) -> None:
    documents = [{"id": 1, "text": "bridge"}, {"id": 2, "text": "afternoon"}, {"id": 3, "text": "dogs"}]
    index = meili.filled(documents, prefixSearch="disabled")
    assert found(index, "brigde") == [1]  # letters changed places: one typo
    assert found(index, "bridgee") == [1]
    assert found(index, "bidgee") == []  # two typos need nine letters
    assert found(index, "aftirnoom") == [2]
    assert found(index, "xfternoon") == [2]  # a first letter counts twice
    assert found(index, "xfternoom") == []
    assert found(index, "digs") == []  # four letters: none
    meili.wait(index.update_typo_tolerance({"minWordSizeForTypos": {"oneTypo": 4}}))
    assert found(index, "dags") == [3]
    meili.wait(index.update_typo_tolerance({"disableOnWords": ["brigde"]}))
    assert found(index, "brigde") == []
    meili.wait(index.update_typo_tolerance({"disableOnAttributes": ["text"]}))
    assert found(index, "afternoom") == []
    meili.wait(index.update_typo_tolerance({"enabled": False, "disableOnAttributes": []}))
    assert found(index, "afternoom") == []
    assert found(index, "afternoon") == [2]


def test_numbers_may_be_kept_from_typos(meili: Meili) -> None:
    index = meili.filled([{"id": 1, "text": "order 1234567"}], typoTolerance={"disableOnNumbers": True})
    assert found(index, "1234568") == []
    meili.wait(index.update_typo_tolerance({"disableOnNumbers": False}))
    assert found(index, "1234568") == [1]


def test_attributes_to_search_on(meili: Meili) -> None:
    documents = [{"id": 1, "title": "night", "text": "bridge"}, {"id": 2, "title": "bridge", "text": "night"}]
    index = meili.filled(documents, searchableAttributes=["title", "text"])
    assert found(index, "night", attributesToSearchOn=["text"]) == [2]
    assert found(index, '"night"', attributesToSearchOn=["title"]) == [1]
    assert sorted(found(index, "night bridge", attributesToSearchOn=["title", "text"])) == [1, 2]
    assert found(index, "night bridge", attributesToSearchOn=["text"], matchingStrategy="all") == []
    refused = meili.call("POST", f"/indexes/{index.uid}/search", {"q": "x", "attributesToSearchOn": ["nope"]})
    assert refused.json()["code"] == "invalid_search_attributes_to_search_on"
    assert refused.json()["message"] == (
        f"Index `{index.uid}`: Attribute `nope` is not searchable. Available searchable attributes are: `text, title`."
    )


def test_prefixes_stop_words_and_synonyms_follow_the_settings(meili: Meili) -> None:
    index = texts(meili, prefixSearch="disabled", stopWords=["the"], synonyms={"hound": ["dog"]})
    assert found(index, "fo") == []
    assert set(found(index, "hound")) == {1, 3}
    assert set(found(index, "the fox", matchingStrategy="all")) == {1, 2, 8}


def test_the_best_come_first(meili: Meili) -> None:
    index = texts(meili)
    hits = index.search("quick brown foz", {"showRankingScore": True, "matchingStrategy": "last"})["hits"]
    scores = [hit["_rankingScore"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1


def test_words_of_arrays_objects_and_numbers_are_found(meili: Meili) -> None:
    documents = [{"id": 1, "tags": ["night", "bridge"], "deep": {"x": ["river"], "n": 42}, "flag": True}]
    index = meili.filled(documents)
    for q in ("night", "bridge", "river", "42", "true"):
        assert found(index, q) == [1], q
    assert found(index, '"night bridge"') == []  # values of an array are far from each other
    meili.wait(index.update_searchable_attributes(["deep.x"]))
    assert found(index, "river") == [1]
    assert found(index, "42") == []


def test_an_answer_says_what_was_asked(meili: Meili) -> None:
    answer = texts(meili).search("fox", {"limit": 2, "offset": 1})
    assert (answer["query"], answer["limit"], answer["offset"]) == ("fox", 2, 1)
    assert answer["estimatedTotalHits"] == 3
    assert len(answer["hits"]) == 2
    assert answer["processingTimeMs"] >= 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"q": 5}, "invalid_search_q"),
        ({"limit": -1}, "invalid_search_limit"),
        ({"offset": "x"}, "invalid_search_offset"),
        ({"matchingStrategy": "some"}, "invalid_search_matching_strategy"),
        ({"filter": 5}, "invalid_search_filter"),
        ({"sort": "x:asc"}, "invalid_search_sort"),
        ({"sort": ["x"]}, "invalid_search_sort"),
        ({"sort": ["nope:asc"]}, "invalid_search_sort"),
        ({"facets": "x"}, "invalid_search_facets"),
        ({"facets": ["nope"]}, "invalid_search_facets"),
        ({"attributesToRetrieve": "x"}, "invalid_search_attributes_to_retrieve"),
        ({"nope": 1}, "bad_request"),
    ],
)
def test_a_question_that_makes_no_sense(meili: Meili, body: dict[str, Any], code: str) -> None:
    index = meili.filled([{"id": 1}])
    answer = meili.call("POST", f"/indexes/{index.uid}/search", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_no_index(meili: Meili) -> None:
    answer = meili.call("POST", f"/indexes/{meili.fresh()}/search", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "index_not_found")
