"""What a search may say: the fields of its body and the parameters of its GET."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from tests.doubles.meilisearch.asc_desc import parse_sort
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.parameters import Parameter, boolean, size
from tests.doubles.meilisearch.reading import (
    REQUIRED,
    Field,
    anything,
    invalid,
    list_of,
    map_of,
    number,
    one_of,
    optional,
    shape,
    string,
)
from tests.doubles.meilisearch.reading import boolean as is_boolean
from tests.doubles.meilisearch.reading import size as is_size
from tests.doubles.meilisearch.settings import LOCALES, locale
from tests.doubles.meilisearch.uids import is_index_uid, refusal

_THRESHOLD = "the value of `rankingScoreThreshold` is invalid, expected a float between `0.0` and `1.0`."


def _threshold(value: Any, where: str, code: str) -> float:
    found = number(value, where, code)
    if not 0.0 <= found <= 1.0:
        raise invalid(where, code, _THRESHOLD)
    return found


def _locales(value: Any, where: str, code: str) -> list[str]:
    return [LOCALES.get(one, one) for one in list_of(locale)(value, where, code)]


def _weight(value: Any, where: str, code: str) -> float:
    found = number(value, where, code)
    if found < 0:
        raise invalid(where, code, "the value of `weight` is invalid, expected a positive float (>= 0.0).")
    return found


def _facets(value: Any, where: str, code: str) -> dict[str, Any]:
    if isinstance(value, dict):
        for key in value:
            if not is_index_uid(key):
                kind = "meilisearch_types::index_uid::IndexUid"
                why = f'the key "{key}" could not be deserialized into the key type `{kind}`'
                raise ApiError(code, f"Invalid value at `{where}`: {why}")
    found: dict[str, Any] = map_of(optional(list_of(string)))(value, where, code)
    return found


def _index_uid(value: Any, where: str, code: str) -> str:
    uid = string(value, where, code)
    if not is_index_uid(uid):
        raise invalid(where, code, refusal(uid))
    return uid


def _ratio(value: Any, where: str, code: str) -> float:
    found = number(value, where, code)
    if not 0.0 <= found <= 1.0:
        raise invalid(where, code, "the value of `semanticRatio` is invalid, expected a float between `0.0` and `1.0`.")
    return found


_HYBRID = shape(
    {
        "semanticRatio": Field(_ratio, "invalid_search_semantic_ratio", 0.5),
        "embedder": Field(string, "invalid_search_embedder", REQUIRED, "invalid_search_hybrid_query"),
    }
)
_PERSONALIZE = shape(
    {"userContext": Field(string, "invalid_search_personalize_user_context", REQUIRED, "invalid_search_personalize")}
)
QUERY: dict[str, Field] = {
    "q": Field(optional(string), "invalid_search_q"),
    "offset": Field(is_size, "invalid_search_offset", 0),
    "limit": Field(is_size, "invalid_search_limit", 20),
    "page": Field(optional(is_size), "invalid_search_page"),
    "hitsPerPage": Field(optional(is_size), "invalid_search_hits_per_page"),
    "attributesToRetrieve": Field(optional(list_of(string)), "invalid_search_attributes_to_retrieve"),
    "attributesToCrop": Field(optional(list_of(string)), "invalid_search_attributes_to_crop"),
    "cropLength": Field(is_size, "invalid_search_crop_length", 10),
    "cropMarker": Field(string, "invalid_search_crop_marker", "…"),
    "attributesToHighlight": Field(optional(list_of(string)), "invalid_search_attributes_to_highlight"),
    "highlightPreTag": Field(string, "invalid_search_highlight_pre_tag", "<em>"),
    "highlightPostTag": Field(string, "invalid_search_highlight_post_tag", "</em>"),
    "showMatchesPosition": Field(is_boolean, "invalid_search_show_matches_position", False),
    "filter": Field(anything, "invalid_search_filter"),
    "sort": Field(optional(list_of(string)), "invalid_search_sort"),
    "distinct": Field(optional(string), "invalid_search_distinct"),
    "facets": Field(optional(list_of(string)), "invalid_search_facets"),
    "matchingStrategy": Field(one_of("last", "all", "frequency"), "invalid_search_matching_strategy", "last"),
    "attributesToSearchOn": Field(optional(list_of(string)), "invalid_search_attributes_to_search_on"),
    "rankingScoreThreshold": Field(optional(_threshold), "invalid_search_ranking_score_threshold"),
    "locales": Field(optional(_locales), "invalid_search_locales"),
    "hybrid": Field(optional(_HYBRID), "invalid_search_hybrid_query"),
    "vector": Field(optional(list_of(number)), "invalid_search_vector"),
    "retrieveVectors": Field(is_boolean, "invalid_search_retrieve_vectors", False),
    "media": Field(optional(anything), "invalid_search_media"),
    "personalize": Field(optional(_PERSONALIZE), "invalid_search_personalize"),
    "useNetwork": Field(optional(is_boolean), "invalid_search_use_network"),
    "showRankingScore": Field(is_boolean, "invalid_search_show_ranking_score", False),
    "showRankingScoreDetails": Field(is_boolean, "invalid_search_show_ranking_score_details", False),
    "showPerformanceDetails": Field(is_boolean, "invalid_search_show_performance_details", False),
}
_OPTIONS = shape(
    {
        "weight": Field(_weight, "invalid_multi_search_weight", 1.0),
        "remote": Field(optional(string), "invalid_multi_search_remote"),
        "queryPosition": Field(optional(is_size), "invalid_multi_search_query_position"),
    }
)
IN_MULTI_SEARCH: dict[str, Field] = {
    "indexUid": Field(_index_uid, "invalid_index_uid", REQUIRED, "missing_index_uid"),
    **QUERY,
    "offset": Field(optional(is_size), "invalid_search_offset"),
    "limit": Field(optional(is_size), "invalid_search_limit"),
    "showPerformanceDetails": Field(optional(is_boolean), "invalid_search_show_performance_details"),
    "federationOptions": Field(optional(_OPTIONS), "bad_request"),
}
_MERGE = shape({"maxValuesPerFacet": Field(optional(is_size), "invalid_multi_search_max_values_per_facet")})
FEDERATION: dict[str, Field] = {
    "limit": Field(is_size, "invalid_search_limit", 20),
    "offset": Field(is_size, "invalid_search_offset", 0),
    "page": Field(optional(is_size), "invalid_search_page"),
    "hitsPerPage": Field(optional(is_size), "invalid_search_hits_per_page"),
    "facetsByIndex": Field(_facets, "invalid_multi_search_facets_by_index", dict),
    "mergeFacets": Field(optional(_MERGE), "invalid_multi_search_merge_facets"),
    "distinct": Field(optional(string), "invalid_search_distinct"),
    "showPerformanceDetails": Field(is_boolean, "invalid_search_show_performance_details", False),
    "personalize": Field(optional(_PERSONALIZE), "invalid_search_personalize"),
}


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0.0 <= found <= 1.0:
        raise ValueError(_THRESHOLD)
    return found


_LISTS = {
    "attributesToRetrieve", "attributesToCrop", "attributesToHighlight", "facets", "attributesToSearchOn", "locales",
}  # fmt: skip
_BOOLEANS = {"showMatchesPosition", "retrieveVectors", "showRankingScore", "showRankingScoreDetails",
             "showPerformanceDetails", "useNetwork"}  # fmt: skip
_SIZES = {"offset", "limit", "page", "hitsPerPage", "cropLength"}


def _parameter(name: str, field: Field) -> Parameter:
    default = field.default
    if name in _SIZES:
        return Parameter(size, field.code, default)
    if name in _BOOLEANS:
        return Parameter(boolean, field.code, default)
    if name == "rankingScoreThreshold":
        return Parameter(_number, field.code, default)
    return Parameter(str, field.code, default, many=name in _LISTS and name != "locales")


def _get_parameters() -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for name, field in QUERY.items():
        if name == "hybrid":
            found["hybridEmbedder"] = Parameter(str, "invalid_search_embedder")
            found["hybridSemanticRatio"] = Parameter(str, "invalid_search_semantic_ratio")
        elif name == "personalize":
            found["personalizeUserContext"] = Parameter(str, "invalid_search_personalize_user_context")
        elif name != "media":
            found[name] = _parameter(name, field)
    return found


GET_PARAMETERS = _get_parameters()


def _known_locale(text: str) -> str:
    every = [*LOCALES, *LOCALES.values(), "cmn"]
    if text not in every:
        listed = ", ".join(sorted(every, key=lambda one: (len(one), one)))
        message = f"Invalid value in parameter `locales`: Unsupported locale `{text}`, expected one of {listed}"
        raise ApiError("invalid_search_locales", message)
    return LOCALES.get(text, text)


def from_parameters(found: dict[str, Any]) -> dict[str, Any]:
    """The query that a GET asks for: the filter may be JSON, the sort is a comma list."""
    query = {**dict.fromkeys(QUERY), **found}
    if query["filter"] is not None:
        with contextlib.suppress(ValueError):
            query["filter"] = json.loads(query["filter"])
    if query["sort"] is not None:
        query["sort"] = query["sort"].split(",")
        parse_sort(query["sort"], "invalid_search_sort")
    if query["locales"] is not None:
        query["locales"] = [_known_locale(one) for one in query["locales"].split(",")]
    if query["matchingStrategy"] not in ("last", "all", "frequency"):
        raise ApiError(
            "invalid_search_matching_strategy",
            f"Unknown value `{query['matchingStrategy']}` for parameter `matchingStrategy`: expected one of `last`, "
            "`all`, `frequency`",
        )
    return query
