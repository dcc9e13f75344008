"""The outcome of a batch, derived from its tasks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archiver.model.ledger import Batch, BatchOutcome
from search.errors import ServerError, StorageFull, TaskFailed

if TYPE_CHECKING:
    from search.meili.task import Task

DOCUMENT_ERRORS: Final = frozenset(
    {
        "invalid_document_id", "missing_document_id", "invalid_document_fields", "max_fields_limit_exceeded",
        "invalid_document_geo_field", "invalid_document_geojson_field", "document_fields_limit_reached",
        "malformed_payload", "invalid_vector_dimensions", "invalid_vectors_type", "primary_key_inference_failed",
    }
)  # fmt: skip
"""Error codes about a document. https://www.meilisearch.com/docs/reference/errors/error_codes"""
UNRELATED_ERRORS: Final = frozenset({"index_not_found", "index_primary_key_already_exists", "canceled"})
"""Error codes unrelated to the documents sent."""


def find_outcome(batch: Batch, tasks: dict[int, Task]) -> tuple[BatchOutcome | None, ServerError | None]:
    """Return the outcome of a batch, None while undecided, and its error. A failure in one index fails it."""
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
        if isinstance(error, TaskFailed) and error.code not in UNRELATED_ERRORS and not isinstance(error, StorageFull):
            return BatchOutcome.FAILED, error
        return BatchOutcome.LOST, error
    return BatchOutcome.APPLIED, None
