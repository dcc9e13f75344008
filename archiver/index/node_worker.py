"""The worker that keeps the index on one node equal to the archive: outbox, rebuild, rebalancing, repair of losses.

A server error never leaves this module: it becomes a state that `status` shows, and the work is retried. Mirroring
never waits for it.

    following     up to date, or catching up
    unreachable   no answer; busy: the server asks to retry later, or a long-running task; full: no disk space left
    refused       wrong key or version; failing: a task failed for an unknown reason
    stale         the index has another version and needs a rebuild, or it belongs to somebody else

Every changed message stays in the outbox until the server confirms it (`delivery`). Now and then the worker also checks
that the index still holds what was confirmed (`consistency`); channels with losses are sent again.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from archiver.clock import Clock
from archiver.index.batch_size import pause_after
from archiver.index.consistency import find_lacking, list_acknowledged
from archiver.index.delivery import Delivery
from archiver.index.node_sender import NodeSender
from archiver.index.node_state import FOREIGN, STALE, node_state_after
from archiver.index.rebalance import Rebalancer
from archiver.index.rebuild import Rebuilder, next_index
from archiver.index.slow_tasks import TaskStarts, busy_for_long
from archiver.index.task_cleanup import CLEANUP_INTERVAL, clean_up, was_restored
from archiver.store.database import Database
from archiver.store.index.index_home import list_channels_at
from archiver.store.index.index_node import NodeState, NodeStatus, get_node_status, note_success, set_state
from archiver.store.index.index_walk import is_walking, start_walk
from archiver.store.index.outbox import has_waiting
from search.errors import IndexMissing, ServerBusy, ServerError, ServerUnreachable

if TYPE_CHECKING:
    from search.meili.node import Node
    from search.meili.owner import EnsureResult
    from search.meili.task import Task

log = logging.getLogger(__name__)

Finish: TypeAlias = "Callable[[Sequence[Task]], Awaitable[bool]]"
"""Waits for tasks; False if stopped before they are done. Raises the error of a failed task."""

CHECK_INTERVAL: Final = 10.0
"""Seconds between two checks of the index."""
MIN_COMPARE_INTERVAL: Final = 60.0
"""Minimum seconds between two comparisons of its counts; many channels make it longer."""
SLOW, STUCK = 60.0, 300.0
"""Seconds without a finished task: until that is reported, and until callers that wait give up."""
IDLE: Final = 0.5
"""Seconds between two checks of the outbox."""


class NodeWorker:
    """Keeps one node up to date. `reader`: a separate connection, so that encoding never blocks the mirror's writes."""

    def __init__(self, database: Database, reader: Database, node: Node, *, clock: Clock | None = None) -> None:
        self._database, self._reader, self._node = database, reader, node
        self._clock = clock or Clock()
        self._stop = asyncio.Event()
        self.delivery = Delivery(database, reader, node, now=self._clock.now)
        ledger = self.delivery.ledger
        self._sender = NodeSender(database, reader, node, self.delivery, self._clock)
        self._rebuilder = Rebuilder(database, reader, node, ledger, self._finish)
        self._rebalancer = Rebalancer(database, reader, node, ledger, finish=self._finish, now=self._clock.now)
        self.name, self.index = node.name, node.index
        self._failures = self._applied = 0
        self.trouble: ServerError | None = None
        """The error that blocks it, until a batch is applied again."""
        self.warned_of: str | None = None
        """The reason for a pause that was last logged as a warning."""
        self.stale = self._checked = False
        """Whether the index has another version; whether it was checked since the last error."""
        self._check_at = self._compare_at = self._cleanup_at = -math.inf
        self._documents, self._poll, self._progress_at = 0, 0.05, math.inf
        self._slow: NodeState | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; the next run settles the tasks still under way."""
        self._stop, self._progress_at = stop, self._clock.now()
        await self.delivery.restore()
        while not stop.is_set():
            try:
                pause = await self._step()
            except ServerError as error:
                pause = await self._handle_error(error)
            if pause:
                await self._clock.wait(stop, pause)

    @property
    def is_ready(self) -> bool:
        """Whether the index is in order and no task is under way."""
        return self._checked and not self.stale and self.delivery.is_idle

    async def _step(self) -> float:
        """Do the next piece of work; return the seconds until there may be more."""
        if self._clock.now() >= self._check_at:
            await self._check()
        if await self.delivery.poll() or self.delivery.is_idle:
            self._poll, self._progress_at, self._slow = 0.05, self._clock.now(), None
        if self.delivery.applied != self._applied:
            self._applied = self.delivery.applied
            self._recover()
        if self.delivery.is_restoring:
            return await self._wait_for_tasks()
        status = await self._database.read(get_node_status, self.name)
        if status.rebuild is not None and await self._advance(status):
            return 0.0
        if status.rebuild is None and not self.stale and await self._rebalancer.work():
            return 0.0
        if status.rebuild != "swapping" and await self._sender.send(status, is_stale=self.stale):
            self._poll = 0.05
            return 0.0
        return await self._wait_for_tasks() if self.delivery.ledger.under_way else IDLE

    def _say_paused(self, error: ServerError, level: int) -> None:
        log.log(level, "indexing paused: %s", error)
        self.warned_of = str(error) if level == logging.WARNING else self.warned_of

    async def _wait_for_tasks(self) -> float:
        await self._note_slow(self._clock.now() - self._progress_at, self.delivery.starts.error(self.name))
        self._poll = min(self._poll * 1.5, 1.0)
        return self._poll

    async def _note_slow(self, waited: float, full: ServerError | None) -> None:
        """Record that no task finishes; after STUCK seconds callers that wait give up."""
        if waited <= SLOW and full is None:
            return
        slow = full or busy_for_long(self.name)
        if (state := node_state_after(slow)) != self._slow:
            self._slow = state
            self._say_paused(slow, logging.WARNING)
            await self._database.write(set_state, self.name, state, now=int(self._clock.now()), reason=str(slow))
        if waited > STUCK:
            self.trouble = slow

    # --- the index

    async def _check(self) -> None:
        """Create the index, correct its settings, and check it for losses."""
        node, name = self._node, self._node.index
        ensured = await node.ensure(before_create=self._note_missing)
        if not await self._finish(ensured.tasks):
            return
        self.stale = ensured.stale
        for task in ensured.tasks:
            await self.delivery.note_task(task.uid)
        status = await self._record_state(ensured)
        if not ensured.stale and status.rebuild is None:
            documents = (await node.stats()).documents
            due = ensured.created or documents < self._documents or self._clock.now() >= self._compare_at
            self._documents = documents
            if due and not await self._reader.read(is_walking, self.name, name):
                await self._compare(fresh=ensured.created)
        await self._rebuilder.check(status)
        await self._clean_up()
        self._checked, self._check_at = True, self._clock.now() + CHECK_INTERVAL

    async def _record_state(self, ensured: EnsureResult) -> NodeStatus:
        now = int(self._clock.now())
        status = await self._database.read(get_node_status, self.name)
        if ensured.stale and status.rebuild is None:
            reason = FOREIGN if ensured.foreign else STALE
            if status.state != "stale":
                log.warning("indexing stopped: %s", reason)
            await self._database.write(set_state, self.name, "stale", now=now, reason=reason)
        elif (
            status.state != "following"
            and self.delivery.is_idle
            and not await self._reader.read(has_waiting, self.name)
        ):
            # If there is something to send, only its success shows that the error is over.
            self._recover()
            await self._database.write(set_state, self.name, "following", now=now)
        return status

    async def _note_missing(self) -> None:
        """Record what an empty index will lack before it is created: after a kill it must not look complete."""
        if (await self._database.read(get_node_status, self.name)).rebuild is None:
            self.delivery.ledger.forget(self._node.index)
            lacking = await list_acknowledged(self._reader, self.name)
            await self._database.write(start_walk, self.name, self._node.index, lacking)

    async def _compare(self, *, fresh: bool) -> None:
        """Resend the channels with fewer messages in the index than it acknowledged."""
        name, now, began = self._node.index, int(self._clock.now()), time.monotonic()
        arriving = await self._reader.read(list_channels_at, self.name, "wanted", "filling")
        lacking = [one for one in await find_lacking(self._reader, self._node, name) if one not in arriving]
        self._compare_at = self._clock.now() + max(MIN_COMPARE_INTERVAL, 50 * (time.monotonic() - began))
        if lacking:
            level = logging.INFO if fresh else logging.WARNING
            log.log(level, "the index lacks messages of %d channels; resending them", len(lacking))
            self.delivery.ledger.forget(name)
            await self._database.write(start_walk, self.name, name, lacking)
        elif self.delivery.is_idle and self.trouble is None:
            await self._database.write(note_success, self.name, now=now)

    async def _advance(self, status: NodeStatus) -> bool:
        name = next_index(self._node.index)
        walking = status.rebuild == "walking" and await self._reader.read(is_walking, self.name, name)
        moved = await self._rebuilder.advance(status, walking=walking)
        if moved:
            self._check_at = -math.inf
        return moved

    async def _finish(self, tasks: Sequence[Task]) -> bool:
        pause, pending, began, starts = 0.02, {task.uid for task in tasks}, self._clock.now(), TaskStarts()
        while pending:
            known = await self._node.tasks(sorted(pending))
            for task in known:
                if task.error is not None and task.code != "index_already_exists":
                    raise task.error
                if task.is_done:
                    pending.discard(task.uid)
            pending &= {task.uid for task in known}  # a task that no longer exists never finishes
            starts.see(known)
            await self._note_slow(self._clock.now() - began if pending else 0.0, starts.error(self.name))
            if pending and await self._clock.wait(self._stop, pause):
                return False
            pause = min(2 * pause, 2.0)
        if tasks and self._slow:
            self._slow = None
            self._recover()
        return True

    async def _clean_up(self) -> None:
        now = self._clock.now()
        if now >= self._cleanup_at or await was_restored(self._node, self.delivery):
            self._cleanup_at = now + CLEANUP_INTERVAL
            await clean_up(self._database, self._node, self.delivery, now=now)

    # --- errors

    def _recover(self) -> None:
        self._failures, self.trouble = 0, None

    async def _handle_error(self, error: ServerError) -> float:
        """Record the error; return the delay in seconds before the next attempt."""
        self._check_at, self._checked = -math.inf, False
        if isinstance(error, IndexMissing) and self._failures == 0:
            self._failures = 1
            return 0.05  # the check creates it
        if isinstance(error, ServerUnreachable):
            self._cleanup_at = -math.inf  # it may come back restored from an older copy
        self.trouble = error
        state, now = node_state_after(error), int(self._clock.now())
        known = (await self._database.read(get_node_status, self.name)).state
        self._say_paused(error, logging.INFO if known == state else logging.WARNING)
        await self._database.write(set_state, self.name, state, now=now, reason=str(error))
        least = error.retry_after if isinstance(error, ServerBusy) else 0.0
        self._failures += 1
        return pause_after(self._failures - 1, least=least)
