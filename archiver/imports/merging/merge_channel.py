"""Take over one channel of another archive: its log, its messages page by page, then what may be claimed of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from archiver.imports.merging.merged import MergedChannel
from archiver.model.coverage import Interval
from archiver.model.descriptions import DescribedAt
from archiver.model.sync_state import SyncState, TakenState, take_state
from archiver.store.channels.channel import find_channel
from archiver.store.channels.coverage import list_coverage
from archiver.store.database import Database, Reader, Writer
from archiver.store.merging import merged_channel as channels
from archiver.store.merging.foreign import ForeignArchive
from archiver.store.merging.foreign_channel import ForeignChannel, list_foreign_descriptions, list_foreign_states
from archiver.store.merging.foreign_log import (
    ForeignCapture,
    Notices,
    iter_captures,
    iter_latest_proofs,
    list_proven,
    read_sync_state,
)
from archiver.store.merging.foreign_page import ForeignPage, count_indexed, iter_pages
from archiver.store.merging.merge_plan import FindNotice, PagePlan, no_notice, plan_gone, plan_page
from archiver.store.merging.merged import MergeMark, write_page
from archiver.store.merging.merged_channel import SourceFile
from archiver.store.merging.merged_records import Made, make_records
from archiver.store.merging.merged_sources import find_imports, list_other_zones, map_imports

_CAPTURES: Final = 2_000
"""Answers copied in one transaction."""
_HIGHEST: Final = 2**31


@dataclass(frozen=True, slots=True)
class MergeRun:
    """What all channels of one run share."""

    database: Database
    archive: ForeignArchive
    source: SourceFile
    dry_run: bool
    now: Callable[[], int]
    """Unix seconds."""
    advance: Callable[[int], None]
    """Given the number of further messages that were read."""


class ChannelMerge:
    """One channel of the run."""

    def __init__(self, run: MergeRun, channel: ForeignChannel, done: MergedChannel) -> None:
        self._run, self._channel, self._done = run, channel, done
        self._proven: list[Interval] = []
        self._is_whole = True
        self._theirs_prove: FindNotice = no_notice
        self._ours_prove: FindNotice = no_notice
        self._mark: MergeMark | None = None
        self._made: dict[int, Made] = {}
        self._imports: dict[int, int | None] = {}
        self._top_id = 0

    async def prepare(self, counted: int | None) -> None:
        """Find out what both archives prove, and what is known of the channel already. `counted`: its messages."""
        archive, channel_id = self._run.archive, self._channel.channel_id
        self._proven = await asyncio.to_thread(archive.read, list_proven, channel_id)
        indexed = await asyncio.to_thread(archive.read, count_indexed, channel_id)
        self._done.of = counted if counted is not None else indexed or 0
        self._is_whole = counted is not None and indexed == counted and (bool(self._proven) or not archive.is_extract)
        if self._is_whole and self._proven:
            proofs = await asyncio.to_thread(
                archive.read, lambda _: Notices(iter_latest_proofs(archive.conn, channel_id, self._proven))
            )
            self._theirs_prove = proofs.find
        await self._run.database.read(self._look)

    def _look(self, conn: Reader) -> None:
        channel_id = self._channel.channel_id
        ours = find_channel(conn, channel_id)
        self._done.added = ours is None
        self._done.is_imported_only = ours is None or ours.imported_only
        self._imports = find_imports(conn, self._run.archive, channel_id)
        before = channels.find_merge(conn, channel_id, self._run.source.sha256)
        self._done.imported_before = before is not None and before.finished_at is not None
        if ours is not None:
            covered = channels.list_all_proven(conn, channel_id)
            self._ours_prove = Notices(iter_latest_proofs(conn, channel_id, covered)).find

    @property
    def was_read(self) -> bool:
        """Whether the other archive knows of any ids of the channel, if only that they have no messages."""
        return bool(self._proven)

    async def copy_log(self) -> None:
        """Copy the channel and the answers of its log: messages refer to them by their times."""
        archive, channel_id = self._run.archive, self._channel.channel_id
        captures = iter_captures(archive, channel_id)
        described = await asyncio.to_thread(archive.read, list_foreign_descriptions, channel_id)
        states = await asyncio.to_thread(archive.read, list_foreign_states, channel_id)
        known = await self._run.database.read(self._list_known)
        if self._run.dry_run:
            await self._run.database.read(self._unite, described)
            new = [one for one in captures if hash(one.identity) not in known]
            self._done.captures = await self._run.database.read(self._count_copies, new)
            return

        def create(conn: Writer) -> None:
            if self._done.added and find_channel(conn, channel_id) is None:  # not added meanwhile
                channels.create_channel(conn, self._channel, states, now=self._run.now())
                self._start(conn)
            if united := self._unite(conn, described):
                channels.put_descriptions(conn, channel_id, united)

        await self._run.database.write(create)
        while page := await asyncio.to_thread(lambda: list(islice(captures, _CAPTURES))):
            new = [one for one in page if hash(one.identity) not in known]
            if new:
                await self._run.database.write(self._copy, new)

    def _unite(self, conn: Reader, theirs: list[DescribedAt]) -> list[DescribedAt]:
        """The descriptions to write; none if theirs add nothing."""
        if not (self._done.added or self._channel.is_seen):
            return []
        united = channels.unite_with(conn, self._channel.channel_id, theirs)
        self._done.described = bool(united) and not self._done.added
        return united

    def _list_known(self, conn: Reader) -> set[int]:
        return channels.list_identities(conn, self._channel.channel_id, self._find_import(conn))

    def _find_import(self, conn: Reader) -> int | None:
        found = channels.find_merge(conn, self._channel.channel_id, self._run.source.sha256)
        return None if found is None else found.import_id

    def _list_uncopied(self, conn: Reader, captures: list[ForeignCapture]) -> list[ForeignCapture]:
        import_id = self._find_import(conn)
        last = 0 if import_id is None else channels.find_last_capture(conn, import_id)
        return [one for one in captures if one.capture_id > last]

    def _count_copies(self, conn: Reader, captures: list[ForeignCapture]) -> int:
        """The number of answers that `_copy` would copy."""
        earlier = {theirs: ours for theirs, ours in self._imports.items() if ours is not None}
        mark = MergeMark(self._find_import(conn) or 0, earlier, 0, {})
        uncopied = self._list_uncopied(conn, captures)
        return sum(not channels.is_copied(conn, mark.origin_of(one), one) for one in uncopied)

    def _copy(self, conn: Writer, captures: list[ForeignCapture]) -> None:
        if captures := self._list_uncopied(conn, captures):
            mark = self._start(conn)
            marked = [(mark.origin_of(one), one) for one in captures]
            self._done.captures += channels.copy_captures(conn, self._channel.channel_id, marked)

    def _start(self, conn: Writer) -> MergeMark:
        """The mark of this import, which is recorded with the first thing that is written."""
        now = self._run.now()
        import_id = channels.start_merge(conn, self._channel, self._run.source, now=now)
        earlier = map_imports(conn, self._run.archive, self._channel.channel_id)
        zones = list_other_zones(conn, self._run.archive, self._channel.channel_id, earlier)
        self._mark = MergeMark(import_id, earlier, now, zones)
        self._done.import_id = import_id
        return self._mark

    async def read_pages(self) -> None:
        """Take over the messages, and mark ours that the other archive proves to be gone."""
        after, read = 0, 0
        pages = iter_pages(self._run.archive, self._channel.channel_id)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            self._run.archive.expect_unchanged()
            self._note_left_out(page)
            await self._apply(self._plan, page)
            ids = page.list_ids()
            await self._mark_gone(max(after, 0) + 1, page.last_id, ids)
            count = len(page.messages) + len(page.left_out)
            after, read = page.last_id, read + count
            self._run.advance(count)
        self._is_whole = self._is_whole and read == self._done.of
        await self._mark_gone(max(after, 0) + 1, _HIGHEST, set())

    def _note_left_out(self, page: ForeignPage) -> None:
        self._done.leave_out(page.left_out)
        self._is_whole = self._is_whole and not page.left_out
        if any(one.message_id is None for one in page.left_out):
            self._theirs_prove = no_notice  # what follows is not known
        self._top_id = max([self._top_id, *(one.message_id for one in page.messages if not one.is_imported)])

    async def _mark_gone(self, lo: int, hi: int, theirs: set[int]) -> None:
        """Find out which of our messages the other archive proves to be gone."""
        while lo <= hi and self._theirs_prove is not no_notice and not self._done.added:
            lo = await self._apply(self._plan_gone, (lo, hi), theirs) + 1

    async def _apply(self, plan: Callable[..., tuple[PagePlan, int]], *args: object) -> int:
        """Decide, and write what was decided in the same transaction."""

        def look(conn: Reader) -> int:
            return plan(conn, *args)[1]

        def act(conn: Writer) -> int:
            planned, reached = plan(conn, *args)
            if planned.is_change:
                write_page(conn, planned, self._made, self._mark or self._start(conn))
                channels.raise_top(conn, planned.channel_id, self._top_id)
            return reached

        return await (self._run.database.read(look) if self._run.dry_run else self._run.database.write(act))

    def _plan(self, conn: Reader, page: ForeignPage) -> tuple[PagePlan, int]:
        plan = plan_page(conn, self._channel.channel_id, page.messages, self._ours_prove, self._imports)
        self._made, wrong = make_records(conn, plan)
        if wrong:
            self._is_whole = False
            self._done.leave_out(wrong)
        self._done.count(plan)
        return plan, page.last_id

    def _plan_gone(self, conn: Reader, within: tuple[int, int], theirs: set[int]) -> tuple[PagePlan, int]:
        plan, reached = plan_gone(conn, self._channel.channel_id, within, theirs, self._theirs_prove)
        self._made = {}
        self._done.count(plan)
        return plan, reached

    async def finish(self) -> None:
        """Take over what may be claimed of the channel now."""
        archive, channel_id = self._run.archive, self._channel.channel_id
        archive.expect_unchanged()
        theirs = await asyncio.to_thread(archive.read, read_sync_state, self._channel)
        taken = await self._run.database.read(self._decide_state, theirs)
        self._done.proves, self._done.synced_at = taken.proves, taken.synced_at
        if self._run.dry_run or not (self._done.is_change or taken.pts):
            return
        captures = iter_captures(archive, channel_id)

        def act(conn: Writer) -> None:
            mark = self._start(conn)
            if taken.proves:
                marked = ((mark.origin_of(one), one) for one in captures)
                channels.take_proofs(conn, self._channel, marked, self._proven, current=taken.current)
            top_id = max([self._top_id, *(hi for _, hi in self._proven)]) if taken.proves else self._top_id
            channels.take_progress(conn, self._channel, taken, top_id=top_id)
            channels.end_merge(conn, mark.import_id, self._done.to_counts(), now=self._run.now())

        await self._run.database.write(act)

    def _decide_state(self, conn: Reader, theirs: SyncState) -> TakenState:
        channel = find_channel(conn, self._channel.channel_id)
        ours = SyncState(None, [], None)
        if channel is not None:
            covered = list_coverage(conn, channel.channel_id, channel.generation)
            ours = SyncState(channel.pts, covered, channel.last_sync_at)
        return take_state(ours, theirs, whole=self._is_whole)
