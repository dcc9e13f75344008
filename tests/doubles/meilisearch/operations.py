"""What the tasks of one index do to it. A mistake is an ApiError: the task fails as a whole and changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.doubles.meilisearch import filters
from tests.doubles.meilisearch.document_ids import document_id, guess
from tests.doubles.meilisearch.errors import ApiError, index_not_found
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.reading import compact
from tests.doubles.meilisearch.tasks import Task


@dataclass
class Changes:
    """What a batch did, for the store."""

    indexes: set[str] = field(default_factory=set)
    documents: dict[str, set[str]] = field(default_factory=dict)  # ids that were put or deleted, by index

    def touch(self, uid: str, ids: set[str] | None = None) -> None:
        self.indexes.add(uid)
        if ids:
            self.documents.setdefault(uid, set()).update(ids)


class Operations:
    """Over the indexes of an instance, by uid."""

    def __init__(self, indexes: dict[str, Index], contains_filter: Any) -> None:
        self.indexes = indexes
        self.contains_filter = contains_filter  # asked when a filter is read

    def run(self, task: Task, changes: Changes) -> None:
        """Do one task and say so in its details. Raises ApiError."""
        getattr(self, f"_{task.kind}")(task, changes)
        task.status = "succeeded"

    def _index(self, uid: str | None, *, create: bool = False) -> Index:
        assert uid is not None
        index = self.indexes.get(uid)
        if index is None:
            if not create:
                raise index_not_found(uid)
            index = self.indexes[uid] = Index(uid)
        return index

    def _documentAdditionOrUpdate(self, task: Task, changes: Changes) -> None:  # noqa: N802
        content = task.content
        index = self._index(task.index_uid, create=content["allow_creation"])
        changes.touch(index.uid)
        assert task.details is not None
        documents = [(raw, json.loads(raw)) for raw in content["documents"]]
        if not documents:
            task.details["indexedDocuments"] = 0
            return
        primary_key = self._primary_key(index, content["primary_key"], documents)
        ids = [document_id(document, primary_key) for _, document in documents]
        with index.lock:
            index.primary_key = primary_key
            for identity, (raw, document) in zip(ids, documents, strict=True):
                known = index.row_of.get(identity)
                if known is None and content["skip_creation"]:
                    continue
                if known is not None and content["method"] == "update":
                    merged = index.document(known) | document
                    index.put(identity, compact(merged).encode(), merged)
                else:
                    index.put(identity, raw, document)
            index.updated_at = datetime.now(UTC)
        changes.touch(index.uid, set(ids))
        task.details["indexedDocuments"] = len(set(ids))

    def _primary_key(self, index: Index, wanted: str | None, documents: list[tuple[bytes, dict[str, Any]]]) -> str:
        if index.primary_key is not None:
            if wanted is not None and wanted != index.primary_key:
                raise ApiError(
                    "index_primary_key_already_exists", f"Index already has a primary key: `{index.primary_key}`."
                )
            return index.primary_key
        return guess(documents[0][1]) if wanted is None else wanted

    def _documentDeletion(self, task: Task, changes: Changes) -> None:  # noqa: N802
        index = self._index(task.index_uid)
        content = task.content
        if content.get("clear"):
            changes.touch(index.uid, set(index.row_of))
            with index.lock:
                count = index.clear()
        else:
            ids = self._filtered(index, content["filter"]) if "filter" in content else content["ids"]
            with index.lock:
                count = sum(index.delete(one) for one in ids)
            changes.touch(index.uid, set(ids))
        index.updated_at = datetime.now(UTC)
        assert task.details is not None
        task.details["deletedDocuments"] = count

    def _filtered(self, index: Index, value: Any) -> list[str]:
        tree = filters.read(value, "invalid_document_filter", contains=self.contains_filter())
        if tree is None:
            return []
        try:
            return [index.id_of[row] for row in index.evaluation().rows(tree)]
        except ApiError as exc:
            raise _in_index(index.uid, "invalid_document_filter", exc.message) from None

    def _settingsUpdate(self, task: Task, changes: Changes) -> None:  # noqa: N802
        index = self._index(task.index_uid, create=task.content["allow_creation"])
        changes.touch(index.uid)
        with index.lock:
            try:
                index.change_settings(task.content["change"])
            except ApiError as exc:
                raise _in_index(index.uid, exc.code, exc.message) from None
            index.updated_at = datetime.now(UTC)

    def _indexCreation(self, task: Task, changes: Changes) -> None:  # noqa: N802
        uid = task.index_uid
        assert uid is not None
        if uid in self.indexes:
            raise ApiError("index_already_exists", f"Index `{uid}` already exists.")
        self.indexes[uid] = Index(uid, task.content["primary_key"])
        changes.touch(uid)

    def clear(self, tasks: list[Task], changes: Changes) -> None:
        """All documents go; the additions before that succeed without ever being done. Raises ApiError."""
        create = any(task.content.get("allow_creation") for task in tasks)
        index = self._index(tasks[0].index_uid, create=create)
        changes.touch(index.uid, set(index.row_of))
        with index.lock:
            count = index.clear()
        index.updated_at = datetime.now(UTC)
        for task in tasks:
            task.status = "succeeded"
            if task.content.get("clear"):
                task.details = {"deletedDocuments": count}
                count = 0  # the first one has deleted them all

    def delete_index(self, tasks: list[Task], changes: Changes) -> None:
        """The index goes, and what was still to be done to it succeeds. Raises ApiError."""
        uid = tasks[-1].index_uid or ""
        index = self.indexes.pop(uid, None)
        if index is None and not any(task.content.get("allow_creation") for task in tasks):
            raise index_not_found(uid)
        changes.touch(uid)
        for task in tasks:
            task.status = "succeeded"
            if task.kind == "indexDeletion":
                task.details = {"deletedDocuments": 0 if index is None else len(index.raw)}
            elif task.details is not None and not task.content.get("clear"):
                zero = ("indexedDocuments", "deletedDocuments")
                task.details |= {name: 0 for name in zero if name in task.details}

    def _indexDeletion(self, task: Task, changes: Changes) -> None:  # noqa: N802
        index = self._index(task.index_uid)
        del self.indexes[index.uid]
        changes.touch(index.uid)
        task.details = {"deletedDocuments": len(index.raw)}


def _in_index(uid: str, code: str, message: str) -> ApiError:
    return ApiError(code, f"Index `{uid}`: {message}")
