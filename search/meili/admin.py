"""Calls that need the master key: API keys, and the network of remotes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from search.errors import KeyRefused
from search.meili.node import Node

T = TypeVar("T")

_REMOTE = frozenset({"url", "searchApiKey", "writeApiKey"})
"""What may be set of a remote."""


class Admin(Node):
    """A server accessed with its master key."""

    async def _call(self, act: Callable[[], T], seconds: float | None = None) -> T:
        try:
            return await super()._call(act, seconds)
        except KeyRefused:
            raise KeyRefused(
                f"Meilisearch at {self.name} rejects the master key.",
                hint="Use the key the server was started with (--master-key or MEILI_MASTER_KEY); a server without a"
                " master key has no API keys.",
            ) from None

    async def list_keys(self) -> list[dict[str, Any]]:
        """List up to 1,000 API keys, with `uid`, `name`, `actions`, `indexes` and `key`."""
        found: list[dict[str, Any]] = (await self._call(lambda: self._http.get("keys?limit=1000")))["results"]
        return found

    async def create_key(self, uid: str, name: str, actions: Sequence[str], indexes: Sequence[str]) -> str:
        """Create a key with these permissions that never expires; it is derived from `uid` and the master key."""
        body = {"uid": uid, "name": name, "actions": list(actions), "indexes": list(indexes), "expiresAt": None}
        return str((await self._call(lambda: self._http.post("keys", body)))["key"])

    async def set_remotes(self, remotes: Mapping[str, str], key: str) -> None:
        """Register other nodes by name and URL as remotes, with the key for searching them."""
        others = {name: {"url": url, "searchApiKey": key} for name, url in remotes.items() if name != self.name}
        await self._call(lambda: self._http.patch("experimental-features", {"network": True}))
        await self._call(lambda: self._http.patch("network", {"self": self.name, "remotes": others}))

    async def network(self) -> dict[str, Any] | None:
        """The network as it is set: `self` and `remotes`; None if the feature is off."""
        features = await self._call(lambda: self._http.get("experimental-features"))
        return (await self._call(lambda: self._http.get("network"))) if features.get("network") else None

    async def restore_network(self, before: Mapping[str, Any] | None, added: Iterable[str]) -> None:
        """Set the network as it was `before`; `added` are the remotes registered since."""
        old = before or {"self": None, "remotes": {}}
        remotes = dict.fromkeys(added) | {
            name: {kind: value for kind, value in one.items() if kind in _REMOTE}
            for name, one in old["remotes"].items()
        }
        body = {"self": old["self"], "remotes": remotes}
        await self._call(lambda: self._http.patch("network", body))
        if before is None:
            await self._call(lambda: self._http.patch("experimental-features", {"network": False}))

    async def try_remotes(self, names: Iterable[str]) -> dict[str, str]:
        """Ask the other nodes one question through this one; the failures by node, a code each. Raises ServerError."""
        queries = [
            {"indexUid": self.index, "federationOptions": {"remote": name}} for name in names if name != self.name
        ]
        found = await self.federated_search({"federation": {"limit": 1}, "queries": queries})
        failures = {name: str(one.get("code"))[:80] for name, one in (found.get("remoteErrors") or {}).items()}
        # An index that is not filled yet is no failure: the node was reached.
        return {name: code for name, code in failures.items() if code != "remote_bad_request"}
