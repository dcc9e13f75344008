"""Two times: the one of the day, which may be set, and the one by which durations are measured."""

from __future__ import annotations

import time

import pytest

from archiver.clock import Clock


@pytest.mark.parametrize("speed", [1.0, 500.0])
def test_a_tick_is_as_fast_as_the_clock_and_is_never_set(speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(speed=speed)
    before, begun, within = time.monotonic(), clock.tick(), time.monotonic()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    time.sleep(0.02)
    # Whatever the machine does between two lines, it passed at least `least` and at most `most`.
    least, ended, most = time.monotonic() - within, clock.tick(), time.monotonic() - before
    assert least * speed * 0.99 <= ended - begun <= most * speed * 1.01
