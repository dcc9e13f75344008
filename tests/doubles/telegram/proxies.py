"""Proxies on loopback: SOCKS5, HTTP CONNECT and MTProxy. They count what they carry and lead nowhere else.

async with Socks5(user="u", password="p") as proxy:
    Address(..., proxy=proxy.url)

RFC 1928, RFC 1929, RFC 9110 (CONNECT), https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import os
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, Self
from urllib.parse import quote

from tests.doubles.telegram.crypto import CtrCipher
from tests.doubles.telegram.server import Server

_LOOPBACK = ("127.0.0.1", "localhost")
_PATIENCE = 10.0  # seconds for a client to say where it wants to go
_CHUNK = 1 << 16


class Refused(Exception):
    """The client is told `answer`, and no more."""

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__(answer)
        self.answer = answer


class Route:
    """A way that was agreed on: to a port of this machine, after the bytes `hello`, changed on the way or not."""

    def __init__(self, port: int, *, hello: bytes = b"", accepted: bytes = b"", failed: bytes = b"") -> None:
        self.port = port
        self.hello = hello  # to the server, first
        self.accepted = accepted  # to the client, when the server is reached
        self.failed = failed  # to the client, when it is not
        self.there: Callable[[bytes], bytes] = bytes
        self.back: Callable[[bytes], bytes] = bytes


class Proxy(ABC):
    """One proxy on a free port. `on = False` turns it off: nobody is served, and connections break."""

    scheme: str

    def __init__(self, *, port: int = 0) -> None:
        self.port = port
        self.carried = 0  # connections that reached the server
        self.refused = 0  # clients that were sent away
        self._on = True
        self._socket: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._socket = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._socket.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._socket is not None
        self._socket.close()
        tasks = list(self._tasks)
        self.drop()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._socket.wait_closed()

    @property
    @abstractmethod
    def url(self) -> str:
        """As telekeep's setting `telegram.proxy` wants it."""

    @property
    def on(self) -> bool:
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        self._on = on
        if not on:
            self.drop()

    def drop(self) -> None:
        """Break every connection."""
        for task in self._tasks:
            task.cancel()

    @abstractmethod
    async def agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Route:
        """Find out where the client wants to go, or raise Refused."""

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name=f"{self.scheme} proxy")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not self._on:
                raise Refused
            async with asyncio.timeout(_PATIENCE):
                route = await self.agree(reader, writer)
            await self._carry(route, reader, writer)
        except Refused as exc:
            self.refused += 1
            writer.write(exc.answer)
        except (OSError, EOFError, TimeoutError, ValueError):
            self.refused += 1
        finally:
            await _close(writer)

    async def _carry(self, route: Route, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", route.port)
        except OSError:
            raise Refused(route.failed) from None
        self.carried += 1
        writer.write(route.accepted)
        far_writer.write(route.hello)
        ways = [
            asyncio.create_task(_pump(reader, far_writer, route.there)),
            asyncio.create_task(_pump(far_reader, writer, route.back)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.close()  # before anything that another cancellation could end
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await _close(far_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], bytes]) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(change(data))
            await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


class _WithUser(Proxy):
    """A proxy that is told where to go, by whoever has the password when there is one."""

    def __init__(self, *, user: str | None = None, password: str = "", port: int = 0) -> None:
        super().__init__(port=port)
        self.user = user
        self.password = password

    @property
    def url(self) -> str:
        who = "" if self.user is None else f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"{self.scheme}://{who}127.0.0.1:{self.port}"

    def knows(self, user: str, password: str) -> bool:
        return self.user is None or (user, password) == (self.user, self.password)


class Socks5(_WithUser):
    """CONNECT to an IPv4 address or a name; with user and password or without."""

    scheme = "socks5"

    async def agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Route:
        version, count = await reader.readexactly(2)
        method = 0 if self.user is None else 2
        if version != 5 or method not in await reader.readexactly(count):
            raise Refused(b"\x05\xff")
        writer.write(bytes([5, method]))
        if method == 2:
            await reader.readexactly(1)
            if not self.knows(await _text(reader), await _text(reader)):
                raise Refused(b"\x01\x01")
            writer.write(b"\x01\x00")
        _, command, _, kind = await reader.readexactly(4)
        if kind not in (1, 3):
            raise Refused(_socks_reply(8))
        host = ".".join(map(str, await reader.readexactly(4))) if kind == 1 else await _text(reader)
        port = int.from_bytes(await reader.readexactly(2), "big")
        if command != 1:
            raise Refused(_socks_reply(7))
        if host not in _LOOPBACK:
            raise Refused(_socks_reply(2))
        return Route(port, accepted=_socks_reply(0), failed=_socks_reply(5))


async def _text(reader: asyncio.StreamReader) -> str:
    return (await reader.readexactly((await reader.readexactly(1))[0])).decode()


def _socks_reply(code: int) -> bytes:
    return bytes([5, code, 0, 1]) + bytes(6)


class HttpConnect(_WithUser):
    """CONNECT host:port, with basic authorization or without."""

    scheme = "http"

    async def agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Route:
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        if method != "CONNECT":
            raise Refused(_status("405 Method Not Allowed"))
        if not self.knows(*_basic(headers.get("proxy-authorization", ""))):
            raise Refused(_status("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=proxy\r\n"))
        host, _, port = target.rpartition(":")
        if host not in _LOOPBACK:
            raise Refused(_status("403 Forbidden"))
        return Route(int(port), accepted=_status("200 Connection established"), failed=_status("502 Bad Gateway"))


def _status(status: str, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}\r\n".encode("ascii")


def _basic(header: str) -> tuple[str, str]:
    kind, _, code = header.partition(" ")
    with suppress(binascii.Error, UnicodeDecodeError):
        if kind.lower() == "basic":
            user, _, password = base64.b64decode(code).decode().partition(":")
            return user, password
    return "", ""


class MTProxy(Proxy):
    """Clients prove that they know the secret by their first 64 bytes, and name a data center instead of an address."""

    scheme = "mtproxy"

    def __init__(self, server: Server, *, secret: bytes | None = None, port: int = 0) -> None:
        super().__init__(port=port)
        self.secret = os.urandom(16) if secret is None else secret
        self._server = server

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/dd{self.secret.hex()}"

    async def agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Route:
        header = await reader.readexactly(64)
        turned = header[55:7:-1]
        decryptor = CtrCipher(sha256(header[8:40] + self.secret).digest(), header[40:56])
        encryptor = CtrCipher(sha256(turned[:32] + self.secret).digest(), turned[32:48])
        tag, dc = struct.unpack_from("<4sh", decryptor.decrypt(header), 56)
        if not hmac.compare_digest(tag, b"\xdd" * 4):  # the only framing that a dd secret allows
            raise Refused
        route = Route(self._server.centres.ports.get(abs(dc), self._server.port), hello=tag)
        route.there, route.back = decryptor.decrypt, encryptor.encrypt
        return route


def make(spec: str, server: Server) -> Proxy:
    """`socks5`, `http` or `mtproxy`, then `:USER:PASSWORD` or `:SECRET` if wanted."""
    kind, *rest = spec.split(":", 2)
    if kind == "mtproxy":
        return MTProxy(server, secret=bytes.fromhex(rest[0]) if rest else None)
    named: dict[str, Any] = dict(zip(("user", "password"), rest, strict=False))
    return {"socks5": Socks5, "http": HttpConnect}[kind](**named)
