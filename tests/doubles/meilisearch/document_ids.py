"""Primary keys: which field it is, and the id of a document. Mistakes fail the whole task."""

from __future__ import annotations

import re
from typing import Any

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.reading import compact

_ID = re.compile(r"[A-Za-z0-9_-]{1,511}")


def document_id(document: dict[str, Any], primary_key: str) -> str:
    """The id as text. Raises ApiError: `missing_document_id`, `invalid_document_id`."""
    if primary_key not in document:
        raise ApiError(
            "missing_document_id", f"Document doesn't have a `{primary_key}` attribute: `{compact(document)}`."
        )
    return valid_id(document[primary_key])


def valid_id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        if -(1 << 63) <= value < 1 << 64:
            return str(value)
        value = float(value)  # too great to be an integer: 1e+20
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise ApiError(
        "invalid_document_id",
        f"Document identifier `{compact(value)}` is invalid. A document identifier can be of type integer or string, "
        "only composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), "
        "and can not be more than 511 bytes.",
    )


def guess(document: dict[str, Any]) -> str:
    """The one field whose name ends in `id`. Raises ApiError."""
    candidates = sorted(name for name in document if name.lower().endswith("id"))
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise ApiError(
            "index_primary_key_no_candidate_found",
            "The primary key inference failed as the engine did not find any field ending with `id` in its name. "
            "Please specify the primary key manually using the `primaryKey` query parameter.",
        )
    raise ApiError(
        "index_primary_key_multiple_candidates_found",
        f"The primary key inference failed as the engine found {len(candidates)} fields ending with `id` in their "
        f"names: '{candidates[0]}' and '{candidates[1]}'. Please specify the primary key manually using the "
        "`primaryKey` query parameter.",
    )
