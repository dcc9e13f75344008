"""Check a manifest on its own: its fields, and the numbers against each other. Pure.

A manifest may come from anywhere.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from archiver.export.manifest_fields import find_wrong_field
from archiver.export.recount import LENGTH_OF_TIME, name_of


def find_fault(claims: Any) -> str | None:
    """The first inconsistency within the manifest, as a phrase that follows its name; None if there is none."""
    if type(claims) is not dict:
        return "is not a manifest of telekeep"
    wrong = find_wrong_field(claims)
    if wrong is not None:
        return f"is not a manifest of telekeep: {wrong!r} is missing or invalid"
    return next(_contradictions(claims), None)


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
