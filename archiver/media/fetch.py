"""Fetches the wanted files of one account: looks at their messages again, downloads, settles.

Files are fetched side by side; a file that fails is tried again later and stops no other. What concerns the account or
the disk ends the pass: the next one continues where it stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from functools import partial

from archiver.errors import (
    BlockedPath,
    ChannelError,
    Error,
    FloodWait,
    LoginNeeded,
    ReferenceExpired,
    ServerFault,
    Unreachable,
    UsageError,
)
from archiver.media.crowd import Crowd
from archiver.media.download import Fetched
from archiver.media.fetch_counts import FetchCounts, NoRoom, explain_stop
from archiver.media.fetch_ways import FetchWays, TaskSource
from archiver.media.handover import Handed
from archiver.media.outcome import (
    MORE_SHOW_IT,
    NO_LONGER_SHOWN,
    NO_THUMBNAIL,
    ONLY_SHUT,
    REFERENCE_REFUSED,
    Outcome,
    describe_partial,
    is_withheld,
    judge,
    refuse,
)
from archiver.media.partial import drop_partial
from archiver.media.policy import has_room
from archiver.media.references import list_others
from archiver.model.file_location import PART, FileLocation
from archiver.model.media_file import FINAL_STATES, FileKey, FileTask, whole_key
from archiver.pacing.tasks import cancel_all, unless_stopped
from archiver.store.faults import find_fault
from archiver.store.media.file import settle_downloaded, settle_failed

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Files under way at the same time; most of them wait for their turn."""
LARGE_AT_ONCE = 4
"""Files of more than one part that are fetched side by side."""
TAKEN = 100
"""Files taken from the queue at once: the messages of one call."""
RENEWALS, EXPIRIES, FRESH = 3, 30, 2.0
"""Maximum refusals of a file's reference in one pass: of references given less than FRESH seconds ago, and of any; they
may expire while the file waits for others, or for a flood wait."""
STOPS = (LoginNeeded, UsageError, FloodWait, Unreachable, OSError)
"""Errors that end a pass."""


class FileFetcher:
    """Fetches the files of one account, a pass at a time."""

    def __init__(self, ways: FetchWays) -> None:
        self._ways = ways
        ways.downloader.arrived, ways.downloader.settle = self._add_bytes, self._settle_stored
        ways.downloader.left, ways.downloader.kept = self._note_partial, self._skip_bytes
        self._store, self._disk = ways.downloader.disk.store, ways.downloader.disk
        self.counts = FetchCounts()
        """Of the last pass, while it runs, too."""
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._crowd = Crowd(AT_ONCE)
        self._running: dict[FileKey, asyncio.Task[None]] = {}
        self._tried: set[FileKey] = set()
        """Files that were not fetched in this pass: another message of the walk may show them, too."""
        self._stopped_by: Exception | None = None

    def _add_bytes(self, length: int) -> None:
        self.counts.received += length

    def _skip_bytes(self, length: int) -> None:
        self.counts.skipped += length

    async def run(self, walk: TaskSource, stop: asyncio.Event) -> FetchCounts:
        """Fetch everything that the walk hands out; what is under way when it ends early is kept.

        Raises LoginNeeded, UsageError, FloodWait, Unreachable, DiskTrouble.
        """
        self.counts, self._stopped_by = FetchCounts(), None
        self._tried.clear()
        try:
            while await self._wait(stop, AT_ONCE - TAKEN):
                skip = self._disk.under_way.keys() | self._tried
                # Walking millions of messages takes a minute.
                tasks = await unless_stopped(walk.take(TAKEN, now=self._ways.clock.now(), skip=skip), stop)
                if not tasks:
                    break
                self._begin(tasks, await self._recall(tasks))
            await self._wait(stop, 0)
        finally:
            await cancel_all(self._running.values())
            await self._ways.references.close()
            await self._ways.settle.drain()
        if self._stopped_by is not None:
            raise explain_stop(self._stopped_by) from self._stopped_by
        return self.counts

    async def _wait(self, stop: asyncio.Event, most: int) -> bool:
        """Wait until at most `most` files are under way; return whether to continue."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while len(self._running) > most and not stop.is_set() and self._stopped_by is None:
                await asyncio.wait({stopping, *self._running.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        return not stop.is_set() and self._stopped_by is None

    async def _recall(self, tasks: list[FileTask]) -> Mapping[FileKey, FileLocation]:
        if not self._ways.is_following:
            return {}
        return await self._ways.references.recall(tasks, now=self._ways.clock.now())

    def _begin(self, tasks: Iterable[FileTask], known: Mapping[FileKey, FileLocation]) -> None:
        """Start these files, as far as the disk has room; `known`: where some are. Raises NoRoom if it has none."""
        free = self._store.free_bytes() - sum(self._disk.under_way.values())
        if not has_room(free, None, min_free=self._ways.min_free):
            raise NoRoom(max(free, 0), self._ways.min_free)
        for task in tasks:
            if task.key in self._disk.under_way:
                continue  # another account has begun it meanwhile
            if task.channel_id in self.counts.channels:
                self._tried.add(task.key)
            elif not has_room(free, task.size, min_free=self._ways.min_free):
                self._tried.add(task.key)
                self.counts.no_room += 1
            else:
                free -= task.size or 0
                if task.dc_id is not None:
                    self._ways.downloader.servers.warm(task.dc_id)
                self._disk.under_way[task.key] = task.size or 0
                self._running[task.key] = asyncio.create_task(
                    self._fetch(task, known.get(task.key)), name=f"file {task.key}"
                )
                self._running[task.key].add_done_callback(partial(self._end, task.key))

    def _end(self, key: FileKey, task: asyncio.Task[None]) -> None:
        self._running.pop(key, None)
        self._disk.under_way.pop(key, None)
        if not task.cancelled() and (exc := task.exception()) is not None:
            self._stopped_by = self._stopped_by or (exc if isinstance(exc, Exception) else RuntimeError())

    async def _fetch(self, task: FileTask, known: FileLocation | None) -> None:
        """Fetch one file and settle it. Raises STOPS."""
        try:
            await self._fetch_from(task, known)
        except BlockedPath as exc:
            self.counts.blocked.add(str(exc))
            await self._settle(task, judge(exc, task.attempts))
        except STOPS:
            raise
        except ChannelError as exc:
            self._tried.add(task.key)
            self.counts.channels.setdefault(task.channel_id, exc)
        except Error as exc:
            await self._settle(task, judge(exc, task.attempts))
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as exc:
            # An error of ours with one file must not hold up the others.
            log.warning("%s: unexpected %s", task.key, type(exc).__name__)
            log.debug("files", exc_info=exc)
            await self._settle(task, judge(ServerFault(f"an unexpected error ({type(exc).__name__})."), task.attempts))

    async def _fetch_from(self, task: FileTask, known: FileLocation | None) -> None:
        """Fetch it through its message, or through another one that shows it."""
        refused, late, last = 0, False, b""
        for _ in range(EXPIRIES):
            async with self._crowd.place() if (task.size or 0) <= PART else nullcontext():
                location, looked = known or await self._locate(task), self._ways.clock.tick()
                if location is None:
                    return None
                if (outcome := refuse(task, location)) is not None:
                    return await self._settle(task, outcome)
                if location.reference == last:
                    break
                last = location.reference
                try:
                    return await self._download(task, location)
                except ReferenceExpired:
                    now = self._ways.clock.tick()
                    if location is known:
                        self._ways.references.note_refused(now=self._ways.clock.now())
                    elif now < looked + FRESH:
                        refused += 1
                    elif late:
                        self._crowd.came_too_late(now=now)
                    else:
                        late = True
            known = None
            if refused == RENEWALS:
                break
        return await self._settle(task, judge(ServerFault(REFERENCE_REFUSED), task.attempts))

    async def _locate(self, task: FileTask) -> FileLocation | None:
        """Where the file is; None: no message shows it, which is settled."""
        shown = await self._ways.references.look(task.channel_id, task.message_id)
        if (own := shown.get(task.key)) is not None and not is_withheld(task, own):
            return own
        if own is None and whole_key(task.key) in shown:
            await self._settle(task, Outcome("refused", NO_THUMBNAIL))
            return None
        others = await self._ways.database.read(list_others, task, self._ways.account)
        for other_channel, other_message in others.places:
            with suppress(ChannelError):
                found = (await self._ways.references.look(other_channel, other_message)).get(task.key)
                if found is not None and not is_withheld(task, found):
                    return found
        if others.foreign:
            self._tried.add(task.key)  # another account fetches it
        elif others.more:
            await self._settle(task, judge(ServerFault(MORE_SHOW_IT), task.attempts))
        else:
            is_shut = others.shut or own is not None
            await self._settle(task, Outcome("not wanted", ONLY_SHUT) if is_shut else Outcome("gone", NO_LONGER_SHOWN))
        return None

    async def _download(self, task: FileTask, location: FileLocation) -> None:
        ways = self._ways
        if location.size is not None and location.size <= PART:
            await ways.clock.sleep(ways.budget.take(ways.clock.tick()))
            fetched = await ways.downloader.fetch(location, most=task.max_size)
            self._crowd.arrived()
        else:
            async with self._large:
                fetched = await self._fetch_large(task, location)
        self.counts.files += 1
        self.counts.size += fetched.size

    async def _fetch_large(self, task: FileTask, location: FileLocation) -> Fetched:
        """Fetch a file of several parts; if its reference expires meanwhile, renew it and keep the place in line."""
        for _ in range(EXPIRIES):
            looked = self._ways.clock.tick()
            try:
                return await self._ways.downloader.fetch(location, most=task.max_size)
            except ReferenceExpired:
                shown = await self._ways.references.look(task.channel_id, task.message_id)
                new = shown.get(task.key)
                if new is None or new.reference == location.reference or self._ways.clock.tick() < looked + FRESH:
                    raise
                if is_withheld(task, new):
                    raise
                location = new
        return await self._ways.downloader.fetch(location, most=task.max_size)

    def _note_partial(self, key: FileKey, held: int, size: int) -> None:
        reason, now = describe_partial(held, size), int(self._ways.clock.now())
        self._ways.settle.push(partial(settle_failed, key=key, status="partial", reason=reason, now=now))

    async def _settle_stored(self, handed: Handed) -> None:
        now = int(self._ways.clock.now())
        act = partial(settle_downloaded, key=handed.key, sha256=handed.sha256, size=handed.size, now=now)
        try:
            await self._ways.settle.put(act)
        except Exception as exc:
            self.counts.unrecorded += find_fault(exc) is not None
            raise

    async def _settle(self, task: FileTask, outcome: Outcome) -> None:
        self._tried.add(task.key)
        now = int(self._ways.clock.now())
        retry_at = None if outcome.retry_in is None else now + int(outcome.retry_in)
        log.info("%s: %s (%s)", task.key, outcome.status, outcome.reason)
        await self._ways.settle.put(
            partial(
                settle_failed,
                key=task.key,
                status=outcome.status,
                reason=outcome.reason,
                now=now,
                retry_at=retry_at,
                size=outcome.size,
            )
        )
        if outcome.status in FINAL_STATES:
            await self._disk.run(drop_partial, self._store, task.key)
        self._skip_bytes(task.size or 0)
        if outcome.reason != NO_THUMBNAIL:  # nobody misses it
            self.counts.not_fetched[outcome.status] = self.counts.not_fetched.get(outcome.status, 0) + 1
