"""Check a manifest on its own: the type of every field, and the numbers against each other. Pure.

A manifest may come from anywhere. Fields added by later versions are ignored; those of this version are required.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeAlias

from archiver.export.manifest import MANIFEST_VERSION
from archiver.export.recount import LENGTH_OF_TIME, name_of
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


def find_fault(claims: Any) -> str | None:
    """The first inconsistency within the manifest, as a phrase that follows its name; None if there is none."""
    if type(claims) is not dict:
        return "is not a manifest of telekeep"
    wrong = _wrong(claims, _MANIFEST)
    if wrong is not None:
        return f"is not a manifest of telekeep: {wrong!r} is missing or invalid"
    return next(_contradictions(claims), None)


def _wrong(value: Any, fields: Mapping[str, _Check]) -> str | None:
    """The first field that is missing or invalid."""
    if type(value) is not dict:
        return next(iter(fields))
    for name, check in fields.items():
        if not check(value[name]) if name in value else name not in _ADDED:
            return name
    return None


def _contradictions(claims: dict[str, Any]) -> Iterator[str]:
    channels, files = claims["channels"], claims["files"]
    if not files:
        yield "names no file"
    if len({file["path"] for file in files}) < len(files):
        yield "names a file twice"
    if len({channel["channel_id"] for channel in channels}) < len(channels):
        yield "names a channel twice"
    for parts, what in ((channels, "channels"), (files, "files")):
        if sum(part["rows"] for part in parts) != claims["rows"]:
            yield f"has a total of rows that differs from that of its {what}"
    if (claims["query"] is None) != (claims["engine"] is None):
        yield "has a query without an engine, or an engine without a query"
    lacking = [one["completeness"] for one in channels if not one["completeness"]["complete"]]
    if claims["complete"] == bool(lacking) or [one["reasons"] for one in claims.get("incomplete", [])] != [
        one.get("reasons") for one in lacking if "incomplete" in claims
    ]:
        yield "contradicts its channels about being complete"
    yield from _of_request(claims)
    if "media" in claims:
        yield from _of_media(claims["media"], {file["path"] for file in files if file["rows"]})
    if "append" in claims and claims["append"]["new"] + claims["append"]["changed"] != claims["rows"]:
        yield "has a number of new and changed rows that differs from its rows"
    for channel in channels:
        if wrong := next(_of_channel(channel), None):
            yield f"contradicts itself: channel {channel['channel_id']} {wrong}"


def _of_request(claims: dict[str, Any]) -> Iterator[str]:
    if len({claims[name] is None for name in ("query", "expanded_query", "norm_version") if name in claims}) > 1:
        yield "has a query without its meaning, or a meaning without a query"
    since, until = claims["bounds"]["since"], claims["bounds"]["until"]
    if since is not None and until is not None and len(since) == len(until) == LENGTH_OF_TIME and since > until:
        yield "has bounds that end before they begin"
    if "incomplete" in claims and [one["channel"] for one in claims["incomplete"]] != [
        name_of(one) for one in claims["channels"] if not one["completeness"]["complete"]
    ]:
        yield "names incomplete channels that differ from those it lists"


def _of_media(media: dict[str, Any], data: Container[str]) -> Iterator[str]:
    paths = [file["path"] for file in media["files"]]
    if len(set(paths)) < len(paths) or any(path in data for path in paths):
        yield "names a file twice"
    if not all(path.startswith(f"{media['directory']}/") for path in paths):
        yield "names a file outside of its directory of files"


def _of_channel(channel: dict[str, Any]) -> Iterator[str]:
    ends = [channel[name] for name in ("first_id", "last_id", "first_date", "last_date")]
    if any((end is None) != (channel["rows"] == 0) for end in ends):
        yield "has rows without ends, or ends without rows"
    found = channel["completeness"]
    ids = found["ids"]
    states = ["held", "missing", "absent", "not_fetched", "outside_window"]
    states += ["not_imported"] if "not_imported" in found and "not_imported_ids" in found else []
    if sum(found[state] for state in states) != (ids[1] - ids[0] + 1 if ids else 0):
        yield "has counts that do not add up to its ids"
    for state in states[1:]:
        ranges = found[f"{state}_ids"]
        if sum(last - first + 1 for first, last in ranges) != found[state]:
            yield f"lists a number of {state} ids that differs from its count"
        if ranges and (ids is None or ranges[0][0] < ids[0] or ranges[-1][1] > ids[1]):
            yield f"lists {state} ids outside its range"
    if sum(last - first + 1 for first, last in found.get("damaged_ids", ())) != found.get("damaged", 0):
        yield "lists a number of damaged ids that differs from its count"
    for first, last in found.get("missing_if_posted_ids", ()):
        if not any(lo <= first and last <= hi for lo, hi in found["missing_ids"]):
            yield "lists ids as missing if posted that it does not list as missing"
    if found["complete"] and (
        found["not_fetched"] or found["outside_window"] or found.get("partial") or found.get("damaged")
    ):
        yield "is marked complete, but lacks ids"
    if found["complete"] == bool(found.get("reasons", not found["complete"])):
        yield "is marked complete with a reason, or incomplete without one"
