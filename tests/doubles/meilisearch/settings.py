"""Settings of an index: what a PATCH may say, the defaults, and how an update is laid over what is there."""

from __future__ import annotations

import copy
import re
from typing import Any

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.reading import (
    REQUIRED,
    Field,
    Read,
    anything,
    boolean,
    invalid,
    list_of,
    map_of,
    one_of,
    optional,
    shape,
    size,
    small,
    string,
)

_LOCALES = """
    af=afr ak=aka am=amh ar=ara az=aze be=bel bn=ben bg=bul ca=cat cs=ces da=dan de=deu el=ell en=eng eo=epo et=est
    fi=fin fr=fra gu=guj he=heb hi=hin hr=hrv hu=hun hy=hye id=ind it=ita jv=jav ja=jpn kn=kan ka=kat km=khm ko=kor
    la=lat lv=lav lt=lit ml=mal mr=mar mk=mkd my=mya ne=nep nl=nld nb=nob or=ori pa=pan fa=pes pl=pol pt=por ro=ron
    ru=rus si=sin sk=slk sl=slv sn=sna es=spa sr=srp sv=swe ta=tam te=tel tl=tgl th=tha tk=tuk tr=tur uk=ukr ur=urd
    uz=uzb vi=vie yi=yid zh=zho zu=zul
"""
LOCALES = {pair[:2]: pair[3:] for pair in _LOCALES.split()}  # ISO 639-1 to 639-3
DEFAULTS: dict[str, Any] = {
    "displayedAttributes": ["*"],
    "searchableAttributes": ["*"],
    "filterableAttributes": [],
    "sortableAttributes": [],
    "rankingRules": ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"],
    "stopWords": [],
    "nonSeparatorTokens": [],
    "separatorTokens": [],
    "dictionary": [],
    "synonyms": {},
    "distinctAttribute": None,
    "proximityPrecision": "byWord",
    "typoTolerance": {
        "enabled": True,
        "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
        "disableOnWords": [],
        "disableOnAttributes": [],
        "disableOnNumbers": False,
    },
    "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
    "pagination": {"maxTotalHits": 1000},
    "embedders": {},
    "searchCutoffMs": None,
    "localizedAttributes": None,
    "facetSearch": True,
    "prefixSearch": "indexingTime",
}
_RULES = ("words", "typo", "proximity", "attribute", "attributeRank", "wordPosition", "sort", "exactness")
_ABSENT: Any = object()  # a field of a nested setting that is not given is left as it is


def _sorted_set(value: Any, where: str, code: str) -> list[str]:
    return sorted(set(list_of(string)(value, where, code)))


def locale(value: Any, where: str, code: str) -> str:
    return str(one_of(*LOCALES, *LOCALES.values(), "cmn")(value, where, code))


def _ranking_rule(value: Any, where: str, code: str) -> str:
    text = string(value, where, code)
    if text in _RULES:
        return text
    field, _, direction = text.rpartition(":")
    if direction in ("asc", "desc") and ":" in text:
        reserved = re.match(r"_geo(json|Distance|Point|Radius|BoundingBox|Polygon)?(?=\(|$)", field)
        if reserved is None:
            return text
        why = f"`{reserved[0]}` is a reserved keyword and thus can't be used as a ranking rule"
        only = {"_geoPoint": "sorting", "_geoRadius": "filtering", "_geoBoundingBox": "filtering"}.get(reserved[0])
        more = f". `{reserved[0]}` can only be used for {only} at search time" if only else ""
        raise invalid(where, code, why + more)
    raise invalid(
        where,
        code,
        f"`{text}` ranking rule is invalid. Valid ranking rules are words, typo, sort, proximity, attribute, "
        "exactness and custom ranking rules.",
    )


def _non_zero(value: Any, where: str, code: str) -> int:
    number = size(value, where, code)
    if number == 0:
        raise invalid(
            where,
            code,
            "a non-zero integer value lower than `18446744073709551615` was expected, but found a zero",
        )
    return number


def _typo_sizes(value: Any, where: str, code: str) -> dict[str, Any]:
    found: dict[str, Any] = _partial({"oneTypo": small, "twoTypos": small}, code)(value, where, code)
    one, two = found.get("oneTypo"), found.get("twoTypos")
    if one is not None and two is not None and one > two:
        raise invalid(
            where,
            code,
            "`minWordSizeForTypos` setting is invalid. `oneTypo` and `twoTypos` fields should be between `0` and "
            "`255`, and `twoTypos` should be greater or equals to `oneTypo` but found "
            f"`oneTypo: {one}` and twoTypos: {two}`.",
        )
    return found


def _partial(fields: dict[str, Read], code: str) -> Read:
    """A nested setting: what is given, null for a reset."""
    table = {name: Field(optional(read), code, lambda: _ABSENT) for name, read in fields.items()}

    def read(value: Any, where: str, code: str) -> dict[str, Any]:
        found: dict[str, Any] = shape(table, own_code=code)(value, where, code)
        return {name: one for name, one in found.items() if one is not _ABSENT}

    return read


def _full(fields: dict[str, Field]) -> Read:
    def read(value: Any, where: str, code: str) -> dict[str, Any]:
        found: dict[str, Any] = shape(fields, own_code=code)(value, where, code)
        return found

    return read


def _filterable(value: Any, where: str, code: str) -> Any:
    if not isinstance(value, dict):
        return string(value, where, code)
    features = Field(_filter_features, code, lambda: _filter_features({}, "", code))
    fields = {"attributePatterns": Field(list_of(string), code, REQUIRED, code), "features": features}
    return _full(fields)(value, where, code)


def _filter_features(value: Any, where: str, code: str) -> Any:
    inner = _full({"equality": Field(boolean, code, True), "comparison": Field(boolean, code, False)})
    fields = {
        "facetSearch": Field(boolean, code, False),
        "filter": Field(inner, code, lambda: {"equality": True, "comparison": False}),
    }
    return _full(fields)(value, where, code)


def _localized(value: Any, where: str, code: str) -> Any:
    fields = {
        "attributePatterns": Field(list_of(string), code, REQUIRED, code),
        "locales": Field(list_of(locale), code, REQUIRED, code),
    }
    return _full(fields)(value, where, code)


_TYPO = _partial(
    {
        "enabled": boolean,
        "minWordSizeForTypos": _typo_sizes,
        "disableOnWords": _sorted_set,
        "disableOnAttributes": _sorted_set,
        "disableOnNumbers": boolean,
    },
    "invalid_settings_typo_tolerance",
)
_FACETING = _partial(
    {"maxValuesPerFacet": size, "sortFacetValuesBy": map_of(one_of("alpha", "count"))}, "invalid_settings_faceting"
)
_READS: dict[str, Read] = {
    "displayedAttributes": list_of(string),
    "searchableAttributes": list_of(string),
    "filterableAttributes": list_of(_filterable),
    "sortableAttributes": _sorted_set,
    "foreignKeys": list_of(anything),
    "rankingRules": list_of(_ranking_rule),
    "stopWords": _sorted_set,
    "nonSeparatorTokens": _sorted_set,
    "separatorTokens": _sorted_set,
    "dictionary": _sorted_set,
    "synonyms": map_of(list_of(string)),
    "distinctAttribute": string,
    "proximityPrecision": one_of("byWord", "byAttribute"),
    "typoTolerance": _TYPO,
    "faceting": _FACETING,
    "pagination": _partial({"maxTotalHits": _non_zero}, "invalid_settings_pagination"),
    "embedders": map_of(anything),
    "searchCutoffMs": size,
    "localizedAttributes": list_of(_localized),
    "facetSearch": boolean,
    "prefixSearch": one_of("indexingTime", "disabled"),
    "chat": anything,
}
_OFF = {
    "chat": ("setting `chat` in the index settings", "chat completions", 835),
    "foreignKeys": ("setting `foreignKeys` in the index settings", "foreign_keys", 873),
}


def code_of(name: str) -> str:
    if name == "chat":
        return "invalid_settings_index_chat"
    return "invalid_settings_" + re.sub("([A-Z])", lambda match: "_" + match[1].lower(), name)


def route_of(name: str) -> str:
    return re.sub("([A-Z])", lambda match: "-" + match[1].lower(), name)


PATCHED = {"typoTolerance", "faceting", "pagination", "embedders", "chat"}
BY_ROUTE = {route_of(name): name for name in _READS}
_SHAPE = shape({name: Field(optional(read), code_of(name), lambda: _ABSENT) for name, read in _READS.items()})


def read_all(body: Any) -> dict[str, Any]:
    """A PATCH of settings: what it says, null for a reset. Raises ApiError."""
    found = {name: value for name, value in _SHAPE(body, "", "bad_request").items() if value is not _ABSENT}
    return _checked(found)


def read_one(name: str, body: Any) -> dict[str, Any]:
    """The body of one setting's own route."""
    return _checked({name: optional(_READS[name])(body, "", code_of(name))})


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    for name, (action, feature, discussion) in _OFF.items():
        if found.get(name) is not None:
            raise ApiError(
                "feature_not_enabled",
                f"{action} requires enabling the `{feature}` experimental feature. See "
                f"https://github.com/orgs/meilisearch/discussions/{discussion}",
            )
    rules = found.get("rankingRules") or ()
    if "attribute" in rules and {"attributeRank", "wordPosition"} & set(rules):
        raise ApiError(
            "invalid_settings_ranking_rules",
            "Mixed usage of the attribute, attributeRank, and wordPosition ranking rules. You must either use the "
            "attribute ranking rule alone or the attributeRank and wordPosition ranking rules.",
        )
    return found


def updated(settings: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """New settings: the old ones with a change laid over them. Raises ApiError (`invalid_settings_typo_tolerance`)."""
    result = copy.deepcopy(settings)
    for name, value in change.items():
        if name not in DEFAULTS:
            continue
        default = copy.deepcopy(DEFAULTS[name])
        if value is None or (name in ("displayedAttributes", "searchableAttributes") and "*" in value):
            result[name] = default
        elif name in ("typoTolerance", "faceting", "pagination"):
            _overlay(result[name], copy.deepcopy(value), default)
        else:
            result[name] = _kept(name, value)
    sizes = result["typoTolerance"]["minWordSizeForTypos"]
    if sizes["oneTypo"] > sizes["twoTypos"]:
        raise ApiError(
            "invalid_settings_typo_tolerance",
            "`minWordSizeForTypos` setting is invalid. `oneTypo` and `twoTypos` fields should be between `0` and "
            "`255`, and `twoTypos` should be greater or equals to `oneTypo` but found "
            f"`oneTypo: {sizes['oneTypo']}` and twoTypos: {sizes['twoTypos']}`.",
        )
    result["faceting"]["sortFacetValuesBy"].setdefault("*", "alpha")
    return result


def _kept(name: str, value: Any) -> Any:
    """A setting as it is kept, which is not always as it was given."""
    if name == "searchableAttributes":
        return list(dict.fromkeys(value))
    if name == "localizedAttributes":
        return [{**rule, "locales": [LOCALES.get(one, one) for one in rule["locales"]]} for rule in value]
    return value


def _overlay(settings: dict[str, Any], change: dict[str, Any], default: dict[str, Any]) -> None:
    for name, value in change.items():
        if value is None:
            settings[name] = default[name]
        elif name == "minWordSizeForTypos":
            _overlay(settings[name], value, default[name])
        elif name == "disableOnWords":
            settings[name] = sorted({word.lower() for word in value})
        else:
            settings[name] = value
