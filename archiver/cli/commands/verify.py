"""`telekeep verify`: check the archive, or an export against its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archiver.cli import output
from archiver.errors import IntegrityError, UsageError
from archiver.export.verify import find_manifests, judge

EXIT_STATUS = {
    0: "all is as it was written",
    2: "wrong usage, or there is no manifest or archive",
    6: "something is missing or was changed",
}


def command(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="An export's directory, data file or manifest.")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Only the file and the SHA-256 of each payload.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Every word of the search tables, too.")] = False,
) -> int:
    """Check the archive, or an export against its manifest.

    \b
    Examples:
      telekeep verify found/
      telekeep verify day.csv
      telekeep verify
      telekeep verify --deep

    An export: the manifest itself, and every file that it names by its size, SHA-256 and rows; neither archive nor
    network is needed. The manifest's own SHA-256 is shown, for comparison with what `telekeep export` said.
    The archive (no PATH): SQLite's own check of the file; every payload, earlier contents included, by its SHA-256, and
    all that was made of it (texts, dates, attachments, counters ...) by making it again; absences, revisions, what was
    fetched and the log of answers against each other; the search tables against the messages, with --deep every word of
    them, else of some 10,000 messages. With --quick: the file, and payloads by their SHA-256. Each damage is a line.
    """
    if path is not None:
        if quick or deep:
            raise UsageError("--quick and --deep are for the archive; an export is always checked whole.")
        return verify_export(path)
    if quick and deep:
        raise UsageError("--quick and --deep cannot be combined.")
    from archiver.cli.commands.verify_archive import verify_archive

    return verify_archive(context.obj, quick=quick, deep=deep)


def verify_export(path: Path) -> int:
    """Check it; the result is the exit status. Raises IntegrityError."""
    judged = [judge(manifest) for manifest in find_manifests(path)]
    checked = [file for one in judged for file in one.files]
    rows: list[tuple[object, ...]] = []
    for one in judged:
        if one.sha256 is not None:
            rows.append((one.path, sum(file.rows for file in one.files), f"SHA-256 {one.sha256}"))
        rows += [(file.path, file.rows, file.fault or "ok") for file in one.files]
    output.table(("file", "rows", "result"), ((str(row[0]), *row[1:]) for row in rows), right=("rows",), wide=True)
    faults = [one for one in checked if one.fault]
    if faults:
        raise IntegrityError(f"{faults[0].path} {faults[0].fault} ({len(faults)} of {len(checked)} files failed).")
    return 0
