"""`telekeep import` of another archive of telekeep: which of its channels, and where they go."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.compose.named_channel import choose_known
from archiver.errors import NotFound
from archiver.imports.merging.merge import merge_channels
from archiver.imports.merging.merge_files import MergedFiles, merge_files
from archiver.imports.merging.merged import MergedChannel
from archiver.model.row import ChannelName
from archiver.store.database import Database
from archiver.store.merging.foreign import ForeignArchive, open_foreign
from archiver.store.merging.foreign_channel import ForeignChannel, list_foreign_channels
from archiver.store.merging.foreign_values import WrongValueError
from archiver.store.merging.merged_channel import SourceFile
from search.exact import writer


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What taking over another archive brought."""

    source: SourceFile
    channels: Sequence[MergedChannel]
    files: MergedFiles


async def merge_archive(
    database: Database | None,
    directory: Path,
    path: Path,
    *,
    channel: str | None = None,
    is_dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> MergeOutcome:
    """Take over the archive at this path, or say what that would bring. `database` None: in an empty archive.

    `channel`: as typed; None: all of them. `progress` is given the messages read, and all.
    """
    with open_foreign(path, directory) as archive:
        wanted = await asyncio.to_thread(archive.read, _choose, channel)
        ids = {one.channel_id for one in wanted}
        async with _target(database) as target:
            source, done = await merge_channels(
                target, archive, only=lambda one: one.channel_id in ids, dry_run=is_dry_run, progress=progress
            )
            of = None if channel is None else ids
            files = await merge_files(target, archive, channels=of, dry_run=is_dry_run)
        return MergeOutcome(source, done, files)


@asynccontextmanager
async def _target(database: Database | None) -> AsyncIterator[Database]:
    """The archive; an empty one to compare with where there is none yet."""
    if database is not None:
        yield database
        return
    with tempfile.TemporaryDirectory(prefix="telekeep-import-") as folder:
        async with await Database.open(Path(folder)) as empty:
            await empty.write(writer.create)
            yield empty


def _choose(archive: ForeignArchive, typed: str | None) -> list[ForeignChannel]:
    try:
        known = list_foreign_channels(archive)
    except WrongValueError as exc:
        raise NotFound(f"{archive.path}: a channel's {exc}.") from exc
    if typed is None:
        return known
    names = [ChannelName(one.channel_id, one.username, None, one.title, ()) for one in known]
    try:
        chosen = choose_known(typed, names)
    except NotFound as exc:
        listed = ", ".join(one.label for one in names[:10])
        raise NotFound(f"{archive.path} has no channel {typed}.", hint=f"It has: {listed}." if known else None) from exc
    return [one for one in known if one.channel_id == chosen.channel_id]
