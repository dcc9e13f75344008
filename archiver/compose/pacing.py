"""Build an account's scheduler and takeout from the settings and the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.clock import Clock
from archiver.compose.remarks import Remarks
from archiver.compose.takeout_memory import TakeoutMemory
from archiver.duration import in_words, moment
from archiver.pacing.scheduler import FloodMemory, Scheduler
from archiver.store.accounts.flood import list_floods, list_orders, set_flood
from archiver.store.database import Database
from archiver.telegram import Connection, Takeout
from config.accounts import account_names, account_settings

if TYPE_CHECKING:
    from config.settings import Settings

_LONG = 600
"""Shortest wait, in seconds, that is described in words."""


async def make_scheduler(
    settings: Settings, database: Database, name: str, *, max_wait: float, clock: Clock | None, remarks: Remarks
) -> Scheduler:
    """The scheduler of an account, which knows and keeps its flood waits."""

    async def remember(method: str, until: float) -> None:
        ordered = scheduler.ordered(method)
        await database.write(set_flood, account=name, method=method, until=until, ordered=ordered)

    whose = f" with account {name}" if len(account_names(settings)) > 1 else ""

    def notify(method: str, seconds: float) -> None:
        if method.startswith("getFile") and seconds < _LONG:
            return  # every few seconds without Premium; the progress shows it
        long = f"{in_words(seconds)}, until {moment(scheduler.clock.now() + seconds)},"
        wait = f"{seconds:.0f} s" if seconds < _LONG else long
        remarks.note(f"waiting {wait} before the next {method} call{whose}, to protect the account.")

    own = account_settings(settings, name)
    memory = FloodMemory(await database.read(list_floods, name), await database.read(list_orders, name), remember)
    scheduler = Scheduler(
        own.requests_per_second,
        pace=own.pace,
        memory=memory,
        notify=notify,
        max_wait=max_wait,
        clock=clock,
    )
    return scheduler


def make_takeout(
    settings: Settings, database: Database, name: str, connection: Connection, clock: Clock, *, remarks: Remarks
) -> Takeout:
    """The account's takeout, not opened yet."""
    whose = f"account {name}: " if len(account_names(settings)) > 1 else ""
    return Takeout(
        connection,
        TakeoutMemory(database, name),
        account=name,
        say=lambda text: remarks.note(f"{whose}{text}"),
        clock=clock,
    )
