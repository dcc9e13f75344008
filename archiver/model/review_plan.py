"""Plan which ids of a channel to read again, and when. Plain data, no I/O, no clock; `audit_worker` carries it out.

A *review* reads a range of ids again, newest first, a page at a time. Its *tier* sets how often, and how far back:

    audit         to find edits and deletions that were missed
    counters      to follow views, forwards, replies and reactions while a message is young
    description   the channel's description and number of participants; reads no messages

A page counts for every pending review of the channel, so a larger range that is due includes the smaller ones. Only
covered ids are reviewed; backfill reads the others anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.ids import ChannelId
from archiver.model.coverage import Interval
from archiver.pacing.scheduler import Priority

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
RECENT, ALL, DESCRIPTION = "recent", "all", "description"


@dataclass(frozen=True, slots=True)
class Tier:
    """One kind of review. Without `newest` and `age` it covers all ids."""

    name: str
    every: float
    """Seconds from the start of one review to the start of the next."""
    priority: Priority
    newest: int | None = None
    """Only this number of newest ids."""
    age: float | None = None
    """Only messages at most this many seconds old."""


COUNTERS = (
    Tier("hour", 10 * MINUTE, Priority.COUNTERS, age=HOUR),
    Tier("day", HOUR, Priority.COUNTERS, age=DAY),
    Tier("week", 6 * HOUR, Priority.COUNTERS, age=7 * DAY),
    Tier("month", 7 * DAY, Priority.COUNTERS, age=30 * DAY),
)


def make_tiers(interval: float = DAY) -> tuple[Tier, ...]:
    """All tiers. `interval`: seconds between audits of the newest ids; larger audits are multiples of it."""
    return (
        Tier(RECENT, interval, Priority.AUDIT, newest=200),
        Tier("middle", 7 * interval, Priority.AUDIT, newest=5_000),
        Tier(ALL, 30 * interval, Priority.AUDIT),
        *COUNTERS,
        Tier(DESCRIPTION, DAY, Priority.COUNTERS),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewProgress:
    """Progress of one tier's review. Times are unix seconds."""

    reviewed_at: int | None = None
    """Start of the last finished review: all of the range has been read since."""
    started_at: int | None = None
    """Start of the current review; None if none is running."""
    next_id: int = 0
    """The highest id still to read."""
    lowest_id: int = 0
    """The lowest id to read."""


NEVER = ReviewProgress()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewState:
    """State of a channel as the plan needs it. Times are unix seconds."""

    channel_id: ChannelId
    added_at: int
    described_at: int | None
    """When its full description was last fetched."""
    top: int
    """The highest covered id, 0 if there is none."""
    lowest: int | None
    """The lowest id of a message held within the window."""
    oldest: Mapping[str, Interval]
    """For each tier with an age: id and date of the oldest message within it; no entry if there is none."""
    progress: Mapping[str, ReviewProgress]
    """By tier."""
    counted_at: int | None = None
    """When the server gave its number of messages, if that can be compared with those held."""
    accepted_count: int | None = None
    """The difference between that number and the messages held that remained after a full review."""
    differs: bool = False
    """Whether that number differs from the messages held: then the whole channel is reviewed at once."""


@dataclass(frozen=True, slots=True)
class Review:
    """The next range to read of one channel."""

    channel_id: ChannelId
    tier: str
    priority: Priority
    lateness: float
    """How long it is overdue, as a fraction of its tier's period."""
    next_id: int
    lowest_id: int
    begins: tuple[tuple[str, int], ...]
    """Reviews that start with it at `next_id`: tier and lowest id. Includes itself unless it is already running."""


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """The due reviews, most urgent first, and when the next one becomes due (unix seconds; inf: never)."""

    due: tuple[Review, ...]
    next_at: float


def plan_reviews(states: Iterable[ReviewState], tiers: Sequence[Tier], now: float) -> ReviewPlan:
    """Decide what is due: by priority, then by lateness relative to the tier's period, so that no tier starves."""
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
    """The changed progress of a channel when the review starts."""
    return {
        tier: replace(
            progress.get(tier, NEVER), started_at=int(now), next_id=review.next_id, lowest_id=lowest_id
        )
        for tier, lowest_id in review.begins
    }  # fmt: skip


def advance(progress: Mapping[str, ReviewProgress], read: Interval) -> dict[str, ReviewProgress]:
    """The changed progress of a channel when all ids within `read` have been read, highest first."""
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
    """When the tier's next review is due; None if there is nothing to read."""
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
    # A message that was just posted was just read.
    return -math.inf if urgent else max(since, span[1]) + tier.every


def _span(state: ReviewState, tier: Tier) -> Interval | None:
    """The lowest id of the tier's range, and the date of the oldest message to follow in it."""
    if tier.name == ALL and state.differs:
        return 1, 0  # the difference may be an id that is not held
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
    """The reviews of a channel without those whose remaining range is read by a larger one of the same priority.

    An included review starts together with the larger one, so that each page counts for both. If their priorities
    differ it is also kept, so that counters need not wait until a long audit reaches this channel.
    """
    kept: list[Review] = []
    for review in sorted(reviews, key=lambda review: (review.lowest_id, -review.next_id)):
        separate = True
        for at, larger in enumerate(kept):
            if review.lowest_id < larger.lowest_id or review.next_id > larger.next_id:
                continue
            kept[at] = replace(larger, begins=(*larger.begins, *review.begins))
            if larger.priority == review.priority:
                kept[at] = replace(kept[at], lateness=max(larger.lateness, review.lateness))
                separate = False
        if separate:
            kept.append(review)
    yield from kept
