"""HTTP for the Meilisearch SDK: one persistent connection, a time limit on every call, our own errors.

The SDK's `HttpRequests` opens a connection per call, has no timeout, shares headers between threads, and ignores
`Retry-After`. This class replaces it (`Client.http`, `Index.http`).

Errors contain neither a key nor the server's own message, which may quote a document.
"""

from __future__ import annotations

import contextlib
import http
import io
import json
import socket
from collections.abc import Callable
from threading import Event, Thread
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
from search.meili.task import FULL_CODES, NO_SPACE, NO_SPACE_CODE

CONNECT_SECONDS = 5.0
"""Timeout of connecting and of sending each block of a body; a tenth of the call's limit if that is more."""
RETRY_SECONDS = 10.0
"""Delay before retrying when a busy server sends no Retry-After."""
_AGAIN_SECONDS = 0.1
"""Delay before the connection of a call that takes too long is broken again."""
_STALE_CODES = frozenset({"invalid_search_attributes_to_search_on", "invalid_search_filter", "invalid_search_sort"})
"""Errors of a search in fields that an index of another version does not have."""
_CHUNK = 1 << 16


class _OneConnection(HTTPAdapter):
    """Has one connection, since one thread uses it; it reopens when lost, and another thread may break it."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._connection: Any = None

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **options)
        make = type(pool).ConnectionCls

        def remember(*args: Any, **options: Any) -> Any:
            self._connection = make(*args, **options)
            return self._connection

        setattr(pool, "ConnectionCls", remember)  # noqa: B010 - any function that makes one will do
        return pool

    def abort(self) -> None:
        """Break the connection, whatever waits for it."""
        sock = getattr(self._connection, "sock", None)
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's, which forgets its state first


class PooledHttp(HttpRequests):
    """Sends the SDK's requests; not thread-safe."""

    def __init__(self, url: str, key: str | None, *, seconds: float) -> None:
        self.config = Config(url.rstrip("/"), key)
        self.headers = {}
        self.seconds = seconds
        """Time limit of the next call."""
        self._host = node_name(url)
        self._key = key
        self._session = requests.Session()
        self._adapter = _OneConnection()
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)
        # Set `auth`, or requests would replace the key by one of .netrc.
        self._session.auth = self._authorize

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def abort(self) -> None:
        """End the call that is under way, from another thread; it raises ServerUnreachable."""
        self._adapter.abort()

    def _end_late(self, ended: Event) -> None:
        """Break the connection of a call that takes too long, again if there was none yet."""
        seconds = self.seconds
        while not ended.wait(seconds):
            self.abort()
            seconds = _AGAIN_SECONDS

    def send_request(
        self,
        http_method: Callable[..., Any],
        path: str,
        body: Any = None,
        content_type: str | None = None,
        *,
        serializer: type[json.JSONEncoder] | None = None,
    ) -> Any:
        """Send a request and return the JSON of the response. Raises ServerError."""
        method = http_method.__name__.upper()
        # Sent block by block: in one piece, the whole body would have to be sent within one socket timeout.
        data = None if method == "GET" else io.BytesIO(body) if isinstance(body, bytes) else _dump(body)
        headers = {"Content-Type": content_type or "application/json"} if data is not None else {}
        deadline = monotonic() + self.seconds
        # A socket's timeout is for each piece of an answer, and a server may send a byte a second.
        ended = Event()
        Thread(target=self._end_late, args=(ended,), daemon=True).start()
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
                f"Meilisearch at {self._host} did not answer: {_why(error, self.seconds, deadline)}.",
                hint="Check [meilisearch] url, and that the server runs.",
            ) from None
        finally:
            ended.set()
        return self._judge(response, content)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key is not None:
            if not (self._key.isascii() and self._key.isprintable()):
                raise KeyRefused(
                    f"The key for Meilisearch at {self._host} contains invalid characters.",
                    hint="Check [meilisearch] api_key and search_key, or their files.",
                )
            request.headers["Authorization"] = f"Bearer {self._key}"
        # Compressed answers come in pieces, the second of which waits 40 ms for an acknowledgement of the first.
        request.headers["Accept-Encoding"] = "identity"
        return request

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        content = b"".join(response.iter_content(_CHUNK))
        if monotonic() > deadline:
            raise requests.Timeout  # what was aborted among the headers looks like an empty answer
        return content

    def _judge(self, response: requests.Response, content: bytes) -> Any:
        if 200 <= response.status_code < 300:
            try:
                return None if response.status_code == http.HTTPStatus.NO_CONTENT else orjson.loads(content)
            except orjson.JSONDecodeError:
                raise self._not_meilisearch() from None
        raise self._error(response, content)

    def _error(self, response: requests.Response, content: bytes) -> SearchError:
        status, code = response.status_code, _code(content)
        where = f"Meilisearch at {self._host}"
        if code in FULL_CODES or NO_SPACE in content or status == http.HTTPStatus.INSUFFICIENT_STORAGE:
            return StorageFull(
                f"{where} is out of space: {NO_SPACE_CODE if NO_SPACE in content else code}.",
                hint="Add disk space, or delete finished tasks.",
            )
        match status:
            case 401 | 403:
                what = "requires a key" if status == 401 else "rejects the key for this"
                return KeyRefused(
                    f"{where} {what}.",
                    hint="Set [meilisearch] api_key or search_key; `telekeep index keys` creates them.",
                )
            case 400 | 404 if code == "index_not_found":
                return IndexMissing(f"{where} has no such index.", hint="`telekeep index rebuild` creates it.")
            case 413:
                return PayloadTooLarge(
                    f"{where} does not accept a request this large.", hint="Raise its --http-payload-size-limit."
                )
            case 429 | 503:
                return ServerBusy(f"{where} is busy.", retry_after=_seconds(response.headers.get("Retry-After")))
            case 502 | 504:
                return ServerUnreachable(f"{where} cannot be reached by its proxy (HTTP {status}).")
            case 400 if code in _STALE_CODES:
                return IndexStale(
                    f"The index in {where} is of another version.", hint="`telekeep index rebuild` rebuilds it."
                )
        if code is None and status < 500:
            return self._not_meilisearch()
        hint = "See its log." if status >= 500 else None
        return RequestRefused(
            f"{where} refused the request: {code or 'no code'} (HTTP {status}).", status=status, code=code, hint=hint
        )

    def _not_meilisearch(self) -> SearchError:
        return ServerUnreachable(
            f"The server at {self._host} is not Meilisearch.", hint="Check [meilisearch] url: its host, port and path."
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


def _why(error: BaseException, seconds: float, deadline: float) -> str:
    """Describe briefly why there was no response, without the URL."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout) or monotonic() >= deadline:
        return f"it took longer than {seconds:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused the connection"
    causes: list[object] = [error]
    for cause in causes:
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(cause, socket.gaierror):
            return "the host name cannot be resolved"
        if isinstance(cause, BaseException) and len(causes) < 50:
            causes += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return "the connection was lost"
