"""Imports one chat of a source into one channel: reads page by page, adopts files, writes each page in one transaction.

Killed at any moment and run again, it ends the same: pages that were written are found again and change nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from archiver.ids import ChannelId, MessageId
from archiver.imports.adopt import NotAdopted, StoredFile, adopt_file, open_attached
from archiver.imports.import_counts import ImportCounts
from archiver.imports.import_page import PAGE, ImportTarget, count_plan, plan_page, store_page
from archiver.imports.source import Chat, Flaw, ImportedMessage, Source
from archiver.media.blob_store import BlobStore
from archiver.model.imported import is_possible
from archiver.store import imported as store
from archiver.store.channel import find_channel
from archiver.store.database import Database
from archiver.store.imported import ImportFile, ImportRecord
from archiver.version import version

_FEW: Final = 5
"""Flaws of one kind that are kept with their place."""
_PAGE_BYTES: Final = 16 << 20
"""Pieces of one page: long messages make shorter pages."""


@dataclass(slots=True)
class FlawCounts:
    """The flaws of one kind."""

    what: str
    note: bool
    fatal: bool = False
    count: int = 0
    places: list[str] = field(default_factory=list)
    """The first few."""


@dataclass(slots=True)
class ImportOutcome:
    """What an import brought, and what it could not."""

    counts: ImportCounts = field(default_factory=ImportCounts)
    flaws: dict[str, FlawCounts] = field(default_factory=dict)
    attached: int = 0
    """Files that the export names."""
    record: ImportRecord | None = None
    """None: nothing was written."""
    was_finished: bool = False
    """Whether this file had been imported to its end before."""

    @property
    def is_flawed(self) -> bool:
        """Whether something of the source was not imported."""
        return any(not one.note for one in self.flaws.values())

    def add_flaw(self, flaw: Flaw) -> None:
        """Count a flaw."""
        kind = self.flaws.setdefault(flaw.what, FlawCounts(flaw.what, flaw.note, flaw.fatal))
        kind.fatal |= flaw.fatal
        kind.note &= flaw.note
        kind.count += 1
        if len(kind.places) < _FEW and flaw.where:
            kind.places.append(flaw.where)


class Importer:
    """Imports chats of one source."""

    def __init__(
        self,
        database: Database | None,
        source: Source,
        *,
        archive: Path,
        zone: str | None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`database` None: no archive yet, so nothing is written. `progress` is given the count of messages read."""
        self._database = database
        self._source = source
        self._blobs = BlobStore(archive)
        self._zone = zone
        self._progress = progress
        self._read = 0

    async def plan(self, chat: Chat, channel_id: ChannelId, file: ImportFile) -> ImportOutcome:
        """What importing a chat would bring; nothing is written."""
        outcome = ImportOutcome()
        target = await self._find_target(channel_id, file, outcome)
        for page in _pages(chat.read(channel_id), outcome):
            if self._database is None or target is None:
                counts = ImportCounts(new=len(page))
            else:
                counts = count_plan(await self._database.read(plan_page, target, page))
            await asyncio.to_thread(self._look_at_files, page, outcome)
            self._add(outcome, counts, len(page))
        return outcome

    async def run(
        self, chat: Chat, channel_id: ChannelId, file: ImportFile, *, prepare: Callable[[], Awaitable[None]]
    ) -> ImportOutcome:
        """Import a chat into a channel. `prepare` makes the channel; it is called when there is a first message."""
        assert self._database is not None, "an archive is needed to write to"
        outcome = ImportOutcome()
        target: ImportTarget | None = None
        for page in _pages(chat.read(channel_id), outcome):
            if target is None:
                await prepare()
                target = await self._start(file, outcome)
            files = await self._adopt(page, outcome)
            counts = await self._database.write(store_page, target, page, files, now=int(time.time()))
            self._add(outcome, counts, len(page))
        if target is not None:
            zone = self._zone if self._source.zone_used else None
            if not any(one.fatal for one in outcome.flaws.values()):
                await self._database.write(store.finish_import, target.import_id, now=int(time.time()), zone=zone)
        return outcome

    @property
    def passed(self) -> int:
        """Messages read so far, each of them stored or known."""
        return self._read

    def _add(self, outcome: ImportOutcome, counts: ImportCounts, messages: int) -> None:
        outcome.counts += counts
        self._read += messages
        self._progress(self._read)

    async def _find_target(
        self, channel_id: ChannelId, file: ImportFile, outcome: ImportOutcome
    ) -> ImportTarget | None:
        if self._database is None:
            return None
        channel = await self._database.read(find_channel, channel_id)
        outcome.record = await self._database.read(store.find_import, channel_id, file.sha256, file.format)
        outcome.was_finished = outcome.record is not None and outcome.record.finished_at is not None
        number = 0 if outcome.record is None else outcome.record.import_id
        return None if channel is None else ImportTarget(channel_id, number, channel.generation, 0, 0)

    async def _start(self, file: ImportFile, outcome: ImportOutcome) -> ImportTarget:
        assert self._database is not None, "an archive is needed to write to"
        now = int(time.time())
        record = await self._database.write(store.start_import, file, now=now, version=version())
        channel = await self._database.read(find_channel, file.channel_id)
        assert channel is not None, "it was made before"
        outcome.record, outcome.was_finished = record, record.finished_at is not None
        seen = min(record.newest or record.at, record.at)
        return ImportTarget(file.channel_id, record.import_id, channel.generation, seen, record.at)

    async def _adopt(
        self, page: Sequence[ImportedMessage], outcome: ImportOutcome
    ) -> dict[tuple[MessageId, int], StoredFile]:
        if not any(one.files for one in page):
            return {}
        return await asyncio.to_thread(self._adopt_all, page, outcome)

    def _adopt_all(
        self, page: Sequence[ImportedMessage], outcome: ImportOutcome
    ) -> dict[tuple[MessageId, int], StoredFile]:
        self._blobs.prepare()
        found = {}
        for one in page:
            number = one.message.message_id
            for file in one.files:
                outcome.attached += 1
                try:
                    found[number, file.slot] = adopt_file(self._blobs, self._source.root, file)
                except NotAdopted as exc:
                    outcome.add_flaw(_lost_file(number, exc))
        return found

    def _look_at_files(self, page: Sequence[ImportedMessage], outcome: ImportOutcome) -> None:
        for one in page:
            for file in one.files:
                outcome.attached += 1
                try:
                    with open_attached(self._source.root, file.path, self._blobs.root.parent):
                        pass
                except NotAdopted as exc:
                    outcome.add_flaw(_lost_file(one.message.message_id, exc))


def _lost_file(message_id: MessageId, exc: NotAdopted) -> Flaw:
    return Flaw(f"message {message_id}", f"its file is not imported: {exc}")


def _pages(entries: Iterator[ImportedMessage | Flaw], outcome: ImportOutcome) -> Iterator[list[ImportedMessage]]:
    """Pages with each message once; flaws are counted."""
    page: list[ImportedMessage] = []
    ids: set[int] = set()
    size = 0
    for entry in entries:
        if isinstance(entry, Flaw):
            outcome.add_flaw(entry)
            continue
        if not is_possible(entry.message):
            outcome.add_flaw(Flaw(f"message {entry.message.message_id}", "no message can have its id or date"))
            continue
        if len(page) >= PAGE or size > _PAGE_BYTES or entry.message.message_id in ids:
            yield page
            page, size = [], 0
            ids.clear()
        page.append(entry)
        ids.add(entry.message.message_id)
        size += len(entry.message.raw)
    if page:
        yield page
