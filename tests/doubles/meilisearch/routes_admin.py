"""Everything beside indexes: tasks, keys, features, network, health, version."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.doubles.meilisearch import auth
from tests.doubles.meilisearch.auth import Key
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.index import timestamp
from tests.doubles.meilisearch.network import change_network, read_change
from tests.doubles.meilisearch.parameters import Parameter, size
from tests.doubles.meilisearch.reading import (
    REQUIRED,
    Field,
    boolean,
    invalid,
    list_of,
    listed,
    one_of,
    optional,
    shape,
    string,
    unknown_field,
)
from tests.doubles.meilisearch.routes import Answer, Request, Routes
from tests.doubles.meilisearch.routes_documents import enqueue
from tests.doubles.meilisearch.tasks import CHANGE_PARAMETERS, LIST_PARAMETERS, selects

_KEY_PAGE = {
    "offset": Parameter(size, "invalid_api_key_offset", 0),
    "limit": Parameter(size, "invalid_api_key_limit", 20),
}
_PATCHED_KEY = ("description", "name")


def add_to(routes: Routes) -> None:
    routes.add("GET", "/health", None, lambda _: {"status": "available"})
    routes.add("GET", "/version", "version", lambda request: request.server.version)
    routes.add("GET", "/tasks", "tasks.get", _tasks)
    routes.add("GET", "/tasks/{task_uid}", "tasks.get", _task)
    routes.add("DELETE", "/tasks", "tasks.delete", lambda request: _change_tasks(request, "delete"))
    routes.add("POST", "/tasks/cancel", "tasks.cancel", lambda request: _change_tasks(request, "cancel"))
    routes.add("GET", "/keys", "keys.get", _keys)
    routes.add("POST", "/keys", "keys.create", _create_key)
    routes.add("GET", "/keys/{key}", "keys.get", lambda request: _key_view(request, _key(request)))
    routes.add("PATCH", "/keys/{key}", "keys.update", _patch_key)
    routes.add("DELETE", "/keys/{key}", "keys.delete", _delete_key)
    routes.add("GET", "/experimental-features", "experimental.get", lambda request: request.server.features)
    routes.add("PATCH", "/experimental-features", "experimental.update", _patch_features)
    routes.add("GET", "/network", "network.get", lambda request: _network(request, None))
    routes.add("PATCH", "/network", "network.update", lambda request: _network(request, read_change(request.json())))


# --- tasks


def _tasks(request: Request) -> Any:
    return request.server.tasks.page(request.parameters(LIST_PARAMETERS), request.server.may_see(request.access))


def _number(text: str, code: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise ApiError(code, f"{what} uid `{text}` is invalid. It should only contain numeric characters.")
    return int(text)


def _task(request: Request) -> Any:
    uid = _number(request.names["task_uid"], "invalid_task_uids", "Task")
    with request.server.tasks.lock:  # a batch ends as a whole
        return request.server.tasks.get(uid, request.server.may_see(request.access)).view()


def _change_tasks(request: Request, verb: str) -> Answer:
    query = request.parameters(CHANGE_PARAMETERS)
    if not request.query:
        raise ApiError(
            "missing_task_filters",
            f"Query parameters to filter the tasks to {verb} are missing. Available query parameters are: `uids`, "
            "`indexUids`, `statuses`, `types`, `canceledBy`, `beforeEnqueuedAt`, `afterEnqueuedAt`, "
            "`beforeStartedAt`, `afterStartedAt`, `beforeFinishedAt`, `afterFinishedAt`.",
        )
    may_see, chosen = request.server.may_see(request.access), selects(query)
    found = [task.uid for task in request.server.tasks if may_see(task) and chosen(task)]
    kind, done = ("taskDeletion", "deletedTasks") if verb == "delete" else ("taskCancelation", "canceledTasks")
    details = {"matchedTasks": len(found), done: None, "originalFilter": f"?{request.query}"}
    return enqueue(request, kind, None, {"uids": found}, details, status=200)


# --- keys


def _uuid(value: Any, where: str, code: str) -> str:
    text = string(value, where, code)
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise invalid(where, code, f"invalid UUID: `{text}`") from None


def _pattern(value: Any, where: str, code: str) -> str:
    text = string(value, where, code)
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,400}\*?", text) or not text:
        message = (
            f"`{text}` is not a valid index uid pattern. Index uid patterns can be an integer or a string containing "
            "only alphanumeric characters, hyphens (-), underscores (_), and optionally end with a star (*)."
        )
        raise invalid(where, code, message)
    return text


def _expiry(value: Any, where: str, code: str) -> datetime | None:
    if value is None:
        return None
    text = string(value, where, code)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is not None and found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    if found is None or found <= datetime.now(UTC):
        message = (
            f"`{text}` is not a valid date. It should follow the RFC 3339 format to represents a date or datetime in "
            "the future or specified as a null value. e.g. 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS'.\n"
        )
        raise invalid(where, code, message)
    return found


_CREATE_KEY = shape(
    {
        "description": Field(optional(string), "invalid_api_key_description"),
        "name": Field(optional(string), "invalid_api_key_name"),
        "uid": Field(_uuid, "invalid_api_key_uid", lambda: str(uuid.uuid4())),
        "actions": Field(
            list_of(one_of(*auth.ACTIONS)), "invalid_api_key_actions", REQUIRED, "missing_api_key_actions"
        ),
        "indexes": Field(list_of(_pattern), "invalid_api_key_indexes", REQUIRED, "missing_api_key_indexes"),
        "expiresAt": Field(_expiry, "invalid_api_key_expires_at", REQUIRED, "missing_api_key_expires_at"),
    }
)


def _key_view(request: Request, key: Key) -> dict[str, Any]:
    return {
        "name": key.name,
        "description": key.description,
        "key": auth.value_of(key.uid, request.server.master_key or ""),
        "uid": key.uid,
        "actions": key.actions,
        "indexes": key.indexes,
        "expiresAt": timestamp(key.expires_at),
        "createdAt": timestamp(key.created_at),
        "updatedAt": timestamp(key.updated_at),
    }


def _key(request: Request) -> Key:
    """By uid or by value. Raises ApiError (`api_key_not_found`)."""
    name = request.names["key"]
    found = request.server.keys.get(name.lower()) or request.server.find_key(name)
    if found is None:
        raise ApiError("api_key_not_found", f"API key `{name}` not found.")
    return found


def _keys(request: Request) -> Any:
    page = request.parameters(_KEY_PAGE)
    every = list(reversed(request.server.keys.values()))
    chosen = every[page["offset"] : page["offset"] + page["limit"]]
    return {"results": [_key_view(request, key) for key in chosen], **page, "total": len(every)}


def _create_key(request: Request) -> Answer:
    body = _CREATE_KEY(request.json(), "", "bad_request")
    now = datetime.now(UTC)
    key = Key(
        body["uid"], body["actions"], body["indexes"], body["name"], body["description"], body["expiresAt"], now, now
    )
    if key.indexes and not key.unrestricted():
        action = next((one for one in key.actions if auth.is_global(one)), None)
        if action is not None:
            raise ApiError(
                "index_scoped_api_key_with_global_action",
                f'cannot create index-scoped API key with global action `"{action}"`\n  - Hint: remove action '
                f'`"{action}"` from the action list, or remove `indexes` to make the key global',
            )
    if key.uid in request.server.keys:
        raise ApiError("api_key_already_exists", f"`uid` field value `{key.uid}` is already an existing API key.")
    request.server.keys[key.uid] = key
    request.server.save_state()
    return Answer(_key_view(request, key), 201)


def _patch_key(request: Request) -> Any:
    body = request.json()
    if isinstance(body, dict):
        for name in body:
            if name in ("uid", "actions", "indexes", "expiresAt", "createdAt", "updatedAt"):
                code = "immutable_api_key_" + re.sub("([A-Z])", lambda match: "_" + match[1].lower(), name)
                raise ApiError(code, f"Immutable field `{name}`: {listed(_PATCHED_KEY)}")
            if name not in _PATCHED_KEY:
                raise unknown_field(name, list(_PATCHED_KEY), "", "bad_request")
    fields = {name: Field(optional(string), f"invalid_api_key_{name}") for name in _PATCHED_KEY}
    found = shape(fields)(body, "", "bad_request")
    key = _key(request)
    for name in body:
        setattr(key, name, found[name])
    key.updated_at = datetime.now(UTC)
    request.server.save_state()
    return _key_view(request, key)


def _delete_key(request: Request) -> Answer:
    del request.server.keys[_key(request).uid]
    request.server.save_state()
    return Answer(None, 204)


# --- the rest


def _patch_features(request: Request) -> Any:
    features = request.server.features
    fields = {name: Field(optional(boolean), "bad_request") for name in features}
    found = shape(fields)(request.json(), "", "bad_request")
    features |= {name: value for name, value in found.items() if value is not None}
    request.server.save_state()
    return features


def _network(request: Request, change: dict[str, Any] | None) -> Any:
    server = request.server
    if not server.features["network"]:
        raise ApiError(
            "feature_not_enabled",
            "Using the /network route requires enabling the `network` experimental feature. See "
            "https://github.com/orgs/meilisearch/discussions/805",
        )
    if change is not None:
        server.network = change_network(server.network, change)
        server.save_state()
    return server.network
