"""What is read again, and when: in time, within what is covered, and nothing twice where once is enough."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.model.review_plan import (
    DAY,
    DESCRIPTION,
    HOUR,
    MINUTE,
    NEVER,
    Review,
    ReviewPlan,
    ReviewProgress,
    ReviewState,
    Tier,
    advance,
    begin,
    make_tiers,
    plan_reviews,
)
from archiver.pacing.scheduler import Priority
from tests.tiers import examples

TIERS = make_tiers()
NOW = 1_700_000_000
IDS = [tier for tier in TIERS if tier.name != DESCRIPTION]


def state(**fields: Any) -> ReviewState:
    """A channel of 10,000 old messages, all covered, that was reviewed a moment ago."""
    known = {tier.name: ReviewProgress(reviewed_at=NOW) for tier in IDS}
    values: dict[str, Any] = {
        "channel_id": 1,
        "added_at": NOW - 400 * int(DAY),
        "described_at": NOW,
        "top": 10_000,
        "lowest": 1,
        "oldest": {},
        "progress": known,
    }
    return ReviewState(**values | fields)


def reviewed(*tiers: str, at: float) -> dict[str, ReviewProgress]:
    """As in `state`, but for these tiers."""
    return dict(state().progress) | {tier: ReviewProgress(reviewed_at=int(at)) for tier in tiers}


def due(known: ReviewState) -> list[tuple[str, int, int]]:
    return [(review.tier, review.lowest_id, review.next_id) for review in plan_reviews([known], TIERS, NOW).due]


def test_nothing_is_due_right_after_everything_was_reviewed() -> None:
    planned = plan_reviews([state(oldest={"hour": (9_990, NOW - 60)})], TIERS, NOW)
    assert planned == ReviewPlan((), NOW + 10 * MINUTE)


@pytest.mark.parametrize(("tier", "every", "lowest"), [("recent", 1, 9_801), ("middle", 7, 5_001), ("all", 30, 1)])
def test_audits_are_due_daily_weekly_and_monthly(tier: str, every: int, lowest: int) -> None:
    then = NOW - every * DAY
    assert due(state(progress=reviewed(tier, at=then + 1))) == []
    assert due(state(progress=reviewed(tier, at=then))) == [(tier, lowest, 10_000)]


def test_larger_audits_are_multiples_of_the_interval() -> None:
    assert [tier.every for tier in make_tiers(600.0)[:3]] == [600.0, 4_200.0, 18_000.0]
    assert make_tiers(600.0)[3:] == make_tiers()[3:]


@pytest.mark.parametrize(
    ("tier", "every"), [("hour", 10 * MINUTE), ("day", HOUR), ("week", 6 * HOUR), ("month", 7 * DAY)]
)
def test_counters_are_reviewed_from_the_oldest_message_of_their_age(tier: str, every: float) -> None:
    long_ago = reviewed(tier, at=NOW - 100 * DAY)
    young = {tier: (9_950, NOW - int(every))}
    assert due(state(progress=long_ago, oldest=young)) == [(tier, 9_950, 10_000)]
    assert due(state(progress=long_ago)) == []  # no message is that young
    fresh = {tier: (9_950, NOW - int(every) + 1)}
    assert due(state(progress=long_ago, oldest=fresh)) == []  # it was looked at when it came


def test_a_description_is_fetched_daily_and_if_it_never_was() -> None:
    assert due(state(described_at=NOW - 86_399)) == []
    assert due(state(described_at=NOW - 86_400)) == [(DESCRIPTION, 0, 0)]
    assert due(state(described_at=None)) == [(DESCRIPTION, 0, 0)]


def test_a_new_channel_is_reviewed_when_its_first_reading_is_old_enough() -> None:
    new = state(progress={}, added_at=NOW - 86_400, oldest={"day": (9_000, NOW - 80_000)})
    assert due(new) == [("recent", 9_801, 10_000), ("day", 9_000, 10_000)]
    assert due(replace(new, added_at=NOW - 3_599)) == []


def test_a_larger_audit_includes_the_smaller_ones() -> None:
    [review] = plan_reviews([state(progress=reviewed("recent", "middle", "all", at=0))], TIERS, NOW).due
    assert (review.tier, review.next_id, review.lowest_id) == ("all", 10_000, 1)
    assert dict(review.begins) == {"recent": 9_801, "middle": 5_001, "all": 1}


def test_an_audit_counts_for_counters_which_need_not_wait_for_it() -> None:
    late = state(progress=reviewed("all", "hour", at=0), oldest={"hour": (9_990, NOW - 900)})
    audit, counters = plan_reviews([late], TIERS, NOW).due
    assert (audit.tier, audit.priority) == ("all", Priority.AUDIT)
    assert dict(audit.begins) == {"all": 1, "hour": 9_990}
    assert (counters.tier, counters.priority, counters.begins) == ("hour", Priority.COUNTERS, (("hour", 9_990),))


def test_differing_counts_have_the_whole_channel_reviewed_at_once() -> None:
    [other, differing] = state(channel_id=1, progress=reviewed("recent", at=0)), state(channel_id=2, differs=True)
    first, second = plan_reviews([other, differing], TIERS, NOW).due
    assert (first.channel_id, first.tier, first.lateness) == (2, "all", math.inf)
    assert (second.channel_id, second.tier) == (1, "recent")
    assert due(state(differs=True, lowest=None)) == [("all", 1, 10_000)]  # perhaps what was absent came back


def test_nothing_is_reviewed_if_nothing_is_held_or_covered() -> None:
    assert due(state(progress={}, lowest=None)) == []
    assert due(state(progress={}, top=0)) == []


def test_a_started_review_continues_where_it_stopped() -> None:
    under_way = ReviewProgress(started_at=NOW - 50, next_id=420, lowest_id=1)
    [review] = plan_reviews([state(progress={**state().progress, "all": under_way})], TIERS, NOW).due
    assert (review.tier, review.next_id, review.lowest_id, review.begins) == ("all", 420, 1, ())


def test_a_page_counts_for_every_pending_review() -> None:
    known = {
        "recent": ReviewProgress(started_at=9, next_id=200, lowest_id=150),
        "middle": ReviewProgress(started_at=8, next_id=180, lowest_id=50, reviewed_at=3),
        "all": ReviewProgress(started_at=7, next_id=90, lowest_id=1),
        "hour": ReviewProgress(reviewed_at=5),
    }
    assert advance(known, (101, 200)) == {
        "recent": ReviewProgress(reviewed_at=9),
        "middle": ReviewProgress(started_at=8, next_id=100, lowest_id=50, reviewed_at=3),
    }


# the same for any archive

AGES = ("hour", "day", "week", "month")
MOMENT = st.integers(NOW - 40 * 86_400, NOW)


@st.composite
def progresses(draw: st.DrawFn, top: int) -> ReviewProgress:
    reviewed_at = draw(st.none() | MOMENT)
    if draw(st.booleans()) or not top:
        return ReviewProgress(reviewed_at=reviewed_at)
    lowest = draw(st.integers(1, top))
    next_id = draw(st.integers(lowest, top))
    return ReviewProgress(reviewed_at=reviewed_at, started_at=draw(MOMENT), next_id=next_id, lowest_id=lowest)


@st.composite
def states(draw: st.DrawFn) -> ReviewState:
    top = draw(st.integers(0, 20_000))
    lowest = draw(st.none() | st.integers(1, 20_000))
    oldest = st.tuples(st.integers(1, 20_000), MOMENT)
    return ReviewState(
        channel_id=draw(st.integers(1, 9)),
        added_at=draw(MOMENT),
        described_at=draw(st.none() | MOMENT),
        top=top,
        lowest=lowest,
        oldest={tier: draw(oldest) for tier in AGES if draw(st.booleans())},
        progress={tier.name: draw(progresses(top)) for tier in IDS if draw(st.booleans())},
        differs=draw(st.booleans()) and top > 0,
    )


def _includes(larger: Review, smaller: Review) -> bool:
    return larger.lowest_id <= smaller.lowest_id and smaller.next_id <= larger.next_id


@settings(max_examples=examples(300))
@given(states())
def test_any_plan_stays_within_the_coverage_and_reads_nothing_twice(known: ReviewState) -> None:
    planned = plan_reviews([known], TIERS, NOW)
    reviews = [review for review in planned.due if review.tier != DESCRIPTION]
    for review in reviews:
        assert 1 <= review.lowest_id <= review.next_id <= known.top
        for tier, lowest_id in review.begins:
            assert known.progress.get(tier, NEVER).started_at is None
            assert review.lowest_id <= lowest_id <= review.next_id == known.top
            assert known.differs or known.lowest is None or lowest_id >= known.lowest
    for one, other in permutations(reviews, 2):
        assert one.priority != other.priority or not _includes(one, other)
    assert planned.next_at > NOW
    # Carried out one after the other, they leave nothing that was due.
    progress = dict(known.progress)
    for review in reviews:
        progress |= begin(progress, review, NOW)
        progress |= advance(progress, (review.lowest_id, review.next_id))
    after = replace(known, progress=progress, differs=False, described_at=NOW)
    left = {review.tier for review in plan_reviews([after], TIERS, NOW).due}
    assert all(progress[tier].reviewed_at != NOW for tier in left)
    assert all(known.progress[tier].started_at is not None for tier in left)  # begun long ago: due again already


# in time

INTERVAL = 2 * HOUR


class Simulated:
    """A channel whose ids were all looked at when they came."""

    def __init__(self, channel_id: int, old: int, posts: Iterable[int]) -> None:
        self.dates = [NOW - 100 * int(DAY)] * old + sorted(NOW + second for second in posts)
        self.looked = [NOW] * old
        self.progress: dict[str, ReviewProgress] = {}
        self.channel_id = channel_id

    def live(self, now: float) -> None:
        """See what was posted."""
        while len(self.looked) < len(self.dates) and self.dates[len(self.looked)] <= now:
            self.looked.append(self.dates[len(self.looked)])

    def lowest(self, tier: Tier, now: float) -> int:
        if tier.age is not None:
            return bisect_left(self.dates, int(now) - tier.age) + 1
        return 1 if tier.newest is None else max(1, len(self.looked) - tier.newest + 1)

    def state(self, now: float) -> ReviewState:
        top = len(self.looked)
        lowest = {tier.name: self.lowest(tier, now) for tier in IDS if tier.age is not None}
        return ReviewState(
            channel_id=self.channel_id,
            added_at=NOW,
            described_at=int(now),
            top=top,
            lowest=1 if top else None,
            oldest={tier: (i, self.dates[i - 1]) for tier, i in lowest.items() if i <= top},
            progress=self.progress,
        )

    def read(self, review: Review, now: float) -> None:
        """One page of the review."""
        if review.begins:
            self.progress |= begin(self.progress, review, now)
        lo = max(review.lowest_id, review.next_id - 99)
        self.looked[lo - 1 : review.next_id] = [int(now)] * (review.next_id - lo + 1)
        self.progress |= advance(self.progress, (lo, review.next_id))

    def check(self, tiers: Iterable[Tier], now: float, slack: float) -> None:
        for tier in tiers:
            oldest = min(self.looked[self.lowest(tier, now) - 1 :], default=now)
            assert now - oldest <= tier.every + slack, tier.name


@settings(max_examples=examples(15), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 900), st.lists(st.integers(0, 3 * 86_400), max_size=60)), min_size=1, max_size=4)
)
def test_at_one_page_per_second_every_message_is_reviewed_in_time(made: list[tuple[int, list[int]]]) -> None:
    channels = [Simulated(number, old, posts) for number, (old, posts) in enumerate(made, 1)]
    tiers = [tier for tier in make_tiers(INTERVAL) if tier.name != DESCRIPTION]
    # At worst all reviews of all channels become due at the same moment.
    slack = 5 + len(tiers) * sum(1 + len(channel.dates) // 100 for channel in channels)
    now = float(NOW)
    while now < NOW + 4 * DAY:
        for channel in channels:
            channel.live(now)
            channel.check(tiers, now, slack)
        planned = plan_reviews([channel.state(now) for channel in channels], tiers, now)
        if planned.due:
            channels[planned.due[0].channel_id - 1].read(planned.due[0], now)
            now += 1
        else:
            now = max(now + 1, min(planned.next_at, now + 300))
    assert all(set(channel.progress) <= {tier.name for tier in tiers} for channel in channels)


def test_with_too_little_budget_all_tiers_are_equally_late() -> None:
    """No tier and no channel is left out for good, however much there is to do."""
    channels = [Simulated(number, 900, range(0, 86_400, 60)) for number in range(1, 21)]
    tiers = make_tiers(INTERVAL)
    served: set[tuple[int, str]] = set()
    for minute in range(0, 24 * 60, 2):  # a page in two minutes, of which every fifth may be an audit's
        now = NOW + 60.0 * minute
        for channel in channels:
            channel.live(now)
        due = plan_reviews([channel.state(now) for channel in channels], tiers, now).due
        for review in [review for review in due if minute % 5 == 0 or review.priority != Priority.AUDIT][:1]:
            served.update((review.channel_id, tier) for tier, _ in review.begins)
            channels[review.channel_id - 1].read(review, now)
    assert served >= {(channel.channel_id, tier) for channel in channels for tier in ("recent", "hour", "day")}
