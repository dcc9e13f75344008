"""How hits are shown: what of them, marked, sorted, by pages, counted by facets."""

from __future__ import annotations

from typing import Any

import pytest
from meilisearch.index import Index

from tests.doubles.meilisearch.fixtures import Meili


def numbered(meili: Meili, count: int = 30, **settings: Any) -> Index:
    documents = [
        {"id": n, "chat": n % 3, "date": 1000 - n, "kind": "photo" if n % 2 else "text", "text": f"night number {n}"}
        for n in range(count)
    ]
    names = ["chat", "date", "kind"]
    return meili.filled(
        documents,
        **{"filterableAttributes": names, "sortableAttributes": names, "rankingRules": ["sort", "words"], **settings},
    )


def ids(answer: dict[str, Any]) -> list[int]:
    return [hit["id"] for hit in answer["hits"]]


def test_only_what_was_asked_for_is_shown(meili: Meili) -> None:
    index = meili.filled([{"id": 1, "text": "a", "deep": {"x": 1, "y": 2}}])
    assert index.search("", {"attributesToRetrieve": ["id"]})["hits"] == [{"id": 1}]
    assert index.search("", {"attributesToRetrieve": ["deep.x", "none"]})["hits"] == [{"deep": {"x": 1}}]
    assert index.search("", {"attributesToRetrieve": []})["hits"] == [{}]


def test_words_of_the_question_are_marked(meili: Meili) -> None:
    text = "In the morning we crossed the old bridge and saw the river from the other side of the hill"
    index = meili.filled([{"id": 1, "text": text, "n": 5}])
    hit = index.search("bridge old", {"attributesToHighlight": ["text"]})["hits"][0]
    assert "the <em>old</em> <em>bridge</em> and" in hit["_formatted"]["text"]
    assert hit["_formatted"]["n"] == "5" or hit["_formatted"]["n"] == 5
    marked = index.search(
        "bri", {"attributesToHighlight": ["*"], "highlightPreTag": "\u0001", "highlightPostTag": "\u0002"}
    )["hits"][0]
    assert "\u0001bri\u0002dge" in marked["_formatted"]["text"]


def test_sorting_goes_by_sortable_attributes(meili: Meili) -> None:
    index = numbered(meili)
    assert ids(index.search("", {"sort": ["date:asc"], "limit": 3})) == [29, 28, 27]
    assert ids(index.search("night", {"sort": ["date:desc"], "limit": 3})) == [0, 1, 2]
    assert ids(index.search("", {"sort": ["chat:desc", "date:asc"], "limit": 2})) == [29, 26]
    answer = meili.call("POST", f"/indexes/{index.uid}/search", {"sort": ["text:asc"]}).json()
    assert answer["code"] == "invalid_search_sort"
    assert answer["message"] == (
        f"Index `{index.uid}`: Attribute `text` is not sortable. Available sortable attributes are: `chat, date, kind`."
    )


def test_what_has_no_value_is_sorted_last_either_way(meili: Meili) -> None:
    documents: list[dict[str, Any]] = [
        {"id": 1, "n": 2},
        {"id": 2},
        {"id": 3, "n": 1},
        {"id": 4, "n": "x"},
        {"id": 5, "n": None},
    ]
    index = meili.filled(documents, sortableAttributes=["n"])
    assert ids(index.search("", {"sort": ["n:asc"]})) == [3, 1, 4, 2, 5]
    assert ids(index.search("", {"sort": ["n:desc"]})) == [1, 3, 4, 2, 5]


def test_offset_and_limit_stop_at_the_most_that_is_given(meili: Meili) -> None:
    index = numbered(meili, pagination={"maxTotalHits": 10})
    answer = index.search("", {"offset": 8, "limit": 5})
    assert len(answer["hits"]) == 2
    assert answer["offset"] == 8
    assert index.search("", {"offset": 10, "limit": 5})["hits"] == []
    assert index.search("", {"limit": 0})["hits"] == []


def test_facets_count_what_was_found(meili: Meili) -> None:
    index = numbered(meili)
    answer = index.search("", {"facets": ["chat", "kind", "date"], "filter": "chat IN [0, 1] AND date > 990"})
    assert answer["facetDistribution"]["chat"] == {"0": 4, "1": 3}
    assert answer["facetDistribution"]["kind"] == {"photo": 4, "text": 3}
    assert answer["facetStats"] == {"chat": {"min": 0.0, "max": 1.0}, "date": {"min": 991.0, "max": 1000.0}}
    assert set(index.search("", {"facets": ["*"]})["facetDistribution"]) == {"chat", "date", "kind"}
    meili.wait(index.update_faceting_settings({"maxValuesPerFacet": 2, "sortFacetValuesBy": {"date": "count"}}))
    assert len(index.search("", {"facets": ["date", "chat"]})["facetDistribution"]["date"]) == 2
    assert "facetDistribution" not in index.search("")


@pytest.mark.parametrize("count", [1, 7])
def test_every_hit_comes_once_however_the_pages_are_cut(meili: Meili, count: int) -> None:
    index = numbered(meili, 20)
    seen: list[int] = []
    for offset in range(0, 20, count):
        seen += ids(index.search("night", {"sort": ["chat:asc"], "offset": offset, "limit": count}))
    assert sorted(seen) == list(range(20))
