"""Batches on their way into the index: sent, asked about, acknowledged when the server said that they are applied.

Only `succeeded` acknowledges, and only of a task that carries our batch's name: a server that lost its data counts its
tasks from 0 again. What failed is halved until the bad message stands alone; that one is set aside.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from archiver.index.batch_size import Size
from archiver.index.load_batch import DocumentBatch, load_batch
from archiver.model.ledger import Batch, BatchOutcome, Ledger, Place, Stretch
from archiver.store.database import Database, Writer
from archiver.store.home import list_channels_at, put_leaving
from archiver.store.indexing import (
    advance_walk,
    drop_tasks,
    get_node_status,
    list_batches,
    note_success,
    note_task,
    put_tasks,
    set_aside,
    set_rebuild,
    start_walk,
    take_back,
)
from archiver.store.outbox import acknowledge, find_place
from search.errors import PayloadTooLarge, RequestRefused, ServerError, StorageFull, TaskFailed

if TYPE_CHECKING:
    from search.meili.node import Node
    from search.meili.task import Task

log = logging.getLogger(__name__)

OF_DOCUMENT: Final = frozenset(
    {
        "invalid_document_id", "missing_document_id", "invalid_document_fields", "max_fields_limit_exceeded",
        "invalid_document_geo_field", "invalid_document_geojson_field", "document_fields_limit_reached",
        "malformed_payload", "invalid_vector_dimensions", "invalid_vectors_type", "primary_key_inference_failed",
    }
)  # fmt: skip
"""Codes that speak of a document. https://www.meilisearch.com/docs/reference/errors/error_codes"""
OF_INDEX: Final = frozenset({"index_not_found", "index_primary_key_already_exists", "canceled"})
"""Codes of what has nothing to do with what was sent."""
_TRIES = 3
"""Failures with a code that may mean anything before a document is suspected."""
_TRIES_ALONE = 6
"""The same for a message that is alone and has nothing to be compared with."""
TOO_LARGE, UNREADABLE = "payload_too_large", "unreadable"
FINAL: Final = OF_DOCUMENT | {TOO_LARGE, UNREADABLE}
"""Codes that only a change of the message, or of the settings, can help."""


class Delivery:
    """Sends and settles; see above."""

    def __init__(self, database: Database, reader: Database, node: Node, *, now: Callable[[], float]) -> None:
        self.ledger = Ledger()
        self.size = Size()
        self.duration = 0.0
        """Seconds that the server worked on the last task."""
        self.written_at: datetime | None = None
        """Or a little later the index was written to, by the server's clock."""
        self.applied = 0
        """Batches that were applied."""
        self._database = database
        self._reader = reader
        self._node = node
        self._name = node.name
        self._now = now
        self._restored: list[Batch] = []
        self._strange = 0
        """Failures with a code that may mean anything."""
        self._proven = False
        """Whether a batch was applied since the first of them."""
        self._alone = 0
        """Those among them of a single message, while nothing was proven."""

    async def restore(self) -> None:
        """Remember what was under way when the last process ended."""
        self._restored = await self._reader.read(list_batches, self._name)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or to be sent again."""
        return self.ledger.is_empty and not self._restored

    @property
    def is_restoring(self) -> bool:
        """Whether tasks of the last process are not settled yet: nothing is taken before, it may be in them."""
        return bool(self._restored)

    async def send(self, taken: Stretch, indexes: Sequence[str]) -> bool:
        """Send the first of a stretch; whether there was anything. What raises, a ServerError, was not sent."""
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
            await self._hand_over(batch, documents, indexes)
        except PayloadTooLarge:
            self.size.refuse(documents.size)
            if batch.count > 1:
                self.ledger.put_back(taken)
            else:
                self.ledger.sent(taken, batch)
                self.ledger.settle(batch, BatchOutcome.FAILED)
                await self._set_aside(batch, TOO_LARGE)
        except RequestRefused as error:
            if error.code not in OF_DOCUMENT:
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
        """The server gave a task this number. All is sent again if it is not higher than the last: an older copy."""
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
            log.warning("the server of the index was emptied or put back from an older copy; all is sent again")

    async def _hand_over(self, batch: Batch, documents: DocumentBatch, indexes: Sequence[str]) -> None:
        lines = b"".join(documents.lines)
        for index in indexes:
            batch.tasks[index] = (await self._node.send(lines, index=index, metadata=batch.name)).uid

    async def poll(self) -> bool:
        """Ask about everything that is under way; whether anything was settled. Raises why it was not applied."""
        batches = [*self._restored, *self.ledger.under_way]
        asked = [uid for batch in batches for index, uid in batch.tasks.items() if index not in batch.done]
        if not asked:
            return False
        tasks = {task.uid: task for task in await self._node.tasks(asked)}
        settled, first = False, None
        for batch in batches:
            outcome, error = _judge(batch, tasks)
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
                # Nothing was taken yet, so all that is not acknowledged will be.
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
        """The indexes have it: that is the one moment in which anything is acknowledged."""
        self.ledger.settle(batch, BatchOutcome.APPLIED)
        stretch, now = batch.stretch, int(self._now())
        walk_of = stretch.walk_of
        frontier = None if walk_of is None else self.ledger.frontier(walk_of)

        def act(conn: Writer) -> None:
            if walk_of is None or frontier is None:
                acknowledge(conn, self._name, stretch.after, stretch.upto)
            else:
                take_back(conn, self._name, stretch.after, stretch.upto)
                advance_walk(conn, self._name, walk_of, frontier)
            for _, channel_id, message_id in batch.unreadable:
                set_aside(conn, self._name, channel_id, message_id, code=UNREADABLE, now=now)
            drop_tasks(conn, batch.name)
            note_success(conn, self._name, now=now)

        await self._database.write(act)
        self.applied += 1
        self._proven, self._alone = True, 0
        if not self.ledger.has_more:
            self._strange = 0

    async def _lose(self, batch: Batch) -> None:
        self.ledger.settle(batch, BatchOutcome.LOST)
        await self._database.write(drop_tasks, batch.name)

    async def _suspect(self, batch: Batch, error: TaskFailed) -> None:
        """One message of it may be bad. A code that may mean anything is believed only when others went through."""
        if error.code not in OF_DOCUMENT:
            if self._strange == 0:
                self._proven = False
            self._strange += 1
            self._alone += batch.count <= 1 and not self._proven
            if self._strange < _TRIES or 0 < self._alone < _TRIES_ALONE:
                await self._lose(batch)
                raise error
        suspect = await self._find(batch, error.document_id)
        bad = self.ledger.settle(batch, BatchOutcome.FAILED, suspect=suspect)
        if bad is None:
            await self._database.write(drop_tasks, batch.name)
        else:
            await self._set_aside(batch, error.code)

    async def _find(self, batch: Batch, document_id: str | None) -> Place | None:
        """Where the message stands that the server named."""
        from search.meili.document import read_id

        key = read_id(document_id) if document_id else None
        if key is None or batch.count <= 1:
            return None
        if batch.stretch.walk_of is not None:
            return (0, *key)
        return await self._reader.read(find_place, self._name, *key)

    async def _set_aside(self, batch: Batch, code: str) -> None:
        """The one message of a batch cannot be brought in; the others go on."""
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
                set_aside(conn, self._name, bad[1], bad[2], code=code, now=now)
            drop_tasks(conn, batch.name)

        await self._database.write(act)
        self._strange = self._alone = 0
        log.warning("the index does not take message %d/%d: %s; it is set aside", bad[1], bad[2], code)


def _judge(batch: Batch, tasks: dict[int, Task]) -> tuple[BatchOutcome | None, ServerError | None]:
    """What became of a batch; None while it is not decided. One index is enough to fail it."""
    for index, uid in batch.tasks.items():
        task = tasks.get(uid)
        if index in batch.done:
            continue
        if task is None or task.metadata != batch.name:
            return BatchOutcome.LOST, None
        if not task.is_done:
            return None, None
        error = task.error
        if error is None:
            batch.done.add(index)
            continue
        if isinstance(error, TaskFailed) and error.code not in OF_INDEX and not isinstance(error, StorageFull):
            return BatchOutcome.FAILED, error
        return BatchOutcome.LOST, error
    return BatchOutcome.APPLIED, None
