"""What a verification found, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.cli.view.figures import count, number, size

if TYPE_CHECKING:
    from archiver.export.append.check import SeriesCheck
    from archiver.export.verify import FileCheck, ManifestCheck, MediaCheck


def list_files(judged: Sequence[ManifestCheck], series: Sequence[SeriesCheck]) -> list[FileCheck]:
    """All results, of files and of manifests."""
    return [file for one in judged for file in one.files] + [file for each in series for file in each.files]


def as_object(path: Path, judged: Sequence[ManifestCheck], series: Sequence[SeriesCheck] = ()) -> dict[str, Any]:
    """The verification of an export as one object."""
    return {
        "what": "export",
        "path": str(path),
        "ok": not any(file.fault for file in list_files(judged, series)),
        "manifests": [
            {
                "path": str(one.path),
                "sha256": one.sha256,
                "rows": sum(file.rows for file in one.files),
                "complete": None if one.incomplete is None else not one.incomplete,
                "incomplete": [{"channel": name, "reasons": list(why)} for name, why in one.incomplete or ()],
                "files": [_file(file) for file in one.files],
                "media": None if one.media is None else _media(one.media),
            }
            for one in judged
        ],
        "series": [
            {
                "path": str(one.first),
                "files": one.parts,
                "rows": one.rows,
                "messages": one.messages,
                "faults": [_file(file) for file in one.files],
            }
            for one in series
        ],
    }


def as_lines(judged: Sequence[ManifestCheck], series: Sequence[SeriesCheck] = ()) -> Iterator[dict[str, Any]]:
    """One object for each file, and for each manifest that is itself faulty."""
    for one in judged:
        for file in one.files:
            yield {**_file(file), "manifest": str(one.path)}
    for each in series:
        for file in each.files:
            yield {**_file(file), "manifest": str(file.path)}


def _media(media: MediaCheck) -> dict[str, Any]:
    return {
        "directory": str(media.directory),
        "files": media.files,
        "bytes": media.size,
        "faulty": media.faulty,
        "not_stored": media.not_stored,
    }


def describe_media(media: MediaCheck) -> str:
    """One line: how many files behind the messages were read, and how many the export does not have."""
    lacking = f"; {count(media.not_stored, 'file')} of its messages {_verb(media.not_stored)} not stored"
    missing = lacking if media.not_stored else ""
    if media.faulty:
        intact = media.files - media.faulty
        return f"{media.directory}: {number(intact)} of {count(media.files, 'file')} are as they were exported{missing}"
    return f"{media.directory}: {count(media.files, 'file')}, {size(media.size)}, {_verb(media.files)} read{missing}"


def _verb(files: int) -> str:
    return "was" if files == 1 else "were"


def _file(file: FileCheck) -> dict[str, Any]:
    return {"path": str(file.path), "rows": file.rows, "ok": file.fault is None, "fault": file.fault}


def describe_sample(compared: int, rows: int) -> str:
    """How many search rows were compared, and how likely a sample of that size is to miss a fault."""
    missed = 0.999**compared
    return (
        f"search tables: the words of {compared:,} of {rows:,} rows, in blocks spread evenly, were compared; if one row"
        f" in 1,000 were wrong at random, this would miss all of them with a probability of {missed:.1%}."
        " --deep compares all."
    )


def describe_series(one: SeriesCheck) -> str:
    """One line: what the files of a series have together."""
    if one.files:
        return f"{one.first}: its series is broken; what the files have together is not known"
    together = "" if one.messages is None else f", {count(one.messages, 'message')} together (the later row counts)"
    counted = f"a series of {count(one.parts, 'file')}, {count(one.rows, 'row')}{together}"
    return f"{one.first}: {counted}; each manifest names the one before it"


def describe_incomplete(one: ManifestCheck) -> str:
    """One line: the files are as they were written, but not all messages of the range were archived then."""
    named: dict[str, list[str]] = {}
    for name, why in one.incomplete or ():
        named.setdefault("; ".join(why), []).append(name)
    parts = [f"{', '.join(names)} ({why})" if why else ", ".join(names) for why, names in named.items()]
    return f"{one.path}: as it was exported, but not known to be complete: {', '.join(parts)}"
