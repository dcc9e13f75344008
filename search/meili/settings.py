"""Settings of the Meilisearch index, and what of them an existing index needs. Pure.

An index belongs to its owner, who may have other programs read it: synonyms, stop words, further searchable attributes
and the like that were set by hand are kept. Only what telekeep's own answers depend on is put back (`_NEEDED`).

The version of the documents is part of the name of a searched field, `words_<version>_<norm>`: the settings show which
version an index holds, and the server refuses a search in an index of another version instead of answering it wrongly.

https://www.meilisearch.com/docs/reference/api/settings
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from search.text.normalize import NORM_VERSION

DOCUMENT_VERSION: Final = 6
"""Raise it with any change of the documents that requires a rebuild."""
PRIMARY_KEY: Final = "id"
WORDS: Final = f"words_{DOCUMENT_VERSION}_{NORM_VERSION}"
"""Field of texts as telekeep folds them, where Meilisearch would read them otherwise (`folding`, `spellings`)."""
FORMS: Final = "forms"
"""Field of single words: other spellings, and base forms for questions as people type them (`base_forms`)."""
SINCE: Final = {FORMS: 6, "file_status": 6, "sha256": 6}
"""Fields, each with the first version of the documents that has it: a rebuild adds them to what the owner has set."""

MAX_HITS: Final = 1000
"""Maximum hits of one answer; pages by date continue beyond it, ranked ones end there."""
ORDER: Final = ("date", "channel_id", "message_id")
READABLE: Final = (
    "text", "title", "performer", "author", "file_name", "page_title", "poll_question", "other_texts",
)  # fmt: skip
"""Texts as people wrote them."""
SEARCHED: Final = (*(name for name in READABLE if name != "author"), WORDS, FORMS)
"""What telekeep's own questions search: the author is no text of a message."""
LOCALES: Final = (
    "ara", "heb", "rus", "ukr", "eng", "fra", "spa", "por", "ita", "pol", "tur", "cmn", "jpn", "kor", "tha",
)  # fmt: skip
"""Languages that the server chooses from for texts and questions. Without the list it takes short Arabic questions for
other languages, and cuts them differently from texts. Persian is not in it: what it guesses to be Persian, mostly
wrongly where a question is short, gets other letters. Nor is German, whose compounds it would cut."""
DISPLAYED: Final = (
    PRIMARY_KEY, *ORDER, "day", "month", *READABLE, "channel", "channel_title", "lang", "media", "has", "mime", "ext",
    "size", "width", "height", "duration", "file_status", "sha256", "page_site", "hashtags", "mentions", "domains",
    "urls", "sender", "sender_id", "post_author", "edit_date", "is_edited", "is_missing", "is_service",
    "is_forwarded", "is_reply", "reply_to", "topic_id", "grouped_id", "copy_of", "fwd_name", "fwd_channel_id",
    "fwd_message_id",
)  # fmt: skip
"""Everything but what only machines read."""
_EQUAL = (
    "channel", "channel_title", "media", "month", "has", "mime", "ext", "lang", "hashtags", "mentions", "domains",
    "urls", "from_id", "fwd_id", "topic_id", "is_service", "is_forwarded", "is_edited", "is_missing", "is_reply",
    "copy_of", "day", "file_status", "sha256",
)  # fmt: skip

_LISTS: Final = ("searchableAttributes", "displayedAttributes")
"""Settings that list our fields."""
_HIDDEN: Final = "XXXX"
"""Part of each key as the server shows it."""
_VERSIONED: Final = re.compile("(?:words|terms|forms)_([0-9]{1,4})_[0-9]+")

SETTINGS: Final[Mapping[str, Any]] = {
    "displayedAttributes": list(DISPLAYED),
    "searchableAttributes": [*READABLE, WORDS, FORMS],
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
        "disableOnAttributes": [],
        "disableOnNumbers": True,
    },
    "localizedAttributes": [
        {"attributePatterns": [*READABLE, WORDS], "locales": list(LOCALES)},
        {"attributePatterns": [FORMS], "locales": ["eng"]},
    ],
    "stopWords": [],
    "synonyms": {},
    "dictionary": [],
    "separatorTokens": [],
    "nonSeparatorTokens": [],
    "distinctAttribute": None,
    # With "byAttribute", a phrase would match its words anywhere in the text.
    "proximityPrecision": "byWord",
    "facetSearch": False,
    # For other clients, which search while people type; a space after our own questions ends their last word.
    "prefixSearch": "indexingTime",
    "faceting": {"maxValuesPerFacet": 10_000, "sortFacetValuesBy": {"*": "count"}},
    # One more, to know whether there is another page.
    "pagination": {"maxTotalHits": MAX_HITS + 1},
    # Longer than our own time limit: a search that is cut off would miss hits.
    "searchCutoffMs": 60_000,
}  # fmt: skip
_NEEDED: Final = (
    "searchableAttributes", "filterableAttributes", "sortableAttributes", "rankingRules", "distinctAttribute",
    "proximityPrecision", "pagination", "faceting",
)  # fmt: skip
"""What telekeep's own answers depend on: it is completed or put back. All else is set once, and then its owner's."""


def needed_settings(present: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings to send to an existing index; empty if it has all that is needed."""
    if not _is_ours(present):
        return dict(SETTINGS)  # it never had our settings: a server that lost it made it again for documents
    wanted = {name: _complete(name, present.get(name)) for name in _NEEDED}
    return {name: value for name, value in wanted.items() if value != present.get(name)}


def settings_like(present: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the settings of a new index that replaces this one: ours, with what its owner has set by hand."""
    if present is None or not any(_is_versioned(name) for name in _searched(present)):
        return dict(SETTINGS)
    theirs = {name: present[name] for name in SETTINGS if name in present and name not in _NEEDED}
    theirs.pop("localizedAttributes", None)  # it names our fields by their version
    further = {name: value for name, value in present.items() if name not in SETTINGS and value}
    if "embedders" in further:
        hidden = hidden_embedders(present)
        further["embedders"] = {name: one for name, one in further["embedders"].items() if name not in hidden}
    made = {**SETTINGS, **{name: _complete(name, present.get(name)) for name in _NEEDED}, **theirs, **further}
    return made | {name: _with_new(name, made[name], _version(present)) for name in _LISTS}


def _with_new(name: str, present: list[str], version: int) -> list[str]:
    """Add our fields that documents of this version did not have."""
    new = [one for one in SETTINGS[name] if SINCE.get(one, 0) > version and one not in present]
    return present if present == ["*"] else [*present, *new]


def _version(present: Mapping[str, Any]) -> int:
    """The version of the documents that an index with these settings holds; 0: unknown."""
    named = [found[1] for one in _searched(present) if (found := _VERSIONED.fullmatch(one))]
    return max(map(int, named), default=0)


def hidden_embedders(present: Mapping[str, Any]) -> list[str]:
    """Name the embedders that a new index cannot be given: the server does not tell their keys."""
    embedders = present.get("embedders") or {}
    return [name for name, one in embedders.items() if _HIDDEN in str(one.get("apiKey") or "")]


def differing_settings(present: Mapping[str, Any]) -> list[str]:
    """Name the settings that are not as telekeep sets them in a new index."""
    differing = [name for name, wanted in SETTINGS.items() if not _same(name, wanted, present.get(name))]
    return differing + [name for name, value in present.items() if name not in SETTINGS and value]


def is_stale(present: Mapping[str, Any]) -> bool:
    """Whether an index with these settings holds documents of another version and must be rebuilt."""
    searched = _searched(present)
    return not _is_ours(present) and searched not in (["*"], [])


def _is_ours(present: Mapping[str, Any]) -> bool:
    return WORDS in _searched(present)


def _searched(present: Mapping[str, Any]) -> list[str]:
    found = present.get("searchableAttributes")
    return [str(one) for one in found] if isinstance(found, list) else []


def _is_versioned(name: str) -> bool:
    return _VERSIONED.fullmatch(name) is not None


def _complete(name: str, present: Any) -> Any:
    """The value of a needed setting: the present one where it has all of ours."""
    wanted = SETTINGS[name]
    match name:
        case "searchableAttributes" if isinstance(present, list):
            kept = [one for one in present if one == WORDS or not _is_versioned(one)]
            return [*kept, *(one for one in SEARCHED if one not in kept)]
        case "sortableAttributes" if isinstance(present, list):
            return (
                present if set(wanted) <= set(present) else [*present, *(one for one in wanted if one not in present)]
            )
        case "filterableAttributes" if isinstance(present, list):
            has_all = all(any(_same(name, one, other) for other in present) for one in wanted)
            return present if has_all else [*wanted, *(one for one in present if not _covers(wanted, one))]
        case "rankingRules" if isinstance(present, list):
            return present if present[:1] == wanted[:1] else wanted
        case "pagination" | "faceting" if isinstance(present, dict):
            return {**present, **{key: max(value, present.get(key) or 0) for key, value in _numbers(wanted)}}
        case _:
            return wanted


def _numbers(wanted: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(key, value) for key, value in wanted.items() if isinstance(value, int)]


def _covers(wanted: list[Any], one: Any) -> bool:
    """Whether a rule of somebody else's is about attributes that ours are about; the first rule that fits counts."""
    ours = {pattern for rule in wanted for pattern in rule["attributePatterns"]}
    theirs = [one] if isinstance(one, str) else one.get("attributePatterns", []) if isinstance(one, dict) else []
    return bool(theirs) and set(theirs) <= ours


_SETS = frozenset({"sortableAttributes", "displayedAttributes", "stopWords", "separatorTokens", "nonSeparatorTokens"})
"""Lists whose order the server does not preserve."""


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
