"""Searching: one index, and several at once."""

from __future__ import annotations

import time
import uuid
from typing import Any

from tests.doubles.meilisearch import uids
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.facet_counts import counted
from tests.doubles.meilisearch.federation import federate, inside
from tests.doubles.meilisearch.hits import Formatter
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.reading import REQUIRED, Field, list_of, optional, shape
from tests.doubles.meilisearch.remotes import PROXY_HEADER
from tests.doubles.meilisearch.routes import Request, Routes
from tests.doubles.meilisearch.search import search
from tests.doubles.meilisearch.search_query import FEDERATION, IN_MULTI_SEARCH, QUERY

_SEARCH = shape(QUERY)
_MULTI = shape(
    {
        "queries": Field(list_of(shape(IN_MULTI_SEARCH)), "bad_request", REQUIRED),
        "federation": Field(optional(shape(FEDERATION)), "bad_request"),
    }
)


def add_to(routes: Routes) -> None:
    path = "/indexes/{index_uid}/search"
    routes.add("POST", path, "search", lambda request: _one(request, _SEARCH(request.json(), "", "bad_request")))
    routes.add("POST", "/multi-search", "search", _multi)


def _one(request: Request, query: dict[str, Any]) -> Any:
    index = request.server.index(uids.check(request.names["index_uid"]))
    return answer(index, query, request.server.features)


def answer(index: Index, query: dict[str, Any], features: dict[str, bool]) -> dict[str, Any]:
    """The result of a read query on an index. Raises ApiError."""
    began = time.monotonic()
    contains, caps = features["containsFilter"], features["legacySearch"]
    most = index.settings["pagination"]["maxTotalHits"]
    offset, limit = query["offset"], query["limit"]
    start = min(offset, most)
    with index.lock:
        found = search(index, query, start, min(limit, most - start), contains=contains)
        formatter = Formatter(index, query, found)
        result: dict[str, Any] = {
            "hits": [formatter.hit(row, scores) for row, scores in found.hits],
            "query": query["q"] or "",
        }
        # With the search of 1.50 the greatest number of hits is no limit to how many are counted.
        total = min(len(found.rows), most) if caps else len(found.rows)
        facets = counted(index, query["facets"], found.rows) if query["facets"] else None
    result["processingTimeMs"] = int((time.monotonic() - began) * 1000)
    result |= {"limit": query["limit"], "offset": offset, "estimatedTotalHits": total}
    if facets is not None:
        result |= {"facetDistribution": facets[0], "facetStats": facets[1]}
    return {**result, "requestUid": str(uuid.uuid4())}


def _multi(request: Request) -> Any:
    body = _MULTI(request.json(), "", "bad_request")
    queries = body["queries"]
    for place, query in enumerate(queries):
        if not request.access.sees(query["indexUid"]):
            raise inside(place, ApiError("invalid_api_key", "The provided API key is invalid."))
    if body["federation"] is not None:
        for_node = request.headers.get(PROXY_HEADER) == "true"
        return federate(request.server, queries, body["federation"], for_node=for_node)
    results = []
    for place, query in enumerate(queries):
        try:
            results.append({"indexUid": query["indexUid"], **_plain(request, query)})
        except ApiError as exc:
            raise inside(place, exc) from None
    return {"results": results}


def _plain(request: Request, query: dict[str, Any]) -> dict[str, Any]:
    if query["federationOptions"] is not None:
        raise ApiError(
            "invalid_multi_search_federation_options",
            "Using `federationOptions` is not allowed in a non-federated search.\n - Hint: remove `federationOptions` "
            "from the query or add `federation` to the request.",
        )
    index = request.server.index(query["indexUid"])
    filled = {**query, "offset": query["offset"] or 0, "limit": 20 if query["limit"] is None else query["limit"]}
    return answer(index, filled, request.server.features)
