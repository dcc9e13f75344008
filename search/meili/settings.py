"""The settings of our index: what they are, and whether an index has them. Pure.

The version of what is in the documents is in the names of the searched fields, `terms_<layout>_<norm>`: settings
show which version an index holds, a question asked of an index of another version is refused by the server instead of
being answered wrongly, and no document can be in two versions at once.

https://www.meilisearch.com/docs/reference/api/settings
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from search.meili.words import LOCALE
from search.text.normalize import NORM_VERSION
from search.words.forms import FORMS_VERSION

DOCUMENT_VERSION: Final = 2
"""To be raised with any change of the documents that older ones must follow."""
PRIMARY_KEY: Final = "id"
TERMS: Final = f"terms_{DOCUMENT_VERSION}_{NORM_VERSION}"
"""The field that is searched for words as they are written."""
FORMS: Final = f"forms_{DOCUMENT_VERSION}_{NORM_VERSION}_{FORMS_VERSION}"
"""The field that is searched for words in any form: keys of `search.words.forms`."""

MAX_HITS: Final = 1000
"""How far an answer reaches; pages by date go on behind it, an order by relevance ends there."""
ORDER: Final = ("date", "channel_id", "message_id")
_EQUAL = (
    "has", "mime", "ext", "lang", "hashtags", "mentions", "domains", "author_words", "fwd_words", "file_words",
    "fwd_channel_id", "is_service", "is_forwarded", "is_edited", "is_missing", "is_reply", "copy_of", "grouped_id",
    "day",
)  # fmt: skip

SETTINGS: Final[Mapping[str, Any]] = {
    "displayedAttributes": ["*"],
    "searchableAttributes": [TERMS, FORMS],
    "filterableAttributes": [
        {
            "attributePatterns": list(ORDER),
            "features": {"facetSearch": False, "filter": {"equality": True, "comparison": True}},
        },
        {
            "attributePatterns": list(_EQUAL),
            "features": {"facetSearch": False, "filter": {"equality": True, "comparison": False}},
        },
    ],
    # All three: the order of hits is total, so that a page can begin behind any of them.
    "sortableAttributes": list(ORDER),
    "rankingRules": [
        "sort", "words", "typo", "proximity", "attributeRank", "wordPosition", "exactness",
        "date:desc", "channel_id:desc", "message_id:desc",
    ],
    "typoTolerance": {
        "enabled": True,
        "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
        "disableOnWords": [],
        "disableOnAttributes": [FORMS],
        "disableOnNumbers": True,
    },
    "localizedAttributes": [{"attributePatterns": [TERMS, FORMS], "locales": [LOCALE]}],
    "stopWords": [],
    "synonyms": {},
    "dictionary": [],
    "separatorTokens": [],
    "nonSeparatorTokens": [],
    "distinctAttribute": None,
    # "byAttribute" would turn a phrase into words anywhere in the text.
    "proximityPrecision": "byWord",
    "facetSearch": False,
    # Terms are whole words; a prefix is left to the embedded engine.
    "prefixSearch": "disabled",
    "faceting": {"maxValuesPerFacet": 10_000, "sortFacetValuesBy": {"*": "count"}},
    # One more tells that there is more.
    "pagination": {"maxTotalHits": MAX_HITS + 1},
    # Longer than we wait: an answer that was cut short would be a wrong one.
    "searchCutoffMs": 60_000,
}  # fmt: skip
_SETS = frozenset({"sortableAttributes", "displayedAttributes", "stopWords", "separatorTokens", "nonSeparatorTokens"})
"""Lists whose order the server does not keep."""


def changed_settings(present: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be sent so that an index with these settings gets ours; empty when nothing differs."""
    return {name: wanted for name, wanted in SETTINGS.items() if not _same(name, wanted, present.get(name))}


def is_stale(present: Mapping[str, Any]) -> bool:
    """Whether an index with these settings holds documents of another version, so that it must be built anew."""
    searched = present.get("searchableAttributes")
    return isinstance(searched, list) and searched not in ([TERMS, FORMS], ["*"], [])


def _same(name: str, wanted: Any, present: Any) -> bool:
    """Whether a setting is as wanted; what the server tells beyond that (defaults of newer versions) is passed over."""
    if isinstance(wanted, Mapping) and wanted:
        return isinstance(present, Mapping) and all(_same(key, one, present.get(key)) for key, one in wanted.items())
    if isinstance(wanted, list) and isinstance(present, list):
        if name in _SETS:
            return sorted(wanted) == sorted(present)
        return len(wanted) == len(present) and all(
            _same(name, one, other) for one, other in zip(wanted, present, strict=True)
        )
    return bool(wanted == present)
