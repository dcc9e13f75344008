"""Payloads of documents: JSON (an object or a list of them) and NDJSON, to one JSON text per document.

Each document is kept as the bytes that came, as Meilisearch keeps the raw JSON of every field.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.reading import compact
from tests.doubles.meilisearch.serde import after_blank, read_one

ACCEPTED = ("application/json", "application/x-ndjson", "text/csv")
_FORMATS = {"application/json": "json", "application/x-ndjson": "ndjson"}


def format_of(content_type: str | None) -> str:
    """json or ndjson. Raises ApiError."""
    listed = ", ".join(f"`{one}`" for one in ACCEPTED)
    if content_type is None:
        raise ApiError(
            "missing_content_type",
            f"A Content-Type header is missing. Accepted values for the Content-Type header are: {listed}",
        )
    kind = content_type.split(";")[0].strip().lower()
    if kind not in _FORMATS:
        raise ApiError(
            "invalid_content_type",
            f"The Content-Type `{kind}` is invalid. Accepted values for the Content-Type header are: {listed}",
        )
    return _FORMATS[kind]


def documents(body: bytes, kind: str) -> list[bytes]:
    """The documents of a payload. Raises ApiError (`missing_payload`, `malformed_payload`)."""
    if not body:
        raise ApiError("missing_payload", f"A {kind} payload is missing.")
    try:
        text = body.decode("utf-8")
        return list(_ndjson(text)) if kind == "ndjson" else _json(text)
    except ValueError as exc:  # neither UTF-8 nor JSON
        raise malformed(kind, str(exc)) from None


def malformed(kind: str, message: str) -> ApiError:
    return ApiError("malformed_payload", f"The `{kind}` payload provided is malformed. `{message}`.")


def _json(text: str) -> list[bytes]:
    value, end = read_one(text, after_blank(text, 0))
    if end != len(text) and isinstance(value, dict):  # what follows a list is not looked at
        raise malformed("json", "trailing characters")
    if isinstance(value, dict):
        return [compact(value).encode()]
    if not isinstance(value, list):
        raise malformed("json", "data are neither an object nor a list of objects")
    if not all(isinstance(one, dict) for one in value):
        # Meilisearch stops reading there: what follows is too much, and the last one is no object.
        raise (
            malformed("json", "trailing characters")
            if not all(isinstance(one, dict) for one in value[:-1])
            else (ApiError("internal", "invalid type, expected a map"))
        )
    return [compact(one).encode() for one in value]


def _ndjson(text: str) -> Iterator[bytes]:
    """Objects one after the other; line ends between them are customary, not needed."""
    at = after_blank(text, 0)
    while at < len(text):
        value, end = read_one(text, at)
        if not isinstance(value, dict):
            raise ApiError("internal", "invalid type, expected a map")  # an I/O error to Meilisearch
        yield text[at:end].rstrip(" \t\n\r").encode()
        at = end
