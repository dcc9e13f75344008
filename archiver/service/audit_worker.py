"""Carries out the review plan (`model.review_plan`): a few pages of the most urgent channel at a time.

Finds edits and deletions that no update reported, and new counters. A page is stored before it counts as read, so a
crash only costs reading it again.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from archiver.errors import Error, FloodWait, StaleAccess
from archiver.ids import AccessHash, ChannelId
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
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.channels.review import find_surplus, list_review_states, save_progress
from archiver.store.channels.server_count import accept_count
from archiver.store.database import Writer

log = logging.getLogger(__name__)

PAGES = 10
"""Pages of one channel per turn."""
DESCRIPTION_RETRY = 6 * 3600.0
"""Seconds before retrying a description that could not be read; the channel is mirrored without it."""
PAUSE = 60.0
"""Seconds for which a channel that could not be reviewed is skipped."""
MAX_IDLE = 30.0
"""Maximum seconds between two steps: new posts change what is due."""
FRESH = 10.0
"""Seconds for which the channels' review states are cached: reading 500 of them takes 50 ms."""
SHARE = 0.2
"""Average share of the account's requests that audits may use."""


class AuditWorker:
    """Reviews the channels of one account."""

    def __init__(
        self, context: WorkerContext, settings: PollSettings, *, access: Callable[[Mirrored], Awaitable[AccessHash]]
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
        """The tick at which the next page of an audit may be requested."""
        self._states: dict[ChannelId, ReviewState] = {}
        self._loaded_at = -math.inf
        self._paused: dict[ChannelId, float] = {}
        """Skipped channels, each with the tick until which it is skipped."""
        self._undescribed: dict[ChannelId, float] = {}
        """Channels whose description could not be read, each with the tick of the next attempt."""
        self._surplus: dict[ChannelId, tuple[int, int]] = {}
        """By channel: time of the server's count, and how many more messages than held it has."""
        self._unsettled: set[ChannelId] = set()
        """Channels that were reviewed completely while the counts could not be compared."""

    async def step(self, stop: Callable[[], bool] = lambda: False) -> float:
        """Review some pages of the most urgent channel, checking `stop` after each.

        Returns the seconds until the next step is due; 0: more is due now. Raises FloodWait and what stops the account.
        """
        now, tick = self._clock.now(), self._clock.tick()
        if tick - self._loaded_at >= FRESH:
            await self._load_states(now)
        self._paused = {channel_id: until for channel_id, until in self._paused.items() if until > tick}
        self._undescribed = {channel_id: until for channel_id, until in self._undescribed.items() if until > tick}
        awake = (
            self._without_description(state, now - tick)
            for state in self._states.values()
            if state.channel_id not in self._paused
        )
        planned = plan_reviews(awake, tuple(self._tiers.values()), now)
        for review in planned.due:
            if review.priority != Priority.AUDIT or self._audit_at <= tick:
                loaded_at, self._loaded_at = self._loaded_at, -math.inf  # reload if the review fails
                await self._review(review, stop)
                await self._reload_state(review.channel_id)
                self._loaded_at = loaded_at
                return 0.0
        return self._pause(planned, now, tick)

    def _pause(self, planned: ReviewPlan, now: float, tick: float) -> float:
        pauses = [planned.next_at - now, MAX_IDLE, *(until - tick for until in self._paused.values())]
        if planned.due:
            pauses.append(self._audit_at - tick)
        return max(min(pauses), 0.0)

    # what is due

    async def _load_states(self, now: float) -> None:
        """Read the review states of all channels; forget channels that are gone."""
        found = await self._list_review_states(now)
        known = {state.channel_id for state in found}
        self._surplus = {channel_id: surplus for channel_id, surplus in self._surplus.items() if channel_id in known}
        self._unsettled &= known
        self._states = {state.channel_id: replace(state, differs=await self._differs(state, now)) for state in found}
        self._loaded_at = self._clock.tick()

    async def _reload_state(self, channel_id: ChannelId) -> None:
        """Read the review state of a channel again after a review."""
        now = self._clock.now()
        self._states.pop(channel_id, None)
        self._surplus.pop(channel_id, None)
        for state in await self._list_review_states(now, only=channel_id):
            self._states[channel_id] = replace(state, differs=await self._differs(state, now))

    async def _list_review_states(self, now: float, only: int | None = None) -> list[ReviewState]:
        ages = {tier.name: tier.age for tier in self._tiers.values() if tier.age is not None}
        return await self._database.read(list_review_states, account=self._account, now=now, ages=ages, only=only)

    async def _differs(self, state: ReviewState, now: float) -> bool:
        """Whether the server's message count differs from ours in a way that calls for a complete review.

        A difference that remained after a complete review is accepted, and complete reviews come no more often than
        audits of the newest ids: some servers count differently, some only at times.
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
        reviewed_lately = progress.reviewed_at is not None and now - progress.reviewed_at < self._tiers[RECENT].every
        return progress.started_at is not None or not reviewed_lately

    # reviewing

    async def _review(self, review: Review, stop: Callable[[], bool]) -> None:
        channel = await self._database.read(find_channel, review.channel_id)
        if channel is None or (channel.retry_at or 0) > self._clock.now():
            return  # another worker started to back off from it
        try:
            access_hash = await self._access(channel)
        except StaleAccess:  # the live worker looks the hash up
            self._paused[channel.channel_id] = self._clock.tick() + PAUSE
            return
        try:
            if review.tier == DESCRIPTION:
                source = self._source.at(review.priority)
                await self._ingest.observe_channel(await source.get_channel(channel.channel_id, access_hash))
            else:
                await self._read_pages(review, access_hash, stop)
        except Removed:
            return
        except (*ACCOUNT_ERRORS, FloodWait):
            raise
        except Outdated:
            self._paused[channel.channel_id] = self._clock.tick() + PAUSE
        except Error as exc:
            if review.tier == DESCRIPTION:
                # The other workers find out whether the channel can be read.
                log.info("channel %s: cannot read its description (%s)", channel.name, type(exc).__name__)
                self._undescribed[channel.channel_id] = self._clock.tick() + DESCRIPTION_RETRY
                return
            self._paused[channel.channel_id] = self._clock.tick() + PAUSE
            await self._on_failure(channel, exc)

    def _without_description(self, state: ReviewState, ahead: float) -> ReviewState:
        """Postpone the description in the channel's state while it cannot be read.

        `ahead`: seconds by which the time of day is ahead of the ticks.
        """
        until = self._undescribed.get(state.channel_id)
        return state if until is None else replace(state, described_at=int(until + ahead - DAY))

    async def _read_pages(self, review: Review, access_hash: AccessHash, stop: Callable[[], bool]) -> None:
        """Read some pages of a review; each is stored, then counted for every review that includes it."""
        spaced = review.priority == Priority.AUDIT and self._spacing > 0
        reader = Rereader(
            self._source.at(review.priority), self._database, self._ingest, review.channel_id, access_hash
        )
        progress = dict(self._states[review.channel_id].progress)
        await self._save(review.channel_id, progress, begin(progress, review, self._clock.now()))
        next_id = review.next_id
        for _ in range(1 if spaced else PAGES):
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
        self, channel_id: ChannelId, progress: dict[str, ReviewProgress], changed: Mapping[str, ReviewProgress]
    ) -> None:
        """Save the reviews' progress; after a complete review, accept the remaining difference in counts."""
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
