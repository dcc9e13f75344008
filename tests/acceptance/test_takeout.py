"""`sync --takeout` as people run it: faster, killed, stopped, delayed, refused; and waits that a person lifts."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.desk import Desk, Telegram, desk_at, until
from tests.acceptance.running import service

HISTORY = "messages.getHistory"
MESSAGES = 3_000


@pytest.fixture(scope="module")
def shared_telegram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    place = tmp_path_factory.mktemp("takeout")
    with Telegram(place, "--world", f"big:{MESSAGES}", "--many", "20") as running:
        yield running


@pytest.fixture
def telegram(shared_telegram: Telegram) -> Iterator[Telegram]:
    shared_telegram.order("takeout", allow=True, end=True)
    shared_telegram.order("mark")
    yield shared_telegram
    shared_telegram.order("takeout", allow=True, end=True, channel="big", refuse="")
    shared_telegram.calm()


@pytest.fixture(scope="module")
def session(shared_telegram: Telegram, tmp_path_factory: pytest.TempPathFactory) -> Path:
    desk = desk_at(shared_telegram, tmp_path_factory.mktemp("login"))
    desk.log_in()
    return desk.archive / "session"


@pytest.fixture
def desk(telegram: Telegram, session: Path, tmp_path: Path) -> Desk:
    """A desk that is logged in, has added the big channel, and asks at the default rate."""
    desk = desk_at(telegram, tmp_path / "desk", session)
    desk.do("add", "@big")
    desk.environment["TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND"] = "1"
    return desk


def held(desk: Desk) -> int:
    return int(desk.query("SELECT count(*) FROM message")[0][0])


def takeouts(telegram: Telegram) -> dict[str, Any]:
    return telegram.order("takeout")


def since(before: dict[str, Any], telegram: Telegram) -> tuple[int, list[bool], int]:
    """How many takeouts have begun, how each ended, and how many are open now."""
    now = takeouts(telegram)
    return now["begun"] - before["begun"], now["finished"][len(before["finished"]) :], now["open"]


def violations(telegram: Telegram) -> list[Any]:
    """Calls that came before an order to wait was over, of all tests on this server."""
    return list(telegram.order("calls")["violations"])


def start_until(desk: Desk, messages: int, *arguments: str) -> Any:
    """`sync`, once it has stored that many messages."""
    process = desk.start("sync", *arguments)
    until(lambda: held(desk) >= messages, what=f"{messages} messages")
    return process


def start_and_hold(desk: Desk, telegram: Telegram, messages: int) -> Any:
    """The same within a takeout; the server answers no further page until its faults are cleared."""
    telegram.order("fault", spec=f"{HISTORY}:hang+{messages // 100 + 5}")
    process = start_until(desk, messages, "--takeout")
    telegram.order("fault", clear=True)
    return process


def test_a_takeout_respects_waits_and_starts_only_to_read(desk: Desk, telegram: Telegram) -> None:
    before, others = takeouts(telegram), violations(telegram)
    telegram.order("window", method=HISTORY, calls=10, seconds=30, takeout_calls=100)
    done = desk.do("sync", "--takeout")  # how fast: test_schedule.py
    assert held(desk) == MESSAGES
    assert since(before, telegram) == (1, [True], 0)
    assert violations(telegram) == others
    assert "big: up to date" in done.err
    again = desk.do("sync", "--takeout")  # with nothing to read no takeout is begun
    assert since(before, telegram) == (1, [True], 0)
    assert "0 new" in again.err


def test_the_setting_asks_for_it_and_the_option_takes_it_back(desk: Desk, telegram: Telegram) -> None:
    before = takeouts(telegram)
    desk.environment |= {"TELEKEEP_TELEGRAM__TAKEOUT": "true", "TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND": "0"}
    assert desk.do("sync", "--no-takeout")
    assert since(before, telegram) == (0, [], 0)
    desk.do("add", "@big_source")
    desk.do("sync")
    assert since(before, telegram) == (1, [True], 0)


def test_a_killed_one_leaves_a_takeout_which_the_next_run_uses_and_ends(desk: Desk, telegram: Telegram) -> None:
    before = takeouts(telegram)
    assert desk.kill(start_and_hold(desk, telegram, 500))
    assert since(before, telegram) == (1, [], 1)
    desk.do("sync", "--takeout")
    assert held(desk) == MESSAGES
    assert since(before, telegram) == (1, [True], 0)
    assert takeouts(telegram)["invalid"] == before["invalid"]


def test_a_run_without_takeout_ends_what_a_killed_one_left(desk: Desk, telegram: Telegram) -> None:
    before = takeouts(telegram)
    assert desk.kill(start_and_hold(desk, telegram, 500))
    desk.environment["TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND"] = "0"
    desk.do("sync")
    assert held(desk) == MESSAGES
    assert since(before, telegram) == (1, [False], 0)


def test_a_takeout_that_is_over_is_replaced_while_it_is_read(desk: Desk, telegram: Telegram) -> None:
    before = takeouts(telegram)
    process = start_until(desk, 500, "--takeout")
    telegram.order("takeout", end=True)
    done = desk.end(process)
    assert (done.status, done.errors) == (0, [])
    assert held(desk) == MESSAGES
    assert since(before, telegram) == (2, [True], 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_polite_kill_end_the_takeout_too(desk: Desk, telegram: Telegram, number: int) -> None:
    before = takeouts(telegram)
    process = start_and_hold(desk, telegram, 500)
    process.send_signal(number)
    done = desk.end(process)
    assert done.status == 130
    assert since(before, telegram) == (1, [False], 0)
    desk.environment["TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND"] = "0"
    desk.do("sync", "--takeout")
    assert held(desk) == MESSAGES
    assert since(before, telegram)[2] == 0


def test_a_delayed_takeout_says_where_to_confirm_it_and_when_it_starts(desk: Desk, telegram: Telegram) -> None:
    before = takeouts(telegram)
    desk.environment |= {"TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND": "0", "TZ": "Asia/Baghdad"}
    telegram.order("takeout", delay=86_400)
    done = desk.do("sync", "--takeout")
    assert held(desk) == MESSAGES
    assert since(before, telegram) == (0, [], 0)
    [told] = [line for line in done.err.splitlines() if "to be confirmed" in line]
    assert "phone or computer that is logged in to this account" in told
    assert re.search(r"start at 20\d\d-\d\d-\d\d \d\d:\d\d \+03 \(in 24 h\)", told)
    status = desk.do("status")
    assert "takeout: default may start one in 24 h, at " in status.err
    [wait] = orjson.loads(desk.do("status", "--json").out)["floods"]
    assert (wait["account"], wait["method"]) == ("default", "takeout")
    # What runs by itself does not ask for it again, though there is something to read.
    telegram.post("big_source", "another")
    desk.do("add", "@big_source")
    asked = takeouts(telegram)["asked"]
    desk.environment["TELEKEEP_TELEGRAM__TAKEOUT"] = "true"
    assert "can start at" in desk.do("sync").err
    assert takeouts(telegram)["asked"] == asked == before["asked"] + 1
    # The owner allows it on a phone, and asks again.
    telegram.order("takeout", allow=True)
    desk.do("add", "many_001")
    desk.do("sync", "--takeout")
    assert since(before, telegram) == (1, [True], 0)


def test_channel_refused_within_a_takeout_is_read_without_one(desk: Desk, telegram: Telegram) -> None:
    before = takeouts(telegram)
    desk.environment["TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND"] = "0"
    telegram.order("takeout", channel="big", refuse="CHANNEL_PRIVATE")
    done = desk.do("sync", "--takeout")
    assert held(desk) == MESSAGES
    assert since(before, telegram) == (1, [True], 0)
    assert done.err.count("is refused within the takeout") == 1


def test_a_channel_that_fails_leaves_the_takeout_unsuccessful(desk: Desk, telegram: Telegram) -> None:
    before = takeouts(telegram)
    desk.environment["TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND"] = "0"
    desk.do("add", "many_002")
    telegram.order("private", channel="many_002")
    assert desk.run("sync", "--takeout").status == 3
    assert since(before, telegram) == (1, [False], 0)
    telegram.order("clear", channel="many_002")


def test_speed_and_time_left_are_shown_by_status_and_on_a_terminal(desk: Desk, telegram: Telegram) -> None:
    process = start_and_hold(desk, telegram, 1_500)
    process.send_signal(signal.SIGSTOP)
    said = desk.do("status").err
    reading = orjson.loads(desk.do("status", "--json").out)["reading"]
    desk.kill(process)
    assert re.search(r"reading histories: [\d,]+ messages/s, [\d,]+ ids left, about \d+ \w+ at this rate", said)
    assert reading["messages_per_second"] > 0
    assert 0 < reading["ids_left"] < MESSAGES
    assert reading["seconds_left"] > 0
    assert orjson.loads(desk.do("status", "--json").out)["reading"] is None  # nobody reads any more
    screen = desk.on_terminal("sync", "--takeout")
    assert re.search(r"new, \d[\d,]*/s, about \d+ \w+ at this rate", screen)
    assert " 0 %" not in screen  # it begins where the other one was stopped


def test_a_service_reads_histories_within_a_takeout_and_ends_it(desk: Desk, telegram: Telegram) -> None:
    before, others = takeouts(telegram), violations(telegram)
    desk.environment |= {"TELEKEEP_TELEGRAM__TAKEOUT": "true", "TELEKEEP_SERVICE__POLL_INTERVAL": "0.2"}
    with service(desk) as process:
        until(lambda: held(desk) >= 1_500, what="1,500 messages")
        process.send_signal(signal.SIGSTOP)
        assert since(before, telegram) == (1, [], 1)
        assert "reading histories: " in desk.do("status").err
        process.send_signal(signal.SIGCONT)
        until(lambda: takeouts(telegram)["open"] == 0, what="the end of the takeout")
        assert process.poll() is None
        assert held(desk) == MESSAGES
        assert since(before, telegram) == (1, [True], 0)
    assert violations(telegram) == others


# waits


def test_a_wait_of_months_is_reported_obeyed_for_a_week_and_can_be_lifted(desk: Desk, telegram: Telegram) -> None:
    telegram.order("fault", spec=f"{HISTORY}:flood({40 * 86_400})x1")
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (5, 1)
    assert "wait 604801 s (7 days, until 20" in done.errors[0]
    assert "it ordered 40 days" in done.errors[0]
    asked = telegram.calls(HISTORY)
    told = desk.do("status").err
    assert "flood wait: default may call getHistory again in 7 days, at " in told
    assert "the server ordered 40 days" in told
    again = desk.run("sync")
    assert (again.status, telegram.calls(HISTORY)) == (5, asked)
    assert "it ordered 40 days" in again.errors[0]
    for wrong in ("default:getFullChannel", "nobody", "../x:y", ":"):
        refused = desk.run("accounts", "--forget-wait", wrong)
        assert refused.status == 2
        assert "Current waits: default:getHistory." in refused.errors[0]
    lifted = desk.run("accounts", "--forget-wait", "default:getHistory")
    assert lifted.status == 0
    assert "lifted: default was not allowed to call getHistory before" in lifted.err
    assert "risks longer waits" in lifted.err
    assert orjson.loads(desk.do("status", "--json").out)["floods"] == []
    telegram.order("fault", clear=True)
    desk.environment["TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND"] = "0"
    desk.do("sync")
    assert held(desk) == MESSAGES


def test_no_wait_is_lifted_under_a_service(desk: Desk, telegram: Telegram) -> None:
    desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
    telegram.order("fault", spec=f"{HISTORY}:flood(900)x1")
    with service(desk, mirroring=False):
        until(lambda: desk.query("SELECT 1 FROM flood"), what="the order to wait")
        refused = desk.run("accounts", "--forget-wait", "default")
        assert refused.status == 2
        assert "in use by `telekeep run`" in refused.errors[0]
        assert desk.query("SELECT count(*) FROM flood") == [(1,)]


def test_a_normal_pace_reads_up_to_three_pages_a_second(desk: Desk, telegram: Telegram) -> None:
    desk.environment |= {"TELEKEEP_TELEGRAM__PACE": "normal", "TELEKEEP_TELEGRAM__REQUESTS_PER_SECOND": "10"}
    telegram.order("mark")
    desk.do("sync")
    assert held(desk) == MESSAGES
    calls = telegram.order("calls")
    # How many it can be is the machine's affair; that more than a gentle pace's are asked for: test_pacing.py.
    assert calls["peaks"][HISTORY] <= 30
