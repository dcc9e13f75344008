"""A small HTTP server for whoever watches: some pages, GET and HEAD, one request a connection.

https://www.rfc-editor.org/rfc/rfc9112. A request is read for a few seconds and a few kilobytes at most; whatever it is,
it costs the mirror nothing else.
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
"""Bytes of a request's head."""
PATIENCE = 5.0
"""Seconds for reading the request, and for answering it."""
AT_ONCE = 16
"""Connections at the same time; more are hung up on."""
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
    """What a page is at this moment."""

    status: int
    kind: str
    """Content-Type."""
    body: bytes


Page: TypeAlias = Callable[[], Awaitable[Reply]]


@asynccontextmanager
async def serve(listen: str, pages: Mapping[str, Page], *, names: Iterable[str] = ()) -> AsyncIterator[None]:
    """Serve these pages at `host:port`, by path, under its own name and `names`.

    Raises OSError where that cannot be listened at.
    """
    host, _, port = listen.rpartition(":")
    known = frozenset(name.lower().rstrip(".") for name in ("localhost", host, *names))
    open_now: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(open_now) >= AT_ONCE:
            writer.close()
            return
        task = asyncio.create_task(_serve_one(reader, writer, pages, known), name="endpoint")
        open_now.add(task)
        task.add_done_callback(open_now.discard)

    server = await asyncio.start_server(accept, host.strip("[]"), int(port), limit=LIMIT)
    try:
        yield
    finally:
        server.close()
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


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
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
            method, reply = await _answer(head, pages, known)
            writer.write(_bytes(reply, body=method != "HEAD"))
            await writer.drain()
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # nobody waits for an answer any more, or nobody ever asked
    except Exception as exc:  # noqa: BLE001  # whoever watches must not end what is watched
        log.warning("a request for the service's state failed: %s", type(exc).__name__)
    finally:
        writer.close()


async def _answer(head: bytes, pages: Mapping[str, Page], known: frozenset[str]) -> tuple[str, Reply]:
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return "", Reply(400, _PLAIN, b"This is no HTTP request.\n")
    method, path = words[0], words[1].partition("?")[0]
    if (refusal := _judge_host(head, words[2], known)) is not None:
        return method, refusal
    page = pages.get(path)
    if page is None:
        return method, Reply(404, _PLAIN, f"There is {' and '.join(sorted(pages))} here.\n".encode())
    if method not in ("GET", "HEAD"):
        return method, Reply(405, _PLAIN, b"GET and HEAD only.\n")
    return method, await page()


def _judge_host(head: bytes, protocol: str, known: frozenset[str]) -> Reply | None:
    """Refuse a name that is not ours: a page elsewhere may have had it lead here (DNS rebinding). An address is none.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    """
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    hosts = [value.strip().decode("latin-1") for name, _, value in lines if name.lower() == b"host"]
    if len(hosts) > 1 or (not hosts and protocol != "HTTP/1.0"):
        return Reply(400, _PLAIN, b"One Host header is needed.\n")
    if not hosts or _is_ours(hosts[0], known):
        return None
    return Reply(421, _PLAIN, b"Not under this name; service.host_names may allow it.\n")


def _is_ours(host: str, known: frozenset[str]) -> bool:
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s/@]+)(?::[0-9]{1,5})?", host)
    if found is None:
        return False
    name = found[1].strip("[]").lower().rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in known
    return True


def _bytes(reply: Reply, *, body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {reply.status} {_REASONS[reply.status]}\r\nContent-Type: {reply.kind}\r\n"
        f"Content-Length: {len(reply.body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (reply.body if body else b"")
