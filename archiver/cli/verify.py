"""`telekeep verify`: check an export against its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archiver.cli import output
from archiver.errors import IntegrityError
from archiver.export.verify import check, find_manifests

EXIT_STATUS = {
    0: "all is as it was written",
    2: "wrong usage, or there is no manifest",
    6: "something is missing or was changed",
}


def command(
    _context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An export's directory, data file or manifest.")],
) -> int:
    """Check an export against its manifest.

    \b
    Examples:
      telekeep verify found/
      telekeep verify day.csv

    It needs neither the archive nor a network.
    """
    return run(path)


def run(path: Path) -> int:
    """Check it; the result is the exit status. Raises IntegrityError."""
    checked = [one for manifest in find_manifests(path) for one in check(manifest)]
    output.table(
        ("file", "rows", "result"), ((str(one.path), one.rows, one.fault or "ok") for one in checked), right=("rows",)
    )
    faults = [one for one in checked if one.fault]
    if faults:
        raise IntegrityError(
            f"{faults[0].path} {faults[0].fault} ({len(faults)} of {len(checked)} files are not right)."
        )
    return 0
