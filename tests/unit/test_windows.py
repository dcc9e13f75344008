"""Reading a gap at several places at once: all of it is covered, whatever is there, and little is asked for twice."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.mirror.step import Step
from archiver.mirror.windows import Windows, walk_windows
from archiver.model import coverage
from archiver.model.coverage import Interval
from archiver.model.record import HistoryPage
from tests.tiers import examples


@dataclass
class Channel:
    """Ids that exist; those up to `hidden` do not show, those up to `old` are too old to be wanted."""

    ids: list[int]
    hidden: int = 0
    old: int = 0
    asked: int = 0

    def read(self, part: Interval) -> Step:
        self.asked += 1
        lo, hi = part
        shown = [i for i in self.ids if self.hidden < i <= hi][-100:]
        if not shown:
            return Step(_page(()), (1, hi), None, None)
        older = max((i for i in shown if i <= self.old), default=None)
        if older is not None:
            return Step(_page(()), (older + 1, hi) if older < hi else None, older, None)
        return Step(_page(tuple(shown)), (shown[0], hi), None, shown[0] if shown[0] > lo else None)


def _page(ids: tuple[int, ...]) -> HistoryPage:
    return HistoryPage(messages=(), empty_ids=ids, pts=1, count=0, exact=True)


def walk(channel: Channel, gap: Interval, *, at_once: int = 3, pages: int | None = None, seed: int = 0) -> list[Step]:
    chance = random.Random(seed)

    async def read(part: Interval) -> Step:
        step = channel.read(part)
        for _ in range(chance.randrange(4)):  # they come back in any order
            await asyncio.sleep(0)
        return step

    async def all_of_it() -> list[Step]:
        return [step async for step, _ in walk_windows(read, gap, at_once=at_once, pages=pages)]

    return asyncio.run(all_of_it())


def covered(steps: list[Step]) -> list[Interval]:
    found: list[Interval] = []
    for step in steps:
        if step.proven:
            found = coverage.add(found, *step.proven)
    return found


@settings(max_examples=examples(60), deadline=None)
@given(
    st.integers(1, 30_000),
    st.sampled_from([0.0, 0.05, 0.5, 0.95, 0.999]),
    st.integers(0, 9),
    st.sampled_from(["hidden", "old", "neither"]),
    st.integers(1, 4),
)
def test_a_gap_is_covered_completely_whatever_it_contains(
    top: int, gone: float, seed: int, ends: str, at_once: int
) -> None:
    chance = random.Random(seed)
    ids = [i for i in range(1, top + 1) if chance.random() >= gone] or [top]
    channel = Channel(ids, **{ends: chance.randrange(top)} if ends != "neither" else {})
    steps = walk(channel, (1, top), at_once=at_once, seed=seed)
    floor = max((step.floor_id or 0 for step in steps), default=0)
    assert coverage.gaps(covered(steps), floor + 1, top) == []
    assert floor in (0, max((i for i in ids if i <= channel.old), default=0))
    # Each window may ask for one page that overlaps the next, and the reading goes on a little beyond an end.
    needed = sum(1 for i in ids if i > max(channel.hidden, channel.old)) / 100
    assert channel.asked <= needed * 1.2 + 3 * at_once + 2


def test_a_channel_without_deletions_is_read_roughly_newest_first() -> None:
    channel = Channel(list(range(1, 100_001)))
    steps = walk(channel, (1, 100_000))
    assert channel.asked <= 1003
    tops = [step.proven[1] for step in steps if step.proven]
    assert all(top > tops[0] - n * 100 - 3 * 2100 for n, top in enumerate(tops))


def test_no_more_pages_are_fetched_than_wanted() -> None:
    channel = Channel(list(range(1, 10_001)))
    assert len(walk(channel, (1, 10_000), pages=7)) == channel.asked == 7


def test_an_error_of_a_page_ends_the_walk_and_leaves_no_task() -> None:
    async def read(part: Interval) -> Step:
        if part[1] < 9_000:
            raise RuntimeError("no")
        await asyncio.sleep(0.001)
        return Channel(list(range(1, 10_001))).read(part)

    async def go() -> None:
        with pytest.raises(RuntimeError):
            async for _ in walk_windows(read, (1, 10_000), at_once=3, pages=None):
                pass
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(go())


def test_the_number_of_ids_left_shrinks_to_zero() -> None:
    windows, left = Windows((1, 5_000)), []
    while (part := windows.take()) is not None:
        windows.note(part, max(part[1] - 99, part[0]), ended=False)
        left.append(windows.left)
    assert left == list(range(4_900, -1, -100))
