"""While the service is idle: hashes of pictures, and texts that the user's programs make of stored files.

Both are made from stored files by separate processes at the lowest priority; their failures never stop mirroring.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from archiver.clock import Clock
from archiver.errors import Busy, Error
from archiver.lock import hold_hooks
from archiver.media.annotate import Annotator
from archiver.media.hash_pictures import hash_pictures
from archiver.media.picture_process import INSTALL, can_read_pictures
from archiver.pacing.tasks import cancel_all
from archiver.store.database import Database
from archiver.store.media.annotation import find_next_try
from archiver.store.media.picture import count_material

log = logging.getLogger(__name__)

IDLE = 5.0
"""Seconds between two looks for something to derive."""
PATIENCE = 600.0
"""Seconds for which files may keep arriving before work begins all the same."""
AGAIN = 3600.0
"""Seconds after which everything is looked at again, such as a program that was not there."""


class DeriveWorker:
    """Derives what is missing, when nothing new has arrived for a while."""

    def __init__(
        self,
        database: Database,
        annotator: Annotator | None,
        *,
        is_busy: Callable[[], bool],
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._annotator = annotator
        self._clock = clock or Clock()
        self._is_busy = is_busy
        self._seen: tuple[int, int] = (-1, -1)
        self._waiting_since: float | None = None
        self._done: tuple[int, int] | None = None
        self._next_at = 0.0
        self._warned: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        while not await self._clock.wait(stop, IDLE):
            try:
                if await self._is_due():
                    await self._derive(stop)
            except (Error, OSError) as exc:
                self._warn_once(f"deriving from stored files failed, and is tried again: {exc}")

    async def _is_due(self) -> bool:
        if self._is_busy():
            return False
        material, now = await self._database.read(count_material), self._clock.tick()
        is_quiet, self._seen = material == self._seen, material
        next_try = await self._database.read(find_next_try) if self._annotator else None
        has_retry = next_try is not None and next_try <= self._clock.now()
        if material == self._done and now < self._next_at and not has_retry:
            return False
        if is_quiet:
            return True
        self._waiting_since = now if self._waiting_since is None else self._waiting_since
        return now - self._waiting_since > PATIENCE

    async def _derive(self, stop: asyncio.Event) -> None:
        self._waiting_since, material = None, self._seen
        await self._hash(lambda: stop.is_set() or self._is_busy())
        await self._annotate(stop)
        if not stop.is_set() and not self._is_busy():
            self._done, self._next_at = material, self._clock.tick() + AGAIN

    async def _hash(self, is_stopped: Callable[[], bool]) -> None:
        if not can_read_pictures():
            if self._seen[0]:
                self._warn_once(f"pictures are not compared, since Pillow and imagehash are missing: {INSTALL}")
            return
        counts = await hash_pictures(self._database, is_stopped=is_stopped)
        if counts.seen:
            log.info("hashed %d pictures, %d could not be", counts.hashed, counts.unusable.total())

    async def _annotate(self, stop: asyncio.Event) -> None:
        if self._annotator is None:
            return
        with suppress(Busy), hold_hooks(self._database.path.parent, command="run"):
            async with aclosing(self._annotator.run(stop)) as made:
                async for one in made:
                    if one.result.text is None:
                        log.info("%s failed with a file: exit status %s", one.hook.name, one.result.exit_status)
                    if self._is_busy():
                        return
        for name, why in self._annotator.absent.items():
            self._warn_once(f"[media.hooks] {name}: {why}")

    def _warn_once(self, what: str) -> None:
        """Log a warning, once."""
        if what not in self._warned:
            self._warned.add(what)
            log.warning("%s", what)


@asynccontextmanager
async def deriving(worker: DeriveWorker) -> AsyncIterator[None]:
    """Run the worker beside the service; it is ended with it."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop), name="derive")
    running.add_done_callback(_log_end)
    try:
        yield
    finally:
        stop.set()
        await cancel_all((running,))


def _log_end(running: asyncio.Task[None]) -> None:
    if not running.cancelled() and (death := running.exception()) is not None:
        log.error("no more hashes and annotations until a restart: %s", type(death).__name__)
