"""An instance of Meilisearch without its HTTP: indexes, tasks, keys, features, and the scheduler that works on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from tests.doubles.meilisearch.auth import Access, Key, default_keys, value_of
from tests.doubles.meilisearch.bodies import PAYLOAD_LIMIT
from tests.doubles.meilisearch.calls import Calls
from tests.doubles.meilisearch.errors import index_not_found
from tests.doubles.meilisearch.faults import Faults
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.operations import Changes, Operations
from tests.doubles.meilisearch.scheduler import Scheduler
from tests.doubles.meilisearch.store import Store
from tests.doubles.meilisearch.tasks import UNFINISHED, Task, Tasks

VERSION = {
    "commitSha": "d0b1e5c0b1e5c0b1e5c0b1e5c0b1e5c0b1e5c0b1",
    "commitDate": "2026-07-20T00:00:00Z",
    "pkgVersion": "1.50.0",
}
FEATURES = (
    "metrics", "logsRoute", "editDocumentsByFunction", "containsFilter", "dynamicSearchRules", "network",
    "getTaskDocumentsRoute", "taskQueueCompactionRoute", "compositeEmbedders", "chatCompletions", "multimodal",
    "foreignKeys", "disableDocumentsFetchQueue", "legacySearch", "renderRoute",
)  # fmt: skip


class Instance:
    """All that one server knows. With `db`, a folder, it is kept and found again by the next one."""

    def __init__(self, master_key: str | None = None, db: Path | None = None) -> None:
        self.master_key = master_key
        self.payload_limit = PAYLOAD_LIMIT
        self.version = dict(VERSION)
        self.indexes: dict[str, Index] = {}
        self.tasks = Tasks()
        self.keys: dict[str, Key] = {}
        self.features: dict[str, bool] = dict.fromkeys(FEATURES, False)
        self.network: dict[str, Any] = {
            "self": None,
            "leader": None,
            "version": str(uuid.UUID(int=0)),
            "remotes": {},
            "shards": {},
        }
        self.allowed_networks: list[
            IPv4Network
        ] = []  # inner addresses that remotes may have; a real one has none either
        self.last_update: datetime | None = None
        self.calls = Calls()
        self.faults = Faults()
        self.disk_full = False
        self.store = Store(db) if db is not None else None
        operations = Operations(self.indexes, lambda: self.features["containsFilter"])
        self.scheduler = Scheduler(self.tasks, self.indexes, operations, self._batch_done)
        self.scheduler.before = self.faults.before_task
        if self.store is not None:
            self.store.load(self)
        if not self.keys:
            self.keys = {key.uid: key for key in default_keys(lambda: str(uuid.uuid4()))}
            self.save_state()

    def start(self) -> None:
        self.scheduler.start()

    def stop(self) -> None:
        self.scheduler.stop()
        if self.store is not None:
            self.store.close()

    # --- for the handlers

    def index(self, uid: str) -> Index:
        found = self.indexes.get(uid)
        if found is None:
            raise index_not_found(uid)
        return found

    def find_key(self, value: str) -> Key | None:
        if self.master_key is None:
            return None
        every = list(self.keys.values())  # another request may make a key meanwhile
        return next((key for key in every if value_of(key.uid, self.master_key) == value), None)

    def register(self, kind: str, index_uid: str | None, content: dict[str, Any], **more: Any) -> Task:
        """Enqueue a task. It is kept before anybody is told of it."""
        with self.tasks.changed:
            task = self.tasks.add(kind, index_uid, content, **more)
            if self.store is not None:
                self.store.save_task(task)
            self.scheduler.wake(task)
            return task

    def is_indexing(self, uid: str | None = None) -> bool:
        return any(task.shown_status == "processing" and (uid is None or uid in task.indexes()) for task in self.tasks)

    def save_state(self) -> None:
        """Keep keys, features and network."""
        if self.store is not None:
            self.store.save_state(self)

    def may_see(self, access: Access) -> Callable[[Task], bool]:
        """Tasks of indexes that the key does not reach are not there for it."""
        if access.everything():
            return lambda task: True
        return lambda task: bool(task.indexes()) and all(access.sees(uid) for uid in task.indexes())

    # --- for tests

    def wipe(self, uid: str | None = None) -> None:
        """Lose an index (or all of them) without any task, as when its files are gone."""
        for name in [uid] if uid is not None else list(self.indexes):
            self.indexes.pop(name, None)
            if self.store is not None:
                changes = Changes()
                changes.touch(name)
                self.store.save_batch(changes, [], self)

    def forget_task(self, uid: int) -> None:
        """The task is gone and will never be done."""
        with self.tasks.changed:
            self.tasks.forget([uid])
            if self.store is not None:
                self.store.forget_tasks([uid])

    def idle(self, timeout: float = 30) -> bool:
        """Wait until no task is enqueued or processing; whether that came to be."""
        with self.tasks.changed:
            return self.tasks.changed.wait_for(
                lambda: not any(task.shown_status in UNFINISHED for task in self.tasks.by_uid.values()), timeout
            )

    def _batch_done(self, changes: Changes, batch: list[Task]) -> None:
        self.last_update = datetime.now(UTC)
        if self.store is not None:
            self.store.save_batch(changes, batch, self)

    def take_over(self, old: Instance) -> None:
        """What tests have asked of the server holds for the next process too, but for a held queue and a full disk."""
        self.calls, self.faults, self.payload_limit = old.calls, old.faults, old.payload_limit
        self.version, self.allowed_networks = old.version, old.allowed_networks
        self.scheduler.take_over(old.scheduler)

    def resume(self) -> None:
        """Start again with what is known, after stop()."""
        operations = Operations(self.indexes, lambda: self.features["containsFilter"])
        old, self.scheduler = self.scheduler, Scheduler(self.tasks, self.indexes, operations, self._batch_done)
        self.scheduler.take_over(old)
