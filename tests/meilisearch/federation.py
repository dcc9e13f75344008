"""Federated search: the hits of several queries in one order, from this node and from its remotes."""

from __future__ import annotations

import json
import time
import uuid
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from tests.meilisearch.errors import ApiError, index_not_found
from tests.meilisearch.facet_counts import Distribution, Stats, counted
from tests.meilisearch.hits import Formatter
from tests.meilisearch.index import Index
from tests.meilisearch.ranking import global_score
from tests.meilisearch.remotes import ask
from tests.meilisearch.search import Distinct, search
from tests.meilisearch.weighted import Hit, check_kinds, compare, weighted

if TYPE_CHECKING:
    from tests.meilisearch.instance import Instance

_PAGING = ("limit", "offset", "page", "hitsPerPage")


def federate(server: Instance, queries: list[dict[str, Any]], federation: dict[str, Any]) -> dict[str, Any]:
    """The answer of a multi-search with `federation`. Raises ApiError."""
    began = time.monotonic()
    pages = federation["page"] is not None or federation["hitsPerPage"] is not None
    size = 20 if federation["hitsPerPage"] is None else federation["hitsPerPage"]
    page = 1 if federation["page"] is None else federation["page"]
    offset, limit = (size * (page - 1), size) if pages and page else (0, 0)
    if not pages:
        offset, limit = federation["offset"], federation["limit"]
    run = _Federation(server, queries, federation, offset + limit, exhaustive=pages)
    hits = run.ordered()
    result: dict[str, Any] = {"hits": [hit.body for hit in hits[offset : offset + limit]]}
    result["processingTimeMs"] = int((time.monotonic() - began) * 1000)
    if pages:
        total_pages = -(-run.total // size) if size else 0
        result |= {"hitsPerPage": size, "page": page, "totalPages": total_pages, "totalHits": run.total}
    else:
        result |= {"limit": federation["limit"], "offset": offset, "estimatedTotalHits": run.total}
    result |= run.facet_part()
    result["requestUid"] = str(uuid.uuid4())
    if run.remote_errors is not None:
        result["remoteErrors"] = run.remote_errors
    return result


def inside(place: int, error: ApiError) -> ApiError:
    """In a multi-search a missing index is a bad request (400), not 404."""
    found = ApiError(error.code, f"Inside `.queries[{place}]`: {error.message}")
    if error.code == "index_not_found":
        found.override = 400
    return found


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
        self._kinds: list[tuple[int, list[str]]] = []
        for place, query in enumerate(queries):
            self._at(place, lambda query=query: self._check(query))
        for place, query in enumerate(queries):
            if self._remote(query) is None:
                self._at(place, lambda place=place, query=query: self._local(place, query))
            else:
                self._ask_remote(place, query)
        self.total += sum(len(rows) for rows in self._rows.values())
        for uid, wanted in federation["facetsByIndex"].items():
            self._count(uid, wanted, queries)

    def _at(self, place: int, act: Any) -> None:
        try:
            act()
        except ApiError as exc:
            raise inside(place, exc) from None

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
        distinct = self.federation["distinct"]
        most = index.settings["pagination"]["maxTotalHits"]
        with index.lock:
            detailed = {**query, "showRankingScoreDetails": True}
            # What is distinct over all indexes is chosen from everything that fits.
            limit = len(index.raw) if distinct is not None else min(self.needed, most)
            contains = self.server.features["containsFilter"]
            found = search(index, detailed, 0, limit, contains=contains, exhaustive=self.exhaustive)
            self._kinds.append((place, found.kinds))
            check_kinds(self._kinds)
            formatter = Formatter(index, query, found)
            for order, (row, scores) in enumerate(found.hits):
                body = formatter.hit(row, scores)
                body["_federation"] = {
                    "indexUid": index.uid,
                    "queriesPosition": position,
                    "weightedRankingScore": global_score(scores) * weight,
                }
                if self.server.features["network"] and self.server.network["self"] is not None:
                    body["_federation"]["remote"] = self.server.network["self"]
                self.hits.append(Hit(body, position, weighted(scores, weight), order, (index.uid, row)))
            self._rows.setdefault(index.uid, set()).update(found.rows)

    def ordered(self) -> list[Hit]:
        """The hits from the best to the worst, each document once, and each value of `distinct` once."""
        seen: set[Any] = set()
        hits = []
        for hit in sorted(self.hits, key=cmp_to_key(compare)):
            if hit.document is None or hit.document not in seen:
                seen.add(hit.document)
                hits.append(hit)
        return hits if self.federation["distinct"] is None else self._distinct(hits, self.federation["distinct"])

    def _distinct(self, hits: list[Hit], field: str) -> list[Hit]:
        gone: set[tuple[str, int]] = set()
        taken: list[Hit] = []
        for hit in hits:
            if len(taken) >= self.needed and not self.exhaustive:
                break
            if hit.document is not None and hit.document not in gone:
                taken.append(hit)
                gone |= self._same(hit.document, field)
        kept = {hit.document for hit in taken}
        self.total -= sum((uid, row) in gone - kept for uid, rows in self._rows.items() for row in rows)
        return taken

    def _same(self, document: tuple[str, int], field: str) -> set[tuple[str, int]]:
        values = self.server.index(document[0]).facets.column(field).of_row.get(document[1], ())
        found: set[tuple[str, int]] = set()
        for uid in self._rows:
            index = self.server.index(uid)
            distinct = Distinct(index, index.facets.column(field))
            found |= {(uid, row) for row in distinct.with_values(values)}
        return found

    def _ask_remote(self, place: int, query: dict[str, Any]) -> None:
        name = self._remote(query) or ""
        remote = self.server.network["remotes"].get(name)
        if remote is None:
            raise inside(place, ApiError("invalid_multi_search_remote", f"remote `{name}` is unknown"))
        if self.remote_errors is None:
            self.remote_errors = {}
        try:
            hits, total = ask(remote, name, place, query, self.needed)
        except ApiError as exc:
            self.remote_errors[name] = exc.body()
            return
        self.total += total
        self.hits += hits

    def _count(self, uid: str, wanted: list[str] | None, queries: list[dict[str, Any]]) -> None:
        where = f"Inside `.federation.facetsByIndex.{uid}`: "
        place = next((place for place, query in enumerate(queries) if query["indexUid"] == uid), None)
        if uid not in self.server.indexes:
            error = index_not_found(uid)
            found = ApiError(error.code, f"{where}{error.message}\n - Note: index `{uid}` is not used in queries")
            found.override = 400
            raise found
        if wanted is None or place is None:
            return
        index: Index = self.server.index(uid)
        with index.lock:
            try:
                self.facets[uid] = counted(index, wanted, self._rows[uid])
            except ApiError as exc:
                raise inside(place, ApiError(exc.code, where + exc.message)) from None

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
