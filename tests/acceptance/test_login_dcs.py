"""The command, with accounts that are at home in other data centres than the one that the settings name."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.telegram.session import read_session
from tests.acceptance.compare import expect_equal
from tests.acceptance.desk import CODE, PHONE, Desk, Telegram, desk_at, until
from tests.acceptance.running import service, wait_until_equal

PHONES = {home: f"+99966{home}234{home}" for home in range(1, 6)}
MOVING = [f"+99966555{number:02}" for number in range(8)]
"""Each is of one test."""
NAMES = ("alpha", "beta")


@pytest.fixture(scope="module")
def telegram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    people = [f"--account={phone}:{CODE}" for phone in (*PHONES.values(), *MOVING)]
    homes = [f"--home={phone}:{home}" for home, phone in PHONES.items()]
    homes += [f"--home={phone}:4" for phone in MOVING]
    place = tmp_path_factory.mktemp("telegram")
    with Telegram(place, *people, *homes, "--world", "small", "--world", "many:3") as running:
        yield running


@pytest.fixture
def desk(telegram: Telegram, tmp_path: Path) -> Iterator[Desk]:
    yield desk_at(telegram, tmp_path / "desk")
    telegram.calm()


def log_in(desk: Desk, phone: str) -> None:
    desk.secrets.append(phone.lstrip("+"))
    done = desk.do("login", "--phone", phone, "-vv", stdin=f"{CODE}\n")
    assert "logged in" in done.err
    assert "never retrieved" not in done.err


def home(desk: Desk) -> int:
    stored = read_session(desk.archive / "session")
    assert stored is not None
    return stored.dc


@pytest.mark.parametrize("dc", range(1, 6))
def test_everything_works_wherever_the_account_is_at_home(desk: Desk, telegram: Telegram, dc: int) -> None:
    log_in(desk, PHONES[dc])
    assert home(desk) == dc
    desk.do("add", *NAMES)
    desk.do("sync")
    expect_equal(desk, telegram, *NAMES)
    telegram.post("alpha", "something new")
    with service(desk):
        wait_until_equal(desk, telegram, *NAMES)
    assert "already logged in" in desk.do("login").err


def test_the_settings_may_name_all_data_centres(desk: Desk, telegram: Telegram) -> None:
    ports = telegram.order("dcs")["ports"]
    toml = desk.home / "telekeep.toml"
    for dc in (1, 3, 4, 5):
        with toml.open("a") as file:
            file.write(
                f'[[telegram.server.dcs]]\ndc = {dc}\nhost = "127.0.0.1"\nport = {ports[str(dc)]}\n'
                f'public_key = "{desk.public_key}"\n'
            )
    log_in(desk, PHONES[5])
    desk.do("add", "alpha")
    assert home(desk) == 5


def test_a_variable_may_name_them_too(desk: Desk, telegram: Telegram) -> None:
    ports = telegram.order("dcs")["ports"]
    desk.environment["TELEKEEP_TELEGRAM__SERVER__DCS"] = ", ".join(f"{dc}=127.0.0.1:{ports[dc]}" for dc in ports)
    log_in(desk, PHONES[3])
    assert home(desk) == 3


def test_an_account_that_moves_before_its_code_is_given_is_followed(desk: Desk, telegram: Telegram) -> None:
    telegram.order("migrate", account=MOVING[0], dc=1, at_sign_in=True)
    log_in(desk, MOVING[0])
    assert home(desk) == 1
    desk.do("add", "alpha")


def test_an_account_that_is_moved_between_two_commands_stays_logged_in(desk: Desk, telegram: Telegram) -> None:
    log_in(desk, MOVING[1])
    desk.do("add", *NAMES)
    telegram.order("migrate", account=MOVING[1], dc=3)
    desk.do("sync")
    assert home(desk) == 3
    desk.do("sync")
    expect_equal(desk, telegram, *NAMES)


def test_an_account_that_is_moved_while_the_service_runs_is_followed(desk: Desk, telegram: Telegram) -> None:
    log_in(desk, MOVING[2])
    desk.environment["TELEKEEP_SERVICE__POLL_INTERVAL"] = "0.2"
    desk.do("add", *NAMES)
    with service(desk) as process:
        wait_until_equal(desk, telegram, *NAMES)
        for dc in (5, 2):
            telegram.order("migrate", account=MOVING[2], dc=dc)
            telegram.post("alpha", f"posted when the account was moved to {dc}")
            wait_until_equal(desk, telegram, *NAMES)
            until(lambda dc=dc: home(desk) == dc)  # type: ignore[misc]
        assert process.poll() is None


def test_a_move_without_help_from_the_old_data_centre_requires_a_new_login(desk: Desk, telegram: Telegram) -> None:
    log_in(desk, MOVING[3])
    desk.do("add", "alpha")
    telegram.order("migrate", account=MOVING[3], dc=1, exports=False)
    done = desk.run("sync")
    assert (done.status, len(done.errors)) == (4, 1), done
    assert "telekeep login" in done.err
    log_in(desk, MOVING[3])
    assert home(desk) == 1
    desk.do("sync")


@pytest.mark.parametrize("step", ["auth.exportAuthorization", "auth.importAuthorization"])
def test_a_move_that_is_killed_half_way_is_made_again(desk: Desk, telegram: Telegram, step: str) -> None:
    phone = MOVING[4 if step.startswith("auth.e") else 5]
    log_in(desk, phone)
    desk.do("add", *NAMES)
    telegram.order("migrate", account=phone, dc=2)
    telegram.order("fault", spec=f"{step}:hang")
    before = telegram.calls(step)
    process = desk.start("sync")
    until(lambda: telegram.calls(step) > before)
    assert desk.kill(process)
    telegram.order("fault", clear=True)
    desk.do("sync")
    assert home(desk) == 2
    expect_equal(desk, telegram, *NAMES)


def test_a_login_that_is_killed_at_its_new_home_goes_on_there(desk: Desk, telegram: Telegram) -> None:
    telegram.order("fault", spec="auth.sendCode:hang+1")
    before = telegram.calls("auth.sendCode")
    process = desk.start("login", "--phone", MOVING[6], stdin=subprocess.PIPE)
    until(lambda: telegram.calls("auth.sendCode") >= before + 2)
    assert desk.kill(process)
    telegram.order("fault", clear=True)
    assert home(desk) == 4
    accepted = telegram.order("dcs")["accepted"]["2"]
    log_in(desk, MOVING[6])
    assert telegram.order("dcs")["accepted"]["2"] == accepted


def test_a_login_killed_at_any_moment_can_be_repeated(desk: Desk, telegram: Telegram) -> None:
    for number in range(8):
        process = desk.start("login", "--phone", MOVING[7], stdin=subprocess.PIPE)
        if number:
            until((desk.archive / "session").exists)
            time.sleep(number * 0.004)  # whenever that is
        desk.kill(process)
    log_in(desk, MOVING[7])
    assert home(desk) == 4
    desk.do("add", "alpha")


def test_a_redirect_to_an_unknown_data_centre_says_which_setting_to_add(desk: Desk, telegram: Telegram) -> None:
    telegram.order("fault", spec="auth.sendCode:rpc(303,PHONE_MIGRATE_77)")
    done = desk.run("login", "--phone", PHONE, stdin=f"{CODE}\n")
    assert (done.status, len(done.errors)) == (2, 1), done
    assert "data centre 77" in done.err
    assert "[[telegram.server.dcs]]" in done.err
    telegram.order("fault", clear=True)
    log_in(desk, PHONE)
