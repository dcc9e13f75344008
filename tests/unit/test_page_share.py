"""While mirroring computes, answers of the page wait as long as their share of a processor demands."""

from __future__ import annotations

import pytest

from archiver.web.share import BURST, MOST, SHARE, ProcessorShare


class Clocks:
    """Processor time and the time of day, as a test sets them."""

    def __init__(self) -> None:
        self.used = self.now = 0.0
        self.share = ProcessorShare(lambda: self.used, lambda: self.now)

    def answer(self, cost: float, *, limited: bool = True) -> float:
        """Wait for a turn, and take this much processor time; returns the wait."""
        waited = self.share.delay(limited=limited)
        self.now += waited + cost
        self.used += cost
        return waited


def test_readers_who_never_pause_take_no_more_than_the_share() -> None:
    clocks = Clocks()
    for _ in range(2000):
        clocks.answer(0.014)
    assert clocks.used <= SHARE * clocks.now + BURST + 0.014


def test_readers_who_take_less_never_wait() -> None:
    clocks = Clocks()
    for _ in range(2000):
        assert clocks.answer(0.014) == 0.0
        clocks.now += 0.014 / SHARE


def test_nobody_waits_while_nothing_is_mirrored_or_for_what_was_taken_then() -> None:
    clocks = Clocks()
    assert [clocks.answer(1.0, limited=False) for _ in range(9)] == [0.0] * 9
    assert clocks.answer(0.1) == pytest.approx(max(1.0 * (1 - SHARE) - BURST, 0) / SHARE)


def test_one_costly_answer_delays_the_next_by_a_limited_time() -> None:
    clocks = Clocks()
    clocks.answer(60.0)
    assert clocks.answer(0.01) == MOST
