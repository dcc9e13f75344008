"""`telekeep verify PATH`: verify an export against its manifest."""

from __future__ import annotations

from pathlib import Path

from archiver.cli import output
from archiver.cli.view import figures
from archiver.cli.view.shape import Shape
from archiver.cli.view.verified import (
    as_lines,
    as_object,
    describe_incomplete,
    describe_media,
    describe_series,
    list_files,
)
from archiver.errors import IntegrityError
from archiver.export.append.check import SeriesCheck, check_series, find_all_manifests
from archiver.export.verify import ManifestCheck, judge


def verify_export(path: Path, shape: Shape) -> int:
    """Verify the export. Returns the exit status. Raises IntegrityError."""
    judged = [judge(manifest) for manifest in find_all_manifests(path)]
    series = check_series(judged)
    checked = list_files(judged, series)
    if shape == "json":
        output.json(as_object(path, judged, series))
    elif shape == "jsonl":
        for line in as_lines(judged, series):
            output.jsonl(line)
    else:
        _print(judged, series)
    for one in judged:
        if one.media is not None:
            output.note(describe_media(one.media))
        if one.incomplete:
            output.note(describe_incomplete(one))
    for found in series:
        output.note(describe_series(found))
    faults = [one for one in checked if one.fault]
    if faults:
        raise IntegrityError(
            f"{faults[0].path} {faults[0].fault} ({len(faults)} of {_count_files(judged)} files failed)."
        )
    return 0


def _count_files(judged: list[ManifestCheck]) -> int:
    """All files that were checked; those behind the messages are among those of a manifest only if they are faulty."""
    return sum(len(one.files) + (one.media.files - one.media.faulty if one.media else 0) for one in judged)


def _print(judged: list[ManifestCheck], series: list[SeriesCheck]) -> None:
    rows: list[tuple[Path, int, str]] = []
    for one in judged:
        if one.sha256 is not None:
            digest = f"{one.sha256[:16]}…" if output.is_terminal() else one.sha256
            rows.append((one.path, sum(file.rows for file in one.files), f"SHA-256 {digest}"))
        rows += [(file.path, file.rows, file.fault or "ok") for file in one.files]
        if one.media is not None and one.media.files and not one.media.faulty:
            rows.append((one.media.directory, 0, "ok"))
    rows += [(file.path, file.rows, file.fault or "ok") for one in series for file in one.files]
    shown = figures.number if output.is_terminal() else str
    cells = ((str(path), shown(count), result) for path, count, result in rows)
    output.table(("file", "rows", "result"), cells, right=("rows",), wide=True)
    if output.is_terminal():
        for one in judged:
            if one.sha256 is not None:
                which = f" {one.path}" if len(judged) > 1 else ""
                output.line(output.text(f"SHA-256 of the manifest{which}:"))
                output.line(f"  {one.sha256}")
