"""A small HTTP server for the status pages: GET and HEAD, one request per connection.

https://www.rfc-editor.org/rfc/rfc9112. A request gets a few seconds and a few kilobytes at most, so that no client can
slow down the mirror.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

log = logging.getLogger(__name__)

LIMIT = 8192
"""Maximum bytes of a request's head."""
TIMEOUT = 5.0
"""Seconds for reading and answering a request."""
AT_ONCE = 16
"""Maximum concurrent connections; further ones are closed at once."""
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    421: "Misdirected Request",
    503: "Service Unavailable",
}
_PLAIN = "text/plain; charset=utf-8"


class Reply(NamedTuple):
    """One response of a page."""

    status: int
    kind: str
    """Content-Type."""
    body: bytes


Page: TypeAlias = Callable[[], Awaitable[Reply]]


@asynccontextmanager
async def serve(listen: str, pages: Mapping[str, Page], *, names: Iterable[str] = ()) -> AsyncIterator[None]:
    """Serve the pages, by path, at `listen` (`host:port`), under that host name and `names`.

    Raises OSError if it cannot listen there.
    """
    host, _, port = listen.rpartition(":")
    known = frozenset(name.lower().rstrip(".") for name in ("localhost", host, *names))
    requests: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(requests) >= AT_ONCE:
            writer.close()
            return
        task = asyncio.create_task(_serve_one(reader, writer, pages, known), name="http request")
        requests.add(task)
        task.add_done_callback(requests.discard)

    server = await asyncio.start_server(accept, host.strip("[]"), int(port), limit=LIMIT)
    try:
        yield
    finally:
        server.close()
        for task in requests:
            task.cancel()
        await asyncio.gather(*requests, return_exceptions=True)


def is_loopback(listen: str) -> bool:
    """Whether only this machine can reach the address."""
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


async def _serve_one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: Mapping[str, Page], known: frozenset[str]
) -> None:
    try:
        async with asyncio.timeout(TIMEOUT):
            head = await reader.readuntil(b"\r\n\r\n")
            method, reply = await _answer(head, pages, known)
            writer.write(_encode(reply, body=method != "HEAD"))
            await writer.drain()
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # the client went away, or never sent a request
    except Exception as exc:  # noqa: BLE001  # a status page must not stop the service
        log.warning("a status page failed: %s", type(exc).__name__)
    finally:
        writer.close()


async def _answer(head: bytes, pages: Mapping[str, Page], known: frozenset[str]) -> tuple[str, Reply]:
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return "", Reply(400, _PLAIN, b"Not an HTTP request.\n")
    method, path = words[0], words[1].partition("?")[0]
    if (refusal := _check_host(head, words[2], known)) is not None:
        return method, refusal
    page = pages.get(path)
    if page is None:
        return method, Reply(404, _PLAIN, f"Not found. Pages: {', '.join(sorted(pages))}\n".encode())
    if method not in ("GET", "HEAD"):
        return method, Reply(405, _PLAIN, b"GET and HEAD only.\n")
    return method, await page()


def _check_host(head: bytes, protocol: str, known: frozenset[str]) -> Reply | None:
    """Refuse an unknown host name, which a web page may have pointed here (DNS rebinding); accept any IP address.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    """
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    hosts = [value.strip().decode("latin-1") for name, _, value in lines if name.lower() == b"host"]
    if len(hosts) > 1 or (not hosts and protocol != "HTTP/1.0"):
        return Reply(400, _PLAIN, b"Exactly one Host header is required.\n")
    if not hosts or _is_known_host(hosts[0], known):
        return None
    return Reply(421, _PLAIN, b"Unknown host name; add it to service.host_names.\n")


def _is_known_host(host: str, known: frozenset[str]) -> bool:
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s/@]+)(?::[0-9]{1,5})?", host)
    if found is None:
        return False
    name = found[1].strip("[]").lower().rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in known
    return True


def _encode(reply: Reply, *, body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {reply.status} {_REASONS[reply.status]}\r\nContent-Type: {reply.kind}\r\n"
        f"Content-Length: {len(reply.body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (reply.body if body else b"")
