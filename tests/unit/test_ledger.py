from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.index.batch_size import LEAST_BYTES, MOST_BYTES, BatchSize, gathering_seconds, pause_after
from archiver.model.ledger import HISTORY, LATER, NEWS, START, Batch, BatchOutcome, Lane, Ledger, Place, Stretch
from tests.tiers import examples


class Archive:
    """An outbox, and a server that applies, loses or refuses what it is sent: the slow and obvious truth beside it."""

    def __init__(self, chance: random.Random, bad: set[int]) -> None:
        self.chance = chance
        self.bad = bad
        self.seq = 0
        self.outbox: dict[int, int] = {}  # message -> seq
        self.now: dict[int, int] = {}  # message -> its content
        self.index: dict[int, int] = {}
        self.rejected: set[int] = set()
        self.ledger = Ledger()
        self.flying: list[tuple[Batch, dict[int, int]]] = []

    def change(self, message: int) -> None:
        self.seq += 1
        self.outbox[message] = self.seq + LATER * self.chance.randint(0, 1)
        self.now[message] = self.seq

    def send(self, most: int) -> None:
        taken = self.ledger.take_again() or self.ledger.take(self.chance.choice([NEWS, HISTORY]))
        rows = sorted((seq, 1, message) for message, seq in self.outbox.items())
        places = [one for one in rows if taken.after < one <= taken.upto][: min(most, taken.most)]
        if not places:
            self.ledger.drop(taken, taken.after if taken.is_open else taken.upto)
            return
        if self.chance.random() < 0.1:
            self.ledger.put_back(taken)  # the answer was lost, it may have been applied
            if not self.bad & {place[2] for place in places}:
                self.flying.append((Batch("lost", taken, 0), {place[2]: self.now[place[2]] for place in places}))
            return
        batch = Batch(str(self.seq), Stretch(taken.after, places[-1], taken.most), len(places))
        self.ledger.sent(taken, batch)
        self.flying.append((batch, {place[2]: self.now[place[2]] for place in places}))

    def work(self) -> None:
        """The server does its oldest task."""
        if not self.flying:
            return
        batch, documents = self.flying.pop(0)
        fails = bool(self.bad & set(documents))
        if batch.name == "lost":
            self.index |= documents
            return
        if fails or self.chance.random() < 0.1:
            if not fails:
                self.ledger.settle(batch, BatchOutcome.LOST)
                return
            named = self.chance.choice([None, *documents])
            seq = self.outbox.get(named) if named is not None else None
            suspect: Place | None = None if named is None or seq is None else (seq, 1, named)
            bad = self.ledger.settle(batch, BatchOutcome.FAILED, suspect=suspect)
            if bad is not None:
                self.rejected |= set(documents)
                self.acknowledge(bad)
            return
        self.index |= documents
        self.ledger.settle(batch, BatchOutcome.APPLIED)
        self.rejected -= set(documents)
        self.acknowledge(batch.stretch)

    def acknowledge(self, stretch: Stretch) -> None:
        for message, seq in list(self.outbox.items()):
            if stretch.after < (seq, 1, message) <= stretch.upto:
                assert message in self.rejected or self.index.get(message) == self.now[message], (
                    "acknowledged, not there"
                )
                del self.outbox[message]

    def restart(self) -> None:
        """The process is killed; what the server has goes on."""
        self.ledger = Ledger()
        self.flying = [(Batch("lost", Stretch(), 0), docs) for _, docs in self.flying if not self.bad & set(docs)]


@settings(max_examples=examples(300), deadline=None)
@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(st.sampled_from(["change", "change", "send", "send", "work", "work", "restart"]), max_size=120),
    bad=st.sets(st.integers(1, 12), max_size=3),
    most=st.integers(1, 8),
)
def test_nothing_is_acknowledged_before_it_is_indexed_and_everything_arrives(
    seed: int, steps: list[str], bad: set[int], most: int
) -> None:
    world = Archive(random.Random(seed), bad)
    for step in steps:
        match step:
            case "change":
                world.change(world.chance.randint(1, 12))
            case "send":
                world.send(most)
            case "work":
                world.work()
            case _:
                world.restart()
    for _ in range(2000):
        if not world.outbox and world.ledger.is_empty and not world.flying:
            break
        world.send(most)
        world.work()
    assert not world.outbox
    assert world.ledger.is_empty
    assert world.rejected == bad & set(world.now)
    assert {m: c for m, c in world.index.items() if m not in bad} == {
        m: c for m, c in world.now.items() if m not in bad
    }


@given(st.permutations(range(5)), st.sets(st.integers(0, 4)))
def test_a_walk_is_done_up_to_its_first_unfinished_stretch(order: list[int], lost: set[int]) -> None:
    ledger = Ledger()
    batches = []
    for end in range(1, 6):
        taken = ledger.take(Lane("index"))
        batches.append(Batch(str(end), Stretch(taken.after, (0, 1, end * 10), walk_of="index"), 10))
        ledger.sent(taken, batches[-1])
    applied = set()
    for at in order:
        ledger.settle(batches[at], BatchOutcome.LOST if at in lost else BatchOutcome.APPLIED)
        applied |= set() if at in lost else {at}
        first = next((one for one in range(5) if one not in applied), None)
        expected = (0, 1, 50) if first is None else batches[first].stretch.after
        assert ledger.frontier("index") == expected
    assert ledger.is_empty == (not lost)


def test_news_do_not_wait_behind_history() -> None:
    ledger = Ledger()
    history = ledger.take(HISTORY)
    ledger.sent(history, Batch("a", Stretch(history.after, (LATER + 7, 1, 9)), 100))
    news = ledger.take(NEWS)
    assert (news.after, news.upto) == (START, history.after)
    ledger.sent(news, Batch("b", Stretch(news.after, (8, 1, 10)), 1))
    assert ledger.take(NEWS).after == (8, 1, 10)
    assert ledger.take(HISTORY).after == (LATER + 7, 1, 9)
    assert (ledger.count_under_way(NEWS), ledger.count_under_way(HISTORY)) == (1, 1)


def test_the_unsent_rest_of_a_taken_stretch_is_taken_again() -> None:
    ledger = Ledger()
    first = ledger.take()
    assert first.after == START
    batch = Batch("a", Stretch(START, (5, 1, 9)), 100)
    ledger.sent(first, batch)
    assert ledger.take().after == (5, 1, 9)
    ledger.settle(batch, BatchOutcome.FAILED)
    half = ledger.take_again()
    assert half is not None
    assert half.most == 50
    ledger.sent(half, Batch("b", Stretch(START, (2, 1, 4), 50), 50))
    rest = ledger.take_again()
    assert rest is not None
    assert (rest.after, rest.upto, rest.most) == ((2, 1, 4), (5, 1, 9), 50)


@pytest.mark.parametrize("duration", [0.0, 0.1, 1.0, 5.0, 10.0, 15.0, 19.0])
def test_a_message_is_in_the_index_within_a_minute(duration: float) -> None:
    assert duration + gathering_seconds(duration) + duration <= 60


def test_tasks_shrink_when_they_take_long_and_grow_again() -> None:
    size = BatchSize()
    for _ in range(20):
        size.learn(size.bytes, 60.0)
    assert size.bytes == LEAST_BYTES
    size.learn(10, 0.1)  # a small one says nothing
    assert size.bytes == LEAST_BYTES
    for _ in range(20):
        size.learn(size.bytes, 0.5)
    assert size.bytes == MOST_BYTES
    size.refuse(1000)
    size.learn(500, 0.1)
    assert size.bytes == 500


def test_a_raised_limit_is_discovered_and_an_unchanged_one_is_rarely_tried() -> None:
    size, limit, refused = BatchSize(), 1_000_000, 0
    for number in range(4000):
        if number == 3000:
            limit = 100_000_000
        if size.bytes > limit:
            size.refuse(size.bytes)
            refused += 1
        else:
            size.learn(size.bytes, 0.5)
        assert size.bytes > limit // 4 or number > 2999
    assert size.bytes == MOST_BYTES
    assert refused < 30


def test_pauses_grow_to_a_limit_and_keep_to_what_the_server_asks() -> None:
    pauses = [pause_after(failures) for failures in range(30)]
    assert all(0.3 < one < 20 for one in pauses)
    assert all(later > earlier / 2 for earlier, later in pairwise(pauses))
    assert pause_after(0, least=42.0) >= 42.0
