"""Settings of the Meilisearch index, and comparison with those of an existing one. Pure.

The version of the documents is part of the names of the searched fields, `terms_<version>_<norm>`: the settings show
which version an index holds, the server refuses a search in an index of another version instead of answering it
wrongly, and no document can have two versions.

https://www.meilisearch.com/docs/reference/api/settings
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from search.meili.words import LOCALE
from search.text.normalize import NORM_VERSION
from search.words.forms import FORMS_VERSION

DOCUMENT_VERSION: Final = 3
"""Raise it with any change of the documents that requires a rebuild."""
PRIMARY_KEY: Final = "id"
TERMS: Final = f"terms_{DOCUMENT_VERSION}_{NORM_VERSION}"
"""Field searched for words as written."""
FORMS: Final = f"forms_{DOCUMENT_VERSION}_{NORM_VERSION}_{FORMS_VERSION}"
"""Field searched for words in any form: keys of `search.words.forms`."""

MAX_HITS: Final = 1000
"""Maximum hits of one answer; pages by date continue beyond it, ranked ones end there."""
ORDER: Final = ("date", "channel_id", "message_id")
_EQUAL = (
    "has", "mime", "ext", "lang", "hashtags", "mentions", "domains", "urls", "author_words", "fwd_words", "file_words",
    "from_id", "fwd_id", "topic_id", "fwd_channel_id", "is_service", "is_forwarded", "is_edited", "is_missing",
    "is_reply", "copy_of", "grouped_id", "day",
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
    # All three, so that the order is total and a page can begin after any hit.
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
    # With "byAttribute", a phrase would match its words anywhere in the text.
    "proximityPrecision": "byWord",
    "facetSearch": False,
    # Terms are whole words; prefixes are left to the embedded engine.
    "prefixSearch": "disabled",
    "faceting": {"maxValuesPerFacet": 10_000, "sortFacetValuesBy": {"*": "count"}},
    # One more, to know whether there is another page.
    "pagination": {"maxTotalHits": MAX_HITS + 1},
    # Longer than our own time limit: a search that is cut off would miss hits.
    "searchCutoffMs": 60_000,
}  # fmt: skip
_SETS = frozenset({"sortableAttributes", "displayedAttributes", "stopWords", "separatorTokens", "nonSeparatorTokens"})
"""Lists whose order the server does not preserve."""


def changed_settings(present: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings to send to an index so that it has ours; empty if nothing differs."""
    return {name: wanted for name, wanted in SETTINGS.items() if not _same(name, wanted, present.get(name))}


def is_stale(present: Mapping[str, Any]) -> bool:
    """Whether an index with these settings holds documents of another version and must be rebuilt."""
    searched = present.get("searchableAttributes")
    return isinstance(searched, list) and searched not in ([TERMS, FORMS], ["*"], [])


def _same(name: str, wanted: Any, present: Any) -> bool:
    """Whether a setting is as wanted, ignoring further defaults that newer servers report."""
    if isinstance(wanted, Mapping) and wanted:
        return isinstance(present, Mapping) and all(_same(key, one, present.get(key)) for key, one in wanted.items())
    if isinstance(wanted, list) and isinstance(present, list):
        if name in _SETS:
            return sorted(wanted) == sorted(present)
        return len(wanted) == len(present) and all(
            _same(name, one, other) for one, other in zip(wanted, present, strict=True)
        )
    return bool(wanted == present)
