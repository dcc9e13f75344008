"""What a search may say: the fields of its body and the parameters of its GET."""

from __future__ import annotations

from typing import Any

from tests.doubles.meilisearch.errors import ApiError
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


QUERY: dict[str, Field] = {
    "q": Field(optional(string), "invalid_search_q"),
    "offset": Field(is_size, "invalid_search_offset", 0),
    "limit": Field(is_size, "invalid_search_limit", 20),
    "attributesToRetrieve": Field(optional(list_of(string)), "invalid_search_attributes_to_retrieve"),
    "attributesToHighlight": Field(optional(list_of(string)), "invalid_search_attributes_to_highlight"),
    "highlightPreTag": Field(string, "invalid_search_highlight_pre_tag", "<em>"),
    "highlightPostTag": Field(string, "invalid_search_highlight_post_tag", "</em>"),
    "filter": Field(anything, "invalid_search_filter"),
    "sort": Field(optional(list_of(string)), "invalid_search_sort"),
    "facets": Field(optional(list_of(string)), "invalid_search_facets"),
    "matchingStrategy": Field(one_of("last", "all", "frequency"), "invalid_search_matching_strategy", "last"),
    "attributesToSearchOn": Field(optional(list_of(string)), "invalid_search_attributes_to_search_on"),
    "locales": Field(optional(_locales), "invalid_search_locales"),
    "showRankingScore": Field(is_boolean, "invalid_search_show_ranking_score", False),
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
    "federationOptions": Field(optional(_OPTIONS), "bad_request"),
}
FEDERATION: dict[str, Field] = {
    "limit": Field(is_size, "invalid_search_limit", 20),
    "offset": Field(is_size, "invalid_search_offset", 0),
    "facetsByIndex": Field(_facets, "invalid_multi_search_facets_by_index", dict),
}
