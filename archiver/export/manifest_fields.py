"""The fields of a manifest, and a check of the type of each. Pure.

Fields added by later versions are ignored; those of this version are required.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeAlias

from archiver.export.manifest import MANIFEST_VERSION
from archiver.export.recount import LENGTH_OF_TIME
from archiver.export.row_keys import READERS
from archiver.model.row import SCHEMA_VERSION

_Check: TypeAlias = Callable[[Any], bool]
_INSTANT = re.compile(r"-?[0-9]{4,6}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST = 2**63 - 1
_LONGEST_PATH, _DEEPEST = 1024, 16

_ADDED = {
    "expanded_query",
    "partial",
    "reasons",
    "incomplete",
    "media",
    "append",
    "imported_alone",
    "not_imported",
    "not_imported_ids",
    "name_origin",
    "missing_if_posted_ids",
    "damaged",
    "damaged_ids",
}
"""Fields added to manifests of version 1 later, hence optional."""


def _text(value: Any) -> bool:
    return type(value) is str


def _words(value: Any) -> bool:
    return type(value) is str and value != "" and value.isprintable()


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _flag(value: Any) -> bool:
    return type(value) is bool


def _id(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MOST


def _instant(value: Any) -> bool:
    if type(value) is not str or _INSTANT.fullmatch(value) is None:
        return False
    try:
        return len(value) != LENGTH_OF_TIME or datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _range(value: Any) -> bool:
    return type(value) is list and len(value) == 2 and all(map(_id, value)) and value[0] <= value[1]


def _ranges(value: Any) -> bool:
    return type(value) is list and all(map(_range, value)) and all(one[1] < two[0] for one, two in pairwise(value))


def _or_null(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _texts(value: Any) -> bool:
    return type(value) is list and all(map(_text, value))


def _list_of(fields: Mapping[str, _Check]) -> _Check:
    return lambda value: type(value) is list and all(_wrong(one, fields) is None for one in value)


def _object(fields: Mapping[str, _Check]) -> _Check:
    return lambda value: _wrong(value, fields) is None


def _exactly(*values: object) -> _Check:
    return lambda value: any(type(value) is type(one) and value == one for one in values)


def is_inner_path(value: Any) -> bool:
    """Whether it names a file in the manifest's directory or below."""
    if type(value) is not str or len(value) > _LONGEST_PATH or "\0" in value or "\\" in value:
        return False
    return value.count("/") < _DEEPEST and all(step not in ("", ".", "..") for step in value.split("/"))


_COMPLETENESS: dict[str, _Check] = {
    "complete": _flag,
    "reasons": _texts,
    "partial": _count,
    "as_of": _or_null(_instant),
    "ids": _or_null(_range),
    **dict.fromkeys(
        ("held", "missing", "absent", "not_fetched", "outside_window", "not_imported", "imported_alone", "damaged"),
        _count,
    ),
    **dict.fromkeys(
        (
            "missing_ids",
            "missing_if_posted_ids",
            "absent_ids",
            "not_fetched_ids",
            "outside_window_ids",
            "not_imported_ids",
            "damaged_ids",
        ),
        _ranges,
    ),
}
_CHANNEL: dict[str, _Check] = {
    "channel_id": _id,
    "username": _or_null(_text),
    "alias": _or_null(_text),
    "name_origin": _exactly(None, "import", "telegram"),
    "title": _text,
    "state": _words,
    "rows": _count,
    "first_id": _or_null(_id),
    "last_id": _or_null(_id),
    "first_date": _or_null(_instant),
    "last_date": _or_null(_instant),
    "completeness": _object(_COMPLETENESS),
}
_FILE: dict[str, _Check] = {
    "path": is_inner_path,
    "bytes": _count,
    "rows": _count,
    "sha256": lambda value: type(value) is str and _SHA256.fullmatch(value) is not None,
}
_MEDIA: dict[str, _Check] = {
    "mode": _exactly("copy", "link"),
    "directory": is_inner_path,
    "files": _list_of({name: _FILE[name] for name in ("path", "bytes", "sha256")}),
    "not_stored": lambda value: type(value) is dict and all(map(_count, value.values())),
}
_APPEND: dict[str, _Check] = {
    "number": lambda value: _id(value) and value > 1,
    "previous": _object({"file": is_inner_path, "manifest_sha256": _FILE["sha256"]}),
    **dict.fromkeys(("new", "changed", "messages"), _count),
    "withdrawn": _list_of({"channel_id": _id, "ids": _ranges}),
}
_BOUNDS: dict[str, _Check] = {
    "since": _or_null(_instant),
    "until": _or_null(_instant),
    "tz": _words,
    "meaning": _words,
}
_MANIFEST: dict[str, _Check] = {
    "manifest_version": _exactly(MANIFEST_VERSION),
    "row_schema_version": _exactly(*range(1, SCHEMA_VERSION + 1)),
    "tool": _object({"name": _exactly("telekeep"), "version": _words}),
    "exported_at": _instant,
    "query": _or_null(_text),
    "expanded_query": _or_null(_text),
    "engine": _exactly(None, "exact"),
    "norm_version": _or_null(_count),
    "bounds": _object(_BOUNDS),
    "order": _exactly(["date", "channel_id", "message_id"], ["channel_id", "date", "message_id"]),
    "format": _exactly(*READERS),
    "options": lambda value: type(value) is dict,
    "rows": _count,
    "complete": _flag,
    "incomplete": _list_of({"channel": _text, "reasons": _texts}),
    "channels": _list_of(_CHANNEL),
    "files": _list_of(_FILE),
    "warnings": _texts,
    "media": _object(_MEDIA),
    "append": _object(_APPEND),
}


def find_wrong_field(manifest: Any) -> str | None:
    """The first field that is missing or invalid."""
    return _wrong(manifest, _MANIFEST)


def _wrong(value: Any, fields: Mapping[str, _Check]) -> str | None:
    if type(value) is not dict:
        return next(iter(fields))
    for name, check in fields.items():
        if not check(value[name]) if name in value else name not in _ADDED:
            return name
    return None
