"""The composition root of commands that talk to the server: settings, locks, archive, connections, mirrors.

Locks are taken first: no two processes ever mirror into one archive or share a session.
"""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from archiver import errors
from archiver.clock import Clock
from archiver.compose.pacing import make_scheduler, make_takeout
from archiver.compose.remarks import Remarks
from archiver.compose.server_address import get_address
from archiver.compose.write_archive import open_archive, open_shared
from archiver.errors import Busy, Error, LoginNeeded, UsageError
from archiver.lock import hold_session
from archiver.mirror.channel_mirror import Mirror
from archiver.mirror.ingest import Ingest
from archiver.pacing.scheduler import Scheduler
from archiver.store.accounts.account import set_account_state, set_identity
from archiver.store.database import Database
from archiver.store.medium import expect_no_export
from archiver.store.place import expect_place
from archiver.telegram import (
    Callbacks,
    Connection,
    FileServers,
    LoggedIn,
    Takeout,
    TelegramSource,
    Timeouts,
    has_session,
)
from archiver.telegram.pushes import Hint
from config.accounts import DEFAULT, account_names, account_settings, session_path

if TYPE_CHECKING:
    from archiver.compose.media_fetch import MediaDisk
    from archiver.media.worker import MediaWorker
    from archiver.service.monitoring.metrics import Metrics
    from config.settings import Settings


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """An account in use: its connection to the server and its path into the archive."""

    name: str
    database: Database
    connection: Connection
    scheduler: Scheduler
    source: TelegramSource
    ingest: Ingest
    mirror: Mirror
    takeout: Takeout
    files: FileServers
    media: MediaWorker | None = None
    """Fetches files while the service runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPolicy:
    """How the accounts of a run treat the server, and whom they notify."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    """For connecting and for answers."""
    max_flood_wait: float = 120.0
    """Longest flood wait to sit out, in seconds; a longer one is raised as FloodWait."""
    hint: Hint | None = None
    """Called with channels for which the server pushed an update."""
    clock: Clock | None = None
    metrics: Metrics | None = None
    """Counts calls and stored messages."""


class Accounts:
    """The accounts of one run: those in use, and why others are not. Not for concurrent use."""

    def __init__(
        self, settings: Settings, database: Database, *, command: str, conduct: ConnectionPolicy, remarks: Remarks
    ) -> None:
        self.database = database
        self.at_work: dict[str, OpenAccount] = {}
        self.absent: dict[str, Error] = {}
        """Requested accounts that are not in use, and why."""
        self._settings = settings
        self._command = command
        self._conduct = conduct
        self._remarks = remarks
        self._open: dict[str, AsyncExitStack] = {}

    @cached_property
    def disk(self) -> MediaDisk:
        """Where the files behind the messages go."""
        from archiver.compose.media_fetch import MediaDisk  # most syncs fetch no files

        return MediaDisk(self.database)

    async def take(self, name: str) -> OpenAccount:
        """Open an account; it connects on its first call.

        Raises LoginNeeded without a session, Busy if another process uses it, UsageError for wrong settings.
        """
        if name in self.at_work:
            return self.at_work[name]
        stack = AsyncExitStack()
        try:
            how: dict[str, Any] = {"command": self._command, "conduct": self._conduct, "remarks": self._remarks}
            account = await stack.enter_async_context(_connected(self._settings, self.database, name, **how))
            if self._command == "run":
                from archiver.compose.media_fetch import make_worker

                account = replace(account, media=make_worker(self._settings, account, self.disk))
        except Error as exc:
            self.absent[name] = exc
            raise
        self._open[name], self.at_work[name] = stack, account
        self.absent.pop(name, None)
        return account

    async def release(self, name: str, why: Error | None = None) -> None:
        """Close an account, so that another process may log it in. Tasks that use it must have ended."""
        if why is not None:
            self.absent[name] = why
        self.at_work.pop(name, None)
        if stack := self._open.pop(name, None):
            await stack.aclose()

    async def release_all(self) -> None:
        """Close all accounts."""
        for name in list(self._open):
            await self.release(name)
        if "disk" in vars(self):  # else it was never used
            self.disk.close()


@asynccontextmanager
async def open_accounts(
    settings: Settings,
    *,
    command: str,
    remarks: Remarks,
    names: Iterable[str] | None = None,
    conduct: ConnectionPolicy = ConnectionPolicy(),
) -> AsyncIterator[Accounts]:
    """Open the archive for mirroring with these accounts, by default with all that are usable.

    Accounts that cannot be opened are in `absent`. Raises LoginNeeded if no account ever logged in, and the reason if
    none of `names` can be opened; with empty `names` the caller takes accounts as needed.
    """
    _freeze_garbage_collector()
    wanted = account_names(settings) if names is None else list(names)
    expect_place(settings.archive.dir)
    expect_no_export(settings.archive.dir)
    _expect_some_account(settings)
    async with open_archive(settings.archive.dir, command=command, remarks=remarks) as database:
        accounts = Accounts(settings, database, command=command, conduct=conduct, remarks=remarks)
        try:
            for name in wanted:
                try:
                    await accounts.take(name)
                except (LoginNeeded, Busy, UsageError):
                    continue  # it is in `absent`
            if wanted and not accounts.at_work:
                raise min(accounts.absent.values(), key=lambda error: isinstance(error, LoginNeeded))
            yield accounts
        finally:
            await accounts.release_all()


@asynccontextmanager
async def open_login(settings: Settings, name: str, *, remarks: Remarks) -> AsyncIterator[OpenAccount]:
    """Open one account to log in, while others may be mirroring. Raises Busy if it is in use."""
    _freeze_garbage_collector()
    expect_place(settings.archive.dir)
    expect_no_export(settings.archive.dir)
    get_address(settings, name)  # report wrong settings before creating an archive
    async with (
        open_shared(settings.archive.dir, command="login", remarks=remarks) as database,
        _connected(settings, database, name, command="login", conduct=ConnectionPolicy(), remarks=remarks) as account,
    ):
        yield account


def _expect_some_account(settings: Settings) -> None:
    """Raise what would stop every account, before an archive is created."""
    names = account_names(settings)
    if not any(one.api_id and one.api_hash for one in (account_settings(settings, name) for name in names)):
        get_address(settings, DEFAULT)
    if not any(has_session(session_path(settings, name)) for name in names):
        raise LoginNeeded("no account is logged in.", hint="Run `telekeep login`.")


async def mark_stopped(accounts: Accounts, name: str, error: Error) -> None:
    """Record that the server no longer accepts an account, if that is the error; `telekeep login` makes it active."""
    if isinstance(error, LoginNeeded) and name in accounts.at_work:
        reason, now = str(error.args[0]), int(time.time())
        await accounts.database.write(set_account_state, name, "dead", now=now, reason=reason)


async def mark_active(database: Database, name: str, who: LoggedIn | None = None) -> None:
    """Record that the server accepts the account and, after a login, its owner."""
    now = int(time.time())
    await database.write(set_account_state, name, "active", now=now)
    if who and (who.identity or who.new):  # without news, keep what is known
        first_name, phone_end = (who.identity.first_name, who.identity.phone_end) if who.identity else (None, None)
        await database.write(set_identity, name, first_name, phone_end)


@asynccontextmanager
async def _connected(
    settings: Settings, database: Database, name: str, *, command: str, conduct: ConnectionPolicy, remarks: Remarks
) -> AsyncIterator[OpenAccount]:
    if name not in account_names(settings):
        raise UsageError(
            f"account {name} is not in the settings.",
            hint=f"Give it a section [telegram.accounts.{name}], or move its channels: telekeep move CHANNEL --to NAME",
        )
    session = session_path(settings, name)
    address = get_address(settings, name)
    if command != "login" and not has_session(session):
        raise LoginNeeded(f"account {name} is not logged in.", hint=f"Run `{errors.login_command(name)}`.")
    with hold_session(settings.archive.dir, name, command=command):
        scheduler = await make_scheduler(
            settings, database, name, max_wait=conduct.max_flood_wait, clock=conduct.clock, remarks=remarks
        )
        metrics = conduct.metrics
        counting: dict[str, Any] = {"count": partial(metrics.count_call, name)} if metrics else {}
        callbacks = Callbacks(conduct.hint, **counting)
        connection = Connection(address, session, scheduler, timeouts=conduct.timeouts, callbacks=callbacks)
        storing: dict[str, Any] = {"count": partial(metrics.count_stored, name)} if metrics else {}
        storing["ahead"] = lambda: connection.clock_ahead
        takeout = make_takeout(settings, database, name, connection, scheduler.clock, remarks=remarks)
        takeout.wants_files = settings.media.download != "none"
        source = TelegramSource(connection, takeout=takeout)
        ingest = Ingest(database, layer=source.layer, account=name, clock=scheduler.clock.now, **storing)
        mirror = Mirror(source, database, ingest, account=name, clock=scheduler.clock)
        files = FileServers(connection, conduct.timeouts, takeout_id=lambda: takeout.open_id)
        try:
            yield OpenAccount(name, database, connection, scheduler, source, ingest, mirror, takeout, files)
        finally:
            try:
                await takeout.finish(success=False)  # no effect if it was finished successfully
                await files.close()
            finally:
                await connection.close()


def name_account(error: Error, settings: Settings, name: str) -> Error:
    """Name the account in the error if several are configured."""
    return errors.name_account(error, name) if len(account_names(settings)) > 1 else error


def _freeze_garbage_collector() -> None:
    """Keep Python's cycle collector from repeatedly walking Telethon's 300,000 permanent objects.

    Pages contain no cycles, so reference counting frees them. Measured, with the threshold: a tenth of a sync's time.
    Commands may disable the collector until then.
    """
    gc.freeze()
    gc.enable()
