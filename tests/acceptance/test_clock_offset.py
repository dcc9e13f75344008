"""A machine whose clock is wrong: it is said, kept with what was observed, and relative dates do not follow it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.acceptance.desk import Desk, Telegram, desk_at

WRONG = "this machine's clock is 3.0 hours ahead of the server's"


@pytest.fixture
def telegram(tmp_path: Path) -> Iterator[Telegram]:
    with Telegram(tmp_path, "--world", "big:300") as telegram:
        yield telegram


@pytest.fixture
def desk(telegram: Telegram, tmp_path: Path) -> Desk:
    desk = desk_at(telegram, tmp_path / "home")
    desk.log_in()
    desk.do("add", "@big")
    return desk


def test_a_correct_clock_is_not_reported(desk: Desk) -> None:
    assert "machine's clock" not in desk.do("sync").err
    assert "machine's clock" not in desk.do("status").err
    offsets = desk.query("SELECT DISTINCT clock_ahead FROM capture")
    assert offsets
    assert all(abs(ahead) < 5 for (ahead,) in offsets)


def test_a_wrong_clock_is_reported_and_recorded_with_each_answer(desk: Desk, telegram: Telegram) -> None:
    telegram.order("skew", seconds=-3 * 3600)
    synced = desk.run("sync")
    assert (synced.status, synced.err.count(WRONG)) == (0, 1)
    offsets = desk.query("SELECT DISTINCT clock_ahead FROM capture WHERE method <> 'difference'")
    assert offsets
    assert all(10_795 < ahead < 10_805 for (ahead,) in offsets)
    for command in (["status"], ["health"]):
        assert WRONG in desk.run(*command).err
    [account] = orjson.loads(desk.run("status", "--json").out)["accounts"]
    assert 10_795 < account["clock_ahead"] < 10_805
    assert any(WRONG in one for one in orjson.loads(desk.run("health", "--json").out)["warnings"])
    telegram.order("skew", seconds=0)
    assert "machine's clock" not in desk.do("sync").err
    assert "machine's clock" not in desk.do("status").err


def test_relative_dates_use_the_servers_clock(desk: Desk, telegram: Telegram) -> None:
    telegram.order("skew", seconds=-30 * 86_400)
    desk.run("sync")
    before = desk.run("search", "x", "--since", "7d").err
    telegram.order("skew", seconds=0)
    desk.do("sync")
    after = desk.run("search", "x", "--since", "7d").err
    days = [next(line for line in err.splitlines() if line.startswith("from ")) for err in (before, after)]
    assert days[0] < days[1]
