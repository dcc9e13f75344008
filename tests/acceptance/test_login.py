"""Logging in as people and scripts do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.desk import CODE, PHONE, Desk, Telegram, desk_at
from tests.acceptance.world import PASSWORD, SECOND_CODE, SECOND_PHONE


@pytest.fixture
def stranger(telegram: Telegram, tmp_path: Path) -> Desk:
    desk = desk_at(telegram, tmp_path / "stranger")
    desk.secrets += [SECOND_PHONE.lstrip("+"), SECOND_CODE, PASSWORD]
    return desk


def test_code_comes_from_a_line_of_stdin_and_the_session_stays(stranger: Desk) -> None:
    done = stranger.do("login", "-vv", stdin=f"{PHONE}\n{CODE}\n")
    assert (done.out, done.err.splitlines()[-1]) == ("", "logged in as Test (…45).")
    again = stranger.do("login")
    assert (again.out, again.err) == ("", "already logged in as Test (…45).\n")


@pytest.mark.parametrize("typed", [PHONE, f"00{PHONE.lstrip('+')}", PHONE[3:]])
def test_the_number_that_is_logged_in_may_be_named_again(stranger: Desk, typed: str) -> None:
    stranger.do("login", stdin=f"{PHONE}\n{CODE}\n")
    assert stranger.do("login", "--phone", typed).err == "already logged in as Test (…45).\n"


def test_another_number_than_the_one_logged_in_is_an_error_that_says_how_to_use_both(stranger: Desk) -> None:
    stranger.do("login", stdin=f"{PHONE}\n{CODE}\n")
    session = (stranger.archive / "session").read_bytes()
    done = stranger.run("login", "--phone", SECOND_PHONE, stdin=f"{SECOND_CODE}\n{PASSWORD}\n")
    assert (done.status, done.out, len(done.errors)) == (2, "", 1)
    for word in ("account default", "Test (…45)", "[telegram.accounts.NAME]", "telekeep login --account NAME"):
        assert word in done.err
    assert (stranger.archive / "session").read_bytes() == session
    assert stranger.do("login").err == "already logged in as Test (…45).\n"


def test_accounts_do_not_count_an_unfinished_login(stranger: Desk) -> None:
    stranger.run("login", "--phone", PHONE, stdin="")
    assert "not logged in" in stranger.do("accounts").out
    [row] = json.loads(stranger.do("accounts", "--json").out)
    assert row["logged_in"] is False
    stranger.do("login", stdin=f"{PHONE}\n{CODE}\n")
    [row] = json.loads(stranger.do("accounts", "--json").out)
    assert row["logged_in"] is True


def test_second_password_is_the_next_line(stranger: Desk) -> None:
    stranger.do("login", "--phone", SECOND_PHONE, "-vv", stdin=f"{SECOND_CODE}\n{PASSWORD}\n")
    assert stranger.do("login").err == "already logged in as Test (…46).\n"


def test_wrong_answers_can_be_retried_up_to_three_times(stranger: Desk) -> None:
    done = stranger.run("login", "--phone", SECOND_PHONE, stdin=f"11111\n{SECOND_CODE}\nnonsense\n{PASSWORD}\n")
    assert (done.status, done.out) == (0, "")
    assert done.errors == [
        "telekeep: that code was wrong; try again.",
        "telekeep: that password was wrong; try again.",
    ]


def test_three_wrong_codes_exit_4(stranger: Desk) -> None:
    done = stranger.run("login", "--phone", PHONE, stdin="11111\n22222\n33333\n")
    assert done.status == 4
    assert done.errors[-1].startswith("telekeep: the code was wrong.")
    assert stranger.run("add", "@alpha").status == 4


@pytest.mark.parametrize(("stdin", "asked"), [(None, "code"), ("\n", "code"), (f"{SECOND_CODE}\n", "password")])
def test_stdin_that_ends_early_is_one_line_with_exit_4(stranger: Desk, stdin: str | None, asked: str) -> None:
    done = stranger.run("login", "--phone", SECOND_PHONE, stdin=stdin)
    assert (done.status, done.out, len(done.errors)) == (4, "", 1)
    assert asked in done.errors[0].lower()


def test_unregistered_number_is_one_line_with_exit_4(stranger: Desk) -> None:
    done = stranger.run("login", "--phone", "+9996699999", stdin="11111\n")
    assert (done.status, len(done.errors)) == (4, 1)
    assert "no account has that phone number" in done.err


@pytest.mark.parametrize("typed", ["12ab", "call me", "+"])
def test_invalid_number_is_one_line_with_exit_4(stranger: Desk, typed: str) -> None:
    done = stranger.run("login", stdin=f"{typed}\n")
    assert (done.status, len(done.errors)) == (4, 1)
    assert "phone number" in done.err


@pytest.mark.parametrize("command", [["sync"], ["add", "@alpha"]])
def test_without_a_login_the_mirroring_commands_say_what_to_run(stranger: Desk, command: list[str]) -> None:
    done = stranger.run(*command)
    assert (done.status, done.out) == (4, "")
    assert done.err == "telekeep: no account is logged in. Run `telekeep login`.\n"
    assert not stranger.archive.exists()


def test_unfinished_login_does_not_count_as_one(stranger: Desk) -> None:
    stranger.run("login", "--phone", PHONE, stdin="")
    done = stranger.run("add", "@alpha")
    assert (done.status, len(done.errors)) == (4, 1)
    assert "telekeep login" in done.err


def test_corrupt_session_names_the_file_to_remove(stranger: Desk) -> None:
    stranger.archive.mkdir()
    (stranger.archive / "session").write_text("{}")
    done = stranger.run("add", "@alpha")
    assert (done.status, len(done.errors)) == (2, 1)
    assert str(stranger.archive / "session") in done.err


def test_prompts_appear_on_a_terminal_and_the_password_is_not_echoed(stranger: Desk) -> None:
    screen = stranger.on_terminal("login", "--phone", SECOND_PHONE, typed=[("Code", SECOND_CODE), ("word)", PASSWORD)])
    assert "Password (hint: a word):" in screen
    assert PASSWORD not in screen
    assert "\r\nlogged in as Test (…46).\r\nnext: telekeep add @name" in screen
    assert stranger.do("login").err == "already logged in as Test (…46).\n"
