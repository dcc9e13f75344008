"""Keys: who may do what. A key's value follows from its uid and the master key, so it outlives any restart."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.patterns import matches

ACTIONS = (
    "*", "search", "documents.*", "documents.add", "documents.get", "documents.delete", "indexes.*", "indexes.create",
    "indexes.get", "indexes.update", "indexes.delete", "indexes.swap", "tasks.*", "tasks.cancel", "tasks.delete",
    "tasks.get", "settings.*", "settings.get", "settings.update", "stats.*", "stats.get", "metrics.*", "metrics.get",
    "dumps.*", "dumps.create", "snapshots.*", "snapshots.create", "version", "keys.create", "keys.get", "keys.update",
    "keys.delete", "experimental.get", "experimental.update", "export", "network.get", "network.update",
    "chatCompletions", "chats.*", "chats.get", "chats.delete", "chatsSettings.*", "chatsSettings.get",
    "chatsSettings.update", "*.get", "webhooks.get", "webhooks.update", "webhooks.delete", "webhooks.create",
    "webhooks.*", "indexes.compact", "fields.post", "tasks.compact", "dynamicSearchRules.get",
    "dynamicSearchRules.create", "dynamicSearchRules.update", "dynamicSearchRules.delete", "dynamicSearchRules.*",
)  # fmt: skip
_GLOBAL = ("metrics.", "dumps.", "snapshots.", "keys.", "experimental.", "network.", "chats", "webhooks.",
           "dynamicSearchRules.")  # fmt: skip
_READS = {"search", "export", "version", "fields.post"}
# Routes without an index in their path, whose handler looks at the indexes itself.
_CHECKED_BY_HANDLER = {
    "search", "documents.get", "indexes.create", "indexes.get", "indexes.swap", "tasks.cancel", "tasks.delete",
    "tasks.get", "settings.get", "stats.get", "chatCompletions",
}  # fmt: skip


def is_global(action: str) -> bool:
    """Whether the action may not stand in a key that is for some indexes only."""
    return action in ("version", "export", "tasks.compact") or action.startswith(_GLOBAL)


def value_of(uid: str, master_key: str) -> str:
    return hmac.new(master_key.encode(), uid.lower().encode(), hashlib.sha256).hexdigest()


@dataclass
class Key:
    uid: str
    actions: list[str]
    indexes: list[str]
    name: str | None = None
    description: str | None = None
    expires_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def allows(self, action: str) -> bool:
        if action in self.actions or "*" in self.actions:
            return True
        if f"{action.split('.', maxsplit=1)[0]}.*" in self.actions and "." in action:
            return True
        is_read = action in _READS or (action.endswith(".get") and action != "keys.get")
        return "*.get" in self.actions and is_read

    def sees(self, index: str) -> bool:
        return any(matches(pattern, index) for pattern in self.indexes)

    def unrestricted(self) -> bool:
        return "*" in self.indexes


@dataclass(frozen=True)
class Access:
    """What the caller may do with which index."""

    key: Key | None  # None: the master key, or no key is needed

    def sees(self, index: str) -> bool:
        return self.key is None or self.key.sees(index)

    def everything(self) -> bool:
        return self.key is None or self.key.unrestricted()

    def creates(self, index: str) -> bool:
        return self.key is None or (self.key.allows("indexes.create") and self.key.sees(index))


def authorize(
    header: str | None, action: str, index: str | None, master_key: str | None, find: Callable[[str], Key | None]
) -> Access:
    """Whether the header lets the action be done. `find` gives the key of a value. Raises ApiError."""
    if master_key is None:
        if action.startswith("keys."):
            raise ApiError(
                "missing_master_key",
                "Meilisearch is running without a master key. To access this API endpoint, you must have set a "
                "master key at launch.",
            )
        return Access(None)
    token = _token(header)
    if hmac.compare_digest(token.encode(), master_key.encode()):
        return Access(None)
    key = find(token)
    if key is None:
        raise _invalid()
    if index is not None and not key.sees(index):
        allowed = ", ".join(f'"{one}"' for one in sorted(key.indexes))
        raise ApiError(
            "invalid_api_key", f"The API key cannot acces the index `{index}`, authorized indexes are [{allowed}]."
        )
    if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
        raise _invalid()
    reaches = key.unrestricted() or index is not None or action in _CHECKED_BY_HANDLER
    if not key.allows(action) or not reaches:
        raise _invalid()
    return Access(key)


def _token(header: str | None) -> str:
    kind, _, token = (header or "").partition(" ")
    if header is None or kind != "Bearer":
        raise ApiError(
            "missing_authorization_header",
            "The Authorization header is missing. It must use the bearer authorization method.",
        )
    return token


def _invalid() -> ApiError:
    return ApiError("invalid_api_key", "The provided API key is invalid.")


def default_keys(new_uid: Callable[[], str]) -> list[Key]:
    now = datetime.now(UTC)
    return [
        Key(new_uid(), actions, ["*"], name, description, created_at=now, updated_at=now)
        for name, description, actions in _DEFAULT_KEYS
    ]


_DEFAULT_KEYS: tuple[tuple[str, str, list[Any]], ...] = (
    (
        "Default Chat API Key",
        "Use it to chat and search from the frontend",
        ["chatCompletions", "search"],
    ),
    (
        "Default Search API Key",
        "Use it to search from the frontend",
        ["search"],
    ),
    (
        "Default Admin API Key",
        "Use it for anything that is not a search operation. Caution! Do not expose it on a public frontend",
        ["*"],
    ),
    (
        "Default Read-Only Admin API Key",
        "Use it to read information across the whole database. Caution! Do not expose this key on a public frontend",
        ["*.get", "keys.get"],
    ),
)
