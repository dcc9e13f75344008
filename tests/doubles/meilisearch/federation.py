"""Federated search: the hits of several queries in one order, from this node and from its remotes."""

from __future__ import annotations

import json
import time
import uuid
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from tests.doubles.meilisearch.errors import ApiError, index_not_found
from tests.doubles.meilisearch.facet_counts import Distribution, Stats, counted, merged
from tests.doubles.meilisearch.hits import Formatter
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.ranking import global_score
from tests.doubles.meilisearch.remotes import Remotes
from tests.doubles.meilisearch.search import search
from tests.doubles.meilisearch.weighted import Hit, check_kinds, compare, weighted

if TYPE_CHECKING:
    from tests.doubles.meilisearch.instance import Instance

_PAGING = ("limit", "offset")


def federate(
    server: Instance, queries: list[dict[str, Any]], federation: dict[str, Any], *, for_node: bool = False
) -> dict[str, Any]:
    """The answer of a multi-search with `federation`; `for_node`: another node asks. Raises ApiError."""
    began = time.monotonic()
    if for_node:
        _check_network(server, "Performing a remote federated search")
    offset, limit = federation["offset"], federation["limit"]
    run = _Federation(server, queries, federation, offset + limit, for_node=for_node)
    hits = run.ordered()
    result: dict[str, Any] = {"hits": [hit.body for hit in hits[offset : offset + limit]]}
    result["processingTimeMs"] = int((time.monotonic() - began) * 1000)
    result |= {"limit": federation["limit"], "offset": offset, "estimatedTotalHits": run.total}
    result |= run.facet_part()
    result["requestUid"] = str(uuid.uuid4())
    if run.remotes is not None:
        result["remoteErrors"] = dict(sorted(run.remotes.errors.items()))
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
        for_node: bool,
    ) -> None:
        self.server = server
        self.federation = federation
        self.needed = needed
        self.for_node = for_node
        self.hits: list[Hit] = []
        self.total = 0
        self.facets: dict[str, tuple[Distribution, Stats]] = {}
        elsewhere = any((query["federationOptions"] or {}).get("remote") is not None for query in queries)
        self.remotes = (
            Remotes(server.network["remotes"], federation, needed, server.allowed_networks) if elsewhere else None
        )
        self._rows: dict[str, set[int]] = {}
        self._kinds: list[tuple[int, list[str]]] = []
        for place, query in enumerate(queries):
            self._at(place, lambda place=place, query=query: self._check(place, query))
        if self.remotes is not None:
            self.remotes.ask()
        for place, query in enumerate(queries):
            if self._remote(query) is None:
                self._at(place, lambda place=place, query=query: self._local(place, query))
        self.total += sum(len(rows) for rows in self._rows.values())
        for uid, wanted in federation["facetsByIndex"].items():
            self._count(uid, wanted, queries)
        self._take_remote()

    def _at(self, place: int, act: Any) -> None:
        try:
            act()
        except ApiError as exc:
            raise inside(place, exc) from None

    def _check(self, place: int, query: dict[str, Any]) -> None:
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
        if (query["federationOptions"] or {}).get("remote") is not None:
            _check_network(self.server, "Performing a remote federated search")
        elif (query["federationOptions"] or {}).get("queryPosition") is not None:
            _check_network(self.server, "Using `federationOptions.queryPosition`")
        remote = self._remote(query)
        if remote is not None and self.remotes is not None:
            self.remotes.add(remote, place, query)

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
            detailed = {**query, "showRankingScore": True}
            limit = min(self.needed, most)
            contains = self.server.features["containsFilter"]
            found = search(index, detailed, 0, limit, contains=contains)
            self._kinds.append((place, found.kinds))
            check_kinds(self._kinds)
            formatter = Formatter(index, query, found)
            for order, (row, scores) in enumerate(found.hits):
                body = formatter.hit(row, scores)
                score, values = global_score(scores) * weight, weighted(scores, weight)
                body["_federation"] = about = {
                    "indexUid": index.uid,
                    "queriesPosition": position,
                    "weightedRankingScore": score,
                }
                if self.for_node:
                    about["weightedScoreValues"] = values
                elif self.remotes is not None:
                    about["remote"] = self.server.network["self"]
                self.hits.append(Hit(body, position, values, score, order, (index.uid, row)))
            self._rows.setdefault(index.uid, set()).update(found.rows)

    def ordered(self) -> list[Hit]:
        """The hits from the best to the worst, each document once."""
        seen: set[Any] = set()
        hits = []
        for hit in sorted(self.hits, key=cmp_to_key(compare)):
            if hit.document is None or hit.document not in seen:
                seen.add(hit.document)
                hits.append(hit)
        return hits

    def _take_remote(self) -> None:
        for _, answer in sorted(self.remotes.answers.items()) if self.remotes is not None else ():
            self.total += answer["estimatedTotalHits"]
            for order, hit in enumerate(answer["hits"]):
                about = hit["_federation"]
                values = about.pop("weightedScoreValues")
                score, position = about["weightedRankingScore"], about["queriesPosition"]
                self.hits.append(Hit(hit, position, values, score, order))
            for uid, facets in answer.get("facetsByIndex", {}).items():
                old = self.facets.get(uid, ({}, {}))
                self.facets[uid] = merged([old, (facets["distribution"], facets["stats"])])

    def _count(self, uid: str, wanted: list[str] | None, queries: list[dict[str, Any]]) -> None:
        where = f"Inside `.federation.facetsByIndex.{uid}`: "
        here = [place for place, query in enumerate(queries) if query["indexUid"] == uid and not self._remote(query)]
        place = here[0] if here else None
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
                self.facets[uid] = counted(index, wanted, self._rows.get(uid, set()))
            except ApiError as exc:
                raise inside(place, ApiError(exc.code, where + exc.message)) from None

    def facet_part(self) -> dict[str, Any]:
        if not self.facets:
            return {}
        return {"facetsByIndex": {uid: {"distribution": d, "stats": s} for uid, (d, s) in sorted(self.facets.items())}}


def _check_network(server: Instance, what: str) -> None:
    if not server.features["network"]:
        raise ApiError(
            "feature_not_enabled",
            f"{what} requires enabling the `network` experimental feature. See "
            "https://github.com/orgs/meilisearch/discussions/805",
        )
