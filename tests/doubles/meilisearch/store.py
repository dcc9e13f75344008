"""What outlives the process: one SQLite file with tasks (payloads too), documents, settings and keys.

A task is in it before its 202 is sent; a batch is one transaction. So a kill loses nothing that was answered.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.doubles.meilisearch.auth import Key
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.tasks import Task

if TYPE_CHECKING:
    from tests.doubles.meilisearch.instance import Instance
    from tests.doubles.meilisearch.operations import Changes

_DDL = """
create table if not exists task (uid integer primary key, data text not null, payload blob);
create table if not exists idx (uid text primary key, data text not null);
create table if not exists document (idx text, id text, data blob not null, primary key (idx, id));
create table if not exists state (name text primary key, data text not null);
"""
_TIMES = {"enqueued_at", "started_at", "finished_at", "expires_at", "created_at", "updated_at"}


class Store:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / "double.db", check_same_thread=False, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(_DDL)
        self._lock = threading.RLock()
        self._closed = False

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._closed = True

    @contextmanager
    def _open(self) -> Iterator[None]:
        """A process that was killed writes nothing any more: ConnectionError, and the request is never answered."""
        with self._lock:
            if self._closed:
                raise ConnectionError("the store is closed")
            yield

    def save_task(self, task: Task) -> None:
        with self._open():
            self._put_task(task)

    def forget_tasks(self, uids: Iterable[int]) -> None:
        with self._open():
            self._connection.executemany("delete from task where uid = ?", [(uid,) for uid in uids])

    def save_state(self, instance: Instance) -> None:
        state = {
            "keys": [_plain(asdict(key)) for key in list(instance.keys.values())],
            "features": instance.features,
            "network": instance.network,
        }
        with self._open():
            self._put_state("instance", state)

    def save_batch(self, changes: Changes, batch: list[Task], instance: Instance) -> None:
        """All that a batch changed, at once."""
        with self._open():
            run = self._connection.execute
            run("begin immediate")
            try:
                for task in batch:
                    self._put_task(task)
                    for uid in [*task.content.get("canceled", ()), *self._renamed(task, instance)]:
                        self._put_task(instance.tasks.by_uid[uid])
                    self._connection.executemany(
                        "delete from task where uid = ?", [(uid,) for uid in task.content.get("gone", ())]
                    )
                for uid in changes.indexes:
                    self._put_index(uid, instance.indexes.get(uid), changes.documents.get(uid, set()))
                counters = {"next_uid": instance.tasks.next_uid, "next_batch": instance.tasks.next_batch}
                self._put_state("counters", counters)
            except BaseException:
                run("rollback")
                raise
            run("commit")

    def load(self, instance: Instance) -> None:
        run = self._connection.execute
        state = {name: json.loads(data) for name, data in run("select name, data from state")}
        kept = state.get("instance", {})
        instance.keys = {one["uid"]: Key(**_timed(one)) for one in kept.get("keys", ())}
        instance.features |= kept.get("features", {})
        instance.network |= kept.get("network", {})
        for uid, data in run("select uid, data from idx"):
            index = instance.indexes[uid] = Index(uid)
            for name, value in _timed(json.loads(data)).items():
                setattr(index, name, value)
            for identity, raw in run("select id, data from document where idx = ? order by rowid", (uid,)):
                index.put(identity, raw, json.loads(raw))
        tasks = instance.tasks
        for _, data, payload in run("select uid, data, payload from task order by uid"):
            task = Task(**_timed(json.loads(data)))
            if payload is not None:
                task.content["documents"] = json.loads(payload)
                task.content["documents"] = [base64.b64decode(one) for one in task.content["documents"]]
            if task.status == "processing":  # it was not done: it is done again
                task.status, task.batch_uid, task.started_at = "enqueued", None, None
            tasks.by_uid[task.uid] = task
        counters = state.get("counters", {})
        tasks.next_uid = max(counters.get("next_uid", 0), *(uid + 1 for uid in tasks.by_uid), 0)
        tasks.next_batch = counters.get("next_batch", 0)

    def _put_task(self, task: Task) -> None:
        data = {one.name: getattr(task, one.name) for one in fields(task)}
        data["content"] = {name: value for name, value in task.content.items() if name != "documents"}
        documents = task.content.get("documents")
        payload = None if documents is None else json.dumps([base64.b64encode(one).decode() for one in documents])
        self._connection.execute(
            "insert or replace into task values (?, ?, ?)", (task.uid, json.dumps(_plain(data)), payload)
        )

    def _put_index(self, uid: str, index: Index | None, ids: set[str]) -> None:
        run = self._connection.execute
        if index is None:
            run("delete from idx where uid = ?", (uid,))
            run("delete from document where idx = ?", (uid,))
            return
        data = {name: getattr(index, name) for name in ("primary_key", "settings", "created_at", "updated_at")}
        run("insert or replace into idx values (?, ?)", (uid, json.dumps(_plain(data))))
        if index.loaded_from != uid:  # it came here by a swap or a rename
            run("delete from document where idx = ?", (uid,))
            ids = set(index.row_of)
            index.loaded_from = uid
        gone = [(uid, one) for one in ids if one not in index.row_of]
        self._connection.executemany("delete from document where idx = ? and id = ?", gone)
        kept = ((uid, one, index.raw[index.row_of[one]]) for one in ids if one in index.row_of)
        self._connection.executemany("insert or replace into document values (?, ?, ?)", kept)

    def _put_state(self, name: str, value: Any) -> None:
        self._connection.execute("insert or replace into state values (?, ?)", (name, json.dumps(value)))

    def _renamed(self, task: Task, instance: Instance) -> list[int]:
        """A swap names all earlier tasks of its indexes anew."""
        if task.kind != "indexSwap" or task.status != "succeeded":
            return []
        touched = set(task.indexes())
        return [one.uid for one in instance.tasks.by_uid.values() if one.uid < task.uid and one.index_uid in touched]


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _timed(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name in _TIMES and isinstance(value, str) else value
        for name, value in values.items()
    }
