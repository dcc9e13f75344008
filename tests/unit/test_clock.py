"""Two times: the one of the day, which may be set, and the one by which durations are measured."""

from __future__ import annotations

import time

import pytest

from archiver.clock import Clock


@pytest.mark.parametrize("speed", [1.0, 500.0])
def test_a_tick_is_as_fast_as_the_clock_and_is_never_set(speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(speed=speed)
    real, begun = time.monotonic(), clock.tick()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    time.sleep(0.02)
    assert clock.tick() - begun == pytest.approx((time.monotonic() - real) * speed, rel=0.2)
