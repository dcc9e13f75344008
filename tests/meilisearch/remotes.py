"""Asking another node a federated question, as a node with remotes does."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from tests.meilisearch.errors import ApiError
from tests.meilisearch.weighted import Hit, weighted_details

_TIMEOUT = 25.0  # seconds


def ask(remote: dict[str, Any], name: str, place: int, query: dict[str, Any], needed: int) -> tuple[list[Hit], int]:
    """The first hits of a remote, and how many it has. Raises ApiError (`remote_*`)."""
    options = {"weight": (query["federationOptions"] or {}).get("weight", 1.0), "queryPosition": place}
    asked = {key: value for key, value in query.items() if value is not None and key != "federationOptions"}
    asked |= {"federationOptions": options, "showRankingScoreDetails": True}
    answer = _post(remote, {"queries": [asked], "federation": {"limit": needed, "offset": 0}})
    hits = []
    for order, hit in enumerate(answer["hits"]):
        details = hit["_rankingScoreDetails"]
        if not query["showRankingScoreDetails"]:
            del hit["_rankingScoreDetails"]
        hit["_federation"]["remote"] = name
        hits.append(Hit(hit, place, weighted_details(details, options["weight"]), order))
    return hits, answer["estimatedTotalHits"]


def _post(remote: dict[str, Any], body: dict[str, Any]) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the remote is what the network object says
        remote["url"].rstrip("/") + "/multi-search",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {remote['searchApiKey']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return json.loads(answer.read())
    except urllib.error.HTTPError as exc:
        with exc:
            raise _refused(exc.code, exc.read()) from None
    except TimeoutError:
        raise ApiError("remote_timeout", "remote did not answer before the deadline") from None
    except (OSError, ValueError) as exc:
        raise ApiError("remote_could_not_send_request", f"error sending request: {exc}") from None


def _refused(status: int, body: bytes) -> ApiError:
    text = body.decode("utf-8", "replace")
    if status in (401, 403):
        return ApiError(
            "remote_invalid_api_key",
            "could not authenticate against the remote host\n  - hint: check that the remote instance was registered "
            f"with a valid API key having the `search` action\n  - response from remote: {text}",
        )
    return ApiError(
        "remote_remote_error", f"remote host responded with code {status}:\n  - response from remote: {text}"
    )
