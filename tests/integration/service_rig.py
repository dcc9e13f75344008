"""The service as `telekeep run` puts it together, in this process: real accounts, sockets and archive; time sped up.

    async with service_of(server, folder, account) as desk:
        await desk.add(channel)
        await desk.until(lambda: desk.mirrors(channel))

Time limits of calls stay in real time, so they are made short here (`BRIEF`); everything else waits on the world's
clock, which `Server.clock_speed` speeds up.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archiver.clock import Clock
from archiver.compose.accounts import Accounts, ConnectionPolicy, open_accounts
from archiver.model.record import Channel as Record
from archiver.service.monitoring.systemd import Systemd
from archiver.service.service import Service
from archiver.service.worker_context import PollSettings
from archiver.store.database import Database
from archiver.telegram import Timeouts
from archiver.telegram.session import FileSession
from config.accounts import account_names, account_settings, session_path
from config.settings import (
    AccountOverrides,
    ArchiveSettings,
    ServerSettings,
    ServiceSettings,
    Settings,
    TelegramSettings,
)
from tests.doubles.telegram.channel import Channel
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account
from tests.integration.rig import held, query, true
from tests.remarks import Heard

BRIEF = Timeouts(
    delays=(0.02, 0.05),
    connect=0.6,
    call=0.8,
    call_max=1.0,
    forever=True,
    backoff=(0.02, 0.2),
    free_losses=8,
)
"""`SERVICE` in real milliseconds."""
PACE = PollSettings(poll_interval=30.0, audit_interval=6 * 3600.0, requests_per_second=0.0)
"""The default, but for the pacing of requests."""
LIMIT = 120.0
"""Real seconds after which something will never happen."""
_OF_SERVER = "telegram "
"""The loopback server's tasks are called so."""
LEAVING = 60.0
"""Real seconds that a stop may take."""


class WorldTime(Clock):
    """The time of the server's world, whatever it is set to; waits are as fast as it runs when this is made."""

    def __init__(self, server: Server) -> None:
        super().__init__(speed=server.clock_speed)
        self._world = server.world.clock

    def now(self) -> float:
        return self._world.now()

    def tick(self) -> float:
        return self._world.now()


class Desk:
    """A running service, and what a test asks of it."""

    def __init__(self, server: Server, folder: Path, settings: Settings, accounts: Accounts, service: Service) -> None:
        self.server = server
        self.folder = folder
        self.settings = settings
        self.accounts = accounts
        self.service = service
        self.stopping = asyncio.Event()
        self.task: asyncio.Task[None] = asyncio.create_task(service.run(self.stopping), name="the service")
        self._killed = False

    @property
    def database(self) -> Database:
        return self.accounts.database

    async def add(self, *channels: Channel, to: str = "default", window_start: int | None = None) -> None:
        """Mirror these channels with an account that knows them already: nothing is asked of the server."""
        account = self.accounts.at_work[to]
        reader = next(a for a in self.server.world.accounts.values() if _label(self.server, a) == to)
        for channel in channels:
            seen = Record(
                channel_id=channel.id,
                access_hash=self.server.world.access_hash(reader, channel),
                title=channel.title,
                username=channel.username,
            )
            await account.ingest.add_channel(seen, window_start=window_start)

    async def until(self, happened: Callable[[], object], *, limit: float = LIMIT, what: str = "it") -> None:
        """Wait until it is true; raises what the service dies of before."""
        async with asyncio.timeout(limit):
            try:
                looked = time.monotonic()
                while not happened():
                    if self.task.done():
                        self.task.result()
                        raise AssertionError("the service has ended")
                    # A look at thousands of messages takes a while, in which nobody else comes to his turn.
                    await asyncio.sleep(max(0.01, 2 * (time.monotonic() - looked)))
                    looked = time.monotonic()
                return
            except asyncio.CancelledError:
                pending = [task.get_name() for task in asyncio.all_tasks()]
                raise TimeoutError(f"{what} did not happen within {limit:.0f} s; at work: {pending}") from None

    def mirrors(self, *channels: Channel) -> bool:
        """Whether what is held of the channels is what is true now."""
        return all(held(self.folder, channel) == true(channel) for channel in channels)

    def row(self, channel: Channel, columns: str) -> Any:
        """Columns of the channel's row: one value, or a tuple of several."""
        [row] = query(self.folder, f"SELECT {columns} FROM channel WHERE channel_id = ?", channel.id)  # noqa: S608
        return row if len(row) > 1 else row[0]

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return query(self.folder, sql, *parameters)

    def pass_time(self, seconds: float) -> None:
        """The world's clock leaps ahead; whoever sleeps now notices later."""
        self.server.clock += seconds

    async def stop(self, *, within: float = LEAVING) -> None:
        """As a signal does. Raises what the service ends with."""
        self.stopping.set()
        async with asyncio.timeout(within):
            await asyncio.wait({self.task})
        self.task.result()

    async def end(self) -> None:
        """Wait until it ends by itself. Raises what it ends with."""
        async with asyncio.timeout(LIMIT):
            await asyncio.wait({self.task})
        self.task.result()

    async def kill(self) -> None:
        """As if the process died now: what is being written is not, and nobody says goodbye to the archive."""
        self._killed = True
        raw = self.database._writing._conn  # its interrupt() may be called from any thread
        self.task.cancel()
        raw.interrupt()
        closing = asyncio.create_task(self.database.close())
        await asyncio.wait({self.task, closing})
        if not self.task.cancelled():
            self.task.exception()  # it could not write any more: no news

    async def run_dry(self, steps: int, *, at_most: float) -> None:
        """Return when SQLite has done ten times so many steps more: what it is at then fails, as does all after it."""
        loop, dry, left = asyncio.get_running_loop(), asyncio.Event(), steps

        def count() -> bool:
            nonlocal left
            left -= 1
            if left == 0:
                loop.call_soon_threadsafe(dry.set)
            return left <= 0

        await self.database._writing.set_progress_handler(count, 10)  # type: ignore[arg-type]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await dry.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._killed:
            return
        if error is None and not self.task.done():
            await self.stop()
            return
        self.task.cancel()
        await asyncio.wait({self.task})
        if not self.task.cancelled():
            self.task.exception()


@asynccontextmanager
async def service_of(
    server: Server,
    folder: Path,
    *people: Account,
    pace: PollSettings = PACE,
    timeouts: Timeouts = BRIEF,
    manager: Systemd | None = None,
    wait_for_floods: float = math.inf,
    clock: Clock | None = None,
) -> AsyncIterator[Desk]:
    """The service with these accounts (the first is `default`), logged in; closing it leaves the archive.

    Opened again with the same folder it goes on, as after a restart.
    """
    settings = settings_of(server, folder, *people, pace=pace)
    for person in people:
        _log_in(server, person, session_path(settings, _label(server, person)))
    service: Service | None = None

    def hint(channel_id: int) -> None:
        if service is not None:
            service.hint(channel_id)

    clock = clock or WorldTime(server)
    conduct = ConnectionPolicy(timeouts=timeouts, max_flood_wait=wait_for_floods, hint=hint, clock=clock)
    with _as_before(), _no_complaints():
        async with open_accounts(settings, command="run", conduct=conduct, remarks=Heard()) as accounts:
            poll_settings = {name: pace_of(settings, name) for name in account_names(settings)}
            service = Service(accounts.database, accounts, poll_settings=poll_settings, clock=clock, manager=manager)
            async with Desk(server, folder, settings, accounts, service) as desk:
                yield desk


def settings_of(server: Server, folder: Path, *people: Account, pace: PollSettings = PACE) -> Settings:
    """Settings for accounts of a loopback server and an archive in this folder."""
    labels = [_label(server, person) for person in people]
    return Settings(
        archive=ArchiveSettings(dir=folder),
        telegram=TelegramSettings(
            api_id=1,
            api_hash="hash",
            requests_per_second=pace.requests_per_second,
            server=ServerSettings(host="127.0.0.1", port=server.port),
            accounts={label: AccountOverrides() for label in labels if label != "default"},
        ),
        service=ServiceSettings(
            poll_interval=timedelta(seconds=pace.poll_interval), audit_interval=timedelta(seconds=pace.audit_interval)
        ),
    )


def pace_of(settings: Settings, name: str) -> PollSettings:
    """How fast this account may be: as `telekeep run` reads it."""
    return PollSettings(
        poll_interval=settings.service.poll_interval.total_seconds(),
        audit_interval=settings.service.audit_interval.total_seconds(),
        requests_per_second=account_settings(settings, name).requests_per_second,
    )


def _label(server: Server, person: Account) -> str:
    """The first account of the world is the default one."""
    number = list(server.world.accounts).index(person.id) + 1
    return "default" if number == 1 else f"account-{number}"


def _log_in(server: Server, person: Account, path: Path) -> None:
    session = FileSession(path)
    if path.exists():
        return
    known = server.client_session(person)
    session.set_dc(2, "127.0.0.1", server.port)
    session.auth_key = known.auth_key
    session.save()


@contextlib.contextmanager
def _no_complaints() -> Iterator[None]:
    """Nothing of the service lives on unseen: no task that nobody waits for, no failure that nobody looked at."""
    loop = asyncio.get_running_loop()
    complaints: list[str] = []
    handler, before = loop.get_exception_handler(), asyncio.all_tasks()
    loop.set_exception_handler(lambda _, context: complaints.append(f"{context['message']}: {context}"))
    gc.freeze()  # what was there before need not be looked through
    try:
        yield
        left = asyncio.all_tasks() - before
        assert [task.get_name() for task in left if not task.get_name().startswith(_OF_SERVER)] == []
        gc.collect()
        assert complaints == []
    finally:
        loop.set_exception_handler(handler)


@contextlib.contextmanager
def _as_before() -> Iterator[None]:
    """What a command changes for its whole process is put back."""
    mask = os.umask(0o077)
    threshold = gc.get_threshold()
    try:
        yield
    finally:
        os.umask(mask)
        gc.set_threshold(*threshold)
        gc.unfreeze()
