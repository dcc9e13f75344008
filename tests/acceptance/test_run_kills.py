"""Whenever the service is killed, and whatever happens in a burst: nothing is lost, nothing doubled."""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.compare import expect_equal
from tests.acceptance.desk import Desk, Telegram, until
from tests.acceptance.running import Ground, ground, service, status, wait_until_equal
from tests.tiers import SOAK

CHANNELS = 8


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A server that tells every edit, so that each can be asked for."""
    with ground(tmp_path_factory.mktemp("telegram"), "--every-edit") as made:
        yield made


class World:
    """Channels in which something happens all the time: what each message ever said is known."""

    def __init__(self, telegram: Telegram, names: list[str], seed: int) -> None:
        self.names = names
        self.said: dict[tuple[int, int], list[str]] = defaultdict(list)
        self._telegram = telegram
        self._ids = {name: telegram.channel_id(name) for name in names}
        self._chance = random.Random(seed)
        self._alive: dict[str, list[int]] = {name: [] for name in names}
        self.number = 0

    def change(self) -> None:
        name = self._chance.choice(self.names)
        alive, what = self._alive[name], self._chance.random()
        self.number += 1
        text = f"wording {self.number}"
        if what < 0.002:  # more than a difference tells
            posted = self._telegram.order("post_many", text=text, channels=[name], each=120)["posted"]
            alive += [message_id for _, message_id, _ in posted]
            for message_id in alive[-120:]:
                self.said[self._ids[name], message_id].append(text)
        elif what < 0.5 or not alive:
            alive.append(self._telegram.post(name, text))
            self.said[self._ids[name], alive[-1]].append(text)
        elif what < 0.8:
            message_id = self._chance.choice(alive)
            self._telegram.order("edit", channel=name, id=message_id, text=text)
            self.said[self._ids[name], message_id].append(text)
        else:
            gone = self._chance.sample(alive, min(len(alive), self._chance.randint(1, 4)))
            alive[:] = [one for one in alive if one not in gone]
            self._telegram.order("delete", channel=name, ids=gone)

    def turn(self, seconds: float, each: float = 0.02) -> None:
        """Let things happen for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.change()
            time.sleep(self._chance.uniform(0, 2 * each))


def expect_every_revision_to_be_one(desk: Desk, world: World) -> None:
    """What is kept of each message is what it said, each wording once, the last one last; and nothing came back."""
    kept: dict[tuple[int, int], list[str]] = defaultdict(list)
    for channel_id, message_id, number, text in desk.query(
        "SELECT channel_id, message_id, revision, text FROM revision ORDER BY channel_id, message_id, revision"
    ):
        kept[channel_id, message_id].append(text)
        assert number == len(kept[channel_id, message_id])
    for channel_id, message_id, text, revisions in desk.query(
        "SELECT channel_id, message_id, text, revisions FROM message"
    ):
        key = channel_id, message_id
        assert revisions == len(kept[key])
        if key in world.said:
            kept[key].append(text)
            assert len(kept[key]) == len(set(kept[key])), (key, kept[key])
            assert set(kept[key]) <= set(world.said[key])
            assert world.said[key].index(text) == max(world.said[key].index(one) for one in kept[key])
    assert desk.query("SELECT count(*) FROM absence WHERE returned_at IS NOT NULL") == [(0,)]
    assert desk.query("SELECT count(*) FROM capture WHERE lo > hi OR count < 0") == [(0,)]


@pytest.mark.timeout(1800 if SOAK else 300)
@pytest.mark.parametrize("kills", [pytest.param(100, marks=pytest.mark.soak(only="minutes long")), 12])
def test_kills_at_random_moments_lose_nothing_and_double_nothing(field: Ground, tmp_path: Path, kills: int) -> None:
    names, telegram = field.names(CHANNELS), field.telegram
    desk = field.desk(tmp_path / "desk", *names)
    world, chance = World(telegram, names, seed=kills), random.Random(kills)
    began = time.monotonic()
    with service(desk):
        start = time.monotonic() - began
    hits = 0
    for _ in range(kills):
        process = desk.start("run")
        # The moment is the experiment: it waits for nothing.
        world.turn(chance.uniform(start / 3, start + 1.0))
        hits += desk.kill(process)
    assert hits == kills
    with service(desk):
        world.turn(1.0)
        # So that there is no id above the newest message: nobody could know of it.
        telegram.order("post_many", text="the end", channels=names)
        wait_until_equal(desk, telegram, *names)
        until(lambda: not any(one["not_fetched"] for one in status(desk)["channels"]), what="the filling")
    expect_equal(desk, telegram, *names)
    expect_every_revision_to_be_one(desk, world)
    assert desk.do("verify").out.endswith("\tok\n")
    called = telegram.order("calls")
    # A process that is killed between reading an order to wait and writing it down cannot hand it on.
    assert len(called["violations"]) <= hits
    assert called["forbidden"] == []
    [(held, revisions, missing)] = desk.query("SELECT count(*), sum(revisions), count(missing_since) FROM message")
    [(again,)] = desk.query("SELECT sum(generation - 1) FROM channel")
    said = f"{kills} kills: {held} messages, {revisions} revisions, {missing} missing, {again} histories read again"
    sys.stderr.write(f"\n{said}; {world.number} changes\n")


def test_burst_of_40_edits_and_50_deletions_is_recorded_whole(field: Ground, tmp_path: Path) -> None:
    [name], telegram = field.names(1), field.telegram
    for number in range(60):
        telegram.post(name, f"message {number}")
    desk = field.desk(tmp_path / "desk", name)
    with service(desk):
        wait_until_equal(desk, telegram, name)
        edited, doomed = range(5, 9), range(15, 65)
        for number in range(40):
            telegram.order("edit", channel=name, id=edited[number % 4], text=f"wording {number}")
        for message_id in doomed:
            telegram.order("delete", channel=name, ids=[message_id])
        wait_until_equal(desk, telegram, name)
        changes = desk.do("changes", name, "--jsonl", "-n", "0").rows
    assert sorted(row["new"] for row in changes if row["kind"] == "edited") == sorted(f"wording {n}" for n in range(40))
    assert {row["message_id"] for row in changes if row["kind"] == "missing"} == set(doomed)
    assert len(changes) == 90
    for place, message_id in enumerate(edited):
        history = desk.do("history", f"{name}/{message_id}", "--jsonl").rows
        wordings = [row["text"] for row in history if row["event"] == "version"]
        assert wordings == [f"message {message_id - 5}", *(f"wording {number}" for number in range(place, 40, 4))]
    [gone] = [row for row in desk.do("history", f"{name}/20", "--jsonl").rows if row["event"] == "missing"]
    assert gone["how"] == "update"
    expect_equal(desk, telegram, name)


def test_edits_before_the_first_look_are_kept_in_their_order(field: Ground, tmp_path: Path) -> None:
    [name], telegram = field.names(1), field.telegram
    desk = field.desk(tmp_path / "desk", name)
    with service(desk):
        wait_until_equal(desk, telegram, name)
    new = telegram.post(name, "never seen: the server shows what a new message says now")
    for number in range(9):
        telegram.order("edit", channel=name, id=new, text=f"wording {number}")
    with service(desk):
        wait_until_equal(desk, telegram, name)
    history = desk.do("history", f"{name}/{new}", "--jsonl").rows
    assert [row["text"] for row in history] == [f"wording {number}" for number in range(9)]
