"""Events that `telekeep run` prints on a terminal, one line each with its time; a journal has the log lines.

It reads the archive and the service's own status, independently of the service.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.cli import output
from archiver.cli.terminal import isolate, terminal_safe
from archiver.cli.view import figures
from archiver.cli.view.moments import Moments, choose_zone
from archiver.cli.view.sync_progress import HistoryShare, read_extents
from archiver.ids import ChannelId
from archiver.pacing.tasks import cancel_all
from archiver.reading.arrivals import Arrivals
from archiver.store.database import Database, read
from archiver.store.index.outbox import measure_all
from archiver.store.messages.arrivals import Arrival, count_read, read_data_version
from archiver.store.messages.rows import list_names, snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from archiver.model.account_status import AccountStatus

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two polls."""
HISTORY_EVERY = 15.0
"""Seconds between two lines about a history that is being fetched."""
LONG_WAIT = 5.0
"""Shortest flood wait, in seconds, that is reported."""
MUCH = 100
"""Minimum backlog of the index after which catching up is reported."""


def is_wanted() -> bool:
    """Whether to print events: stderr is a terminal, and --quiet was not given."""
    return output.is_terminal(sys.stderr) and not output.is_quiet()


@asynccontextmanager
async def report_events(
    directory: Path, accounts: Callable[[], Mapping[str, AccountStatus]], *, zone: str, indexed: bool
) -> AsyncIterator[None]:
    """Print events while the service runs, if they are wanted."""
    if not is_wanted():
        yield
        return
    with _plain_logs(zone):
        async with await Database.open_readonly(directory) as database:
            events = RunEvents(database, accounts, _say_at(zone), indexed=indexed)
            await events.begin()  # before the service: nothing that it brings is left out
            reporting = asyncio.create_task(events.run(), name="events")
            try:
                yield
            finally:
                await cancel_all([reporting])


class RunEvents:
    """Reads new events from the archive, and reports them by channel."""

    def __init__(
        self,
        database: Database,
        accounts: Callable[[], Mapping[str, AccountStatus]],
        say: Callable[[str], None],
        *,
        indexed: bool,
    ) -> None:
        self._database, self._accounts, self._say, self._indexed = database, accounts, say, indexed
        self._arrivals: Arrivals | None = None
        self._histories: dict[ChannelId, int] = {}
        """Older posts fetched since the last line, by channel."""
        self._history_at = time.monotonic()
        self._states: dict[str, str] = {}
        self._waiting = 0
        self._version = -1

    async def begin(self) -> None:
        """Remember where in the archive to start."""
        self._arrivals = await read(self._database.connection, Arrivals, now=int(time.time()))

    async def run(self) -> None:
        """Poll until cancelled. A failure here must not stop the service."""
        while True:
            try:
                await self.poll()
            except Exception as exc:  # noqa: BLE001 - see above
                log.warning("events cannot be shown: %s", type(exc).__name__)
                return
            await asyncio.sleep(EVERY)

    async def poll(self) -> None:
        """Report what happened since the last poll."""
        for line in describe_accounts(self._states, self._accounts()):
            self._say(line)
        conn = self._database.connection
        version = await read(conn, read_data_version)
        if version != self._version:
            self._version = version
            await self._report_arrivals()
            await self._report_index()
        await self._report_histories()

    async def _report_arrivals(self) -> None:
        conn, arrivals = self._database.connection, self._arrivals
        assert arrivals is not None
        while True:
            async with snapshot(conn):
                found = await read(conn, arrivals.read_next, now=int(time.time()))
                rows = [one.number for one in found if one.event == "new"]
                fetched = await read(conn, count_read, min(rows), max(rows)) if rows else {}
                names = {one.channel_id: one.label for one in await read(conn, list_names)} if found else {}
            if not found:
                return
            for channel_id, count in fetched.items():
                self._histories[channel_id] = self._histories.get(channel_id, 0) + count
            for line in describe_arrivals(found, fetched, names):
                self._say(line)

    async def _report_histories(self) -> None:
        """Report the progress of histories from time to time, and a finished one immediately."""
        if not self._histories:
            return
        conn = self._database.connection
        extents = await read(conn, read_extents, list(self._histories))
        is_time = time.monotonic() - self._history_at >= HISTORY_EVERY
        names = {one.channel_id: one.label for one in await read(conn, list_names)}
        for channel_id, extent in extents.items():
            if is_time or (extent and extent.fetched == extent.wanted):
                self._say(describe_history(names[channel_id], self._histories.pop(channel_id), extent))
        if is_time:
            self._history_at = time.monotonic()

    async def _report_index(self) -> None:
        if not self._indexed:
            return
        waiting = (await self._database.read(measure_all)).messages
        if not waiting and self._waiting >= MUCH:
            self._say("index: up to date")
        self._waiting = max(waiting, self._waiting) if waiting else 0


def describe_arrivals(
    found: Iterable[Arrival], fetched: Mapping[ChannelId, int], names: Mapping[ChannelId, str]
) -> Iterator[str]:
    """One line for each channel with new, edited or deleted posts; `fetched`: older posts among the new ones."""
    counts: dict[ChannelId, Counter[str]] = {}
    for one in found:
        counts.setdefault(one.channel_id, Counter())[one.event] += 1
    for channel_id, count in counts.items():
        count["new"] -= fetched.get(channel_id, 0)
        parts = [f"{count[kind]:,} {kind}" for kind in ("new", "edited", "deleted", "returned") if count[kind] > 0]
        if parts:
            yield f"{names.get(channel_id, channel_id)}: {', '.join(parts)}"


def describe_history(name: str, count: int, extent: HistoryShare | None) -> str:
    """Progress of reading a history."""
    posts = figures.count(count, "older post")
    if extent is None:
        return f"{name}: {posts} fetched"
    if extent.fetched == extent.wanted:
        return f"{name}: {posts} fetched; its history is complete"
    return f"{name}: {posts} fetched; {figures.percent(extent.fetched, extent.wanted)} of its history"


def describe_accounts(known: dict[str, str], accounts: Mapping[str, AccountStatus]) -> Iterator[str]:
    """One line for each account whose state differs from `known`, which is updated."""
    for name, account in accounts.items():
        state = "waiting" if account.flood_wait >= LONG_WAIT else account.state
        before, known[name] = known.get(name), state
        if state == before or (state == "starting" and before is None):
            continue
        if state == "waiting":
            what = "waiting" if account.state == "waiting" else "some calls wait"
            yield f"account {name}: {what} for the server: {figures.duration(account.flood_wait)}"
        elif state == "mirroring":
            yield f"account {name}: mirroring"
        elif state == "silent":
            yield f"account {name}: connected, but the server does not answer"


def _say_at(zone: str) -> Callable[[str], None]:
    """A function that prints a line after the current time."""
    chosen = choose_zone(zone)

    def say(line: str) -> None:
        now = time.time()
        output.note(f"{Moments(chosen, now).clock(now, seconds=True)}  {line}")

    return say


class _PlainFormatter(logging.Formatter):
    """Formats log records for people: time and message, without the module."""

    def __init__(self, zone: str) -> None:
        super().__init__()
        self._zone = choose_zone(zone)

    def format(self, record: logging.LogRecord) -> str:
        moment = Moments(self._zone, record.created).clock(record.created, seconds=True)
        return f"{moment}  {isolate(terminal_safe(record.getMessage()))}"


@contextmanager
def _plain_logs(zone: str) -> Iterator[None]:
    """Show log records in that form, unless -v was given."""
    root = logging.getLogger()
    handlers = [(one, one.formatter) for one in root.handlers] if root.level >= logging.WARNING else []
    for handler, _ in handlers:
        handler.setFormatter(_PlainFormatter(zone))
    try:
        yield
    finally:
        for handler, formatter in handlers:
            handler.setFormatter(formatter)
