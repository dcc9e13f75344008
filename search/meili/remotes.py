"""Asking several nodes through one of them, where they know each other as remotes: Meilisearch's feature `network`.

A remote is found by our name of the node (`routing.node_name`); `telekeep index keys --remotes` sets that up. Where it
is not set up the server says so at once, and each node is asked by ourselves.

https://www.meilisearch.com/docs/reference/api/network
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from search.errors import Refused, Unreachable
from search.meili.node import Node

_NOT_SET_UP: Final = frozenset({"feature_not_enabled", "invalid_multi_search_remote"})
_OF_ALL: Final = frozenset({"q", "limit"})


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
            found = await self._nodes[0].ask_many(federated(self._nodes, bodies))
        except Refused as error:
            if error.code not in _NOT_SET_UP:
                raise
            self._set_up = False
            return None
        for name, failure in (found.get("remoteErrors") or {}).items():
            raise Unreachable(
                f"Meilisearch at {name} did not answer {self._nodes[0].name}: {failure.get('code')}.",
                hint="Check that it runs; `telekeep index keys --remotes` sets its address and key.",
            )
        return found


def federated(nodes: Sequence[Node], bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One question of all bodies: the first is the asked node's own, the others go to its remotes."""
    queries = []
    for node, body in zip(nodes, bodies, strict=True):
        query = {"indexUid": node.index, **{name: value for name, value in body.items() if name not in _OF_ALL}}
        if node is not nodes[0]:
            query["federationOptions"] = {"remote": node.name}
        asked = body["q"] if isinstance(body["q"], list) else [body["q"]]
        queries += [{**query, "q": words} for words in asked]
    return {"federation": {"limit": max(body["limit"] for body in bodies)}, "queries": queries}
