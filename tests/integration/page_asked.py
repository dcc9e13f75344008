"""The application of the page without a socket, for questions by the hundred."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.types import ASGIApp, Message

from archiver.cli.view.page_words import TerminalWords
from archiver.store.reading_pool import ReadingPool
from archiver.web.admission import Admission
from archiver.web.app import make_app
from archiver.web.languages import load_languages
from archiver.web.priority import Urgency
from archiver.web.site import Site
from config.settings import Settings
from tests.integration.page_rig import LIMIT, PATIENCE, TOKEN, Answer


class AskedPage:
    """Asks the application, as a browser that is let in."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def get(self, target: str, **headers: str) -> Answer:
        """The answer to a path and query, of which a server has quoted what is not ASCII."""
        sent = {"host": "127.0.0.1", "authorization": f"Bearer {TOKEN}"} | headers
        return self._loop.run_until_complete(asyncio.wait_for(self._ask(target, sent), LIMIT))

    async def _ask(self, target: str, headers: dict[str, str]) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
            "server": ("127.0.0.1", 80),
        }
        sent: list[Message] = []
        left = asyncio.Event()

        async def receive() -> Message:
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        begun: Any = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], begun, b"".join(one.get("body", b"") for one in sent[1:]))


@contextmanager
def asked_page(directory: Path) -> Iterator[AskedPage]:
    """The page of this archive."""
    settings = Settings(archive={"dir": directory}, display={"tz": "UTC"})  # type: ignore[arg-type]
    words = TerminalWords()
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        for name in PATIENCE:  # what a page shows only if it comes quickly is shown however busy this machine is
            patch.setattr(name, float(LIMIT))
        opening = ReadingPool.open(directory)
        pool = runner.run(opening.__aenter__())
        try:
            site = Site(
                directory=directory,
                pool=pool,
                settings=settings,
                languages=load_languages(),
                words=words,
                urgency=Urgency(directory),
            )
            app = make_app(site, hosts=["127.0.0.1"], admission=Admission(TOKEN, port=80))
            yield AskedPage(app, runner.get_loop())
        finally:
            runner.run(opening.__aexit__(None, None, None))
