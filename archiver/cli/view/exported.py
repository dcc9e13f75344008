"""What an export wrote, for people and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from archiver.cli import output
from archiver.cli.view import figures
from archiver.export.estimate import ExportEstimate
from archiver.export.manifest import ChannelPart, Manifest, MediaPart
from archiver.export.media_rows import LostFile
from archiver.export.run import ExportResult
from archiver.model.iso_time import iso

_NAMED = 3
"""Maximum number of channels named in a sentence."""


def report(result: ExportResult, *, write: Callable[[int], str | None] = iso) -> None:
    """Report what was written, and for which channels and dates it is complete. `write`: how to write a time."""
    manifest = result.manifest
    assert manifest is not None
    if result.unchanged:
        output.note(f"nothing is new or changed since {result.manifest_path}; no file was changed")
        _report_completeness(manifest, write)
        return
    if result.made is not None:
        output.note(f"created the directory {result.made}")
    rows = _count_rows(manifest, result.rows)
    output.note(f"{rows} in {result.data_path}, manifest in {result.manifest_path}")
    if manifest.append is not None:
        output.note(_describe_append(manifest.append))
        _warn_of_withdrawn(sum(hi - lo + 1 for one in manifest.append["withdrawn"] for lo, hi in one["ids"]))
    if result.renamed is not None:
        output.note(f"renamed the manifest of the other file there to {result.renamed}")
    output.note(f"SHA-256 of the manifest: {result.manifest_sha256}")
    for warning in manifest.warnings:
        output.warn(warning)
    if manifest.media is not None:
        _report_media(manifest.media, result.lost)
    _report_completeness(manifest, write)


def report_stream(result: ExportResult) -> None:
    """Warn of what a stream lacks: it has no manifest to say so."""
    if not result.rows:
        output.note("0 rows")
    _warn_of_lacking(result.channels)


def report_damaged(count: int) -> None:
    """Warn that the archive's file is damaged, and what the export lacks."""
    output.error(
        f"the archive's file is damaged: {figures.count(count, 'message')} could not be read and"
        f" {'is' if count == 1 else 'are'} not in the export. Copy the file before anything else;"
        " `telekeep verify` shows what is damaged."
    )


def _report_completeness(manifest: Manifest, write: Callable[[int], str | None]) -> None:
    lacking = _warn_of_lacking(manifest.channels)
    if whole := [part for part in manifest.channels if part not in lacking]:
        output.note(_describe_complete(manifest, whole, write))
    for part in manifest.channels:
        if alone := part.completeness.imported_alone:
            messages = figures.count(alone, "message")
            output.note(f"{part.name.label}: {messages} of this range only from imports, not shown by Telegram")


def _warn_of_lacking(channels: Sequence[ChannelPart]) -> list[ChannelPart]:
    """Name the channels that may be incomplete, and return them."""
    lacking = [part for part in channels if part.completeness.shortfall.reasons]
    for line in describe_lacking([(part.name.label, part.completeness.shortfall.reasons) for part in lacking]):
        output.warn(line)
    return lacking


def describe_lacking(parts: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Channels that may be incomplete, and why, grouped by reason."""
    named: dict[str, list[str]] = {}
    for name, reasons in parts:
        named.setdefault("; ".join(reasons), []).append(name)
    for why, names in named.items():
        are = "is" if len(names) == 1 else "are"
        yield f"{figures.name_few(names)} {are} not known to be complete in this range ({why})."


def _count_rows(manifest: Manifest, rows: int) -> str:
    """`120 rows`; of a network `80 edges of 75 messages`."""
    if "edges" not in manifest.options:
        return figures.count(rows, "row")
    return f"{figures.count(int(str(manifest.options['count'])), 'edge')} of {figures.count(rows, 'message')}"


def _describe_append(append: Mapping[str, Any]) -> str:
    """`2 new, 1 changed; continues day.jsonl as number 2; 120 messages together`."""
    counted = [f"{figures.number(append[name])} {name}" for name in ("new", "changed")]
    place = f"continues {append['previous']['file']} as number {append['number']}"
    return f"{', '.join(counted)}; {place}; {figures.count(append['messages'], 'message')} together"


def _warn_of_withdrawn(count: int, *, would: bool = False) -> None:
    """Say how many messages of a series are no longer part of it, and why."""
    if count:
        says = "would no longer count" if would else "no longer count"
        output.warn(
            f"{figures.count(count, 'message')} of the earlier files {says}: the dates or the query of this command"
            " leave them out. The manifest lists them in `append.withdrawn`."
        )


def _report_media(media: MediaPart, lost: Sequence[LostFile]) -> None:
    """Say how many files went along, and how many are not stored."""
    size = figures.size(sum(file.bytes for file in media.files))
    how = "linked" if media.mode == "link" else "copied"
    where = f" in {media.directory}" if media.files else ""
    output.note(f"{figures.count(len(media.files), 'file')} {how}, {size}{where}")
    if lost:
        files = f"{figures.count(len(lost), 'file')} that should be stored {'is' if len(lost) == 1 else 'are'}"
        named = ", ".join(f"{one.path} (shown by {one.shown_by})" for one in lost[:_NAMED])
        more = f" and {figures.number(len(lost) - _NAMED)} more" if len(lost) > _NAMED else ""
        output.warn(
            f"{files} missing or damaged, and left out: {named}{more}. `telekeep verify --media` checks all stored"
            " files."
        )
    if media.not_stored:
        counted = ", ".join(f"{status} {figures.number(count)}" for status, count in media.not_stored.items())
        output.note(f"files not stored (each row has the status): {counted}")


def _describe_complete(manifest: Manifest, whole: list[ChannelPart], write: Callable[[int], str | None]) -> str:
    """Say which channels are exported completely, for which dates, and as of when."""
    names = ", ".join(part.name.label for part in whole[:_NAMED])
    more = f" and {len(whole) - _NAMED:,} more" if len(whole) > _NAMED else ""
    bounds = manifest.request.bounds
    over = "the whole history" if bounds.since_unix is None and bounds.until_unix is None else "this range of dates"
    known = [part.completeness.as_of for part in whole if part.completeness.as_of is not None]
    up_to = f", as of {write(min(known))}" if known else ""
    only = " (what matches the query)" if manifest.request.query is not None else ""
    return f"complete for {over}{up_to}{only}: {names}{more}"


def to_object(result: ExportResult) -> dict[str, Any]:
    """As JSON: the contents of the manifest, and its path."""
    manifest = result.manifest
    assert manifest is not None
    said = manifest.to_object()
    return {
        "rows": result.rows,
        "path": str(result.data_path),
        "format": said["format"],
        "manifest": str(result.manifest_path),
        "manifest_sha256": result.manifest_sha256,
        "files": [] if result.unchanged else said["files"],
        "made_directory": _text(result.made),
        "renamed_manifest": _text(result.renamed),
        "query": said["query"],
        "since": said["bounds"]["since"],
        "until": said["bounds"]["until"],
        "tz": said["bounds"]["tz"],
        "complete": said["complete"],
        "incomplete": said["incomplete"],
        "channels": [
            {
                "channel_id": part.name.channel_id,
                "channel": part.name.name,
                "rows": part.share.rows,
                "complete": not part.completeness.shortfall.reasons,
                "reasons": list(part.completeness.shortfall.reasons),
                "as_of": iso(part.completeness.as_of),
            }
            for part in manifest.channels
        ],
        "warnings": said["warnings"],
        "media": None if manifest.media is None else _media(manifest.media),
        "append": None if manifest.append is None else dict(manifest.append),
        "unchanged": result.unchanged,
        "edges": said["options"]["count"] if "edges" in said["options"] else None,
    }


def _media(media: MediaPart) -> dict[str, Any]:
    return {
        "mode": media.mode,
        "directory": media.directory,
        "files": len(media.files),
        "bytes": sum(file.bytes for file in media.files),
        "not_stored": dict(media.not_stored),
    }


def report_estimate(found: ExportEstimate, format_name: str) -> None:
    """Report what --dry-run found."""
    about = "" if found.is_exact else "about "
    size, rows = figures.size(found.bytes), figures.count(found.rows, "row")
    if format_name.startswith("edges-"):
        rows = f"edges of {about}{figures.count(found.rows, 'message')}"
    took = figures.duration(max(found.seconds, 1))
    output.note(f"{rows} as {format_name}: {about}{size}, in about {took}; nothing was written (--dry-run)")
    _warn_of_withdrawn(found.withdrawn, would=True)


def estimate_object(found: ExportEstimate, format_name: str) -> dict[str, Any]:
    """As JSON."""
    return {
        "dry_run": True,
        "format": format_name,
        "rows": found.rows,
        "bytes": found.bytes,
        "seconds": round(found.seconds, 3),
        "exact": found.is_exact,
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
