"""Payloads of documents: JSON (an object or a list of them), NDJSON and CSV, to one JSON text per document.

Each document is kept as the bytes that came, as Meilisearch keeps the raw JSON of every field.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.reading import compact
from tests.doubles.meilisearch.serde import after_blank, located, message_of, read_one, unexpected

ACCEPTED = ("application/json", "application/x-ndjson", "text/csv")
_FORMATS = {"application/json": "json", "application/x-ndjson": "ndjson", "text/csv": "csv"}


def format_of(content_type: str | None, csv_delimiter: str | None) -> str:
    """json, ndjson or csv. Raises ApiError."""
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
    if csv_delimiter is not None and kind != "text/csv":
        raise ApiError(
            "invalid_content_type",
            f"The Content-Type `{kind}` does not support the use of a csv delimiter. The csv delimiter can only be "
            "used with the Content-Type `text/csv`.",
        )
    return _FORMATS[kind]


def documents(body: bytes, kind: str, csv_delimiter: str | None = None) -> list[bytes]:
    """The documents of a payload. Raises ApiError (`missing_payload`, `malformed_payload`)."""
    if not body:
        raise ApiError("missing_payload", f"A {kind} payload is missing.")
    if kind == "csv":
        return list(_csv(body, csv_delimiter or ","))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as exc:
        column = exc.start + (2 if kind == "json" else 3)
        raise malformed(kind, f"invalid unicode code point at line 1 column {column}") from None
    return list(_ndjson(text)) if kind == "ndjson" else _json(text)


def malformed(kind: str, message: str) -> ApiError:
    if len(message.encode()) > 50 + 85 + 3:
        message = message[:50] + "..." + message[-85:]
    return ApiError(
        "malformed_payload",
        f"The `{kind}` payload provided is malformed. `Couldn't serialize document value: {message}`.",
    )


def _json(text: str) -> list[bytes]:
    try:
        value, end = read_one(text, after_blank(text, 0))
        if end != len(text) and isinstance(value, dict):  # what follows a list is not looked at
            raise json.JSONDecodeError("Extra data", text, end)
    except json.JSONDecodeError as exc:
        raise malformed("json", message_of(exc)) from None
    if isinstance(value, dict):
        return [compact(value).encode()]
    if not isinstance(value, list):
        raise malformed("json", "data are neither an object nor a list of objects")
    for place, one in enumerate(value):
        if not isinstance(one, dict):
            # Meilisearch stops reading here: what follows is too much, and the last one is no object.
            if place < len(value) - 1:
                raise malformed("json", f"trailing characters{located(text, _element(text, place + 1) + 1)}")
            raise ApiError("internal", unexpected(one, "map"))
    return [compact(one).encode() for one in value]


def _element(text: str, count: int) -> int:
    """Where the element of a list begins that has so many before it."""
    at = after_blank(text, 0) + 1
    for _ in range(count):
        _, at = read_one(text, after_blank(text, at))
        at += 1  # the comma
    return after_blank(text, at)


def _ndjson(text: str) -> Iterator[bytes]:
    """Objects one after the other; line ends between them are customary, not needed."""
    at = after_blank(text, 0)
    while at < len(text):
        try:
            value, end = read_one(text, at)
        except json.JSONDecodeError as exc:
            raise malformed("ndjson", message_of(exc, by_reader=False)) from None
        if not isinstance(value, dict):
            raise ApiError("internal", unexpected(value, "map"))  # an I/O error to Meilisearch
        yield text[at:end].rstrip(" \t\n\r").encode()
        at = end


def _csv(body: bytes, delimiter: str) -> Iterator[bytes]:
    rows = csv.reader(io.StringIO(body.decode("utf-8", "replace"), newline=""), delimiter=delimiter)
    fields = [_csv_field(head) for head in next(rows, [])]
    for line, row in enumerate((row for row in rows if row), 1):
        if len(row) != len(fields):
            raise ApiError(
                "malformed_payload",
                f"The `csv` payload provided is malformed: `CSV error: record {line} (line: {line + 1}, byte: 0): "
                f"found record with {len(row)} fields, but the previous record has {len(fields)} fields`.",
            )
        yield compact({n: _csv_value(v, k, line) for (n, k), v in zip(fields, row, strict=True)}).encode()


def _csv_field(head: str) -> tuple[str, str]:
    name, colon, kind = head.rpartition(":")
    return (name, kind) if colon and kind in ("string", "boolean", "number") else (head, "string")


def _csv_value(value: str, kind: str, line: int) -> Any:
    trimmed = value.strip()
    if kind == "string":
        return value or None
    if not trimmed:
        return None
    if kind == "boolean":
        if trimmed in ("true", "false"):
            return trimmed == "true"
        problem = "provided string was not `true` or `false`"
    else:
        for number in (int, float):
            try:
                return number(trimmed)
            except ValueError:
                continue
        problem = "invalid float literal"
    raise ApiError(
        "malformed_payload",
        f'The `csv` payload provided is malformed: `Error parsing {kind} "{value}" at line {line}: {problem}`.',
    )
