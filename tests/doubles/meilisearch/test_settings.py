"""Settings: defaults, changes as tasks, and what is refused at once or by the task."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.meilisearch.fixtures import Meili

TELEKEEP = {
    "searchableAttributes": ["text", "caption"],
    "filterableAttributes": [
        "chat",
        {
            "attributePatterns": ["sender"],
            "features": {"facetSearch": False, "filter": {"equality": True, "comparison": False}},
        },
    ],
    "sortableAttributes": ["date"],
    "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness"],
    "displayedAttributes": ["id", "text"],
    "localizedAttributes": [{"attributePatterns": ["text*"], "locales": ["rus", "ara"]}],
    "typoTolerance": {"enabled": True, "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8}, "disableOnNumbers": True},
    "pagination": {"maxTotalHits": 5000},
    "faceting": {"maxValuesPerFacet": 7, "sortFacetValuesBy": {"chat": "count"}},
    "proximityPrecision": "byAttribute",
    "searchCutoffMs": 900,
    "stopWords": ["a", "the"],
    "synonyms": {"tv": ["television"]},
    "separatorTokens": ["|"],
    "nonSeparatorTokens": ["#", "@"],
    "dictionary": ["J.R.R."],
    "facetSearch": False,
    "prefixSearch": "disabled",
    "distinctAttribute": "group",
}  # fmt: skip


def patch(meili: Meili, uid: str, body: Any) -> Any:
    answer = meili.call("PATCH", f"/indexes/{uid}/settings", body)
    assert answer.status_code == 202, answer.text
    return meili.wait(answer.json()["taskUid"])


def settings(meili: Meili, uid: str) -> dict[str, Any]:
    found: dict[str, Any] = meili.call("GET", f"/indexes/{uid}/settings").json()
    return found


def test_a_new_index_has_the_defaults(meili: Meili) -> None:
    found = settings(meili, meili.filled([{"id": 1}]).uid)
    assert found["searchableAttributes"] == found["displayedAttributes"] == ["*"]
    assert found["filterableAttributes"] == found["sortableAttributes"] == found["stopWords"] == []
    assert found["rankingRules"] == [
        "words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"
    ]  # fmt: skip
    assert found["pagination"] == {"maxTotalHits": 1000}
    assert found["faceting"] == {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}}
    assert found["typoTolerance"] == {
        "enabled": True,
        "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
        "disableOnWords": [],
        "disableOnAttributes": [],
        "disableOnNumbers": False,
    }
    assert (found["proximityPrecision"], found["prefixSearch"], found["facetSearch"]) == (
        "byWord",
        "indexingTime",
        True,
    )
    assert found["searchCutoffMs"] is found["localizedAttributes"] is found["distinctAttribute"] is None


def test_what_is_set_is_read_back_and_null_is_the_default_again(meili: Meili) -> None:
    uid = meili.fresh()
    done = patch(meili, uid, TELEKEEP)
    assert done.status == "succeeded", done.error
    assert done.details == TELEKEEP
    found = settings(meili, uid)
    assert {name: found[name] for name in TELEKEEP if name not in ("typoTolerance", "stopWords")} == {
        name: value for name, value in TELEKEEP.items() if name not in ("typoTolerance", "stopWords")
    } | {"faceting": {"maxValuesPerFacet": 7, "sortFacetValuesBy": {"*": "alpha", "chat": "count"}}}
    assert sorted(found["stopWords"]) == ["a", "the"]
    assert found["typoTolerance"]["minWordSizeForTypos"] == {"oneTypo": 4, "twoTypos": 8}
    assert found["typoTolerance"]["disableOnAttributes"] == []
    patch(meili, uid, {"searchableAttributes": None, "pagination": None, "typoTolerance": {"enabled": False}})
    found = settings(meili, uid)
    assert (found["searchableAttributes"], found["pagination"]) == (["*"], {"maxTotalHits": 1000})
    assert found["typoTolerance"]["enabled"] is False
    assert found["typoTolerance"]["minWordSizeForTypos"] == {"oneTypo": 4, "twoTypos": 8}
    assert found["sortableAttributes"] == ["date"]
    meili.wait(meili.client().index(uid).reset_settings())
    assert settings(meili, uid)["sortableAttributes"] == []


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({"nope": 1}, "bad_request", "Unknown field `nope`: expected one of `displayedAttributes`"),
        ({"searchableAttributes": "text"}, "invalid_settings_searchable_attributes", "expected an array"),
        ({"searchableAttributes": [1]}, "invalid_settings_searchable_attributes", ".searchableAttributes[0]"),
        ({"displayedAttributes": 5}, "invalid_settings_displayed_attributes", "expected an array"),
        ({"filterableAttributes": [{"nope": 1}]}, "invalid_settings_filterable_attributes", "Unknown field `nope`"),
        ({"sortableAttributes": {}}, "invalid_settings_sortable_attributes", "expected an array"),
        ({"rankingRules": ["nope"]}, "invalid_settings_ranking_rules", "`nope` ranking rule is invalid"),
        ({"rankingRules": ["_geoPoint(1,2):asc"]}, "invalid_settings_ranking_rules", "reserved keyword"),
        ({"stopWords": [1]}, "invalid_settings_stop_words", "expected a string"),
        ({"synonyms": []}, "invalid_settings_synonyms", "expected an object"),
        ({"distinctAttribute": 1}, "invalid_settings_distinct_attribute", "expected a string"),
        ({"typoTolerance": {"nope": 1}}, "invalid_settings_typo_tolerance", "Unknown field `nope` inside"),
        ({"typoTolerance": {"minWordSizeForTypos": {"oneTypo": 9, "twoTypos": 4}}},
         "invalid_settings_typo_tolerance", "`minWordSizeForTypos` setting is invalid"),
        ({"pagination": {"maxTotalHits": -1}}, "invalid_settings_pagination", "expected a positive integer"),
        ({"pagination": {"maxTotalHits": "x"}}, "invalid_settings_pagination", "expected a positive integer"),
        ({"faceting": {"sortFacetValuesBy": {"a": "x"}}}, "invalid_settings_faceting", "expected one of `alpha`"),
        ({"proximityPrecision": "byNothing"}, "invalid_settings_proximity_precision", "`byWord`, `byAttribute`"),
        ({"searchCutoffMs": 1.5}, "invalid_settings_search_cutoff_ms", "expected a positive integer"),
        ({"localizedAttributes": [{"attributePatterns": ["a"], "locales": ["xx"]}]},
         "invalid_settings_localized_attributes", "Unknown value `xx`"),
        ({"prefixSearch": "often"}, "invalid_settings_prefix_search", "`indexingTime`, `disabled`"),
        ({"dictionary": "x"}, "invalid_settings_dictionary", "expected an array"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_at_once(meili: Meili, body: dict[str, Any], code: str, part: str) -> None:
    answer = meili.call("PATCH", f"/indexes/{meili.fresh()}/settings", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert part in answer.json()["message"]


def test_a_body_that_is_no_json_object(meili: Meili) -> None:
    path = f"/indexes/{meili.fresh()}/settings"
    assert meili.call("PATCH", path, b"{", Content_Type="application/json").json()["code"] == "malformed_payload"
    assert meili.call("PATCH", path, b"[]", Content_Type="application/json").json()["code"] == "bad_request"
    assert meili.call("PATCH", path, b"", Content_Type="application/json").json()["code"] == "missing_payload"
    assert meili.call("PATCH", path, b"{}", Content_Type="text/plain").json()["code"] == "invalid_content_type"


def test_single_settings_have_routes_of_their_own(meili: Meili) -> None:
    index = meili.filled([{"id": 1, "n": 1}])
    path = f"/indexes/{index.uid}/settings"
    told = meili.call("PUT", f"{path}/filterable-attributes", ["n"])
    assert told.status_code == 202
    done = meili.wait(told.json()["taskUid"])
    assert (done.type, done.details) == ("settingsUpdate", {"filterableAttributes": ["n"]})
    assert meili.call("GET", f"{path}/filterable-attributes").json() == ["n"]
    assert index.search("", {"filter": "n = 1"})["estimatedTotalHits"] == 1
    meili.wait(meili.call("DELETE", f"{path}/filterable-attributes").json()["taskUid"])
    assert meili.call("GET", f"{path}/filterable-attributes").json() == []
    meili.wait(meili.call("PATCH", f"{path}/typo-tolerance", {"disableOnAttributes": ["a"]}).json()["taskUid"])
    assert meili.call("GET", f"{path}/typo-tolerance").json()["disableOnAttributes"] == ["a"]
    assert meili.call("PUT", f"{path}/stop-words", "x").json()["code"] == "invalid_settings_stop_words"
    assert meili.call("GET", f"{path}/nope").status_code == 404


def test_settings_of_no_index(meili: Meili) -> None:
    answer = meili.call("GET", f"/indexes/{meili.fresh()}/settings")
    assert (answer.status_code, answer.json()["code"]) == (404, "index_not_found")


def test_granular_filters_allow_what_they_say(meili: Meili) -> None:
    def granular(name: str, comparison: bool) -> dict[str, Any]:
        features = {"facetSearch": True, "filter": {"equality": True, "comparison": comparison}}
        return {"attributePatterns": [name], "features": features}

    index = meili.filled(
        [{"id": 1, "plain": 1, "both": 1, "deep": {"x": 5}}],
        filterableAttributes=[granular("plain", False), granular("both", True), granular("deep.*", True)],
    )
    assert index.search("", {"filter": "plain = 1 AND both >= 1 AND deep.x < 6"})["estimatedTotalHits"] == 1
    answer = meili.call("POST", f"/indexes/{index.uid}/search", {"filter": "plain >= 1"}).json()
    assert answer["code"] == "invalid_search_filter"
    assert "not allowed for the attribute `plain`" in answer["message"]


def test_documents_that_are_there_follow_new_settings(meili: Meili) -> None:
    index = meili.filled([{"id": 1, "text": "bridge", "other": "night"}, {"id": 2, "text": "night", "other": "x"}])
    assert index.search("night")["estimatedTotalHits"] == 2
    patch(meili, index.uid, {"searchableAttributes": ["text"], "filterableAttributes": ["other"]})
    assert [hit["id"] for hit in index.search("night")["hits"]] == [2]
    assert [hit["id"] for hit in index.search("", {"filter": "other = night"})["hits"]] == [1]
    patch(meili, index.uid, {"displayedAttributes": ["id"]})
    assert index.search("night")["hits"] == [{"id": 2}]
