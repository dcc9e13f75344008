"""`telekeep run`: the service."""

from __future__ import annotations

import asyncio
import errno
import math
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from archiver.cli import output
from archiver.cli.interrupted import leave
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view import figures
from archiver.ids import ChannelId

if TYPE_CHECKING:
    from archiver.compose.accounts import Accounts
    from archiver.service.monitoring.http_server import Page
    from archiver.service.worker_context import PollSettings
    from archiver.store.channels.channel import Mirrored
    from config.settings import Settings

EXIT_STATUS = {
    0: "stopped by SIGTERM or SIGHUP",
    2: "wrong usage, the archive is in use, or a worker failed",
    4: "login required: the server accepts none of the accounts",
    130: "stopped by Ctrl-C, or forced by a second signal",
}
FORCED = 130
LOCKED = 3600.0
"""Seconds to wait while another program writes to the archive."""
_SAME_STOP = 1.0
"""Seconds within which another signal is the same stop: `timeout` signals a process and then its group, and people
press Ctrl-C twice."""


def command(
    context: CommandContext,
    *,
    serve: Annotated[
        bool, Option("--serve", help="Also serve the page to read and search the archive (`telekeep serve`).")
    ] = False,
) -> int:
    """Run the service: mirror all added channels until stopped.

    \b
    Examples:
      telekeep run
      telekeep run --serve
      systemctl --user enable --now telekeep

    Posts, edits and deletions are archived as they happen; histories are fetched in parallel; archived messages are
    re-checked from time to time. `telekeep add` and `telekeep remove` work while it runs. `telekeep status` shows
    progress; `telekeep health` and http://127.0.0.1:9464/health (service.listen) show whether it is mirroring, /metrics
    has Prometheus metrics. A terminal shows one line per event; a journal gets warnings only. Ctrl-C, SIGTERM or SIGHUP
    stop it within 5 seconds, another one after a second immediately; nothing is lost.
    """
    invocation = context.obj
    return asyncio.run(run(invocation.settings(), zone=invocation.zone(None), serve=serve, config=invocation.config))


async def run(settings: Settings, *, zone: str = "UTC", serve: bool = False, config: Path | None = None) -> int:
    """Mirror until a signal arrives. Returns the exit status."""
    stop = asyncio.Event()
    signals = _watch_signals(stop)  # first, because the rest takes a while
    from archiver.cli.commands.page_process import serving_page
    from archiver.cli.view.run_events import report_events
    from archiver.compose.accounts import ConnectionPolicy, open_accounts
    from archiver.compose.hooks import make_annotator
    from archiver.compose.index import open_indexer
    from archiver.service.derive_worker import DeriveWorker, deriving
    from archiver.service.monitoring.metrics import Metrics
    from archiver.service.monitoring.status_pages import StatusPages
    from archiver.service.monitoring.systemd import Systemd
    from archiver.service.service import Service
    from archiver.store.channels.channel import list_channels
    from archiver.telegram import SERVICE

    service: Service | None = None

    def hint(channel_id: ChannelId) -> None:
        if service is not None:
            service.hint(channel_id)

    metrics = Metrics()
    conduct = ConnectionPolicy(timeouts=SERVICE, max_flood_wait=math.inf, hint=hint, metrics=metrics)
    async with (
        open_accounts(settings, command="run", conduct=conduct, remarks=output) as accounts,
        open_indexer(settings, accounts.database) as indexer,
    ):
        mirrored = await accounts.database.read(list_channels)
        _warn_absent(settings, accounts, mirrored)
        accounts.database.patience = LOCKED
        mirroring = service = Service(
            accounts.database,
            accounts,
            poll_settings=_poll_settings(settings),
            manager=Systemd(),
            indexer=indexer,
        )
        annotator = make_annotator(settings.media.hooks, accounts.database)
        derive = DeriveWorker(accounts.database, annotator, is_busy=lambda: mirroring.is_backfilling)
        output.note(f"mirroring {figures.count(len(mirrored), 'channel')}; Ctrl-C stops.")
        if not mirrored:
            output.note("add channels while it runs: `telekeep add @name`")
        indexed = bool(settings.meilisearch.addresses)
        status_pages = StatusPages(service, accounts.database, metrics, indexed=indexed)
        async with (
            _listening(settings, status_pages.pages),
            serving_page(config, wanted=serve),
            report_events(settings.archive.dir, service.describe, zone=zone, indexed=indexed),
            deriving(derive),
        ):
            await service.run(stop)
    output.note("stopped; everything received is kept.")
    return FORCED if signals() == signal.SIGINT else 0


def _warn_absent(settings: Settings, accounts: Accounts, mirrored: Sequence[Mirrored]) -> None:
    """Warn of accounts that cannot be used although the settings name them or channels are assigned to them."""
    wanted = {channel.account for channel in mirrored} | set(settings.telegram.accounts)
    for name, error in accounts.absent.items():
        if name in wanted:
            output.warn(f"account {name} is not in use: {error}")


def _poll_settings(settings: Settings) -> dict[str, PollSettings]:
    """The settings of the workers of each account."""
    from archiver.service.worker_context import PollSettings
    from config.accounts import account_names, account_settings

    return {
        name: PollSettings(
            poll_interval=settings.service.poll_interval.total_seconds(),
            audit_interval=settings.service.audit_interval.total_seconds(),
            requests_per_second=account_settings(settings, name).requests_per_second,
            takeout=account_settings(settings, name).takeout,
        )
        for name in account_names(settings)
    }


@asynccontextmanager
async def _listening(settings: Settings, pages: Mapping[str, Page]) -> AsyncIterator[None]:
    """Serve the pages at service.listen; if that fails, mirroring continues without them."""
    from archiver.service.monitoring.http_server import is_loopback, serve

    listen = settings.service.listen
    async with AsyncExitStack() as stack:
        if listen != "off":
            try:
                await stack.enter_async_context(serve(listen, pages, names=settings.service.host_names))
                if not is_loopback(listen):
                    output.warn(
                        f"service.listen is {listen}, not a loopback address: everyone who can reach it can read"
                        " /health and /metrics. Protect it with a firewall or proxy."
                    )
            except OSError as exc:
                why = "it is in use" if exc.errno == errno.EADDRINUSE else exc.strerror or type(exc).__name__
                # With the default address, it is probably another archive's service that listens there.
                say = output.warn if "listen" in settings.service.model_fields_set else output.note
                say(f"cannot listen at {listen} (service.listen): {why}. Mirroring continues.")
        yield


def _watch_signals(stop: asyncio.Event) -> Callable[[], int | None]:
    """Stop on the first signal, exit at once on a later one. Returns a function that gives the first signal."""
    received: list[tuple[int, float]] = []

    def on_signal(number: int) -> None:
        now = time.monotonic()
        if not received:
            received.append((number, now))
        elif now - received[0][1] > _SAME_STOP:
            # Every page is one transaction, so a sudden end leaves nothing half done.
            leave()
        stop.set()

    loop = asyncio.get_running_loop()
    heard = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup, ignore a closing terminal
        heard.append(signal.SIGHUP)
    for number in heard:
        loop.add_signal_handler(number, on_signal, number)
    return lambda: received[0][0] if received else None
