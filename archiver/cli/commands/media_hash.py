"""`telekeep media hash`: make the hashes by which `telekeep similar` compares pictures."""

from __future__ import annotations

from typing import Annotated

from archiver.cli import interrupted, output
from archiver.cli.invocation import Invocation
from archiver.cli.parsing.parameters import CommandContext, Option

EXIT_STATUS = {
    0: "every picture was examined",
    2: "wrong usage, there is no archive, or Pillow and imagehash are not installed",
    130: "interrupted; the hashes made so far are kept",
}

_REASONS = 5
"""The most frequent reasons that are listed."""


def command(
    context: CommandContext,
    *,
    stored: Annotated[
        bool, Option("--stored", help="Hash only stored files, not the tiny previews in messages.")
    ] = False,
) -> int:
    """Compute perceptual hashes of pictures that have none yet, for `telekeep similar`.

    \b
    Examples:
      telekeep media hash
      telekeep media hash --stored

    The hash is computed from the stored file, else from the stored thumbnail, else from the tiny preview inside the
    message, so pictures can be compared even if they were never fetched. For a video, it is the thumbnail or preview.
    `telekeep run` does the same when it is idle. Nothing is requested from Telegram. Needs Pillow and imagehash:
    pip install '.[media]'. A separate process reads the files, at the lowest priority.
    """
    return interrupted.run(run(context.obj, stored=stored))


async def run(invocation: Invocation, *, stored: bool) -> int:
    """Hash the pictures. Returns the exit status."""
    from archiver.cli.view.figures import count, number
    from archiver.cli.view.progress import Progress
    from archiver.compose.write_archive import open_shared
    from archiver.media.hash_pictures import hash_pictures
    from archiver.media.picture_process import expect_picture_library
    from archiver.store.database import expect_archive
    from archiver.store.media.picture import count_pictures

    directory = invocation.checked_settings().archive.dir
    expect_archive(directory)
    expect_picture_library()
    async with open_shared(directory, command="media hash", remarks=output) as database:
        before = await database.read(count_pictures)
        total = before.pictures - before.hashed - before.unsuitable
        with Progress("media hash", unit="pictures") as progress:
            counts = await hash_pictures(
                database, previews=not stored, progress=lambda counts: progress.advance(counts.seen, total)
            )
        known = await database.read(count_pictures)
    for reason, times in counts.unusable.most_common(_REASONS):
        output.note(f"{count(times, 'picture')} without a hash: {reason}.")
    if not known.pictures:
        output.note("no pictures are archived.")
        return 0
    compared = f"{number(known.hashed)} of {count(known.pictures, 'archived picture')} can be compared now"
    output.note(f"{count(counts.hashed, 'picture')} hashed; {compared}.")
    return 0
