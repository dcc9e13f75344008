"""`telekeep verify`: check the archive, or an export against its manifest."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from archiver.cli import output
from archiver.cli.invocation import Invocation
from archiver.errors import IntegrityError
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
) -> int:
    """Check the archive, or an export against its manifest.

    \b
    Examples:
      telekeep verify found/
      telekeep verify day.csv
      telekeep verify

    An export: the manifest itself, and every file that it names by its size, SHA-256 and rows; neither archive nor
    network is needed. The manifest's own SHA-256 is shown, for comparison with what `telekeep export` said.
    The archive (no PATH): the database file, and every payload, earlier contents included, by its SHA-256.
    """
    return asyncio.run(verify_archive(context.obj)) if path is None else verify_export(path)


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


async def verify_archive(invocation: Invocation) -> int:
    """Check it; the result is the exit status. Raises IntegrityError."""
    from archiver.cli.counting import count_rows  # noqa: PLC0415 - an export is checked without an archive
    from archiver.cli.reading import open_archive  # noqa: PLC0415 - see above
    from archiver.store.integrity import check_file, iter_payloads  # noqa: PLC0415 - see above
    from archiver.store.rows import snapshot  # noqa: PLC0415 - see above

    count, broken = 0, []
    async with open_archive(invocation) as database, snapshot(database.connection):
        broken += [("database", fault) for fault in await check_file(database.connection)]
        with count_rows("verify") as progress:
            async with aclosing(iter_payloads(database.connection)) as payloads:
                async for channel_id, message_id, revision, sound in payloads:
                    count += 1
                    progress(count)
                    if not sound:
                        which = "" if revision == 0 else " part" if revision < 0 else f" revision {revision}"
                        place = f"{channel_id}/{message_id}{which}"
                        broken.append((place, "has a different SHA-256"))
    output.table(("what", "result"), broken or [(f"{count} payloads", "ok")])
    if broken:
        raise IntegrityError(f"{broken[0][0]}: {broken[0][1]} ({len(broken)} faults; {count} payloads were checked).")
    return 0
