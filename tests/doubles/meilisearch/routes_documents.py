"""Documents: adding, deleting, reading them back."""

from __future__ import annotations

import contextlib
import json
from functools import cmp_to_key
from typing import Any

from tests.doubles.meilisearch import filters, payload, uids
from tests.doubles.meilisearch.asc_desc import Criterion, compare_rows, parse_sort
from tests.doubles.meilisearch.document_ids import valid_id
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.index import Index
from tests.doubles.meilisearch.parameters import Parameter, PlainMessage, boolean, size
from tests.doubles.meilisearch.patterns import is_below
from tests.doubles.meilisearch.reading import REQUIRED, Field, anything, compact, list_of, optional, shape, string
from tests.doubles.meilisearch.reading import boolean as is_boolean
from tests.doubles.meilisearch.reading import size as is_size
from tests.doubles.meilisearch.routes import Answer, Request, Routes
from tests.doubles.meilisearch.selection import select


def _skip_creation(text: str) -> bool:
    if text not in ("true", "false"):
        raise PlainMessage(f"skipCreation must be either `true` or `false`. Found: `{text}`")
    return text == "true"


_METADATA = Parameter(str, "invalid_index_custom_metadata")
_ADD = {
    "primaryKey": Parameter(str, "invalid_index_primary_key"),
    "customMetadata": _METADATA,
    "skipCreation": Parameter(_skip_creation, "invalid_skip_creation"),
}
_FETCH_BODY = shape(
    {
        "offset": Field(is_size, "invalid_document_offset", 0),
        "limit": Field(is_size, "invalid_document_limit", 20),
        "fields": Field(optional(list_of(string)), "invalid_document_fields"),
        "retrieveVectors": Field(is_boolean, "invalid_document_retrieve_vectors", False),
        "ids": Field(optional(list_of(anything)), "invalid_document_ids"),
        "filter": Field(optional(anything), "invalid_document_filter"),
        "sort": Field(optional(list_of(string)), "invalid_document_sort"),
        "useNetwork": Field(optional(is_boolean), "invalid_document_use_network"),
    }
)
_FETCH_PARAMETERS = {
    "offset": Parameter(size, "invalid_document_offset", 0),
    "limit": Parameter(size, "invalid_document_limit", 20),
    "fields": Parameter(str, "invalid_document_fields", many=True),
    "retrieveVectors": Parameter(boolean, "invalid_document_retrieve_vectors", False),
    "ids": Parameter(str, "invalid_document_ids", many=True),
    "filter": Parameter(str, "invalid_document_filter"),
    "sort": Parameter(str, "invalid_document_sort"),
    "useNetwork": Parameter(boolean, "invalid_document_use_network"),
}
_ONE = {
    "fields": Parameter(str, "invalid_document_fields", many=True),
    "retrieveVectors": Parameter(boolean, "invalid_document_retrieve_vectors", False),
    "useNetwork": Parameter(boolean, "invalid_document_use_network"),
}
_BY_FILTER = shape({"filter": Field(anything, "invalid_document_filter", REQUIRED, "missing_document_filter")})


def add_to(routes: Routes) -> None:
    path = "/indexes/{index_uid}/documents"
    routes.add("POST", path, "documents.add", lambda request: _add(request, "replace"))
    routes.add("PUT", path, "documents.add", lambda request: _add(request, "update"))
    routes.add("DELETE", path, "documents.delete", _clear)
    routes.add("GET", path, "documents.get", _list)
    routes.add("POST", f"{path}/fetch", "documents.get", _fetch)
    routes.add("POST", f"{path}/delete-batch", "documents.delete", _delete_batch)
    routes.add("POST", f"{path}/delete", "documents.delete", _delete_by_filter)
    routes.add("GET", path + "/{document_id}", "documents.get", _one)
    routes.add("DELETE", path + "/{document_id}", "documents.delete", _delete_one)


def _add(request: Request, method: str) -> Answer:
    parameters = request.parameters(_ADD)
    uid = uids.check(request.names["index_uid"])
    kind = payload.format_of(request.headers.get("Content-Type"))
    documents = payload.documents(request.body, kind)
    content = {
        "documents": documents,
        "method": method,
        "primary_key": parameters["primaryKey"],
        "allow_creation": request.access.creates(uid),
        "skip_creation": bool(parameters["skipCreation"]),
    }
    details = {"receivedDocuments": len(documents), "indexedDocuments": None}
    return enqueue(request, "documentAdditionOrUpdate", uid, content, details, metadata=parameters["customMetadata"])


def enqueue(
    request: Request,
    kind: str,
    uid: str | None,
    content: dict[str, Any],
    details: dict[str, Any] | None,
    *,
    metadata: str | None = None,
    status: int = 202,
) -> Answer:
    task = request.server.register(kind, uid, content, details=details, custom_metadata=metadata)
    return Answer(task.summary(), status, task=task.uid)


def _delete(request: Request, content: dict[str, Any], details: dict[str, Any]) -> Answer:
    parameters = request.parameters({"customMetadata": _METADATA})
    uid = uids.check(request.names["index_uid"])
    return enqueue(request, "documentDeletion", uid, content, details, metadata=parameters["customMetadata"])


def _clear(request: Request) -> Answer:
    return _delete(request, {"clear": True}, {"deletedDocuments": None})


def _ids_details(count: int) -> dict[str, Any]:
    return {"providedIds": count, "deletedDocuments": None, "originalFilter": None}


def _delete_one(request: Request) -> Answer:
    return _delete(request, {"ids": [request.names["document_id"]]}, _ids_details(1))


def _delete_batch(request: Request) -> Answer:
    body = request.json()
    if not isinstance(body, list):
        raise ApiError("bad_request", "Json deserialize error: invalid type, expected a sequence")
    ids = [one if isinstance(one, str) else compact(one) for one in body]
    return _delete(request, {"ids": ids}, _ids_details(len(ids)))


def _delete_by_filter(request: Request) -> Answer:
    value = _BY_FILTER(request.json(), "", "bad_request")["filter"]
    tree = filters.read(value, "invalid_document_filter", contains=request.server.features["containsFilter"])
    if tree is None:
        raise ApiError("invalid_document_filter", "Sending an empty filter is forbidden.")
    details = {"providedIds": 0, "deletedDocuments": None, "originalFilter": compact(value)}
    return _delete(request, {"filter": value}, details)


def _one(request: Request) -> Any:
    query = request.parameters(_ONE)
    index = request.server.index(uids.check(request.names["index_uid"]))
    with index.lock:
        row = index.row_of.get(request.names["document_id"])
        if row is None:
            raise ApiError("document_not_found", f"Document `{request.names['document_id']}` not found.")
        return shown(index, row, query)


def shown(index: Index, row: int, query: dict[str, Any]) -> dict[str, Any]:
    """A document with the fields that are asked for; `displayedAttributes` counts for searches only."""
    document = index.document(row)
    if query["fields"] is not None:
        document = select(document, query["fields"])
    return {**document, "_vectors": {}} if query["retrieveVectors"] else document


def _list(request: Request) -> Any:
    query = request.parameters(_FETCH_PARAMETERS)
    if query["filter"] is not None:
        with contextlib.suppress(ValueError):
            query["filter"] = json.loads(query["filter"])
    if query["sort"] is not None:
        query["sort"] = query["sort"].split(",")
    return _answer(request, query)


def _fetch(request: Request) -> Any:
    return _answer(request, _FETCH_BODY(request.json(), "", "bad_request"))


def _answer(request: Request, query: dict[str, Any]) -> Any:
    uid = uids.check(request.names["index_uid"])
    ids = None if query["ids"] is None else [_checked_id(one, place) for place, one in enumerate(query["ids"])]
    criteria = None if query["sort"] is None else parse_sort(query["sort"], "invalid_document_sort")
    index = request.server.index(uid)
    with index.lock:
        rows = _chosen(request, index, query["filter"], ids)
        ordered = index.ordered(rows)
        total = len(ordered)
        if criteria is not None:
            ordered = _sorted(index, ordered, criteria)
        page = ordered[query["offset"] : query["offset"] + query["limit"]]
        results = [shown(index, row, query) for row in page]
    return {"results": results, "offset": query["offset"], "limit": query["limit"], "total": total}


def _checked_id(value: Any, place: int) -> str:
    try:
        return valid_id(value)
    except ApiError as exc:
        raise ApiError("invalid_document_ids", f"In `.ids[{place}]`: {exc.message}") from None


def _chosen(request: Request, index: Index, filter_: Any, ids: list[str] | None) -> set[int]:
    rows = set(index.raw)
    if filter_ is not None:
        contains = request.server.features["containsFilter"]
        tree = filters.read(filter_, "invalid_document_filter", contains=contains)
        if tree is not None:
            try:
                rows = index.evaluation().rows(tree)
            except ApiError as exc:
                raise ApiError("invalid_document_filter", exc.message) from None
    if ids is not None:
        rows &= {index.row_of[one] for one in ids if one in index.row_of}
    return rows


def _sorted(index: Index, rows: list[int], criteria: list[Criterion]) -> list[int]:
    sortable = index.settings["sortableAttributes"]
    for criterion in criteria:
        if not any(is_below(criterion.field, name) for name in sortable):
            known = (
                f"Available sortable attributes are: `{', '.join(sortable)}`."
                if sortable
                else "This index does not have configured sortable attributes."
            )
            raise ApiError("invalid_document_sort", f"Attribute `{criterion.field}` is not sortable. {known}")
    # Rows whose field has no value to sort by (null, empty, an object) are lost, as in Meilisearch; not so in a search.
    for criterion in criteria:
        column = index.facets.column(criterion.field)
        rows = [row for row in rows if row in column.of_row or row not in column.exists]
    return sorted(rows, key=cmp_to_key(compare_rows(index.facets, criteria)))
