"""One index: its documents as rows, its settings, and what is derived from them (columns of values, words).

A changed document gets a new row, so that columns and words only ever grow; rows that are no more are left out when a
question is answered. The internal id stays the document's own: it breaks ties, as in Meilisearch.
"""

from __future__ import annotations

import copy
import heapq
import json
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from tests.doubles.meilisearch.facets import Facets
from tests.doubles.meilisearch.filters import Evaluation
from tests.doubles.meilisearch.patterns import is_below
from tests.doubles.meilisearch.settings import DEFAULTS, updated
from tests.doubles.meilisearch.words import Words


class Index:
    def __init__(self, uid: str, primary_key: str | None = None) -> None:
        self.uid = uid
        self.primary_key = primary_key
        self.loaded_from = uid  # under which name the store has its documents
        self.created_at = self.updated_at = datetime.now(UTC)
        self.settings: dict[str, Any] = copy.deepcopy(DEFAULTS)
        self.lock = threading.RLock()
        self.row_of: dict[str, int] = {}  # by the document's id
        self.id_of: dict[int, str] = {}
        self.raw: dict[int, bytes] = {}
        self.internal: dict[int, int] = {}
        self.fields: dict[str, None] = {}  # every field ever seen, in that order
        self._field_count: Counter[str] = Counter()
        self._shapes: dict[int, tuple[str, ...]] = {}
        self._known_shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._free: list[int] = []
        self._leaving: dict[str, int] = {}  # internal ids of documents deleted in the batch that is being done
        self._next_internal = 0
        self.next_row = 0
        self.size = 0  # bytes of raw documents
        self._facets: Facets | None = None
        self._words: Words | None = None

    # --- documents

    def put(self, document_id: str, raw: bytes, document: dict[str, Any]) -> None:
        """Replace or add a document. `raw` is its JSON."""
        old = self.row_of.get(document_id)
        if old is None:
            internal = self._leaving.pop(document_id, -1)
            if internal < 0:
                internal = heapq.heappop(self._free) if self._free else self._next_internal
            self._next_internal = max(self._next_internal, internal + 1)
        else:
            internal = self.internal[old]
            self._drop(old)
        row = self.next_row
        self.next_row += 1
        self.row_of[document_id] = row
        self.id_of[row] = document_id
        self.raw[row] = raw
        self.size += len(raw)
        self.internal[row] = internal
        shape = tuple(document)
        self._shapes[row] = self._known_shapes.setdefault(shape, shape)
        self._field_count.update(shape)
        for name in shape:
            self.fields.setdefault(name)

    def delete(self, document_id: str) -> bool:
        row = self.row_of.pop(document_id, None)
        if row is None:
            return False
        self._leaving[document_id] = self.internal[row]
        self._drop(row)
        return True

    def settle(self) -> None:
        """A batch is done: the internal ids of what it deleted are free for others."""
        for internal in self._leaving.values():
            heapq.heappush(self._free, internal)
        self._leaving.clear()

    def clear(self) -> int:
        """Delete all documents; how many there were."""
        count = len(self.row_of)
        for document_id in list(self.row_of):
            self.delete(document_id)
        self._facets = self._words = None
        return count

    def _drop(self, row: int) -> None:
        self.size -= len(self.raw.pop(row))
        del self.id_of[row], self.internal[row]
        self._field_count.subtract(self._shapes.pop(row))
        if self.next_row > 2 * len(self.raw) + 10_000:  # mostly dead rows: derive anew
            self._facets = self._words = None

    def document(self, row: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw[row])
        return found

    def ordered(self, rows: set[int]) -> list[int]:
        """By internal id: the order of documents that nothing else orders."""
        return sorted(rows, key=self.internal.__getitem__)

    # --- what is derived

    @property
    def facets(self) -> Facets:
        if self._facets is None:
            self._facets = Facets(self)
        return self._facets

    @property
    def words_so_far(self) -> Words:
        """How words are cut and weighed; rows may be missing."""
        if self._words is None:
            self._words = Words(self.settings)
        return self._words

    @property
    def words(self) -> Words:
        """The words, with all rows in."""
        words = self.words_so_far
        for row in range(words.seen, self.next_row):
            if row in self.raw:
                words.add(row, self.document(row))
        words.seen = self.next_row
        return words

    def evaluation(self) -> Evaluation:
        return Evaluation(self.facets, self.settings["filterableAttributes"], set(self.fields), set(self.raw))

    def change_settings(self, change: dict[str, Any]) -> None:
        self.settings = updated(self.settings, change)
        self._facets = self._words = None

    def displayed(self) -> list[str] | None:
        """The attributes that may be shown; None for all."""
        names: list[str] = self.settings["displayedAttributes"]
        return None if "*" in names else names

    def is_shown(self, attribute: str) -> bool:
        names = self.displayed()
        return names is None or any(is_below(attribute, name) for name in names)

    # --- views

    def view(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "createdAt": timestamp(self.created_at),
            "updatedAt": timestamp(self.updated_at),
            "primaryKey": self.primary_key,
        }

    def stats(self, is_indexing: bool) -> dict[str, Any]:
        count = len(self.raw)
        return {
            "numberOfDocuments": count,
            "rawDocumentDbSize": self.size,
            "avgDocumentSize": self.size // count if count else 0,
            "isIndexing": is_indexing,
            "numberOfEmbeddings": 0,
            "numberOfEmbeddedDocuments": 0,
            "fieldDistribution": {name: n for name, n in sorted(self._field_count.items()) if n},
        }


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 as Meilisearch writes it: no fraction that says nothing."""
    if moment is None:
        return None
    whole, _, fraction = moment.astimezone(UTC).isoformat(timespec="microseconds")[:26].partition(".")
    # Meilisearch writes nanoseconds, and no fraction where there is none.
    return f"{whole}.{fraction}017Z" if fraction.strip("0") else f"{whole}Z"
