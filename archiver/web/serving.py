"""Run the page: open the archive, listen, answer until stopped."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from archiver.store.reading_pool import ReadingPool
from archiver.web.admission import Admission
from archiver.web.announced import OpenPage, announced
from archiver.web.app import make_app
from archiver.web.connections import IDLE, LimitedConnection
from archiver.web.guard import HEADERS
from archiver.web.languages import load_languages
from archiver.web.listening import (
    Address,
    allowed_hosts,
    bind,
    bound_address,
    check_host_names,
    check_reach,
    local_address,
)
from archiver.web.priority import Urgency
from archiver.web.site import Site
from archiver.web.words import PageWords

if TYPE_CHECKING:
    from config.settings import Settings

_STOP = 3
"""Seconds that running requests get to end."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A page that answers."""

    address: Address
    token: str
    task: asyncio.Task[None]
    """Ends when the page does."""

    @property
    def url(self) -> str:
        """Its address on this machine, without the token."""
        return local_address(self.address).url

    @property
    def page(self) -> OpenPage:
        """The page, as `telekeep open` finds it."""
        return OpenPage(self.url, self.token)


class _Connection(LimitedConnection):
    """A connection whose every answer has the headers of the page."""

    headers_of_errors = HEADERS


class _Server(uvicorn.Server):
    """A server that leaves signals to the command."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer."""
        await super().startup(sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serve_page(
    settings: Settings, listen: Address, *, host_names: Sequence[str], token: str, words: PageWords
) -> AsyncIterator[Serving]:
    """Serve the archive of these settings. Raises UsageError, and NotFound if there is no archive."""
    names = check_host_names(host_names)
    check_reach(listen, names)
    urgency = Urgency(settings.archive.dir)
    async with ReadingPool.open(settings.archive.dir, hurry=urgency.hurry) as pool:
        site = Site(
            directory=settings.archive.dir,
            pool=pool,
            settings=settings,
            languages=load_languages(),
            words=words,
            urgency=urgency,
        )
        with bind(listen) as bound:
            address = bound_address(listen, bound)
            admission = Admission(token, port=address.port)
            app = make_app(site, hosts=allowed_hosts(address, names), admission=admission)
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,  # addresses name channels and queries
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                ws="none",
                http=_Connection,
                timeout_graceful_shutdown=_STOP,
                timeout_keep_alive=IDLE,
            )
            logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
            server = _Server(config)
            task = asyncio.create_task(server.serve(sockets=[bound]), name="page")
            try:
                await _started(server, task)
                serving = Serving(address, token, task)
                with announced(settings.archive.dir, serving.page):
                    yield serving
            finally:
                server.should_exit = True
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({task}, timeout=_STOP + 2)
                task.cancel()


async def _started(server: _Server, task: asyncio.Task[None]) -> None:
    """Wait until it answers; if it ended instead, raise why."""
    answers = asyncio.ensure_future(server.answers.wait())
    await asyncio.wait({answers, task}, return_when=asyncio.FIRST_COMPLETED)
    answers.cancel()
    if task.done():
        task.result()
