"""Fetches the files of an account as long as the service runs, after everything else.

Nothing that goes wrong here may end the mirroring of messages: it is logged once, and tried again later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from archiver.clock import Clock
from archiver.errors import Error, FloodWait, LoginNeeded
from archiver.media.fetch import FileFetcher
from archiver.media.fetch_counts import FetchCounts
from archiver.media.fetch_ways import TaskSource

log = logging.getLogger(__name__)

PAUSE = 10.0
"""Seconds between two walks over the new messages."""
REST = 300.0
"""Seconds after a trouble of the disk or the account."""
LOG_EVERY = 3600.0
"""Seconds between two lines about what was fetched."""


class RepeatedWalk(TaskSource, Protocol):
    """A walk that can be begun again."""

    def restart(self) -> None:
        """Look for new messages, and for files to try again, before the walk continues."""
        ...

    def cut_short(self) -> None:
        """Hand out again what was not settled."""
        ...


class MediaWorker:
    """The files of one account."""

    def __init__(
        self,
        account: str,
        make: Callable[[], Awaitable[tuple[FileFetcher, RepeatedWalk]]],
        *,
        clock: Clock,
    ) -> None:
        """`make` prepares the disk."""
        self._account = account
        self._make = make
        self._clock = clock
        self._trouble: str | None = None
        self._files, self._bytes = 0, 0
        self._logged_at = clock.tick()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises LoginNeeded."""
        made: tuple[FileFetcher, RepeatedWalk] | None = None
        while not stop.is_set():
            pause = PAUSE
            try:
                made = made or await self._make()
                await self._step(*made, stop)
                self._trouble = None
            except LoginNeeded:
                raise
            except FloodWait as exc:
                pause = float(exc.seconds)
            except Error as exc:
                pause = self._rest(str(exc))
            except Exception as exc:  # a fault of ours must not end the mirroring of messages
                pause = self._rest(f"an unexpected error ({type(exc).__name__}).")
                log.debug("files", exc_info=exc)
            await self._clock.wait(stop, pause)

    async def _step(self, fetcher: FileFetcher, walk: RepeatedWalk, stop: asyncio.Event) -> None:
        walk.restart()
        try:
            await fetcher.run(walk, stop)
        except BaseException:
            walk.cut_short()
            raise
        finally:
            self._note(fetcher.counts)

    def _note(self, counts: FetchCounts) -> None:
        """Log what was fetched, from time to time."""
        self._files, self._bytes = self._files + counts.files, self._bytes + counts.size
        now = self._clock.tick()
        if self._files and now - self._logged_at >= LOG_EVERY:
            log.info("account %s: %d files fetched (%.1f MB)", self._account, self._files, self._bytes / 1e6)
            self._files, self._bytes, self._logged_at = 0, 0, now

    def _rest(self, trouble: str) -> float:
        """Log a trouble when it is new."""
        if trouble != self._trouble:
            log.warning("account %s: files: %s", self._account, trouble)
            self._trouble = trouble
        return REST
