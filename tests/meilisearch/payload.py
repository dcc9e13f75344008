"""Payloads of documents: JSON (an object or a list of them), NDJSON and CSV, to one JSON text per document.

Each document is kept as the bytes that came, as Meilisearch keeps the raw JSON of every field.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.meilisearch.errors import ApiError
from tests.meilisearch.reading import compact

ACCEPTED = ("application/json", "application/x-ndjson", "text/csv")
_FORMATS = {"application/json": "json", "application/x-ndjson": "ndjson", "text/csv": "csv"}
_DECODER = json.JSONDecoder(parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
_BLANK = re.compile(r"[ \t\n\r]*")


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
    except UnicodeDecodeError:
        raise malformed(kind, "invalid unicode code point at line 1 column 1") from None
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
        value, end = _DECODER.raw_decode(text, _BLANK.match(text).end())  # type: ignore[union-attr]
        end = _BLANK.match(text, end).end()  # type: ignore[union-attr]
        if end != len(text) and isinstance(value, dict):
            raise json.JSONDecodeError("Extra data", text, end)
    except json.JSONDecodeError as exc:
        raise malformed("json", serde_message(exc)) from None
    except ValueError:
        raise malformed("json", "expected value at line 1 column 1") from None
    if isinstance(value, dict):
        return [compact(value).encode()]
    if not isinstance(value, list):
        raise malformed("json", "data are neither an object nor a list of objects")
    for one in value:
        if not isinstance(one, dict):
            raise _no_object(one)
    return [compact(one).encode() for one in value]


def _ndjson(text: str) -> Iterator[bytes]:
    """Objects one after the other; line ends between them are customary, not needed."""
    at = _BLANK.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as exc:
            raise malformed("ndjson", serde_message(exc)) from None
        except ValueError:
            raise malformed("ndjson", "expected value at line 1 column 1") from None
        if not isinstance(value, dict):
            raise _no_object(value)
        yield text[at:end].encode()
        at = _BLANK.match(text, end).end()  # type: ignore[union-attr]


def _no_object(value: Any) -> ApiError:
    """It is an I/O error to Meilisearch: `internal`, for it knows no better code."""
    kind = {bool: "boolean", int: "integer", float: "floating point", str: "string", list: "sequence"}.get(type(value))
    found = "null" if value is None else kind if kind == "sequence" else f"{kind} `{compact(value)}`"
    return ApiError("internal", f"invalid type: {found}, expected a map at line 1 column 1")


_SERDE = {
    "Expecting value": "expected value",
    "Expecting property name enclosed in double quotes": "key must be a string",
    "Expecting ':' delimiter": "expected `:`",
    "Expecting ',' delimiter": "expected `,` or `}`",
    "Extra data": "trailing characters",
    "Invalid control character at": "control character (\\u0000-\\u001F) found while parsing a string",
    "Invalid \\escape": "invalid escape",
    "Invalid \\uXXXX escape": "invalid escape",
    "Illegal trailing comma before end of object": "trailing comma",
    "Illegal trailing comma before end of array": "trailing comma",
}


def serde_message(exc: json.JSONDecodeError) -> str:
    """About what serde_json says: right for the usual mistakes."""
    place = exc.pos
    if exc.msg.startswith("Unterminated string"):
        message, place = "EOF while parsing a string", len(exc.doc)
    elif place >= len(exc.doc.rstrip()):
        message = "EOF while parsing a value" if exc.msg == "Expecting value" else "EOF while parsing an object"
        place = len(exc.doc) - 1
    else:
        message = next((serde for python, serde in _SERDE.items() if exc.msg.startswith(python)), exc.msg)
    line = exc.doc.count("\n", 0, max(place, 0)) + 1
    column = len(exc.doc[exc.doc.rfind("\n", 0, max(place, 0)) + 1 : place + 1].encode())
    return f"{message} at line {line} column {column}"


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
