"""Search several nodes through one of them, if they are registered as remotes: Meilisearch's feature `network`.

Remotes are named by `routing.node_name`; `telekeep index keys --remotes` registers them. If they are not registered,
or one does not answer the other, the server says so, and each node is searched directly.

https://www.meilisearch.com/docs/reference/api/network
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from search.errors import RequestRefused
from search.meili.compile import federated
from search.meili.node import Node

_NOT_SET_UP: Final = frozenset({"feature_not_enabled", "invalid_multi_search_remote"})


class Remotes:
    """Several nodes, searched through the first."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._set_up = len(nodes) > 1

    async def search(self, bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        """Search with one body per node, merged; None if each is to be asked itself. Raises ServerError."""
        if not self._set_up:
            return None
        try:
            found = await self._nodes[0].federated_search(_of_all(self._nodes, bodies))
        except RequestRefused as error:
            if error.code not in _NOT_SET_UP:
                raise
            self._set_up = False
            return None
        if found.get("remoteErrors"):
            self._set_up = False  # each node is asked itself, and names what is wrong with it
            return None
        return found


def _of_all(nodes: Sequence[Node], bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Build one federated search: the first body is for the node itself, the others for its remotes."""
    queries: list[dict[str, Any]] = []
    for node, body in zip(nodes, bodies, strict=True):
        there = {} if node is nodes[0] else {"federationOptions": {"remote": node.name}}
        queries.append({**federated(body, node.index), **there})
    return {"federation": {"limit": max(body["limit"] for body in bodies)}, "queries": queries}
