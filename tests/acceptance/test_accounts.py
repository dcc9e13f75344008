"""Several accounts: each logs in by itself, reads its own channels, and dies alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.desk import CODE, PHONE, Desk, Telegram, desk_at, until
from tests.acceptance.running import service, wait_for, wait_until_equal

SECOND_PHONE, SECOND_CODE = "+9996622222", "33333"
FIRST, SECOND = PHONE.lstrip("+"), SECOND_PHONE.lstrip("+")


@dataclass
class Ground:
    """A server with two accounts, and channels of which each test takes its own."""

    telegram: Telegram
    sessions: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def names(self, number: int) -> list[str]:
        return [f"many_{next(self._numbers):03}" for _ in range(number)]

    def desk(self, home: Path) -> Desk:
        """Both accounts are logged in."""
        desk = with_second(desk_at(self.telegram, home))
        shutil.copytree(self.sessions, desk.archive)
        return desk

    def asked(self, phone: str, method: str) -> int:
        """How often this account has asked since the mark."""
        return int(self.telegram.order("calls")["accounts"].get(phone, {}).get(method, 0))


def with_second(desk: Desk) -> Desk:
    desk.environment["TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__REQUESTS_PER_SECOND"] = "0"
    desk.secrets += [SECOND, SECOND_CODE]
    return desk


def log_in_second(desk: Desk) -> None:
    desk.do("login", "--account", "second", "--phone", SECOND_PHONE, stdin=f"{SECOND_CODE}\n")


@pytest.fixture(scope="module")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    place = tmp_path_factory.mktemp("accounts")
    arguments = ("--many", "60", "--account", f"{SECOND_PHONE}:{SECOND_CODE}")
    with Telegram(place, *arguments) as telegram:
        desk = with_second(desk_at(telegram, place / "desk"))
        desk.log_in()
        log_in_second(desk)
        sessions = place / "sessions"
        sessions.mkdir(mode=0o700)
        for name in ("session", "session.second"):
            shutil.copy(desk.archive / name, sessions / name)
        yield Ground(telegram, sessions)


@pytest.fixture
def ground(shared_ground: Ground) -> Iterator[Ground]:
    shared_ground.telegram.order("mark")
    yield shared_ground
    shared_ground.telegram.calm()


@pytest.fixture
def own_ground(tmp_path: Path) -> Iterator[Ground]:
    """For whoever logs accounts out."""
    (tmp_path / "sessions").mkdir(mode=0o700)
    arguments = ("--many", "4", "--account", f"{SECOND_PHONE}:{SECOND_CODE}")
    with Telegram(tmp_path, *arguments) as telegram:
        yield Ground(telegram, tmp_path / "sessions")


def accounts(desk: Desk) -> dict[str, dict[str, Any]]:
    return {row["account"]: row for row in orjson.loads(desk.do("accounts", "--json").out)}


def held(desk: Desk) -> dict[str, int]:
    rows = desk.query(
        "SELECT username, count(message_id) FROM channel LEFT JOIN message USING (channel_id) GROUP BY channel_id"
    )
    return dict(rows)


# two at work


def test_each_channel_is_read_by_its_own_account(ground: Ground, tmp_path: Path) -> None:
    first, other, third = ground.names(3)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", first)
    desk.do("add", other, third, "--account", "second")
    desk.do("sync")
    assert held(desk) == {first: 4, other: 4, third: 4}
    asked = [ground.asked(phone, "messages.getHistory") for phone in (FIRST, SECOND)]
    assert (asked[0] * 2, min(asked) > 0) == (asked[1], True)
    assert [ground.asked(phone, "contacts.resolveUsername") for phone in (FIRST, SECOND)] == [1, 2]
    rows = accounts(desk)
    assert [(name, rows[name]["channels"], rows[name]["state"], rows[name]["logged_in"]) for name in rows] == [
        ("default", 1, "active", True),
        ("second", 2, "active", True),
    ]
    assert desk.query("SELECT DISTINCT account FROM capture ORDER BY account") == [("default",), ("second",)]


def test_moved_channel_continues_where_the_first_account_stopped(ground: Ground, tmp_path: Path) -> None:
    names = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", *names)
    desk.do("sync")
    done = desk.do("move", names[0], "--to", "second")
    assert (done.out, done.err) == ("", f"{names[0]}: read by account second from now on.\n")
    ground.telegram.order("mark")
    new = ground.telegram.post(names[0], "after the move")
    ground.telegram.order("delete", channel=names[0], ids=[2])
    desk.do("sync")
    rows = {row["message_id"]: row for row in desk.export(names[0])}
    assert (rows[new]["text"], len(rows), rows[2]["missing_since"] is None) == ("after the move", 5, False)
    asked = {method: ground.asked(SECOND, method) for method in ("contacts.resolveUsername", "messages.getHistory")}
    # Its own access hash is looked up once, and nothing is read again but the newest page, to compare.
    assert asked == {"contacts.resolveUsername": 1, "messages.getHistory": 1}
    assert ground.asked(FIRST, "updates.getChannelDifference") == ground.asked(SECOND, "updates.getChannelDifference")


def test_new_account_does_not_follow_a_name_that_another_channel_took_over(ground: Ground, tmp_path: Path) -> None:
    name, thief = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", name)
    desk.do("sync")
    before = desk.export(name)
    channel_id = ground.telegram.channel_id(name)
    ground.telegram.order("takeover", channel=thief, name=name)
    desk.do("move", name, "--to", "second")
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (2, 1)
    assert f"@{name} belongs to another channel now" in done.err
    assert desk.export(str(channel_id)) == before
    desk.do("move", str(channel_id), "--to", "default")
    desk.do("sync")


def test_adding_a_known_channel_to_another_account_suggests_move(ground: Ground, tmp_path: Path) -> None:
    known, new = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", known)
    done = desk.run("add", known, new, "--account", "second")
    assert (done.status, len(done.errors)) == (3, 1)
    assert f"Move it: telekeep move {known} --to second" in done.err
    assert dict(desk.query("SELECT username, account FROM channel")) == {known: "default", new: "second"}
    # Whom it belongs to need not be said again.
    desk.do("add", new, "--since", "2021-01-01")
    assert ground.asked(FIRST, "contacts.resolveUsername") == 1


# one at work


def test_dead_account_fails_only_its_own_channels_until_login_or_move(own_ground: Ground, tmp_path: Path) -> None:
    telegram = own_ground.telegram
    desk = with_second(desk_at(telegram, tmp_path / "desk"))
    desk.log_in()
    log_in_second(desk)
    desk.do("add", "many_001")
    desk.do("add", "many_002", "many_003", "--account", "second")
    telegram.order("log_out", account=SECOND_PHONE)
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (3, 1)
    for said in ("account second: the session is logged out.", "`telekeep login --account second`", "`telekeep move`"):
        assert said in done.errors[0]
    assert held(desk) == {"many_001": 4, "many_002": 0, "many_003": 0}
    dead = accounts(desk)["second"]
    assert (dead["state"], dead["reason"], dead["channels"]) == ("dead", "the session is logged out.", 2)
    alone = desk.run("sync", "many_002")
    assert (alone.status, len(alone.errors)) == (4, 1)
    assert "`telekeep login --account second`" in alone.err

    desk.do("move", "many_002", "--to", "default")
    assert desk.run("sync").status == 3
    assert held(desk) == {"many_001": 4, "many_002": 4, "many_003": 0}
    log_in_second(desk)
    assert accounts(desk)["second"]["state"] == "active"
    desk.do("sync")
    assert held(desk)["many_003"] == 4

    telegram.order("log_out")
    nobody = desk.run("sync")
    assert (nobody.status, len(nobody.errors)) == (4, 2)


def test_account_that_never_logged_in_is_named(ground: Ground, tmp_path: Path) -> None:
    first, other = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", first, other)
    (desk.archive / "session.second").unlink()
    done = desk.run("add", *ground.names(1), "--account", "second")
    assert (done.status, done.errors) == (
        4,
        ["telekeep: account second is not logged in. Run `telekeep login --account second`."],
    )
    moved = desk.run("move", other, "--to", "second")
    assert (moved.status, len(moved.errors)) == (0, 1)
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (3, 1)
    assert "account second is not logged in. Run `telekeep login --account second`." in done.errors[0]
    assert accounts(desk)["second"]["logged_in"] is False


@pytest.mark.parametrize(
    "command", [["login", "--account", "nobody"], ["add", "x", "--account", "nobody"], ["move", "x", "--to", "nobody"]]
)
def test_unknown_account_is_rejected_with_the_list_of_configured_ones(
    ground: Ground, tmp_path: Path, command: list[str]
) -> None:
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", *ground.names(1))
    done = desk.run(*command)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert 'no account "nobody"; configured: default, second' in done.err
    assert "[telegram.accounts.nobody]" in done.err


def test_channels_of_an_account_that_left_the_settings_can_be_moved(ground: Ground, tmp_path: Path) -> None:
    first, other = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", first)
    desk.do("add", other, "--account", "second")
    del desk.environment["TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__REQUESTS_PER_SECOND"]
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (3, 1)
    assert "account second is not in the settings." in done.errors[0]
    assert accounts(desk)["second"]["configured"] is False
    assert "second\tnot in the settings\t1" in desk.do("accounts").out
    desk.do("move", other, "--to", "default")
    desk.do("sync")


def test_flood_wait_of_one_account_does_not_stop_the_other(ground: Ground, tmp_path: Path) -> None:
    first, other = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", first, "--account", "second")
    desk.do("add", other)
    ground.telegram.order("fault", spec="messages.getHistory:flood(900)x1")
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (3, 1)
    assert "account second: the server asks to wait 90" in done.errors[0]
    assert held(desk) == {first: 0, other: 4}
    waits = accounts(desk)
    assert (list(waits["second"]["flood_waits"]), waits["default"]["flood_waits"]) == (["getHistory"], {})
    assert desk.run("sync", first).status == 5


# beside each other


@pytest.fixture
def syncing(ground: Ground, tmp_path: Path) -> Iterator[tuple[Desk, list[str], subprocess.Popen[bytes]]]:
    """A sync of some channels by the default account, which is slow from the second channel on."""
    names = ground.names(4)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", *names)
    ground.telegram.order("fault", spec="messages.getHistory:delay(5)+1")
    process = desk.start("sync")
    try:
        until(lambda: sum(held(desk).values()), what="the first page")
        yield desk, names, process
    finally:
        if process.returncode is None:
            process.kill()
            process.communicate()


def test_channel_is_removed_and_moved_while_a_sync_runs(
    syncing: tuple[Desk, list[str], subprocess.Popen[bytes]], ground: Ground
) -> None:
    desk, names, process = syncing
    removed = desk.do("remove", names[-1])
    assert removed.err == f"{names[-1]}: no longer mirrored; its archive is kept.\n"
    desk.do("move", names[0], "--to", "second")
    assert process.poll() is None
    ground.telegram.calm()
    done = desk.end(process)
    assert (done.status, done.errors) == (0, [])
    assert f"{names[-1]}: removed in the meantime; its archive is kept." in done.err.splitlines()
    assert held(desk) == dict.fromkeys(names[:-1], 4) | {names[-1]: 0}
    assert [row["username"] for row in desk.do("channels", "--jsonl").rows] == names[:-1]


def test_one_account_logs_in_while_a_sync_runs_with_the_other(
    syncing: tuple[Desk, list[str], subprocess.Popen[bytes]],
) -> None:
    desk, _, process = syncing
    (desk.archive / "session.second").unlink()
    log_in_second(desk)
    busy = desk.run("login", stdin=f"{PHONE}\n{CODE}\n")
    assert (busy.status, len(busy.err.splitlines())) == (2, 1)
    assert f"the session of account default is in use by `telekeep sync` (process {process.pid})" in busy.err
    assert process.poll() is None
    assert accounts(desk)["second"]["state"] == "active"


# proxies


def test_dead_proxy_of_an_account_is_named_and_never_bypassed(ground: Ground, tmp_path: Path) -> None:
    first, other = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.do("add", first)
    desk.do("add", other, "--account", "second")
    ground.telegram.order("mark")
    desk.secrets += ["hush", "somebody"]
    desk.environment["TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__PROXY"] = "socks5://somebody:hush@127.0.0.1:9"
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (3, 1)
    assert "account second: the proxy at 127.0.0.1:9 cannot be reached." in done.errors[0]
    assert held(desk) == {first: 4, other: 0}
    assert SECOND not in ground.telegram.order("calls")["accounts"]
    shown = desk.do("accounts").out
    assert "127.0.0.1:9" in shown
    assert "hush" not in shown
    assert accounts(desk)["second"]["proxy"] == "127.0.0.1:9"


def test_shared_proxy_is_inherited_unless_the_account_is_direct(ground: Ground, tmp_path: Path) -> None:
    first, other = ground.names(2)
    desk = ground.desk(tmp_path / "desk")
    desk.environment["TELEKEEP_TELEGRAM__PROXY"] = "http://127.0.0.1:9"
    for arguments in ([first], [other, "--account", "second"]):
        done = desk.run("add", *arguments)
        assert (done.status, len(done.errors)) == (2, 1)
        assert "the proxy at 127.0.0.1:9 cannot be reached." in done.err
    assert ground.telegram.order("calls")["accounts"] == {}
    desk.environment["TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__PROXY"] = "direct"
    desk.do("add", other, "--account", "second")
    assert list(ground.telegram.order("calls")["accounts"]) == [SECOND]
    assert [row["proxy"] for row in accounts(desk).values()] == ["127.0.0.1:9", None]


# the service


def test_service_continues_without_a_dead_account_and_resumes_it_after_login(
    own_ground: Ground, tmp_path: Path
) -> None:
    telegram = own_ground.telegram
    desk = with_second(desk_at(telegram, tmp_path / "desk"))
    desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
    desk.log_in()
    log_in_second(desk)
    desk.do("add", "many_001")
    desk.do("add", "many_002", "many_003", "--account", "second")
    with service(desk) as process:
        wait_until_equal(desk, telegram, "many_001", "many_002", "many_003")
        assert desk.do("add", "many_004", "--account", "second").err == "@many_004 (The many_004 desk): added.\n"
        busy = desk.run("login", "--account", "second")
        assert (busy.status, len(busy.errors)) == (2, 1)
        assert f"the session of account second is in use by `telekeep run` (process {process.pid})" in busy.err

        telegram.order("log_out", account=SECOND_PHONE)
        until(lambda: accounts(desk)["second"]["state"] == "dead", what="the account's death")
        telegram.order("post_many", text="after its death")
        wait_until_equal(desk, telegram, "many_001")
        refused = desk.run("add", "many_003", "--account", "second")
        assert (refused.status, len(refused.errors)) == (4, 1)
        desk.do("move", "many_002", "--to", "default")
        wait_until_equal(desk, telegram, "many_001", "many_002")

        log_in_second(desk)
        assert accounts(desk)["second"]["state"] == "active"
        wait_until_equal(desk, telegram, "many_001", "many_002", "many_003", "many_004")
        wait_for(desk, process, "mirroring", "second")
    assert dict(desk.query("SELECT username, account FROM channel")) == {
        "many_001": "default",
        "many_002": "default",
        "many_003": "second",
        "many_004": "second",
    }
