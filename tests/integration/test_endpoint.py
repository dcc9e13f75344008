"""The small HTTP server, over a real socket: what it answers, and that nobody can hold it up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from archiver.endpoint import AT_ONCE, LIMIT, Reply, serve


def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def page() -> Reply:
    return Reply(200, "text/plain", b"well\n")


async def broken() -> Reply:
    raise RuntimeError("this page is broken")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    number = free_port()
    async with serve(f"127.0.0.1:{number}", {"/page": page, "/broken": broken}):
        yield number


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        ("GET /page HTTP/1.1", "200 OK", "well\n"),
        ("GET /page?x=1 HTTP/1.0", "200 OK", "well\n"),
        ("HEAD /page HTTP/1.1", "200 OK", ""),
        ("POST /page HTTP/1.1", "405 Method Not Allowed", "GET and HEAD only.\n"),
        ("GET / HTTP/1.1", "404 Not Found", "There is /broken and /page here.\n"),
        ("nonsense", "400 Bad Request", "This is no HTTP request.\n"),
    ],
)
async def test_requests_and_their_answers(port: int, request_line: str, status: str, body: str) -> None:
    head, _, got = (await ask(port, f"{request_line}\r\nHost: x\r\n\r\n".encode())).decode().partition("\r\n\r\n")
    assert head.splitlines()[0] == f"HTTP/1.1 {status}"
    assert "Connection: close" in head.splitlines()
    assert got == body


async def test_whoever_says_too_much_nothing_or_half_holds_up_nobody(port: int) -> None:
    assert await ask(port, b"GET /page HTTP/1.1\r\n" + b"x" * 2 * LIMIT) == b""
    assert await ask(port, b"GET /broken HTTP/1.1\r\n\r\n") == b""
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(AT_ONCE - 1)]
    assert (await ask(port, b"GET /page HTTP/1.1\r\n\r\n")).endswith(b"well\n")
    for _, writer in silent:
        writer.close()


async def test_an_address_in_use_is_an_error_and_leaving_lets_go_of_it(port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        async with serve(f"127.0.0.1:{port}", {}):
            pass
    other = free_port()
    for _ in range(2):
        async with serve(f"127.0.0.1:{other}", {"/page": page}):
            reader, writer = await asyncio.open_connection("127.0.0.1", other)
        assert await reader.read() == b""  # it is hung up on, although it said nothing yet
        writer.close()
