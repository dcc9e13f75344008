"""Asking several nodes through one of them, where they know each other as remotes: Meilisearch's feature `network`.

A remote is found by our name of the node (`routing.node_name`); `telekeep index keys --remotes` sets that up. Where it
is not set up the server says so at once, and each node is asked by ourselves.

https://www.meilisearch.com/docs/reference/api/network
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from search.errors import RequestRefused, ServerUnreachable
from search.meili.compile import federated
from search.meili.node import Node

_NOT_SET_UP: Final = frozenset({"feature_not_enabled", "invalid_multi_search_remote"})


class Remotes:
    """Several nodes behind the first of them."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._set_up = len(nodes) > 1

    async def search(self, bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        """One answer to a body for each node; None where the nodes do not know each other. Raises ServerError."""
        if not self._set_up:
            return None
        try:
            found = await self._nodes[0].ask_many(_of_all(self._nodes, bodies))
        except RequestRefused as error:
            if error.code not in _NOT_SET_UP:
                raise
            self._set_up = False
            return None
        for name, failure in (found.get("remoteErrors") or {}).items():
            raise ServerUnreachable(
                f"Meilisearch at {name} did not answer {self._nodes[0].name}: {failure.get('code')}.",
                hint="Check that it runs; `telekeep index keys --remotes` sets its address and key.",
            )
        return found


def _of_all(nodes: Sequence[Node], bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One question of all bodies: the first is the asked node's own, the others go to its remotes."""
    queries: list[dict[str, Any]] = []
    for node, body in zip(nodes, bodies, strict=True):
        there = {} if node is nodes[0] else {"federationOptions": {"remote": node.name}}
        queries += [{**query, **there} for query in federated(body, node.index)["queries"]]
    return {"federation": {"limit": max(body["limit"] for body in bodies)}, "queries": queries}
