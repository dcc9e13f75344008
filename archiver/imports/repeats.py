"""Count for a dry run what becomes of messages whose ids the export has again.

A dry run writes nothing, so the archive cannot say how such a message compares with the one before it in the file. The
file is read a second time, and these messages alone are imported into a scratch archive, which begins with what the
archive has of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from archiver.ids import ChannelId, MessageId
from archiver.imports.gather_pages import Page, gather_pages
from archiver.imports.ids_read import IdsRead
from archiver.imports.import_file import HashedSource
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.import_target import ImportTarget
from archiver.imports.packed.room import UnpackRoom
from archiver.imports.run_import import Importer
from archiver.imports.source import Chat, ChatSource, Entry, ImportedMessage, MixedSource
from archiver.imports.stopping import each
from archiver.imports.store_pages import ImportJob
from archiver.mirror.rebuild_search import index_messages, prepare_search
from archiver.store.database import Database, Writer
from archiver.store.messages.message_copy import CopiedRows, read_copy, write_copy

_SEEDED: Final = 2000
"""Messages copied at once into the scratch archive."""


class PlannedChat(NamedTuple):
    """A chat that a dry run read."""

    place: int
    """Its place among the chats of the source."""
    job: ImportJob
    outcome: ImportOutcome


async def count_repeats(
    database: Database | None,
    hashed: HashedSource,
    source: ChatSource,
    importer: Importer,
    planned: Sequence[PlannedChat],
) -> None:
    """Add to the outcomes what the repeated messages would bring. `source`: the same one, opened again."""
    again = {channel_id: ids for channel_id, ids in importer.repeats.again.items() if ids}
    wanted = {one.place: one for one in planned if one.job.channel_id in again}
    if not wanted:
        return
    room = UnpackRoom(lambda: False)
    try:
        async with await Database.open(room.path) as scratch:
            await prepare_search(scratch)
            if database is not None:
                await _copy_held(database, scratch, again)
            counting = _Counting(importer.aside(scratch, room.path, source), hashed, again)
            await counting.run(source, wanted)
    finally:
        room.close()


async def _copy_held(database: Database, scratch: Database, again: Mapping[ChannelId, Collection[int]]) -> None:
    """Copy what the archive has of the repeated messages."""
    for channel_id, ids in again.items():
        for part in _parts(sorted(ids)):
            await scratch.write(_begin, channel_id, await database.read(read_copy, channel_id, part))


def _parts(ids: Sequence[int]) -> Iterator[list[MessageId]]:
    for at in range(0, len(ids), _SEEDED):
        yield [MessageId(one) for one in ids[at : at + _SEEDED]]


def _begin(conn: Writer, channel_id: ChannelId, copied: Sequence[CopiedRows]) -> None:
    write_copy(conn, copied)
    held = [row[one.columns.index("message_id")] for one in copied if one.table == "message" for row in one.rows]
    index_messages(conn, channel_id, held)


class _Counting:
    """Imports the repeated messages, and counts those that are not the first of their id."""

    def __init__(self, importer: Importer, hashed: HashedSource, again: Mapping[ChannelId, Collection[int]]) -> None:
        self._importer = importer
        self._hashed = hashed
        self._again = again
        self._read = {channel_id: IdsRead() for channel_id in again}

    async def run(self, source: ChatSource, wanted: dict[int, PlannedChat]) -> None:
        chats = (one for one in each(source.chats()) if isinstance(one, Chat))
        if isinstance(source, MixedSource):
            found = [(wanted[place], chat) for place, chat in enumerate(chats) if place in wanted]
            pairs = [(chat, one.job.channel_id) for one, chat in found]
            await self._count([one for one, _ in found], source.read_mixed(pairs))
            return
        for place, chat in enumerate(chats):
            if (one := wanted.get(place)) is not None:
                await self._count([one], ((0, entry) for entry in chat.read(one.job.channel_id)))

    async def _count(self, planned: Sequence[PlannedChat], entries: Iterator[tuple[int, Entry]]) -> None:
        jobs = [one.job for one in planned]
        targets: dict[int, ImportTarget] = {}
        first, later, read = ([ImportOutcome() for _ in jobs] for _ in range(3))
        for pages in each(gather_pages(self._repeated(jobs, entries), read)):
            self._hashed.expect_unchanged()
            divided = [(place, self._divide(jobs[place].channel_id, page)) for place, page in pages]
            for outcomes, part in ((first, 0), (later, 1)):
                if chosen := [(place, found[part]) for place, found in divided if found[part]]:
                    await self._importer.write_pages(chosen, jobs, targets, outcomes)
        for one, more in zip(planned, later, strict=True):
            one.outcome.counts += replace(more.counts, files=0)  # they are counted already

    def _repeated(self, jobs: Sequence[ImportJob], entries: Iterator[tuple[int, Entry]]) -> Iterator[tuple[int, Entry]]:
        for place, one in entries:
            if isinstance(one, ImportedMessage) and one.message_id in self._again[jobs[place].channel_id]:
                yield place, one

    def _divide(self, channel_id: ChannelId, page: Page) -> tuple[Page, Page]:
        """Those that are the first of their id, and the others."""
        first: Page = []
        later: Page = []
        for one in page:
            (first if self._read[channel_id].is_new(one.message_id) else later).append(one)
        return first, later
