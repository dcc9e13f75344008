"""Carrying out the plan of `review`: a stretch of the most urgent channel at a time, beside all that is more urgent.

Finds what was edited or deleted while nobody looked, and how counters grew. A page is stored before it is counted as
read, so that a crash costs no more than reading it again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from archiver.errors import Error, FloodWait, StaleAccess
from archiver.mirror.ingest import Outdated, Removed
from archiver.mirror.reread import Rereader
from archiver.model.review_plan import (
    ALL,
    DAY,
    DESCRIPTION,
    NEVER,
    RECENT,
    Review,
    ReviewPlan,
    ReviewProgress,
    ReviewState,
    advance,
    begin,
    make_tiers,
    plan_reviews,
)
from archiver.pacing.scheduler import Priority
from archiver.service.backoff import ACCOUNT_ERRORS
from archiver.service.worker_context import PollSettings, WorkerContext
from archiver.store.channel import Mirrored, find_channel
from archiver.store.database import Writer
from archiver.store.review import find_surplus, list_review_states, save_progress
from archiver.store.server_count import accept_count

log = logging.getLogger(__name__)

STRETCH = 10
"""Pages of one channel before the next one has its turn."""
UNDESCRIBED = 6 * 3600.0
"""Seconds until a channel is asked for its description again that did not give it. It is mirrored without."""
REST = 60.0
"""Seconds for which a channel is left alone that could not be reviewed."""
LOOK = 30.0
"""Seconds between two looks for work, at most: what is due changes with what is posted."""
FRESH = 10.0
"""Seconds for which it is remembered how the channels stand: a look at 500 of them takes 50 ms."""
SHARE = 0.2
"""Of the account's requests, what audits may take on the average."""


class AuditWorker:
    """Reviews the channels of one account."""

    def __init__(
        self, context: WorkerContext, settings: PollSettings, *, access: Callable[[Mirrored], Awaitable[int]]
    ) -> None:
        """`access`: return the account's access hash of a channel, or raise StaleAccess."""
        self._source = context.source
        self._database = context.database
        self._ingest = context.ingest
        self._account = context.account
        self._clock = context.clock
        self._access = access
        self._on_failure = context.on_failure
        self._tiers = {tier.name: tier for tier in make_tiers(settings.audit_interval)}
        rate = SHARE * settings.requests_per_second
        self._spacing = 1 / rate if rate > 0 else 0.0
        """Seconds between two pages of audits."""
        self._audit_at = -math.inf
        """The tick at which the next page of an audit may be asked for."""
        self._states: dict[int, ReviewState] = {}
        self._looked_at = -math.inf
        self._resting: dict[int, float] = {}
        """Channels that are left alone, and until which tick."""
        self._undescribed: dict[int, float] = {}
        """Channels whose description cannot be had, and until which tick they are not asked for it."""
        self._surplus: dict[int, tuple[int, int]] = {}
        """How many more messages than held the server counted, with the time of that count."""
        self._unsettled: set[int] = set()
        """Channels of which all was reviewed while the counts could not be compared."""

    async def step(self, stop: Callable[[], bool] = lambda: False) -> float:
        """Review a stretch of the channel that needs it most; `stop` is asked after each page.

        Returns in how many seconds the next step is worth it, 0 when more is due now. Raises what stops the account,
        and FloodWait.
        """
        now, tick = self._clock.now(), self._clock.tick()
        if tick - self._looked_at >= FRESH:
            await self._look(now)
        self._resting = {channel_id: until for channel_id, until in self._resting.items() if until > tick}
        self._undescribed = {channel_id: until for channel_id, until in self._undescribed.items() if until > tick}
        awake = (
            self._without_description(state, now - tick)
            for state in self._states.values()
            if state.channel_id not in self._resting
        )
        planned = plan_reviews(awake, tuple(self._tiers.values()), now)
        for review in planned.due:
            if review.priority != Priority.AUDIT or self._audit_at <= tick:
                looked_at, self._looked_at = self._looked_at, -math.inf  # whatever becomes of it
                await self._take_up(review, stop)
                await self._look_at(review.channel_id)
                self._looked_at = looked_at
                return 0.0
        return self._pause(planned, now, tick)

    def _pause(self, planned: ReviewPlan, now: float, tick: float) -> float:
        pauses = [planned.next_at - now, LOOK, *(until - tick for until in self._resting.values())]
        if planned.due:
            pauses.append(self._audit_at - tick)
        return max(min(pauses), 0.0)

    # what is due

    async def _look(self, now: float) -> None:
        """See how all channels stand. What is remembered of others is dropped."""
        found = await self._list_review_states(now)
        known = {state.channel_id for state in found}
        self._surplus = {channel_id: told for channel_id, told in self._surplus.items() if channel_id in known}
        self._unsettled &= known
        self._states = {state.channel_id: replace(state, differs=await self._differs(state, now)) for state in found}
        self._looked_at = self._clock.tick()

    async def _look_at(self, channel_id: int) -> None:
        """See how one channel stands that was just reviewed."""
        now = self._clock.now()
        self._states.pop(channel_id, None)
        self._surplus.pop(channel_id, None)
        for state in await self._list_review_states(now, only=channel_id):
            self._states[channel_id] = replace(state, differs=await self._differs(state, now))

    async def _list_review_states(self, now: float, only: int | None = None) -> list[ReviewState]:
        ages = {tier.name: tier.age for tier in self._tiers.values() if tier.age is not None}
        return await list_review_states(self._database.connection, account=self._account, now=now, ages=ages, only=only)

    async def _differs(self, state: ReviewState, now: float) -> bool:
        """Whether the server counts other messages than are held, and that is a reason to review all of them.

        It is not when that very difference stayed after all was reviewed, nor more often than the newest ids are
        audited: some servers count otherwise, some now and then.
        """
        if state.counted_at is None:
            return False
        channel_id = state.channel_id
        at, surplus = self._surplus.get(channel_id, (None, 0))
        if at != state.counted_at:
            surplus = await self._database.write(lambda conn: find_surplus(conn, channel_id) or 0)
            self._surplus[channel_id] = state.counted_at, surplus
        if channel_id in self._unsettled:
            self._unsettled.discard(channel_id)
            await self._database.write(accept_count, channel_id, surplus or None)
            return False
        if surplus in (0, state.accepted_count):
            return False
        progress = state.progress.get(ALL, NEVER)
        lately = progress.reviewed_at is not None and now - progress.reviewed_at < self._tiers[RECENT].every
        return progress.started_at is not None or not lately

    # reviewing

    async def _take_up(self, review: Review, stop: Callable[[], bool]) -> None:
        channel = await find_channel(self._database.connection, review.channel_id)
        if channel is None or (channel.retry_at or 0) > self._clock.now():
            return  # somebody else has set it aside meanwhile
        try:
            access_hash = await self._access(channel)
        except StaleAccess:  # catching up looks it up
            self._resting[channel.channel_id] = self._clock.tick() + REST
            return
        try:
            if review.tier == DESCRIPTION:
                source = self._source.at(review.priority)
                await self._ingest.observe_channel(await source.get_channel(channel.channel_id, access_hash))
            else:
                await self._stretch(review, access_hash, stop)
        except Removed:
            return
        except (*ACCOUNT_ERRORS, FloodWait):
            raise
        except Outdated:
            self._resting[channel.channel_id] = self._clock.tick() + REST
        except Error as exc:
            if review.tier == DESCRIPTION:
                # Whether the channel can be read is for others to find out.
                log.info("%s: its description could not be read (%s)", channel.name, type(exc).__name__)
                self._undescribed[channel.channel_id] = self._clock.tick() + UNDESCRIBED
                return
            self._resting[channel.channel_id] = self._clock.tick() + REST
            await self._on_failure(channel, exc)

    def _without_description(self, state: ReviewState, ahead: float) -> ReviewState:
        """How the channel stands, its description left out for as long as it cannot be had.

        `ahead`: by how many seconds the time of day is ahead of the ticks.
        """
        until = self._undescribed.get(state.channel_id)
        return state if until is None else replace(state, described_at=int(until + ahead - DAY))

    async def _stretch(self, review: Review, access_hash: int, stop: Callable[[], bool]) -> None:
        """Some pages of a review. Each is stored, then counted for all reviews that wait for it."""
        spaced = review.priority == Priority.AUDIT and self._spacing > 0
        reader = Rereader(
            self._source.at(review.priority), self._database, self._ingest, review.channel_id, access_hash
        )
        progress = dict(self._states[review.channel_id].progress)
        await self._save(review.channel_id, progress, begin(progress, review, self._clock.now()))
        next_id = review.next_id
        for _ in range(1 if spaced else STRETCH):
            try:
                read = await reader.read(review.lowest_id, next_id)
            finally:
                if spaced:
                    self._audit_at = self._clock.tick() + self._spacing
            if read is None:
                return
            await self._save(review.channel_id, progress, advance(progress, read))
            next_id = read[0] - 1
            if stop() or next_id < review.lowest_id:
                return

    async def _save(
        self, channel_id: int, progress: dict[str, ReviewProgress], changed: Mapping[str, ReviewProgress]
    ) -> None:
        """Note how far the reviews have come; after a review of all, a difference that remains is accepted."""
        whole = ALL in changed and changed[ALL].started_at is None

        def act(conn: Writer) -> int | None:
            save_progress(conn, channel_id, changed)
            surplus = find_surplus(conn, channel_id) if whole else None
            if surplus is not None:
                accept_count(conn, channel_id, surplus or None)
            return surplus

        if changed:
            progress.update(changed)
            surplus = await self._database.write(act)
            if whole and surplus is None:
                self._unsettled.add(channel_id)
