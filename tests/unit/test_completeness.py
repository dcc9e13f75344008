from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from archiver.model import coverage
from archiver.model.completeness import IdRanges, IdRun, Proof, Tally, fill_held, split_holes, tally, with_proofs

IDS = st.integers(1, 40)
SETS = st.sets(IDS)


def runs_of(ids: set[int]) -> list[tuple[int, int]]:
    return coverage.runs(sorted(ids))


@given(held=SETS, covered=SETS, top=IDS, lowest=IDS)
def test_every_id_has_exactly_one_state(held: set[int], covered: set[int], top: int, lowest: int) -> None:
    held = {number for number in held if number <= top}
    holes = coverage.gaps(runs_of(held), 1, top)
    told = list(fill_held(split_holes(holes, runs_of(covered), lowest_wanted=lowest), 1, top))
    assert [number for run in told for number in range(run.lo, run.hi + 1)] == list(range(1, top + 1))
    for run in told:
        for number in range(run.lo, run.hi + 1):
            expected = (
                "held"
                if number in held
                else "outside"
                if number < lowest
                else "absent"
                if number in covered
                else "not fetched"
            )
            assert run.state == expected
    assert tally(told).held == len(held)


@given(st.lists(st.tuples(IDS, IDS, st.integers(0, 9), st.sampled_from(["history", "audit"])), max_size=8), SETS)
def test_an_absent_id_has_the_time_of_its_first_proof(answers: list[tuple[int, int, int, str]], gone: set[int]) -> None:
    answers.sort(key=lambda answer: answer[2])
    proofs = [Proof(min(a, b), max(a, b), at, how) for a, b, at, how in answers]
    told = list(with_proofs([IdRun("absent", lo, hi) for lo, hi in runs_of(gone)], proofs))
    assert [number for run in told for number in range(run.lo, run.hi + 1)] == sorted(gone)
    for run in told:
        for number in range(run.lo, run.hi + 1):
            first = next((p for p in proofs if p.lo <= number <= p.hi), None)
            assert (run.noticed, run.how) == ((first.at, first.how) if first else (None, None))
    for left, right in pairwise(told):
        assert left.hi < right.lo - 1 or (left.noticed, left.how) != (right.noticed, right.how)


def test_repeated_proofs_of_the_same_ids_cost_next_to_nothing() -> None:
    proofs = [Proof(page, page + 99, at, "audit") for at in range(1_000) for page in range(1, 10_000, 100)]
    began = time.process_time()
    [run] = with_proofs([IdRun("absent", 5_000, 5_050)], proofs)
    assert (run.noticed, time.process_time() - began < 5) == (0, True)


def test_runs_that_are_not_absent_need_no_proof() -> None:
    run = IdRun("not fetched", 1, 5)
    assert list(with_proofs([run], [Proof(1, 9, 5, "history")])) == [run]


def test_covered_is_the_fraction_of_ids_accounted_for() -> None:
    assert Tally(held=6, missing=1, absent=1, not_fetched=2).covered == 0.8
    assert Tally().covered == 1.0
    assert not Tally(not_fetched=1).complete


@given(SETS)
def test_ranges_of_a_state_are_joined(ids: set[int]) -> None:
    ranges = IdRanges()
    runs = [IdRun("absent", number, number, noticed=number) for number in sorted(ids)]
    assert list(ranges.note(runs)) == runs
    assert list(ranges.list_ids("absent")) == runs_of(ids)
    assert list(ranges.list_ids("missing")) == []


def test_many_ranges_take_little_memory() -> None:
    tracemalloc.start()
    ranges = IdRanges()
    counts = tally(ranges.note(IdRun("absent", number, number) for number in range(1, 60_001, 3)))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (counts.absent, sum(1 for _ in ranges.list_ids("absent"))) == (20_000, 20_000)
    assert held < 20_000 * 24, "as objects they took 150 bytes each"
