"""The page on a real socket, in a thread of its own, and a reader without a browser."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from archiver.cli.view.page_words import TerminalWords
from archiver.web.listening import parse_listen
from archiver.web.serving import Serving, serve_page
from config.settings import Settings

TOKEN = "a-token-for-tests-0123456789"
LIMIT = 30
PATIENCE = (
    "archiver.web.counting.COUNTING",
    "archiver.web.views.channel._COUNTING",
    "archiver.web.views.message._COPYING",
)
"""Seconds for what a page shows only if it comes quickly."""


class Answer(NamedTuple):
    """What the page answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def html(self) -> str:
        return self.body.decode()

    @property
    def text(self) -> str:
        """The words that a person reads."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.html)).split())

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Browser:
    """Asks the page, with the cookie that it got."""

    serving: Serving
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, method: str = "GET", **headers: str | None) -> Answer:
        """One request; a header of None is left out."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Host": f"127.0.0.1:{self.serving.address.port}", "Cookie": self.cookie} | self.headers | given
        conn = http.client.HTTPConnection("127.0.0.1", self.serving.address.port, timeout=LIMIT)
        try:
            conn.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value:
                    conn.putheader(name, value)
            conn.endheaders()
            answered = conn.getresponse()
            return Answer(answered.status, answered.headers, answered.read())
        finally:
            conn.close()

    def raw(self, request: bytes) -> bytes:
        """These very bytes, and all that comes back."""
        with socket.create_connection(("127.0.0.1", self.serving.address.port), LIMIT) as conn:
            conn.sendall(request)
            conn.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: conn.recv(65536), b""))

    def admit(self) -> Browser:
        """Open the address with the token, as a person does."""
        answer = self.get(f"/?token={TOKEN}")
        assert answer.status == 303, answer
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return self


@contextmanager
def page(directory: Path, *, tz: str = "UTC") -> Iterator[Browser]:
    """The page of this archive, to a browser that was not there yet."""
    settings = Settings(archive={"dir": directory}, display={"tz": tz})  # type: ignore[arg-type]
    ready = threading.Event()
    found: list[Serving] = []
    stop: list[Any] = []
    failed: list[BaseException] = []

    async def serve() -> None:
        ended = asyncio.Event()
        stop.append((asyncio.get_running_loop(), ended))
        async with serve_page(
            settings, parse_listen("127.0.0.1:0"), host_names=("archive.test",), token=TOKEN, words=TerminalWords()
        ) as one:
            found.append(one)
            ready.set()
            await ended.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as exc:  # noqa: BLE001 - raised again by the one who waits
            failed.append(exc)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    patch = pytest.MonkeyPatch()
    for name in PATIENCE:  # counts beside what is asked for are shown however busy this machine is
        patch.setattr(name, float(LIMIT))
    thread.start()
    try:
        assert ready.wait(LIMIT)
        if failed:
            raise failed[0]
        yield Browser(found[0])
    finally:
        if found:
            loop, ended = stop[0]
            loop.call_soon_threadsafe(ended.set)
        thread.join(LIMIT)
        patch.undo()
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def opened(directory: Path) -> Iterator[Browser]:
    """The page of the module's `directory`, to a browser that is let in."""
    with page(directory) as browser:
        yield browser.admit()
