"""Asking other nodes their part of a federated search, as a node with remotes does (federated/proxy.rs)."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any

from tests.doubles.meilisearch.errors import ApiError

PROXY_HEADER = "Meili-Proxy-Search"
_TIMEOUT = 25.0  # seconds for all tries together
_TRIES = 4
_NETWORK_HINT = (
    "\n  - hint: check that the remote instance has the correct index configuration for that request"
    "\n  - hint: check that the `network` experimental feature is enabled on the remote instance"
)
_VERSION_HINT = "\n  - hint: check that the remote instance is a Meilisearch instance running the same version"


class Remotes:
    """The queries that go elsewhere, one request for each node, all at once."""

    def __init__(
        self, known: dict[str, Any], federation: dict[str, Any], needed: int, allowed: Sequence[ipaddress.IPv4Network]
    ) -> None:
        self._known = known
        self._allowed = allowed
        self._federation = _passed_on(federation, needed)
        self._queries: dict[str, list[dict[str, Any]]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, dict[str, Any]] = {}

    def add(self, name: str, place: int, query: dict[str, Any]) -> None:
        """Raises ApiError when nobody knows the remote."""
        if name not in self._known:
            raise ApiError(
                "invalid_multi_search_remote",
                f"Invalid `.federation_options.remote`: remote `{name}` is not registered",
            )
        options = {"weight": (query["federationOptions"] or {}).get("weight", 1.0), "queryPosition": place}
        asked = {key: value for key, value in query.items() if value is not None}
        self._queries.setdefault(name, []).append({**asked, "federationOptions": options})

    def ask(self) -> None:
        """Fill `answers` and `errors`."""
        threads = [threading.Thread(target=self._ask_one, args=(name,), daemon=True) for name in sorted(self._queries)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask_one(self, name: str) -> None:
        body = {"queries": self._queries[name], "federation": self._federation}
        try:
            _check_address(self._known[name]["url"], self._allowed)
            answer = _asked(self._known[name], json.dumps(body).encode())
            for hit in answer["hits"]:
                if "weightedScoreValues" not in hit.get("_federation", {}):
                    message = f"remote hit does not contain `._federation.weightedScoreValues`{_VERSION_HINT}"
                    raise ApiError("remote_bad_response", message)
                hit["_federation"]["remote"] = name
        except ApiError as exc:
            self.errors[name] = exc.body()
        else:
            self.answers[name] = answer


def _passed_on(federation: dict[str, Any], needed: int) -> dict[str, Any]:
    """The first page, large enough."""
    return {name: value for name, value in federation.items() if value is not None} | {"limit": needed, "offset": 0}


def _check_address(url: str, allowed: Sequence[ipaddress.IPv4Network]) -> None:
    """Inner addresses are asked only where they are allowed. Raises ApiError."""
    try:
        found = ipaddress.ip_address(socket.gethostbyname(urllib.parse.urlsplit(url).hostname or ""))
    except (OSError, ValueError):
        return  # told by the request
    if not (found.is_global or any(found in network for network in allowed)):
        raise ApiError("remote_could_not_send_request", "Rejected IP")


def _asked(remote: dict[str, Any], body: bytes) -> Any:
    """The answer, after some tries. Raises ApiError (`remote_*`)."""
    headers = {"Content-Type": "application/json", PROXY_HEADER: "true"}
    if remote["searchApiKey"] is not None:
        headers["Authorization"] = f"Bearer {remote['searchApiKey']}"
    url = remote["url"].rstrip("/") + "/multi-search"
    until = time.monotonic() + _TIMEOUT
    error = ApiError("remote_timeout", "remote host did not answer before the deadline")
    for _ in range(_TRIES):
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - the network object names it
        try:
            with urllib.request.urlopen(request, timeout=max(until - time.monotonic(), 0.001)) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as exc:
            with exc:
                error = _refused(exc)
            if exc.code < 500:
                break
        except http.client.IncompleteRead:
            error = ApiError(
                "remote_bad_response",
                "could not parse response from the remote host as a federated search response:\n  - additionally, "
                f"could not retrieve response from remote: error decoding response body{_VERSION_HINT}",
            )
        except ValueError:
            error = ApiError(
                "remote_bad_response",
                f"could not parse response from the remote host as a federated search response{_VERSION_HINT}",
            )
        except OSError as exc:
            if isinstance(getattr(exc, "reason", exc), TimeoutError):
                error = ApiError("remote_timeout", "remote host did not answer before the deadline")
                break
            error = ApiError("remote_could_not_send_request", "error sending request")
    raise error


def _refused(answer: urllib.error.HTTPError) -> ApiError:
    if answer.code in (401, 403):
        return ApiError(
            "remote_invalid_api_key",
            "could not authenticate against the remote host\n  - hint: check that the remote instance was registered "
            "with a valid API key having the `search` action",
        )
    try:
        data = answer.read()
    except http.client.IncompleteRead:
        told = ":\n  - additionally, could not retrieve response from remote: error decoding response body"
    else:
        told = f":\n  - response from remote: {_compact(data)}"
    start = f"remote host responded with code {answer.code}{told}"
    if answer.code < 500:
        return ApiError("remote_bad_request", start + _NETWORK_HINT)
    return ApiError("remote_remote_error", start)


def _compact(data: bytes) -> str:
    try:
        return json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return data.decode("utf-8", "replace")
