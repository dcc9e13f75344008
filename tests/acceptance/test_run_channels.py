"""One bad thing stays one bad thing: accounts, channels, the line and the proxies fail under the running service."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.compare import expect_equal
from tests.acceptance.desk import CODE, PHONE, Desk, Telegram, desk_at, until
from tests.acceptance.running import Ground, detail, ground, service, standing, status, stop, wait_for, wait_until_equal

SECOND_PHONE, SECOND_CODE = "+9996622222", "33333"
PROXIES = ("socks5:somebody:hush", "http:somebody:hush", "mtproxy")


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    proxies = [word for proxy in PROXIES for word in ("--proxy", proxy)]
    with ground(tmp_path_factory.mktemp("telegram"), *proxies) as made:
        yield made


@pytest.fixture
def field(shared_ground: Ground) -> Iterator[Ground]:
    yield shared_ground
    shared_ground.telegram.calm()


def reset(telegram: Telegram) -> None:
    """Count calls from zero."""
    telegram.order("mark")


def calls(telegram: Telegram) -> int:
    return int(telegram.order("calls")["total"])


def log_in_second(desk: Desk) -> None:
    desk.do("login", "--account", "second", "--phone", SECOND_PHONE, stdin=f"{SECOND_CODE}\n")


# accounts


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Desk, Telegram]]:
    """Two accounts, each with a channel; the server may log them out."""
    arguments = ("--many", "3", "--account", f"{SECOND_PHONE}:{SECOND_CODE}")
    with Telegram(tmp_path, *arguments) as telegram:
        desk = desk_at(telegram, tmp_path / "desk")
        desk.environment |= {
            "TELEKEEP_SERVICE__POLL_INTERVAL": "0.2",
            "TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__REQUESTS_PER_SECOND": "0",
        }
        desk.secrets += [SECOND_PHONE.lstrip("+"), SECOND_CODE]
        desk.log_in()
        log_in_second(desk)
        desk.do("add", "many_001")
        desk.do("add", "many_002", "--account", "second")
        yield desk, telegram


def account(desk: Desk, name: str) -> dict[str, Any]:
    return next(row for row in orjson.loads(desk.do("accounts", "--json").out) if row["account"] == name)


def test_account_that_is_logged_out_stops_alone_and_comes_back_by_a_login(two: tuple[Desk, Telegram]) -> None:
    desk, telegram = two
    with service(desk) as process:
        wait_for(desk, process, "mirroring", "second")
        wait_until_equal(desk, telegram, "many_001", "many_002")
        telegram.order("log_out", account=SECOND_PHONE)
        until(lambda: account(desk, "second")["state"] == "dead", what="its being noticed")
        assert account(desk, "second")["reason"] == "the session is logged out."
        until(lambda: list(detail(desk, process)) == ["default"], what="its being left out")
        said = "account second is logged out: not accepted"
        [note] = [line for line in desk.do("status").err.splitlines() if line.startswith(said)]
        assert "logged out" in note
        reset(telegram)
        for name in ("many_001", "many_002"):
            telegram.post(name, "after the logout")
        wait_until_equal(desk, telegram, "many_001")
        time.sleep(2)
        asked = telegram.order("calls")["accounts"]
        # Nobody knocks for it again, neither with its session nor without.
        assert list(asked) == [PHONE.lstrip("+")]
        assert standing(desk, "many_002")["held"] == 4
        moved = desk.run("add", "many_003", "--account", "second")
        assert (moved.status, len(moved.errors)) == (4, 1)
        log_in_second(desk)
        wait_for(desk, process, "mirroring", "second")
        wait_until_equal(desk, telegram, "many_001", "many_002")
        assert account(desk, "second")["state"] == "active"
        desk.do("add", "many_003", "--account", "second")
        wait_until_equal(desk, telegram, "many_003")
    expect_equal(desk, telegram, "many_001", "many_002", "many_003")


def test_channels_of_a_dead_account_go_on_with_another_one(two: tuple[Desk, Telegram]) -> None:
    desk, telegram = two
    with service(desk) as process:
        wait_for(desk, process, "mirroring", "second")
        wait_until_equal(desk, telegram, "many_001", "many_002")
        telegram.order("ban_account", account=SECOND_PHONE)
        until(lambda: account(desk, "second")["state"] == "dead", what="its being noticed")
        telegram.post("many_002", "after the ban")
        telegram.order("delete", channel="many_002", ids=[2])
        desk.do("move", "many_002", "--to", "default")
        wait_until_equal(desk, telegram, "many_002")
    expect_equal(desk, telegram, "many_001", "many_002")


def test_account_whose_settings_the_server_refuses_is_not_tried_again(
    two: tuple[Desk, Telegram],
) -> None:
    desk, telegram = two
    telegram.order("ban_account", account=SECOND_PHONE, code=400, name="API_ID_INVALID")
    with service(desk) as process:
        until(lambda: "second" not in detail(desk, process), what="its being left out")
        reset(telegram)
        telegram.post("many_001", "goes on")
        wait_until_equal(desk, telegram, "many_001")
        time.sleep(6)  # longer than it takes to find an account that has logged in
        assert list(telegram.order("calls")["accounts"]) == [PHONE.lstrip("+")]


@pytest.mark.parametrize("moment", ["before", "while"])
def test_last_account_that_dies_ends_the_service_with_4_and_one_line(two: tuple[Desk, Telegram], moment: str) -> None:
    desk, telegram = two
    if moment == "while":
        with service(desk) as process:
            wait_for(desk, process, "mirroring", "second")
            telegram.order("log_out", account=SECOND_PHONE)
            until(lambda: account(desk, "second")["state"] == "dead", what="the first one's being noticed")
            telegram.order("log_out")
            done = desk.end(process)
    else:
        telegram.order("log_out")
        reset(telegram)
        done = desk.run("run")
        # Each account asks once whether it is welcome.
        assert calls(telegram) <= 6
    assert (done.status, done.out) == (4, "")
    assert len([line for line in done.errors if "telekeep login" in line]) == len(done.errors)
    assert done.err.splitlines()[-1].startswith("telekeep: ")
    assert "telekeep login" in done.err.splitlines()[-1]
    assert {row["state"] for row in status(desk)["accounts"]} == {"dead"}
    service_state = status(desk)["service"]
    assert service_state["running"] is False
    if moment == "while":
        assert service_state["stopped_at"] is not None
        assert service_state["failure"].endswith("the session is logged out")
        assert f": {service_state['failure']} (process" in desk.do("status").err
        assert "it failed on " in desk.run("health").err
    log_in_second(desk)
    desk.log_in()
    with service(desk) as process:
        wait_until_equal(desk, telegram, "many_001", "many_002")


# channels


FATES: dict[str, tuple[str, dict[str, Any], str]] = {
    # fate: the order, its fields, the state that follows
    "private": ("private", {}, "inaccessible"),
    "banned": ("ban", {}, "banned"),
    "forbidden": ("set", {"forbidden_in_chats": True}, "inaccessible"),
    "invalid": ("refuse", {"code": 400, "name": "CHANNEL_INVALID"}, "inaccessible"),
    "lost": ("set", {"lost": True}, "active"),
    "failing": ("refuse", {"code": 500, "name": "RPC_CALL_FAIL"}, "active"),
}


def test_inaccessible_channels_become_states_and_events_while_others_continue(field: Ground, tmp_path: Path) -> None:
    telegram, names = field.telegram, field.names(len(FATES) + 2)
    *shut, first, second = names
    fates = dict(zip(FATES, shut, strict=True))
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk) as process:
        wait_until_equal(desk, telegram, *names)
        before = {name: desk.export(name) for name in shut}
        for fate, name in fates.items():
            order, fields, _ = FATES[fate]
            telegram.order(order, channel=name, **fields)
        failing = [name for fate, name in fates.items() if fate != "lost"]
        until(lambda: all(standing(desk, name)["retry_at"] for name in failing), what="their back-off")
        for number in range(3):
            telegram.order("post_many", text=f"goes on {number}", channels=[first, second])
            wait_until_equal(desk, telegram, first, second)
        shown = {one["channel"]: one for one in status(desk)["channels"]}
        assert {fate: shown[name]["state"] for fate, name in fates.items()} == {
            fate: state for fate, (_, _, state) in FATES.items()
        }
        for name in failing:
            assert shown[name]["failures"] >= 1
            assert shown[name]["last_error"]
        for name in shut:
            # What is held stays as it is: a channel that is lost is no channel that was deleted.
            assert desk.export(name) == before[name]
        changed = [row for row in desk.do("changes", "--jsonl", "-n", "0").rows if row["kind"] != "edited"]
        expected = {(fates[fate], state) for fate, (_, _, state) in FATES.items() if state != "active"}
        assert {(row["channel"], row["new"]) for row in changed if row["kind"] == "state"} == expected
        assert not [row for row in changed if row["kind"] == "missing"]
        for name in shut:
            telegram.order("clear", channel=name)
            telegram.post(name, "open again")
        desk.do("add", *shut)  # what somebody asks for is looked at now, not when its time has come
        wait_until_equal(desk, telegram, *names)
        assert {one["state"] for one in status(desk)["channels"]} == {"active"}
        assert process.poll() is None
    expect_equal(desk, telegram, *names)


def test_renamed_channel_continues_under_its_new_name(field: Ground, tmp_path: Path) -> None:
    telegram, [name, other] = field.telegram, field.names(2)
    channel_id = telegram.channel_id(name)
    desk = field.desk(tmp_path / "desk", name, other)
    with service(desk):
        wait_until_equal(desk, telegram, name, other)
        telegram.order("rename", channel=name, username=f"{name}_anew")
        telegram.order("title", channel=f"{name}_anew", title="The desk, anew")
        telegram.post(f"{name}_anew", "under the new name")
        wait_until_equal(desk, telegram, f"{name}_anew")
        kinds = {row["kind"]: row for row in desk.do("changes", str(channel_id), "--jsonl").rows}
        assert (kinds["renamed"]["old"], kinds["renamed"]["new"]) == (f"@{name}", f"@{name}_anew")
        assert kinds["retitled"]["new"] == "The desk, anew"
    expect_equal(desk, telegram, f"{name}_anew", other)


def test_name_that_another_channel_took_is_not_followed(field: Ground, tmp_path: Path) -> None:
    telegram, [name, thief] = field.telegram, field.names(2)
    channel_id, thief_id = telegram.channel_id(name), telegram.channel_id(thief)
    desk = field.desk(tmp_path / "desk", name)
    with service(desk):
        wait_until_equal(desk, telegram, name)
        telegram.order("takeover", channel=thief_id, name=name)
        telegram.order("post", channel=thief_id, text="from the thief")
        telegram.order("post", channel=channel_id, text="still ours")
        until(lambda: desk.query("SELECT 1 FROM message WHERE text = 'still ours'"), what="the post")
        time.sleep(1)
        assert desk.query("SELECT 1 FROM message WHERE text = 'from the thief'") == []
        [now] = status(desk)["channels"]
        assert (now["channel_id"], now["state"], now["channel"]) == (channel_id, "active", str(channel_id))
        [renamed] = [row for row in desk.do("changes", "--jsonl").rows if row["kind"] == "renamed"]
        assert (renamed["old"], renamed["new"]) == (f"@{name}", None)


# the line


def test_server_that_goes_away_and_comes_back_is_found_again(tmp_path: Path) -> None:
    arguments, state = ("--world", "small"), ("--state", str(tmp_path / "state"))
    with ExitStack() as running:
        with Telegram(tmp_path, *arguments, *state) as telegram:
            desk = desk_at(telegram, tmp_path / "desk")
            desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
            desk.log_in()
            desk.do("add", "alpha", "beta")
            process = running.enter_context(service(desk))
            wait_until_equal(desk, telegram, "alpha", "beta")
        until(lambda: detail(desk, process)["default"]["trouble"], what="its saying why")
        said = status(desk)["service"]
        assert (said["running"], said["detail"]["default"]["state"]) == (True, "offline")
        [note] = [line for line in desk.do("status").err.splitlines() if line.startswith("account default: ")]
        assert "offline since" in note
        assert f"127.0.0.1:{telegram.port} cannot be reached" in note
        assert desk.do("search", "alpha", "--count").out == "29\n"
        with Telegram(tmp_path, *arguments, *state, "--port", str(telegram.port)) as again:
            again.post("alpha", "after the outage")
            wait_for(desk, process, "mirroring")
            wait_until_equal(desk, again, "alpha", "beta")
            assert "offline" not in desk.do("status").err
            done = stop(desk, process)
            assert (len(done.errors), len(done.err.splitlines())) == (0, 2)
            expect_equal(desk, again, "alpha", "beta")


def test_flood_wait_is_obeyed_across_restarts(field: Ground, tmp_path: Path) -> None:
    telegram, names = field.telegram, field.names(2)
    desk = field.desk(tmp_path / "desk", *names)
    with service(desk) as process:
        wait_until_equal(desk, telegram, *names)
        telegram.order("fault", spec="updates.getChannelDifference:flood(9)x1")
        telegram.order("post_many", text="in the flood", channels=names)
        until(lambda: desk.query("SELECT 1 FROM flood WHERE until > unixepoch()"), what="the order to wait")
        assert desk.kill(process)
    [(ends,)] = desk.query("SELECT max(until) FROM flood")
    reset(telegram)
    with service(desk):
        floods = [(one["account"], one["method"]) for one in status(desk)["floods"]]
        asked = telegram.calls("updates.getChannelDifference")
        is_over = time.time() >= ends  # on a machine that needs so long for a start
        assert is_over or floods == [("default", "getChannelDifference")]
        assert is_over or asked == 0
        wait_until_equal(desk, telegram, *names)
        assert status(desk)["floods"] == []
    assert telegram.order("calls")["violations"] == []
    expect_equal(desk, telegram, *names)


# proxies


@pytest.mark.parametrize("number", range(len(PROXIES)), ids=["socks5", "http", "mtproxy"])
def test_no_connection_bypasses_the_proxy(field: Ground, tmp_path: Path, number: int) -> None:
    telegram, names = field.telegram, field.names(2)
    desk = field.desk(tmp_path / "desk", *names)
    desk.environment["TELEKEEP_TELEGRAM__PROXY"] = telegram.order("proxies")["proxies"][number]["url"]
    desk.secrets.append("hush")

    def carried() -> int:
        return int(telegram.order("proxies")["proxies"][number]["carried"])

    before = carried()
    with service(desk) as process:
        wait_until_equal(desk, telegram, *names)
        assert carried() == before + 1
        telegram.order("proxy", number=number, on=False)
        reset(telegram)
        telegram.order("post_many", text="while the proxy was away", channels=names)
        wait_for(desk, process, "offline")
        until(lambda: detail(desk, process)["default"]["trouble"], what="its saying why")
        time.sleep(1)
        assert "the proxy at 127.0.0.1:" in detail(desk, process)["default"]["trouble"]
        assert "hush" not in desk.do("status", "--json").out
        # No call came, and nobody is connected.
        assert (calls(telegram), telegram.order("drop")["connections"]) == (0, 0)
        telegram.order("proxy", number=number, on=True)
        wait_for(desk, process, "mirroring")
        wait_until_equal(desk, telegram, *names)
    expect_equal(desk, telegram, *names)


def test_each_account_has_its_own_proxy(two: tuple[Desk, Telegram]) -> None:
    desk, telegram = two
    # Nobody listens there.
    desk.environment["TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__PROXY"] = "socks5://somebody:hush@127.0.0.1:9"
    desk.secrets.append("hush")
    reset(telegram)
    with service(desk) as process:
        wait_until_equal(desk, telegram, "many_001")
        until(lambda: detail(desk, process)["second"]["trouble"], what="its saying why")
        said = detail(desk, process)
        assert (said["default"]["state"], said["second"]["state"]) == ("mirroring", "offline")
        assert said["second"]["trouble"].startswith("the proxy at 127.0.0.1:9 ")
        assert list(telegram.order("calls")["accounts"]) == [PHONE.lstrip("+")]
    assert desk.query("SELECT count(*) FROM message") == [(4,)]
    assert CODE not in str(said)
