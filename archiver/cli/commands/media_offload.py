"""`telekeep media offload`: say that stored files were moved to another disk, or brought back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from archiver.cli import interrupted, output
from archiver.cli.parsing.parameters import CommandContext, Option
from archiver.cli.view.progress import Progress, ProgressOption, set_style
from archiver.cli.view.shape import JsonArrayOption, JsonLinesOption, Shape, choose_shape, print_objects

if TYPE_CHECKING:
    from archiver.store.media.file import Blob
    from config.settings import Settings

EXIT_STATUS = {
    0: "recorded; with --dry-run: there is something to record",
    1: "nothing to record, or not confirmed",
    2: "wrong usage, or there is no archive; nothing was changed",
    3: "a link is in the place of a file, which stays as it was recorded; the others were recorded",
    6: "a file that was brought back is damaged; intact ones were recorded",
    130: "interrupted; what was recorded stays",
}

_NAMED = 20
"""Maximum number of damaged files named."""


def command(
    context: CommandContext,
    *,
    returned: Annotated[bool, Option("--returned", help="Record files that were brought back intact.")] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Only show what would be recorded.")] = False,
    yes: Annotated[bool, Option("--yes", "-y", help="Record without asking.")] = False,
    json: JsonArrayOption = False,
    jsonl: JsonLinesOption = False,
    progress: ProgressOption = "auto",
) -> int:
    """Record that stored files were moved to another disk: they keep their SHA-256, and are not fetched again.

    \b
    Examples:
      telekeep media offload --dry-run
      telekeep media offload
      telekeep media offload --returned

    Move whole directories of media/, for example with `mv ~/telekeep/media/0? /mnt/disk/media/`. Without options, this
    records as offloaded all files that the archive lists as stored or missing and that are not in their place. With
    --returned, it records as stored the offloaded and missing files that are back in their place; their bytes are
    hashed, and damaged ones are named and stay as they were. If a file was lost rather than moved, `telekeep media
    retry CHANNEL/ID` has it fetched again.

    In a pipe: SHA-256, bytes, and the previous state, separated by tabs.
    """
    set_style(progress)
    shape = choose_shape(json=json, jsonl=jsonl)
    return interrupted.run(run(context.obj.settings(), returned=returned, dry_run=dry_run, yes=yes, shape=shape))


async def run(settings: Settings, *, returned: bool, dry_run: bool, yes: bool, shape: Shape) -> int:
    """Find moved files, show what would be recorded, and record it. Returns the exit status."""
    from archiver.cli.commands.blocked_paths import name_blocked
    from archiver.cli.commands.confirm import confirm
    from archiver.cli.view import figures
    from archiver.compose.write_archive import open_shared
    from archiver.media.blob_store import BlobStore
    from archiver.media.moved import find_moved, mark
    from archiver.store.database import expect_archive

    damaged: list[Blob] = []
    blocked: set[str] = set()
    expect_archive(settings.archive.dir)
    async with open_shared(settings.archive.dir, command="media", remarks=output) as database:
        with Progress("offload", unit="files") as progress:
            store = BlobStore(settings.archive.dir)
            found = await find_moved(
                database,
                store,
                returned=returned,
                progress=progress.add,
                damaged=damaged.append,
                blocked=blocked.add,
            )
        _name_damaged(damaged)
        name_blocked(blocked)
        status = 6 if damaged else 3 if blocked else 0
        if shape != "people":
            print_objects([{"sha256": one.sha256, "bytes": one.size, "state": one.state} for one in found], shape)
        elif not output.is_terminal():
            for one in found:
                output.tsv(one.sha256, one.size, one.state)
        what = f"{figures.count(len(found), 'file')}, {figures.size(sum(one.size for one in found))}"
        if not found:
            which = "every other" if blocked else "every"
            output.note("no intact file was brought back." if returned else f"{which} stored file is in its place.")
            return status or 1
        if dry_run:
            output.note(f"{what} would be recorded as {'stored' if returned else 'offloaded'}; nothing was changed.")
            return status
        interrupted.count_kept(lambda: "nothing was changed.")
        if not confirm(f"Record {what} as {'stored' if returned else 'offloaded'}?", yes=yes):
            output.note("nothing was changed.")
            return 1
        interrupted.count_kept(lambda: "")
        await mark(database, found, "present" if returned else "offloaded", now=int(time.time()))
    output.note(f"{what}: {'stored again' if returned else 'offloaded; they are not fetched again'}.")
    return status


def _name_damaged(damaged: Sequence[Blob]) -> None:
    """Name the files that were brought back, but not as they were stored."""
    from archiver.model.media_file import blob_path

    for blob in damaged[:_NAMED]:
        output.warn(f"{blob_path(blob.sha256)} was brought back damaged: its bytes are not those that were stored.")
    if len(damaged) > _NAMED:
        output.warn(f"{len(damaged) - _NAMED:,} more files were brought back damaged.")
    if damaged:
        output.warn(
            "damaged files stay recorded as they were: replace them with intact copies, or have them fetched again"
            " (`telekeep media retry CHANNEL/ID`, then `telekeep media fetch`)."
        )
