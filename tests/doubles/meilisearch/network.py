"""The network object: this node's name and the remotes it may ask (the part that needs no licence)."""

from __future__ import annotations

import copy
import uuid
from typing import Any

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.reading import Field, anything, map_of, optional, shape, string

_ABSENT: Any = object()
_REMOTE = shape(
    {
        "url": Field(optional(string), "invalid_network_url", lambda: _ABSENT),
        "searchApiKey": Field(optional(string), "invalid_network_search_api_key", lambda: _ABSENT),
        "writeApiKey": Field(optional(string), "invalid_network_write_api_key", lambda: _ABSENT),
    }
)
_NETWORK = shape(
    {
        "remotes": Field(optional(map_of(optional(_REMOTE))), "invalid_network_remotes", lambda: _ABSENT),
        "shards": Field(optional(map_of(anything)), "invalid_network_shards", lambda: _ABSENT),
        "previousShards": Field(optional(anything), "invalid_network_shards", lambda: _ABSENT),
        "self": Field(optional(string), "invalid_network_self", lambda: _ABSENT),
        "leader": Field(optional(string), "invalid_network_leader", lambda: _ABSENT),
        "previousRemotes": Field(optional(map_of(optional(_REMOTE))), "invalid_network_remotes", lambda: _ABSENT),
    }
)


def read_change(body: Any) -> dict[str, Any]:
    """Raises ApiError."""
    found: dict[str, Any] = _NETWORK(body, "", "bad_request")
    return found


def change_network(network: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """A PATCH: remotes are merged by name, null takes one away. Raises ApiError."""
    if found["leader"] not in (_ABSENT, None):
        raise ApiError(
            "requires_enterprise_edition", "Meilisearch Enterprise Edition is required to set `network.leader`"
        )
    if found["previousRemotes"] is not _ABSENT:
        raise ApiError(
            "unexpected_network_previous_remotes",
            "Unexpected `previousRemotes` in network call.\n  - Note: `previousRemote` is reserved for internal use.",
        )
    result = copy.deepcopy(network)
    if found["self"] is not _ABSENT:
        result["self"] = found["self"]
    if found["shards"] is not _ABSENT:
        result["shards"] |= found["shards"] or {}
    if found["remotes"] is None:
        result["remotes"] = {}
    elif found["remotes"] is not _ABSENT:
        for name, remote in sorted(found["remotes"].items()):
            if remote is None:
                result["remotes"].pop(name, None)
                continue
            old = result["remotes"].get(name, {"url": None, "searchApiKey": None, "writeApiKey": None})
            merged = old | {key: value for key, value in remote.items() if value is not _ABSENT}
            if merged["url"] is None:
                raise ApiError("missing_network_url", f"Missing field `.remotes.{name}.url`")
            if "://" not in merged["url"]:
                why = f"Invalid `.remotes.{name}.url` (`{merged['url']}`): relative URL without a base"
                raise ApiError("invalid_network_url", why)
            result["remotes"][name] = merged | {"status": "available"}
    result["version"] = str(uuid.uuid4())
    return result
