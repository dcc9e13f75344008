"""Delivers batches to the index: sends them, polls their tasks, and acknowledges what the server has applied.

Only a `succeeded` task that carries our batch's name acknowledges it: a server that lost its data numbers its tasks
from 0 again. A failed batch is halved until the bad message is alone; that one is recorded as rejected.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from archiver.ids import ChannelId, MessageId
from archiver.index.batch_outcome import DOCUMENT_ERRORS, find_outcome
from archiver.index.batch_size import BatchSize
from archiver.index.load_batch import DocumentBatch, load_batch
from archiver.index.slow_tasks import TaskStarts
from archiver.model.ledger import Batch, BatchOutcome, Ledger, Place, Stretch
from archiver.store.database import Database, Writer
from archiver.store.index.index_home import list_channels_at, put_leaving
from archiver.store.index.index_node import get_node_status, note_success, note_task, set_rebuild
from archiver.store.index.index_rejected import clear_rejected, mark_rejected
from archiver.store.index.index_task import drop_tasks, list_batches, put_tasks
from archiver.store.index.index_walk import advance_walk, start_walk
from archiver.store.index.outbox import acknowledge, find_place
from search.errors import PayloadTooLarge, RequestRefused, ServerError, TaskFailed

if TYPE_CHECKING:
    from search.meili.node import Node
    from search.meili.task import Task

log = logging.getLogger(__name__)

_TRIES = 3
"""Failures with an ambiguous code before a document is suspected."""
_TRIES_ALONE = 6
"""The same for a single message, while no other batch has succeeded."""
TOO_LARGE, UNREADABLE = "payload_too_large", "unreadable"
FINAL: Final = DOCUMENT_ERRORS | {TOO_LARGE, UNREADABLE}
"""Codes for which a retry is useless until the message or the settings change."""


class Delivery:
    """Sends the batches of one node and settles their tasks."""

    def __init__(self, database: Database, reader: Database, node: Node, *, now: Callable[[], float]) -> None:
        self.ledger = Ledger()
        self.size = BatchSize()
        self.duration = 0.0
        """Seconds that the server took for the last task."""
        self.written_at: datetime | None = None
        """Start of our last task that wrote to the index, by the server's clock."""
        self.applied = 0
        """Number of batches applied."""
        self.starts = TaskStarts()
        self._database = database
        self._reader = reader
        self._node = node
        self._name = node.name
        self._now = now
        self._restored: list[Batch] = []
        self._ambiguous = 0
        """Failures in a row with an ambiguous code."""
        self._proven = False
        """Whether a batch succeeded since the first of them."""
        self._alone = 0
        """How many of them were single messages, while no batch had succeeded."""

    async def restore(self) -> None:
        """Load the batches that were under way when the last process ended."""
        self._restored = await self._reader.read(list_batches, self._name)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or to be resent."""
        return self.ledger.is_empty and not self._restored

    @property
    def is_restoring(self) -> bool:
        """Whether tasks of the last process are still unsettled: until then nothing is sent, as they may contain it."""
        return bool(self._restored)

    async def send(self, taken: Stretch, indexes: Sequence[str]) -> bool:
        """Send the first messages of a stretch; return whether there were any. After a ServerError nothing was sent."""
        try:
            documents = await load_batch(self._reader, self._name, taken, self.size.bytes)
        except BaseException:
            self.ledger.put_back(taken)
            raise
        stretch = Stretch(taken.after, documents.upto, taken.most, taken.walk_of)
        batch = Batch(
            uuid.uuid4().hex, stretch, len(documents.lines), size=documents.size, unreadable=documents.unreadable
        )
        if not documents.lines:
            self.ledger.sent(taken, batch)
            if documents.upto > taken.after:
                await self._apply(batch)
            else:
                self.ledger.settle(batch, BatchOutcome.APPLIED)
            return bool(documents.unreadable)
        try:
            await self._upload(batch, documents, indexes)
        except PayloadTooLarge:
            self.size.refuse(documents.size)
            if batch.count > 1:
                self.ledger.put_back(taken)
            else:
                self.ledger.sent(taken, batch)
                self.ledger.settle(batch, BatchOutcome.FAILED)
                await self._reject(batch, TOO_LARGE)
        except RequestRefused as error:
            if error.code not in DOCUMENT_ERRORS:
                self.ledger.put_back(taken)
                raise
            self.ledger.sent(taken, batch)
            await self._suspect(batch, TaskFailed(error.message, code=str(error.code)))
        except BaseException:
            self.ledger.put_back(taken)
            raise
        else:
            self.ledger.sent(taken, batch)
            await self._database.write(put_tasks, self._name, batch)
            await self.note_task(max(batch.tasks.values()))
        return True

    async def note_task(self, uid: int) -> None:
        """Record a task number; one not above the last means the server was restored from an older copy: resend all."""
        index = self._node.index

        def act(conn: Writer) -> bool:
            if not note_task(conn, self._name, uid):
                return False
            start_walk(conn, self._name, index, list_channels_at(conn, self._name, "held", "filling"))
            put_leaving(conn, self._name)
            if get_node_status(conn, self._name).rebuild in {"walking", "swapping"}:
                set_rebuild(conn, self._name, "wanted")
            return True

        if await self._database.write(act):
            self.ledger.forget(index)
            log.warning("the index's server was emptied or restored from an older copy; resending everything")

    async def _upload(self, batch: Batch, documents: DocumentBatch, indexes: Sequence[str]) -> None:
        lines = b"".join(documents.lines)
        for index in indexes:
            batch.tasks[index] = (await self._node.send(lines, index=index, metadata=batch.name)).uid

    async def poll(self) -> bool:
        """Poll all tasks under way; return whether any was settled. Raises the first error that prevented one."""
        batches = [*self._restored, *self.ledger.under_way]
        uids = [uid for batch in batches for index, uid in batch.tasks.items() if index not in batch.done]
        if not uids:
            return False
        tasks = {task.uid: task for task in await self._node.tasks(uids)}
        self.starts.see(tasks.values())
        settled, first = False, None
        for batch in batches:
            outcome, error = find_outcome(batch, tasks)
            if outcome is None:
                continue
            settled = True
            try:
                await self._settle(batch, outcome, error, tasks)
            except ServerError as exc:
                first = first or exc
        if first is not None:
            raise first
        return settled

    async def _settle(
        self, batch: Batch, outcome: BatchOutcome, error: ServerError | None, tasks: dict[int, Task]
    ) -> None:
        if batch in self._restored:
            self._restored.remove(batch)
            if outcome is not BatchOutcome.APPLIED:
                # Nothing was taken yet, so whatever is not acknowledged will be sent.
                await self._database.write(drop_tasks, batch.name)
                return
            self.ledger.under_way.append(batch)
        if outcome is BatchOutcome.APPLIED:
            duration = max((tasks[uid].duration or 0.0 for uid in batch.tasks.values() if uid in tasks), default=0.0)
            self.duration = duration
            if own := tasks.get(batch.tasks.get(self._node.index, -1)):
                self.written_at = own.started_at
            self.size.learn(batch.size, duration)
            await self._apply(batch)
        elif outcome is BatchOutcome.FAILED and isinstance(error, TaskFailed):
            await self._suspect(batch, error)
        else:
            await self._lose(batch)
            if error is not None:
                raise error

    async def _apply(self, batch: Batch) -> None:
        """Acknowledge a batch that all its indexes have applied; nothing else acknowledges."""
        self.ledger.settle(batch, BatchOutcome.APPLIED)
        stretch, now = batch.stretch, int(self._now())
        walk_of = stretch.walk_of
        frontier = None if walk_of is None else self.ledger.frontier(walk_of)

        def act(conn: Writer) -> None:
            if walk_of is None or frontier is None:
                acknowledge(conn, self._name, stretch.after, stretch.upto)
            else:
                clear_rejected(conn, self._name, stretch.after, stretch.upto)
                advance_walk(conn, self._name, walk_of, frontier)
            for _, channel_id, message_id in batch.unreadable:
                mark_rejected(conn, self._name, ChannelId(channel_id), MessageId(message_id), code=UNREADABLE, now=now)
            drop_tasks(conn, batch.name)
            note_success(conn, self._name, now=now)

        await self._database.write(act)
        self.applied += 1
        self._proven, self._alone = True, 0
        if not self.ledger.has_more:
            self._ambiguous = 0

    async def _lose(self, batch: Batch) -> None:
        self.ledger.settle(batch, BatchOutcome.LOST)
        await self._database.write(drop_tasks, batch.name)

    async def _suspect(self, batch: Batch, error: TaskFailed) -> None:
        """Look for a bad message in the batch; an ambiguous code counts only if other batches succeeded."""
        if error.code not in DOCUMENT_ERRORS:
            if self._ambiguous == 0:
                self._proven = False
            self._ambiguous += 1
            self._alone += batch.count <= 1 and not self._proven
            if self._ambiguous < _TRIES or 0 < self._alone < _TRIES_ALONE:
                await self._lose(batch)
                raise error
        suspect = await self._find_place(batch, error.document_id)
        bad = self.ledger.settle(batch, BatchOutcome.FAILED, suspect=suspect)
        if bad is None:
            await self._database.write(drop_tasks, batch.name)
        else:
            await self._reject(batch, error.code)

    async def _find_place(self, batch: Batch, document_id: str | None) -> Place | None:
        """Find the place of the document that the server named."""
        from search.meili.document import read_id

        key = read_id(document_id) if document_id else None
        if key is None or batch.count <= 1:
            return None
        if batch.stretch.walk_of is not None:
            return (0, *key)
        return await self._reader.read(find_place, self._name, ChannelId(key[0]), MessageId(key[1]))

    async def _reject(self, batch: Batch, code: str) -> None:
        """Record the batch's only message as rejected, so that the others continue."""
        now, stretch = int(self._now()), batch.stretch
        frontier = None if stretch.walk_of is None else self.ledger.frontier(stretch.walk_of)
        single = Stretch(stretch.after, stretch.upto, 1, stretch.walk_of)
        bad = (await load_batch(self._reader, self._name, single, 1)).upto

        def act(conn: Writer) -> None:
            if stretch.walk_of is None:
                acknowledge(conn, self._name, stretch.after, stretch.upto)
            elif frontier is not None:
                advance_walk(conn, self._name, stretch.walk_of, frontier)
            if bad != stretch.after:
                mark_rejected(conn, self._name, ChannelId(bad[1]), MessageId(bad[2]), code=code, now=now)
            drop_tasks(conn, batch.name)

        await self._database.write(act)
        self._ambiguous = self._alone = 0
        log.warning("the index rejects message %d/%d: %s; skipping it", bad[1], bad[2], code)
