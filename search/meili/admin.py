"""What is done with the master key only: keys, and telling servers of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from search.errors import KeyRefused
from search.meili.node import Node

T = TypeVar("T")


class Admin(Node):
    """A server, opened with its master key."""

    async def _call(self, act: Callable[[], T], seconds: float | None = None) -> T:
        try:
            return await super()._call(act, seconds)
        except KeyRefused:
            raise KeyRefused(
                f"Meilisearch at {self.name} refuses the master key.",
                hint="Give the one that it was started with (its --master-key or MEILI_MASTER_KEY); without one it has"
                " no keys.",
            ) from None

    async def list_keys(self) -> list[dict[str, Any]]:
        """The keys of the server, up to 1,000, with `uid`, `name`, `actions`, `indexes` and `key`."""
        found: list[dict[str, Any]] = (await self._call(lambda: self._http.get("keys?limit=1000")))["results"]
        return found

    async def create_key(self, uid: str, name: str, actions: Sequence[str], indexes: Sequence[str]) -> str:
        """A new key that never expires and may do just this; of the same `uid` it is the same under one master key."""
        body = {"uid": uid, "name": name, "actions": list(actions), "indexes": list(indexes), "expiresAt": None}
        return str((await self._call(lambda: self._http.post("keys", body)))["key"])

    async def meet(self, remotes: Mapping[str, str], key: str) -> None:
        """Tell it of others, by name and address, which open to this key."""
        others = {name: {"url": url, "searchApiKey": key} for name, url in remotes.items() if name != self.name}
        await self._call(lambda: self._http.patch("experimental-features", {"network": True}))
        await self._call(lambda: self._http.patch("network", {"self": self.name, "remotes": others}))
