"""Indexes: making, changing, deleting, swapping them; their settings and statistics."""

from __future__ import annotations

from typing import Any

from tests.doubles.meilisearch import settings, uids
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.index import timestamp
from tests.doubles.meilisearch.parameters import Parameter, boolean, size
from tests.doubles.meilisearch.reading import REQUIRED, Field, invalid, list_of, optional, shape, string
from tests.doubles.meilisearch.reading import boolean as is_boolean
from tests.doubles.meilisearch.routes import Answer, Request, Routes
from tests.doubles.meilisearch.routes_documents import enqueue

_PAGE = {
    "offset": Parameter(size, "invalid_index_offset", 0),
    "limit": Parameter(size, "invalid_index_limit", 20),
}
_STATS = {
    "showInternalDatabaseSizes": Parameter(boolean, "invalid_stats_show_internal_database_sizes"),
    "sizeFormat": Parameter(str, "invalid_stats_size_format"),
}


def _index_uid(value: Any, where: str, code: str) -> str:
    uid = string(value, where, code)
    if not uids.is_index_uid(uid):
        raise ApiError(code, f"Invalid value at `{where}`: {uids.refusal(uid)}")
    return uid


_CREATE = shape(
    {
        "uid": Field(_index_uid, "invalid_index_uid", REQUIRED, "missing_index_uid"),
        "primaryKey": Field(optional(string), "invalid_index_primary_key"),
    }
)
_RANKING_SINCE, _NEWER_RULES = (1, 36), {"attributeRank", "wordPosition"}
_WILDCARD = ("displayedAttributes", "searchableAttributes")  # a reset of them is told as ["*"]
_SWAP = shape(
    {
        "indexes": Field(list_of(_index_uid), "invalid_swap_indexes", REQUIRED, "missing_swap_indexes"),
        "rename": Field(is_boolean, "invalid_swap_rename", False),
    }
)


def add_to(routes: Routes) -> None:
    one = "/indexes/{index_uid}"
    routes.add("GET", "/indexes", "indexes.get", _list)
    routes.add("POST", "/indexes", "indexes.create", _create)
    routes.add("GET", one, "indexes.get", lambda request: _index(request).view())
    routes.add(
        "DELETE", one, "indexes.delete", lambda request: _simple(request, "indexDeletion", {"deletedDocuments": None})
    )
    routes.add("GET", f"{one}/stats", "stats.get", _stats)
    routes.add("GET", "/stats", "stats.get", _all_stats)
    routes.add("POST", "/swap-indexes", "indexes.swap", _swap)
    routes.add("GET", f"{one}/settings", "settings.get", lambda request: _index(request).settings)
    routes.add("PATCH", f"{one}/settings", "settings.update", lambda r: _settings(r, settings.read_all(r.json())))
    routes.add("DELETE", f"{one}/settings", "settings.update", _reset_settings)
    for route, name in settings.BY_ROUTE.items():
        if name in settings.DEFAULTS:
            _add_setting(routes, f"{one}/settings/{route}", name)


def _add_setting(routes: Routes, path: str, name: str) -> None:
    verb = "PATCH" if name in settings.PATCHED else "PUT"
    routes.add("GET", path, "settings.get", lambda request: Answer(_index(request).settings[name]))
    routes.add(
        verb, path, "settings.update", lambda request: _settings(request, settings.read_one(name, request.json()))
    )
    routes.add("DELETE", path, "settings.update", lambda request: _settings(request, {name: None}, deletes=True))


def _index(request: Request) -> Any:
    return request.server.index(uids.check(request.names["index_uid"]))


def _list(request: Request) -> Any:
    page = request.parameters(_PAGE)
    seen = [one for uid, one in sorted(request.server.indexes.items()) if request.access.sees(uid)]
    chosen = seen[page["offset"] : page["offset"] + page["limit"]]
    return {"results": [one.view() for one in chosen], **page, "total": len(seen)}


def _create(request: Request) -> Answer:
    body = _CREATE(request.json(), "", "bad_request")
    if not request.access.creates(body["uid"]):
        raise ApiError("invalid_api_key", "The provided API key is invalid.")
    key = body["primaryKey"]
    return enqueue(request, "indexCreation", body["uid"], {"primary_key": key}, {"primaryKey": key})


def _simple(request: Request, kind: str, details: dict[str, Any]) -> Answer:
    uid = uids.check(request.names["index_uid"])
    return enqueue(request, kind, uid, {}, details)


def _settings(request: Request, change: dict[str, Any], *, deletes: bool = False) -> Answer:
    uid = uids.check(request.names["index_uid"])
    _expect_known(change, request.server.version["pkgVersion"])
    content = {"change": change, "allow_creation": request.access.creates(uid) and not deletes}
    details = {name: ["*"] if value is None and name in _WILDCARD else value for name, value in change.items()}
    return enqueue(request, "settingsUpdate", uid, content, details)


def _expect_known(change: dict[str, Any], version: str) -> None:
    """Refuse, as a server of this version does, ranking rules that are newer than it."""
    major, minor = version.split(".")[:2]
    if (int(major), int(minor)) >= _RANKING_SINCE:
        return
    for rule in set(change.get("rankingRules") or ()) & _NEWER_RULES:
        raise invalid(".rankingRules", "invalid_settings_ranking_rules", f"`{rule}` ranking rule is invalid.")


def _reset_settings(request: Request) -> Answer:
    return _settings(request, dict.fromkeys([*settings.DEFAULTS, "chat", "foreignKeys"]), deletes=True)


def _stats(request: Request) -> Any:
    request.parameters(_STATS)
    index = _index(request)
    with index.lock:
        return index.stats(request.server.is_indexing(index.uid))


def _all_stats(request: Request) -> Any:
    server = request.server
    request.parameters(_STATS)
    seen = {uid: one for uid, one in sorted(server.indexes.items()) if request.access.sees(uid)}
    size_now = sum(one.size for one in seen.values())
    shown = {}
    for uid, one in seen.items():
        with one.lock:
            shown[uid] = one.stats(server.is_indexing(uid))
    return {
        "databaseSize": 2 * size_now,
        "usedDatabaseSize": size_now,
        "lastUpdate": timestamp(server.last_update),
        "indexes": shown,
    }


def _swap(request: Request) -> Answer:
    swaps = list_of(_SWAP)(request.json(), "", "bad_request")
    for swap in swaps:
        pair = swap["indexes"]
        if len(pair) != 2:
            shown = ", ".join(f'"{uid}"' for uid in pair)
            raise ApiError(
                "invalid_swap_indexes",
                f"Two indexes must be given for each swap. The list `[{shown}]` contains {len(pair)} indexes.",
            )
        if not all(request.access.sees(uid) for uid in pair):
            raise ApiError("invalid_api_key", "The provided API key is invalid.")
    every = [uid for swap in swaps for uid in swap["indexes"]]
    twice = sorted({uid for uid in every if every.count(uid) > 1})
    if twice:
        named = f"`{twice[0]}` was" if len(twice) == 1 else ", ".join(f"`{uid}`" for uid in twice) + " were"
        raise ApiError(
            "invalid_swap_duplicate_index_found",
            f"Indexes must be declared only once during a swap. {named} specified several times.",
        )
    return enqueue(request, "indexSwap", None, {"swaps": swaps}, {"swaps": swaps})
