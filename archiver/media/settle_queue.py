"""Writes what became of files, several in one transaction: a thousand small files a minute must not delay a post."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from archiver.media.slot_updates import update_all_slots
from archiver.store.database import Database, Writer

log = logging.getLogger(__name__)

Act: TypeAlias = Callable[[Writer], None]

BATCH = 40
"""Files in one transaction."""
HOLD = 0.2
"""Seconds after which a transaction takes no more of them: each may be shown by hundreds of messages."""
PAUSE = 0.1
"""Least seconds between two transactions, unless one is full."""


class SettleQueue:
    """Collects what is to be written."""

    def __init__(self, database: Database, *, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self._waiting: list[tuple[Act, asyncio.Future[None]]] = []
        self._full = asyncio.Event()
        self._written_at = -math.inf
        self._task: asyncio.Task[None] | None = None

    async def put(self, act: Act) -> None:
        """Return when it is committed, or raise its error. It is written even if the caller is cancelled."""
        await asyncio.shield(self.push(act))

    def push(self, act: Act) -> asyncio.Future[None]:
        """Queue it; the future is done when it is committed."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((act, done))
        if len(self._waiting) >= BATCH:
            self._full.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all(), name="settle files")
        return done

    async def drain(self) -> None:
        """Return when everything is written."""
        while self._task is not None and not self._task.done():
            self._full.set()
            await asyncio.wait({self._task})

    async def _write_all(self) -> None:
        while self._waiting:
            while self._waiting:
                await self._gather()
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                await self._write(batch)
                self._written_at = asyncio.get_running_loop().time()
            await self._update_slots()

    async def _update_slots(self) -> None:
        """Update the slots that were left out; what fails now is done by the next transaction or the next run."""
        try:
            await update_all_slots(self._database, now=int(self._now()))
        except Exception as exc:  # noqa: BLE001  # the callers of `put` wait for this task
            log.warning("messages will show the state of some files later: %s", type(exc).__name__)

    async def _gather(self) -> None:
        """Wait for more of them, but not for long."""
        pause = self._written_at + PAUSE - asyncio.get_running_loop().time()
        if len(self._waiting) < BATCH and pause > 0:
            self._full.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._full.wait()

    async def _write(self, batch: list[tuple[Act, asyncio.Future[None]]]) -> None:
        """Write a batch; if one fails, each by itself, so that only that one fails."""

        def act(conn: Writer) -> int:
            end = time.monotonic() + HOLD
            for number, (one, _) in enumerate(batch, 1):
                one(conn)
                if time.monotonic() > end:
                    return number
            return len(batch)

        try:
            written = await self._database.write(act)
        except Exception as exc:  # noqa: BLE001  # its caller gets it
            if len(batch) > 1:
                for one in batch:
                    await self._write([one])
                return
            _finish(batch, exc)
            return
        _finish(batch[:written], None)
        self._waiting[:0] = batch[written:]


def _finish(batch: list[tuple[Act, asyncio.Future[None]]], exc: Exception | None) -> None:
    for _, done in batch:
        if done.done():
            continue
        if exc is None:
            done.set_result(None)
        else:
            done.set_exception(exc)
            done.exception()  # its caller may have been cancelled
