"""Federated search: the hits of several queries in one order, from this node and from its remotes."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from tests.meilisearch.errors import ApiError
from tests.meilisearch.facet_counts import Distribution, Stats, counted
from tests.meilisearch.filter_values import normalize
from tests.meilisearch.hits import Formatter
from tests.meilisearch.index import Index
from tests.meilisearch.ranking import global_score
from tests.meilisearch.search import search
from tests.meilisearch.weighted import Hit, compare, weighted, weighted_details

if TYPE_CHECKING:
    from tests.meilisearch.instance import Instance

_REMOTE_TIMEOUT = 25.0  # seconds
_PAGING = ("limit", "offset", "page", "hitsPerPage")


def federate(server: Instance, queries: list[dict[str, Any]], federation: dict[str, Any]) -> dict[str, Any]:
    """The answer of a multi-search with `federation`. Raises ApiError."""
    began = time.monotonic()
    pages = federation["page"] is not None or federation["hitsPerPage"] is not None
    if pages:
        limit = 20 if federation["hitsPerPage"] is None else federation["hitsPerPage"]
        page = 1 if federation["page"] is None else federation["page"]
        offset, limit = (limit * (page - 1), limit) if page else (0, 0)
    else:
        offset, limit = federation["offset"], federation["limit"]
    run = _Federation(server, queries, federation, offset + limit, exhaustive=pages)
    hits = sorted(run.hits, key=cmp_to_key(compare))
    if federation["distinct"] is not None:
        hits = _distinct(hits, federation["distinct"])
    result: dict[str, Any] = {"hits": [hit.body for hit in hits[offset : offset + limit]]}
    result["processingTimeMs"] = int((time.monotonic() - began) * 1000)
    if pages:
        size = 20 if federation["hitsPerPage"] is None else federation["hitsPerPage"]
        page = 1 if federation["page"] is None else federation["page"]
        total_pages = -(-run.total // size) if size else 0
        result |= {"hitsPerPage": size, "page": page, "totalPages": total_pages, "totalHits": run.total}
    else:
        result |= {"limit": federation["limit"], "offset": offset, "estimatedTotalHits": run.total}
    result |= run.facet_part()
    result["requestUid"] = str(uuid.uuid4())
    if run.remote_errors is not None:
        result["remoteErrors"] = run.remote_errors
    return result


class _Federation:
    def __init__(
        self,
        server: Instance,
        queries: list[dict[str, Any]],
        federation: dict[str, Any],
        needed: int,
        *,
        exhaustive: bool,
    ) -> None:
        self.server = server
        self.federation = federation
        self.needed = needed
        self.exhaustive = exhaustive
        self.hits: list[Hit] = []
        self.total = 0
        self.facets: dict[str, tuple[Distribution, Stats]] = {}
        self.remote_errors: dict[str, Any] | None = None
        self._rows: dict[str, set[int]] = {}
        for place, query in enumerate(queries):
            try:
                self._check(query)
            except ApiError as exc:
                raise _inside(place, exc) from None
        for place, query in enumerate(queries):
            if self._remote(query) is None:
                try:
                    self._local(place, query)
                except ApiError as exc:
                    raise _inside(place, exc) from None
            else:
                self._ask_remote(place, query)
        for uid, wanted in federation["facetsByIndex"].items():
            self._count(uid, wanted)

    def _check(self, query: dict[str, Any]) -> None:
        for name in _PAGING:
            if query[name] is not None:
                raise ApiError(
                    "invalid_multi_search_query_pagination",
                    "Using pagination options is not allowed in federated queries.\n"
                    f" - Hint: remove `{name}` from the query or remove `federation` from the request\n"
                    " - Hint: pass `federation.limit` and `federation.offset` for pagination in federated search",
                )
        if query["facets"] is not None:
            shown = json.dumps(query["facets"], ensure_ascii=False)
            raise ApiError(
                "invalid_multi_search_query_facets",
                "Using facet options is not allowed in federated queries.\n"
                " - Hint: remove `facets` from the query or remove `federation` from the request\n"
                f" - Hint: pass `federation.facetsByIndex.{query['indexUid']}: {shown}` for facets in federated search",
            )
        if query["distinct"] is not None and self.federation["distinct"] is not None:
            raise ApiError(
                "invalid_multi_search_distinct",
                "Using `distinct` options is not allowed in federated queries when it also appears in "
                "`.federation.distinct`.\n - Hint: remove `distinct` from the query or remove `federation` from the "
                "request\n  - Note: `distinct` at the query level is discouraged in federated search.",
            )
        if self._remote(query) is not None and not self.server.features["network"]:
            raise ApiError(
                "feature_not_enabled",
                "Performing a remote federated search requires enabling the `network` experimental feature. See "
                "https://github.com/orgs/meilisearch/discussions/805",
            )

    def _remote(self, query: dict[str, Any]) -> str | None:
        options = query["federationOptions"] or {}
        name: str | None = options.get("remote")
        return None if name == self.server.network["self"] else name

    def _local(self, place: int, query: dict[str, Any]) -> None:
        index = self.server.index(query["indexUid"])
        options = query["federationOptions"] or {}
        position = place if options.get("queryPosition") is None else options["queryPosition"]
        weight = options.get("weight", 1.0)
        most = index.settings["pagination"]["maxTotalHits"]
        with index.lock:
            detailed = {**query, "showRankingScoreDetails": True}
            contains = self.server.features["containsFilter"]
            found = search(index, detailed, 0, min(self.needed, most), contains=contains, exhaustive=self.exhaustive)
            formatter = Formatter(index, query, found)
            seen = self._rows.setdefault(index.uid, set())
            for order, (row, scores) in enumerate(found.hits):
                if row in seen:  # several queries on one index give a document once
                    continue
                body = formatter.hit(row, scores)
                body["_federation"] = {
                    "indexUid": index.uid,
                    "queriesPosition": position,
                    "weightedRankingScore": global_score(scores) * weight,
                }
                self._add(Hit(body, position, weighted(scores, weight), order))
            seen |= found.rows
        self.total = sum(len(rows) for rows in self._rows.values())

    def _add(self, hit: Hit) -> None:
        if self.server.features["network"] and self.server.network["self"] is not None:
            hit.body["_federation"].setdefault("remote", self.server.network["self"])
        self.hits.append(hit)

    def _ask_remote(self, place: int, query: dict[str, Any]) -> None:
        name = self._remote(query) or ""
        if self.remote_errors is None:
            self.remote_errors = {}
        remote = self.server.network["remotes"].get(name)
        if remote is None:
            error = ApiError("invalid_multi_search_remote", f"unknown remote: `{name}`")
            raise _inside(place, error)
        options = {"weight": (query["federationOptions"] or {}).get("weight", 1.0), "queryPosition": place}
        asked = {key: value for key, value in query.items() if value is not None and key != "federationOptions"}
        body = {
            "queries": [{**asked, "federationOptions": options, "showRankingScoreDetails": True}],
            "federation": {"limit": self.needed, "offset": 0},
        }
        request = urllib.request.Request(  # noqa: S310 - the remote is what the network object says
            remote["url"].rstrip("/") + "/multi-search",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {remote['searchApiKey']}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_REMOTE_TIMEOUT) as answer:  # noqa: S310
                found = json.loads(answer.read())
        except urllib.error.HTTPError as exc:
            self.remote_errors[name] = _remote_error(exc).body()
            return
        except (OSError, ValueError):
            self.remote_errors[name] = ApiError("remote_could_not_send_request", "error sending request").body()
            return
        self.total += found["estimatedTotalHits"]
        for order, hit in enumerate(found["hits"]):
            details = hit["_rankingScoreDetails"]
            if not query["showRankingScoreDetails"]:
                del hit["_rankingScoreDetails"]
            hit["_federation"]["remote"] = name
            self.hits.append(Hit(hit, place, weighted_details(details, options["weight"]), order))

    def _count(self, uid: str, wanted: list[str] | None) -> None:
        if wanted is None or uid not in self._rows:
            return
        index: Index = self.server.index(uid)
        with index.lock:
            try:
                self.facets[uid] = counted(index, wanted, self._rows[uid])
            except ApiError as exc:
                message = f"Inside `.federation.facetsByIndex.{uid}`: {exc.message}"
                raise ApiError(exc.code, message) from None

    def facet_part(self) -> dict[str, Any]:
        if not self.facets:
            return {}
        merge = self.federation["mergeFacets"]
        if merge is None:
            return {
                "facetsByIndex": {uid: {"distribution": d, "stats": s} for uid, (d, s) in sorted(self.facets.items())}
            }
        distribution: Distribution = {}
        stats: Stats = {}
        for counts, ranges in self.facets.values():
            for name, values in counts.items():
                merged = distribution.setdefault(name, {})
                for value, count in values.items():
                    merged[value] = merged.get(value, 0) + count
            for name, one in ranges.items():
                old = stats.get(name, one)
                stats[name] = {"min": min(old["min"], one["min"]), "max": max(old["max"], one["max"])}
        most = merge["maxValuesPerFacet"] or 100
        return {
            "facetDistribution": {name: dict(sorted(v.items())[:most]) for name, v in distribution.items()},
            "facetStats": stats,
        }


def _distinct(hits: list[Hit], field: str) -> list[Hit]:
    seen: set[Any] = set()
    found = []
    for hit in hits:
        value = hit.body.get(field)
        key = normalize(value) if isinstance(value, str) else value
        if key is None or key not in seen:
            found.append(hit)
            seen.add(key)
    return found


def _remote_error(exc: urllib.error.HTTPError) -> ApiError:
    try:
        message = json.loads(exc.read())["message"]
    except (ValueError, KeyError):
        message = ""
    if exc.code in (401, 403):
        return ApiError("remote_invalid_api_key", f"could not authenticate against the remote host\n  - {message}")
    return ApiError("remote_remote_error", f"remote host responded with code {exc.code}: {message}")


def _inside(place: int, error: ApiError) -> ApiError:
    found = ApiError(error.code, f"Inside `.queries[{place}]`: {error.message}")
    if error.code == "index_not_found":
        found.override = 400
    return found
