"""500 channels on one account at its usual pace, and what an idle service costs; in real time, so TELEKEEP_SOAK=1."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.acceptance.compare import expect_equal
from tests.acceptance.desk import Desk, Telegram, until
from tests.acceptance.running import Ground, Process, ground, service

CHANNELS = 500
ARCHIVED_WITHIN = 150.0
"""Seconds."""
NAMES = [f"many_{number:03}" for number in range(1, CHANNELS + 1)]

pytestmark = pytest.mark.soak(only="minutes long, in real time")


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    place = tmp_path_factory.mktemp("telegram")
    with ground(place, "--resolve-budget", "1000", channels=CHANNELS) as made:
        yield made


@pytest.fixture
def desk(field: Ground, tmp_path: Path) -> Desk:
    """All channels are mirrored already."""
    desk = field.desk(tmp_path / "desk")
    desk.do("add", "-f", "-", stdin="\n".join(NAMES), limit=300)
    desk.do("sync", limit=300)
    as_set_by_nobody(desk)
    return desk


def as_set_by_nobody(desk: Desk) -> None:
    """The pace of a user who has set none."""
    del desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"]
    desk.environment["TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND"] = "1.0"


def say(text: str) -> None:
    sys.stderr.write(f"\n{text}")


def memory(process: Process) -> float:
    """MB that are held now."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def cpu(process: Process) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Posts:
    """Posts in random channels, and how long each took to be archived."""

    def __init__(self, desk: Desk, telegram: Telegram, names: list[str]) -> None:
        self.took: list[float] = []
        self._names = names
        self._desk = desk
        self._telegram = telegram
        self._chance = random.Random(500)
        self._open: dict[str, float] = {}
        self._number = 0

    def post(self) -> None:
        self._number += 1
        text = f"news {self._number}"
        self._telegram.post(self._chance.choice(self._names), text)
        self._open[text] = time.monotonic()

    def look(self) -> bool:
        """Whether all are archived."""
        now = time.monotonic()
        for (text,) in self._desk.query("SELECT text FROM message WHERE text LIKE 'news %'"):
            if text in self._open:
                self.took.append(now - self._open.pop(text))
        return not self._open


def expect_in_time(desk: Desk, telegram: Telegram, process: Process, names: list[str], *, seconds: float) -> None:
    """For so long there are posts, one by one and in waves: each is archived in time, at one request a second."""
    before = telegram.order("calls")["violations"]  # of other tests on this server
    telegram.order("mark")
    posts, chance, end = Posts(desk, telegram, names), random.Random(1), time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(40 if chance.random() < 0.01 else 1):
            posts.post()
        pause = time.monotonic() + chance.expovariate(1 / 4)
        while time.monotonic() < pause:
            posts.look()
            time.sleep(0.1)
    until(posts.look, limit=2 * ARCHIVED_WITHIN, what="the last post's being archived")
    called = telegram.order("calls")
    took = f"median {median(posts.took):.1f} s, most {max(posts.took):.1f} s"
    say(f"{len(names)} channels, {len(posts.took)} posts: {took}")
    say(f"calls: {called['total']} in {called['seconds']:.0f} s, peak {called['peak']}, {called['calls']}")
    say(f"memory {memory(process):.0f} MB, processor {cpu(process):.1f} s in all\n")
    assert max(posts.took) <= ARCHIVED_WITHIN
    assert called["peak"] == 1
    assert (called["violations"], called["forbidden"]) == (before, [])


@pytest.mark.timeout(3600)
def test_new_posts_of_500_channels_are_archived_in_time_with_one_request_a_second(field: Ground, desk: Desk) -> None:
    with service(desk) as process:
        expect_in_time(desk, field.telegram, process, NAMES, seconds=600)
    expect_equal(desk, field.telegram, *NAMES)


@pytest.mark.timeout(3600)
def test_without_the_probe_30_channels_are_polled_as_often_as_that_allows(field: Ground, tmp_path: Path) -> None:
    telegram, names = field.telegram, NAMES[:30]
    desk = field.desk(tmp_path / "desk", *names)
    desk.do("sync")
    as_set_by_nobody(desk)
    telegram.order("fault", spec="messages.getPeerDialogs:rpc(400,METHOD_INVALID)")
    with service(desk, mirroring=False) as process:
        # A poll of each channel every 120 s takes the quarter of the requests that polling may take.
        expect_in_time(desk, telegram, process, names, seconds=300)
    telegram.calm()
    expect_equal(desk, telegram, *names)


@pytest.mark.timeout(600)
def test_idle_service_uses_little(field: Ground, desk: Desk) -> None:
    with service(desk) as process:
        time.sleep(60)
        began, used = time.monotonic(), cpu(process)
        time.sleep(60)
        share = (cpu(process) - used) / (time.monotonic() - began)
        say(f"{CHANNELS} channels, idle: {100 * share:.2f} % of a processor, {memory(process):.0f} MB\n")
        assert share < 0.2
        assert memory(process) < 400
