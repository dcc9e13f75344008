"""The manifest of an export: the request, the result, how complete it is, and the SHA-256 of each file.

Except for `exported_at`, the same archive and request give the same manifest. docs/export.md explains each field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from archiver.export.request import Request
from archiver.model import coverage
from archiver.model.completeness import IdRanges, Tally
from archiver.model.coverage import Interval
from archiver.model.iso_time import iso
from archiver.model.json_text import dump
from archiver.model.row import SCHEMA_VERSION, ChannelName, StoredMessage
from archiver.model.shortfall import Shortfall

MANIFEST_NAME = "manifest.json"
_SKIPPED_NAME = "_manifest.json"
FOLDER_MANIFESTS = (MANIFEST_NAME, _SKIPPED_NAME)
"""Names that the manifest of a directory export may have."""


def folder_manifest(format_name: str) -> str:
    """The name of the manifest in a directory of this format.

    pandas, pyarrow, Spark and others read a directory of Parquet files as one table, skipping names with an underscore.
    """
    return _SKIPPED_NAME if format_name == "parquet" else MANIFEST_NAME


MANIFEST_VERSION = 1


@dataclass(slots=True)
class Share:
    """The rows of one channel in an export."""

    rows: int = 0
    first: tuple[int, int] | None = None
    """Date and id of the oldest row."""
    last: tuple[int, int] | None = None

    def add(self, message: StoredMessage) -> None:
        """Count one more row; rows come oldest first."""
        self.rows += 1
        self.last = (message.date, message.message_id)
        self.first = self.first or self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """The ids that are, or may be, within the bounds, by state."""

    lo: int
    hi: int
    tally: Tally
    ranges: IdRanges
    """Those of all states but held."""
    shortfall: Shortfall
    """What is unknown within the bounds."""
    as_of: int | None = None
    """When the channel was last brought up to date."""
    imported_alone: int = 0
    """Of a mirrored channel: messages within the bounds that only imports have, and that are no part of the counts."""
    damaged_ids: Sequence[int] = ()
    """Held messages that are left out because the archive's file is damaged there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPart:
    """One channel in the manifest."""

    name: ChannelName
    state: str
    name_origin: str | None = None
    """`import`: its @name was given with an import, and never confirmed by Telegram."""
    share: Share
    completeness: Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """One data file in the manifest."""

    path: str
    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file behind a message in the manifest."""

    path: str
    bytes: int
    sha256: str

    def to_object(self) -> dict[str, Any]:
        """As JSON."""
        return {"path": self.path, "bytes": self.bytes, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPart:
    """The files behind the messages in the manifest."""

    mode: str
    directory: str
    files: Sequence[MediaFile]
    not_stored: Mapping[str, int]
    """Numbers of files that the archive does not have, by status."""

    def to_object(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "mode": self.mode,
            "directory": self.directory,
            "files": [file.to_object() for file in self.files],
            "not_stored": dict(self.not_stored),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The contents of the manifest."""

    request: Request
    format: str
    options: dict[str, object]
    channels: Sequence[ChannelPart]
    files: Sequence[FilePart]
    tool_version: str
    norm_version: int | None
    """None: without a query."""
    exported_at: datetime
    warnings: Sequence[str] = field(default=())
    media: MediaPart | None = None
    """None: without files."""
    append: Mapping[str, Any] | None = None
    """How it continues a series; None if it does not."""

    def encode(self) -> bytes:
        """The contents of its file."""
        return dump(self.to_object(), indent=True) + b"\n"

    def to_object(self) -> dict[str, Any]:
        """As JSON."""
        bounds = self.request.bounds
        return {
            "manifest_version": MANIFEST_VERSION,
            "row_schema_version": SCHEMA_VERSION,
            "tool": {"name": "telekeep", "version": self.tool_version},
            "exported_at": iso(int(self.exported_at.timestamp())),
            "query": self.request.shown_query,
            "expanded_query": self.request.shown_tree,
            "engine": "exact" if self.request.query is not None else None,
            "norm_version": self.norm_version,
            "bounds": {
                "since": iso(bounds.since_unix),
                "until": iso(bounds.until_unix),
                "tz": self.request.zone,
                "meaning": "[since, until) in UTC; null is open",
            },
            "order": self.request.order,
            "format": self.format,
            "options": self.options,
            "rows": sum(part.share.rows for part in self.channels),
            "complete": all(is_complete(part.completeness) for part in self.channels),
            "incomplete": [
                {"channel": part.name.name, "reasons": list(part.completeness.shortfall.reasons)}
                for part in self.channels
                if not is_complete(part.completeness)
            ],
            "channels": [_channel(part) for part in self.channels],
            "files": [
                {"path": file.path, "bytes": file.bytes, "rows": file.rows, "sha256": file.sha256}
                for file in self.files
            ],
            "warnings": list(self.warnings),
            **({} if self.media is None else {"media": self.media.to_object()}),
            **({} if self.append is None else {"append": dict(self.append)}),
        }


def is_complete(completeness: Completeness) -> bool:
    """Whether every id that may be within the bounds is accounted for, and nothing else is known to be missing."""
    return not completeness.shortfall.reasons


def _channel(part: ChannelPart) -> dict[str, Any]:
    share = part.share
    return {
        "channel_id": part.name.channel_id,
        "username": part.name.username,
        "alias": part.name.alias,
        "title": part.name.title,
        "state": part.state,
        "name_origin": part.name_origin,
        "rows": share.rows,
        "first_id": share.first[1] if share.first else None,
        "last_id": share.last[1] if share.last else None,
        "first_date": iso(share.first[0]) if share.first else None,
        "last_date": iso(share.last[0]) if share.last else None,
        "completeness": _completeness(part.completeness),
    }


def _completeness(found: Completeness) -> dict[str, Any]:
    return {
        "complete": is_complete(found),
        "reasons": list(found.shortfall.reasons),
        "as_of": iso(found.as_of),
        "ids": [found.lo, found.hi] if found.lo <= found.hi else None,
        "held": found.tally.held,
        "partial": found.shortfall.partial,
        "missing": found.tally.missing,
        "absent": found.tally.absent,
        "not_fetched": found.tally.not_fetched,
        "outside_window": found.tally.outside,
        "missing_ids": _ids(found.ranges.list_ids("missing")),
        "absent_ids": _ids(found.ranges.list_ids("absent")),
        "not_fetched_ids": _ids(found.ranges.list_ids("not fetched")),
        "outside_window_ids": _ids(found.ranges.list_ids("outside")),
        **_of_claimed(found),
        **({"imported_alone": found.imported_alone} if found.imported_alone else {}),
        **_of_imports(found),
        **_of_damaged(found),
    }


def _ids(ranges: Iterable[Interval]) -> orjson.Fragment:
    """As JSON on one line: of hundreds of thousands of ranges objects would take much memory."""
    written = bytearray()
    for lo, hi in ranges:
        written += b",[%d,%d]" % (lo, hi)
    return orjson.Fragment(b"[%s]" % written[1:])


def _of_claimed(found: Completeness) -> dict[str, Any]:
    """The missing ids that only imports claim were posted."""
    claimed = list(found.ranges.list_ids("missing if posted"))
    return {"missing_if_posted_ids": _ids(claimed)} if claimed else {}


def _of_imports(found: Completeness) -> dict[str, Any]:
    """The ids that no import has, of a channel known only from exports."""
    ids = _ids(found.ranges.list_ids("not imported"))
    known = found.shortfall.imported_only
    return {"not_imported": found.tally.not_imported, "not_imported_ids": ids} if known else {}


def _of_damaged(found: Completeness) -> dict[str, Any]:
    """The messages that are damaged in the archive's file."""
    ids = found.damaged_ids
    return {"damaged": len(ids), "damaged_ids": _ids(coverage.runs(ids))} if ids else {}
