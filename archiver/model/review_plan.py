"""What of a channel is read again, and when: a plan as plain data. No I/O, no clock; `audit` carries it out.

A *review* reads a range of ids again, newest first, a page at a time; its *tier* says how often and from where on:

    audit         to notice what was edited or deleted while nobody looked
    counters      to follow views, forwards, replies and reactions while a message is young
    description   what the channel says of itself, and how many follow it; it reads no messages

A page counts for every review of the channel that waits for it, so a larger range that is due includes the smaller
ones. Only ids that are covered are reviewed: the others are read by backfill anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.model.coverage import Interval
from archiver.pacing.scheduler import Priority

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
RECENT, ALL, DESCRIPTION = "recent", "all", "description"


@dataclass(frozen=True, slots=True)
class Tier:
    """One kind of review. Without `newest` and `age`: of all ids."""

    name: str
    every: float
    """Seconds from the begin of one to the begin of the next."""
    priority: Priority
    newest: int | None = None
    """Of so many ids below the top."""
    age: float | None = None
    """From the oldest message on that is so many seconds old at most."""


COUNTERS = (
    Tier("hour", 10 * MINUTE, Priority.COUNTERS, age=HOUR),
    Tier("day", HOUR, Priority.COUNTERS, age=DAY),
    Tier("week", 6 * HOUR, Priority.COUNTERS, age=7 * DAY),
    Tier("month", 7 * DAY, Priority.COUNTERS, age=30 * DAY),
)


def make_tiers(interval: float = DAY) -> tuple[Tier, ...]:
    """All tiers; `interval`: seconds between two audits of the newest ids, by which the larger audits are measured."""
    return (
        Tier(RECENT, interval, Priority.AUDIT, newest=200),
        Tier("middle", 7 * interval, Priority.AUDIT, newest=5_000),
        Tier(ALL, 30 * interval, Priority.AUDIT),
        *COUNTERS,
        Tier(DESCRIPTION, DAY, Priority.COUNTERS),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewProgress:
    """How far the review of one tier has come. Times are unix seconds."""

    reviewed_at: int | None = None
    """When the last finished one began: all of the range was looked at since."""
    started_at: int | None = None
    """When the present one began; None: none is under way."""
    next_id: int = 0
    """The highest id that it still has to read."""
    lowest_id: int = 0
    """The lowest one."""


NEVER = ReviewProgress()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewState:
    """What the plan needs to know of a channel. Times are unix seconds."""

    channel_id: int
    added_at: int
    described_at: int | None
    """When it was last asked for in full."""
    top: int
    """The highest id that is covered, 0 when none is."""
    lowest: int | None
    """The lowest id of a message that is held and belongs to the mirror."""
    oldest: Mapping[str, Interval]
    """By tier with an age: id and date of the oldest message within it; without an entry there is none."""
    progress: Mapping[str, ReviewProgress]
    """By tier."""
    counted_at: int | None = None
    """When the server told how many messages it has, if that can be compared with what is held."""
    accepted_count: int | None = None
    """The difference to what is held that stays although all of it was reviewed."""
    differs: bool = False
    """Whether it holds other messages than it should: all of it is reviewed at once."""


@dataclass(frozen=True, slots=True)
class Review:
    """One channel's turn: what to read now."""

    channel_id: int
    tier: str
    priority: Priority
    lateness: float
    """How long it is overdue, as a share of its tier's period."""
    next_id: int
    lowest_id: int
    begins: tuple[tuple[str, int], ...]
    """Reviews that begin with it, from `next_id` down: tier and lowest id. It is one of them unless it is under way."""


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """What is due, the most urgent first, and when the next review becomes due (unix seconds, inf: none ever)."""

    due: tuple[Review, ...]
    next_at: float


def plan_reviews(states: Iterable[ReviewState], tiers: Sequence[Tier], now: float) -> ReviewPlan:
    """Decide what is due, by priority, then by lateness in proportion to the tier's period: no tier starves another."""
    due: list[Review] = []
    next_at = math.inf
    for state in states:
        found: list[Review] = []
        for tier in tiers:
            due_at = _due_at(state, tier)
            if due_at is None:
                continue
            if due_at > now:
                next_at = min(next_at, due_at)
            else:
                found.append(_review(state, tier, (now - due_at) / tier.every))
        due.extend(_without_included(found) if len(found) > 1 else found)
    due.sort(key=lambda review: (review.priority, -review.lateness, review.channel_id))
    return ReviewPlan(tuple(due), next_at)


def begin(progress: Mapping[str, ReviewProgress], review: Review, now: float) -> dict[str, ReviewProgress]:
    """What changes in a channel's progress when the review is taken up."""
    return {
        tier: replace(
            progress.get(tier, NEVER), started_at=int(now), next_id=review.next_id, lowest_id=lowest_id
        )
        for tier, lowest_id in review.begins
    }  # fmt: skip


def advance(progress: Mapping[str, ReviewProgress], read: Interval) -> dict[str, ReviewProgress]:
    """What changes in a channel's progress when all ids within `read` have been looked at, the highest first."""
    lo, hi = read
    changed = {}
    for tier, known in progress.items():
        if known.started_at is None or not lo <= known.next_id <= hi:
            continue
        if known.lowest_id < lo:
            changed[tier] = replace(known, next_id=lo - 1)
        else:
            changed[tier] = ReviewProgress(reviewed_at=max(known.started_at, known.reviewed_at or 0))
    return changed


def _due_at(state: ReviewState, tier: Tier) -> float | None:
    """When the tier's next review is due; None when there is nothing to read."""
    if tier.name == DESCRIPTION:
        return state.added_at if state.described_at is None else state.described_at + tier.every
    urgent = tier.name == ALL and state.differs
    progress = state.progress.get(tier.name, NEVER)
    since = state.added_at if progress.reviewed_at is None else progress.reviewed_at
    if progress.started_at is not None:
        return -math.inf if urgent else min(since + tier.every, progress.started_at)
    span = _span(state, tier)
    if span is None:
        return None
    # A message that has just been posted has just been looked at.
    return -math.inf if urgent else max(since, span[1]) + tier.every


def _span(state: ReviewState, tier: Tier) -> Interval | None:
    """The lowest id of the tier's range, and since when there is something to follow in it."""
    if tier.name == ALL and state.differs:
        return 1, 0  # it may be an id of which nothing is held
    if state.lowest is None or state.lowest > state.top:
        return None
    if tier.age is None:
        below = 0 if tier.newest is None else state.top - tier.newest
        return max(state.lowest, below + 1), 0
    oldest = state.oldest.get(tier.name)
    if oldest is None or oldest[0] > state.top:
        return None
    return max(state.lowest, oldest[0]), oldest[1]


def _review(state: ReviewState, tier: Tier, lateness: float) -> Review:
    def review(next_id: int, lowest_id: int, *begins: tuple[str, int]) -> Review:
        return Review(state.channel_id, tier.name, tier.priority, lateness, next_id, lowest_id, begins)

    progress = state.progress.get(tier.name, NEVER)
    span = _span(state, tier)
    if progress.started_at is not None:
        return review(progress.next_id, progress.lowest_id)
    if tier.name == DESCRIPTION or span is None:
        return review(0, 0)
    return review(state.top, span[0], (tier.name, span[0]))


def _without_included(reviews: Sequence[Review]) -> Iterator[Review]:
    """The reviews of a channel, but for those whose whole rest another one of the same priority reads.

    What is included begins with the larger one, so that its pages count for both. Of another priority it also stays for
    itself: counters need not wait for a long audit to come to this channel.
    """
    kept: list[Review] = []
    for review in sorted(reviews, key=lambda review: (review.lowest_id, -review.next_id)):
        alone = True
        for at, larger in enumerate(kept):
            if review.lowest_id < larger.lowest_id or review.next_id > larger.next_id:
                continue
            kept[at] = replace(larger, begins=(*larger.begins, *review.begins))
            if larger.priority == review.priority:
                kept[at] = replace(kept[at], lateness=max(larger.lateness, review.lateness))
                alone = False
        if alone:
            kept.append(review)
    yield from kept
