"""The small HTTP server, over a real socket: what it answers, and that nobody can hold it up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from archiver.service.monitoring.http_server import AT_ONCE, LIMIT, Reply, is_loopback, serve


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
    async with serve(f"127.0.0.1:{number}", {"/page": page, "/broken": broken}, names=["Keep.Lan"]):
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
        ("GET / HTTP/1.1", "404 Not Found", "Not found. Pages: /broken, /page\n"),
        ("nonsense", "400 Bad Request", "Not an HTTP request.\n"),
    ],
)
async def test_requests_and_their_answers(port: int, request_line: str, status: str, body: str) -> None:
    head, _, got = (
        (await ask(port, f"{request_line}\r\nHost: localhost\r\n\r\n".encode())).decode().partition("\r\n\r\n")
    )
    assert head.splitlines()[0] == f"HTTP/1.1 {status}"
    assert "Connection: close" in head.splitlines()
    assert got == body


async def test_whoever_says_too_much_nothing_or_half_holds_up_nobody(port: int) -> None:
    assert await ask(port, b"GET /page HTTP/1.1\r\n" + b"x" * 2 * LIMIT) == b""
    assert await ask(port, b"GET /broken HTTP/1.0\r\n\r\n") == b""
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(AT_ONCE - 1)]
    assert (await ask(port, b"GET /page HTTP/1.0\r\n\r\n")).endswith(b"well\n")
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


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:9464", 200),
        ("localhost.:9464", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:9464", 200),
        ("192.0.2.7", 200),
        ("keep.lan:9464", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("evil.example:9464", 421),
        ("", 421),
        ("localhost, evil.example", 421),
    ],
)
async def test_a_name_that_is_not_ours_gets_nothing(port: int, host: str, status: int) -> None:
    got = (await ask(port, f"GET /page HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())).decode()
    assert got.startswith(f"HTTP/1.1 {status} ")
    assert got.endswith("well\n") == (status == 200)


@pytest.mark.parametrize("lines", ["", "Host: localhost\r\nhost: evil.example\r\n"])
async def test_no_host_and_two_hosts_are_bad_requests(port: int, lines: str) -> None:
    assert (await ask(port, f"GET /page HTTP/1.1\r\n{lines}\r\n".encode())).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("listen", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("192.0.2.1:1", False),
        ("keep.lan:1", False),
    ],
)
def test_what_is_beyond_this_machine(listen: str, loopback: bool) -> None:
    assert is_loopback(listen) is loopback
