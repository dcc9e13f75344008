"""Imports chats of a source, each into its channel: reads pages, adopts files, writes each page in one transaction.

Killed at any moment and run again, it ends the same: pages that were written are found again and change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from archiver.allocator import trim
from archiver.imports.adopt_page import PageAdopter
from archiver.imports.contradiction import ContradictionCheck, refuse, stop_at
from archiver.imports.gather_pages import Pages, gather_pages
from archiver.imports.ids_read import Repeats
from archiver.imports.import_counts import ImportCounts
from archiver.imports.import_file import HashedSource
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.import_target import ImportTarget
from archiver.imports.page_files import note_lost
from archiver.imports.plan_page import count_page
from archiver.imports.ready import make_ready
from archiver.imports.source import ChatSource, Entry, Flaw, ImportedMessage, MixedSource
from archiver.imports.stopping import each, in_thread
from archiver.imports.store_pages import ImportJob, PagePart, aim, divide, store_parts
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database
from archiver.store.garbage import few_collections
from archiver.store.imports.import_source import find_import, finish_imports
from archiver.store.messages.message import list_known

CHANGED: Final = "it changed while it was read; what was read before is imported. Import it again once it is finished"


class Importer:
    """Imports chats of one source."""

    def __init__(
        self,
        database: Database | None,
        hashed: HashedSource,
        *,
        archive: Path,
        zone: str | None,
        progress: Callable[[int], None] = lambda _: None,
        source: ChatSource | None = None,
    ) -> None:
        """`database` None: no archive yet, so nothing is written. `progress` is given the count of messages read.

        `source`: opened again, to be read instead of that of `hashed`.
        """
        self._database = database
        self._hashed = hashed
        self._source = source or hashed.source
        self.repeats = Repeats()
        """The repeated ids among the messages that a dry run read."""
        self._files = PageAdopter(hashed.media, archive)
        self._zone = zone
        self._progress = progress
        self._read = 0
        self.is_begun = False
        """Whether messages were, or may have been, written."""

    async def plan(self, jobs: Sequence[ImportJob]) -> list[ImportOutcome]:
        """What importing chats would bring; nothing is written."""
        outcomes = [ImportOutcome() for _ in jobs]
        targets = [await self._find_target(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
        doubts, is_begun = ContradictionCheck(self._database, targets), False
        for pages in each(gather_pages(self._entries(jobs), outcomes)):
            self._hashed.expect_unchanged()
            first = [(place, self.repeats.list_first(jobs[place].channel_id, page)) for place, page in pages]
            if await self._is_contradicted(jobs, first, outcomes, doubts, is_begun=is_begun, is_dry_run=True):
                return outcomes
            brought = []
            for place, page in pages:
                held = await self._list_held(targets[place], page)
                brought.append(await self._files.look(page, held, outcomes[place]))
            for (place, page), files in zip(first, brought, strict=True):
                target = targets[place]
                if self._database is None or target is None:
                    counts = ImportCounts(new=len(page))
                else:
                    counts = await self._database.read(count_page, self._zoned(target), page, files)
                self._add(outcomes[place], counts, len(page))
            is_begun = True
        return outcomes

    async def run(self, jobs: Sequence[ImportJob]) -> list[ImportOutcome]:
        """Import chats: several only of a source that has their messages mixed. Raises UsageError."""
        assert self._database is not None, "an archive is needed to write to"
        outcomes = [ImportOutcome() for _ in jobs]
        targets: dict[int, ImportTarget] = {}
        held = [await self._find_target(job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
        doubts = ContradictionCheck(self._database, held)
        with few_collections():
            for pages in each(gather_pages(self._entries(jobs), outcomes)):
                if not await self._is_as_hashed(outcomes[pages[0][0]], is_begun=bool(targets or self._read)):
                    return outcomes
                if await self._is_contradicted(jobs, pages, outcomes, doubts, is_begun=bool(targets)):
                    return outcomes
                await self.write_pages(pages, jobs, targets, outcomes)
                doubts.exclude(targets)
                pages.clear()  # free memory before the next are read
                if self._source.format == "parquet":  # whose library takes 40 MB itself
                    trim()
            if targets and await self._is_as_hashed(outcomes[0], is_begun=True):
                await self._finish(targets, outcomes)
            return outcomes

    async def _is_contradicted(
        self,
        jobs: Sequence[ImportJob],
        pages: Pages,
        outcomes: Sequence[ImportOutcome],
        doubts: ContradictionCheck,
        *,
        is_begun: bool,
        is_dry_run: bool = False,
    ) -> bool:
        """Whether a chat contradicts most of the archive. Raises Contradicted if nothing is written yet."""
        for place, page in pages:
            found = await doubts.look(place, page)
            outcomes[place].compared, outcomes[place].reworded = found.shared, found.reworded
            if found.is_other:
                if not is_begun:
                    raise refuse(jobs[place].chat, found, is_dry_run=is_dry_run)
                outcomes[place].add_flaw(stop_at(page, found))
                return True
        return False

    def _entries(self, jobs: Sequence[ImportJob]) -> Iterator[tuple[int, Entry]]:
        """What the source has of these chats: the place of each in `jobs`, and a message or flaw."""
        source = self._source
        if isinstance(source, MixedSource):
            return source.read_mixed([(job.chat, job.channel_id) for job in jobs])
        [job] = jobs
        return ((0, entry) for entry in job.chat.read(job.channel_id))

    async def _is_as_hashed(self, outcome: ImportOutcome, *, is_begun: bool) -> bool:
        """Whether the files are still those that were hashed. Raises UsageError if nothing is written yet."""
        changed = await in_thread(self._hashed.find_changed)
        if changed is None:
            return True
        if not is_begun:
            self._hashed.expect_unchanged()
        outcome.add_flaw(Flaw(changed, CHANGED, fatal=True))
        return False

    async def write_pages(
        self,
        pages: Pages,
        jobs: Sequence[ImportJob],
        targets: dict[int, ImportTarget],
        outcomes: Sequence[ImportOutcome],
    ) -> None:
        """Write pages, each in its chat's channel; `targets` and `outcomes` get what they begin and bring."""
        assert self._database is not None, "an archive is needed to write to"
        source = self._source
        for divided in divide(pages):
            parts = [
                PagePart(place, note_lost(part, lost), adopted, ready)
                for place, part in divided
                for adopted, lost in [await self._files.adopt(part, outcomes[place])]
                for ready in [await self._database.read(make_ready, jobs[place].channel_id, part)]
            ]
            self.is_begun = True
            begun, counted = await self._database.write(
                store_parts, jobs, targets, parts, zone=self._zone, zone_used=source.zone_used
            )
            for place, one in begun.items():
                targets[place], outcomes[place].record = one.target, one.record
            for part, counts in zip(parts, counted, strict=True):
                self._add(outcomes[part.place], counts, len(part.page))

    async def _finish(self, targets: Mapping[int, ImportTarget], outcomes: Sequence[ImportOutcome]) -> None:
        """Record that the chats were read to their end, if nothing ended that early."""
        assert self._database is not None, "an archive is needed to write to"
        zone = self._zone if self._source.zone_used else None
        if any(flaw.fatal for one in outcomes for flaw in one.flaws.values()):
            return
        ids = [one.import_id for one in targets.values()]
        newest = {one.import_id: one.seen for one in targets.values() if one.seen != one.seen_before}
        await self._database.write(finish_imports, ids, now=int(time.time()), zone=zone, newest=newest)

    def _zoned(self, target: ImportTarget) -> ImportTarget:
        """The target, with the zone if a date needed it so far."""
        return target._replace(zone=self._zone if self._source.zone_used else None)

    @property
    def passed(self) -> int:
        """Messages read so far, each of them stored or known."""
        return self._read

    def _add(self, outcome: ImportOutcome, counts: ImportCounts, messages: int) -> None:
        outcome.counts += counts
        self._read += messages
        self._progress(self._read)

    def aside(self, scratch: Database, archive: Path, source: ChatSource) -> Importer:
        """One that imports the same source, opened again, into a scratch archive."""
        made = Importer(scratch, self._hashed, archive=archive, zone=self._zone, source=source)
        made._files = PageAdopter(self._hashed.media, archive, is_aside=True)
        return made

    async def _find_target(self, job: ImportJob, outcome: ImportOutcome) -> ImportTarget | None:
        if self._database is None:
            return None
        channel = await self._database.read(find_channel, job.channel_id)
        outcome.record = await self._database.read(find_import, job.channel_id, job.file.sha256, job.file.format)
        outcome.was_finished = outcome.record is not None and outcome.record.finished_at is not None
        outcome.is_resumed = outcome.record is not None and not outcome.was_finished
        if channel is None:
            return None
        if outcome.record is None:
            now = int(time.time())
            seen = min(job.file.newest or now, now)
            return ImportTarget(
                job.channel_id, 0, channel.generation, seen, now, job.file.format, is_altered=job.file.is_altered
            )
        return aim(job.file, outcome.record, channel.generation, self._zone)

    async def _list_held(self, target: ImportTarget | None, page: Sequence[ImportedMessage]) -> set[int]:
        """Which messages of a page that have files are held."""
        ids = [one.message_id for one in page if one.files]
        if self._database is None or target is None or not ids:
            return set()
        return set(await self._database.read(list_known, target.channel_id, ids))
