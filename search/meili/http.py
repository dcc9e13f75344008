"""How the SDK talks to a server: one kept connection, a limit on every call, our own errors.

The SDK's own `HttpRequests` opens a connection a call, waits for ever, keeps its headers where threads overwrite each
other's, and forgets `Retry-After`. This one takes its place (`Client.http`, `Index.http`).

No error holds a key, nor the server's own words, which may quote a document.
"""

from __future__ import annotations

import contextlib
import http
import io
import json
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

import orjson
import requests
from meilisearch._httprequests import HttpRequests
from meilisearch.config import Config
from requests.adapters import HTTPAdapter

from search.errors import (
    IndexMissing,
    IndexStale,
    KeyRefused,
    PayloadTooLarge,
    RequestRefused,
    SearchError,
    ServerBusy,
    ServerUnreachable,
    StorageFull,
)
from search.meili.routing import node_name
from search.meili.task import FULL_CODES

CONNECT_SECONDS = 5.0
"""For a connection; also for each block of a body to be taken, or a tenth of the call's limit if that is more."""
RETRY_SECONDS = 10.0
"""Until the next try when a server that is busy does not say."""
_STALE_CODES = frozenset({"invalid_search_attributes_to_search_on", "invalid_search_filter", "invalid_search_sort"})
"""What a question in our own fields meets in an index that has other fields."""
_CHUNK = 1 << 16


class PooledHttp(HttpRequests):
    """Sends the SDK's requests; used by one thread at a time."""

    def __init__(self, url: str, key: str | None, *, seconds: float) -> None:
        self.config = Config(url.rstrip("/"), key)
        self.headers = {}
        self.seconds = seconds
        """How long the next call may take in all."""
        self._host = node_name(url)
        self._key = key
        self._session = requests.Session()
        # The one connection of the one thread; a lost one is opened again.
        self._session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
        self._session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
        # An `auth` of our own: else a .netrc would replace the key.
        self._session.auth = self._authorize

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def send_request(
        self,
        http_method: Callable[..., Any],
        path: str,
        body: Any = None,
        content_type: str | None = None,
        *,
        serializer: type[json.JSONEncoder] | None = None,
    ) -> Any:
        """Send one request and give its answer's JSON. Raises the errors of `search.errors`."""
        method = http_method.__name__.upper()
        # A file goes out block by block: as one piece all of it would have to be taken within one time limit.
        data = None if method == "GET" else io.BytesIO(body) if isinstance(body, bytes) else _dump(body)
        headers = {"Content-Type": content_type or "application/json"} if data is not None else {}
        deadline = monotonic() + self.seconds
        try:
            with self._session.request(
                method,
                f"{self.config.url}/{path}",
                data=data,
                headers=headers,
                timeout=(min(max(CONNECT_SECONDS, self.seconds / 10), self.seconds), self.seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, deadline)
        except (requests.RequestException, OSError, ValueError) as error:
            raise ServerUnreachable(
                f"Meilisearch at {self._host} did not answer: {_why(error, self.seconds)}.",
                hint="Check [meilisearch] url, and that the server runs.",
            ) from None
        return self._judge(response, content)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            if not (self._key.isascii() and self._key.isprintable()):
                raise KeyRefused(
                    f"Meilisearch at {self._host} is not asked: the key has signs that no key has.",
                    hint="Look at [meilisearch] api_key and search_key, or at their files.",
                )
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        chunks = []
        for chunk in response.iter_content(_CHUNK):
            chunks.append(chunk)
            if monotonic() > deadline:
                raise requests.Timeout
        return b"".join(chunks)

    def _judge(self, response: requests.Response, content: bytes) -> Any:
        if 200 <= response.status_code < 300:
            try:
                return orjson.loads(content) if content else None
            except orjson.JSONDecodeError:
                raise self._no_meilisearch() from None
        raise self._error(response, _code(content))

    def _error(self, response: requests.Response, code: str | None) -> SearchError:
        status = response.status_code
        where = f"Meilisearch at {self._host}"
        if code in FULL_CODES or status == http.HTTPStatus.INSUFFICIENT_STORAGE:
            return StorageFull(f"{where} has no room: {code}.", hint="Give it more disk, or delete finished tasks.")
        match status:
            case 401 | 403:
                what = "asks for a key" if status == 401 else "refuses the key for this"
                return KeyRefused(
                    f"{where} {what}.",
                    hint="Set [meilisearch] api_key or search_key; `telekeep index keys` makes them.",
                )
            case 400 | 404 if code == "index_not_found":
                return IndexMissing(f"{where} has no such index.", hint="`telekeep index rebuild` makes it.")
            case 413:
                return PayloadTooLarge(f"{where} takes less at once.", hint="Raise its --http-payload-size-limit.")
            case 429 | 503:
                return ServerBusy(f"{where} is busy.", retry_after=_seconds(response.headers.get("Retry-After")))
            case 502 | 504:
                return ServerUnreachable(f"{where} is not reached behind its proxy (HTTP {status}).")
            case 400 if code in _STALE_CODES:
                return IndexStale(
                    f"The index in {where} is not of this version.", hint="`telekeep index rebuild` makes it anew."
                )
        if code is None and status < 500:
            return self._no_meilisearch()
        hint = "Its log says why." if status >= 500 else None
        return RequestRefused(
            f"{where} refused: {code or 'no code'} (HTTP {status}).", status=status, code=code, hint=hint
        )

    def _no_meilisearch(self) -> SearchError:
        return ServerUnreachable(
            f"What answers at {self._host} is no Meilisearch.", hint="Check [meilisearch] url: its host, port and path."
        )


def _dump(body: Any) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def _code(content: bytes) -> str | None:
    with contextlib.suppress(orjson.JSONDecodeError):
        found = orjson.loads(content)
        if isinstance(found, dict) and isinstance(found.get("code"), str):
            return str(found["code"])[:80]
    return None


def _seconds(text: str | None) -> float:
    with contextlib.suppress(TypeError, ValueError):
        return min(max(float(text or ""), 0.0), 3600.0)
    return RETRY_SECONDS


def _why(error: BaseException, seconds: float) -> str:
    """Why there was no answer, in a few words and without an address."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return f"it took longer than {seconds:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not let us through"
    causes: list[object] = [error]
    for cause in causes:
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(cause, socket.gaierror):
            return "its name is not known"
        if isinstance(cause, BaseException) and len(causes) < 50:
            causes += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return "the connection was lost"
