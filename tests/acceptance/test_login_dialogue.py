"""What a person and a script meet between the number and being logged in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.desk import CODE, LIMIT, PHONE, Desk, Telegram, desk_at

PASSWORD, NAME = "horse battery", "Nadia"
GUARDED, GUARDED_CODE = "+9996612377", "90817"
FIRST_WAY = "the code was sent to the Telegram app on your other devices (5 digits)."
NEXT = "next: telekeep add @name (to choose a channel)"
TO_SMS = 'if it has not arrived after {} s, type "resend" to get it by SMS.'


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telegram]:
    place = tmp_path_factory.mktemp("dialogue")
    more = ("--account", f"{GUARDED}:{GUARDED_CODE}:{PASSWORD}")
    with Telegram(place, *more) as telegram:
        yield telegram


@pytest.fixture
def server(shared_server: Telegram) -> Iterator[Telegram]:
    codes(shared_server)
    shared_server.order("mark")
    yield shared_server
    shared_server.calm()
    shared_server.order("refuse_phone", phone=PHONE)


@pytest.fixture
def desk(server: Telegram, tmp_path: Path) -> Desk:
    desk = desk_at(server, tmp_path / "desk")
    desk.secrets += [GUARDED.lstrip("+"), GUARDED_CODE, PASSWORD]
    return desk


def codes(server: Telegram, **fields: Any) -> None:
    server.order("codes", **{"account": PHONE, "name": NAME, "code": CODE} | fields)


def log_in(desk: Desk, *lines: str) -> Any:
    done = desk.run("login", "--phone", PHONE, stdin="".join(f"{line}\n" for line in lines))
    assert done.out == ""
    return done


# ways


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("sms", "by SMS (5 digits)"),
        ("call", "phone call is coming"),
        ("flash_call", "flash call is coming, which ends immediately: the code is the calling number (+4477*)"),
        ("missed_call", "missed call is coming from +4477…: the code is the last 5 digits"),
        ("email", "by e-mail to n***a@example.org (5 digits)"),
        ("fragment", "https://fragment.com/login/1"),
        ("word", 'a word that begins with "5"'),
        ("phrase", 'a phrase that begins with "58"'),
    ],
)
def test_delivery_of_the_code_is_reported_before_the_prompt(desk: Desk, server: Telegram, way: str, said: str) -> None:
    codes(server, ways=[way])
    done = log_in(desk, CODE)
    assert (done.status, done.errors) == (0, [])
    assert said in done.err.splitlines()[0]
    assert done.err.splitlines()[1:] == ["logged in as Nadia (…45)."]


def test_the_servers_delivery_details_are_shown_but_not_interpreted(desk: Desk, server: Telegram) -> None:
    codes(server, ways=["email"], says={"email": "\x1b[2J\nlogged in as root"}, name="\x1b]0;x\x07\u202eN")
    done = log_in(desk, CODE)
    assert len(done.err.splitlines()) == 2
    assert not any(sign in done.err for sign in ("\x1b", "\x07", "\u202e"))


@pytest.mark.parametrize("typed", ["58 263", "58-263", " 58263 ", "٥٨٢٦٣"])
def test_code_is_taken_as_it_was_typed(desk: Desk, typed: str) -> None:
    assert log_in(desk, typed).status == 0


def test_code_of_wrong_length_is_not_sent_but_asked_for_again(desk: Desk, server: Telegram) -> None:
    done = log_in(desk, "5826", CODE)
    assert done.status == 0
    assert done.err.splitlines() == [
        FIRST_WAY,
        TO_SMS.format(60),
        "that is 4 digits; the code has 5. It was not sent: type the code again.",
        "logged in as Nadia (…45).",
    ]
    assert server.calls("auth.signIn") == 1


# another way


def test_script_waits_until_it_may_ask_again(desk: Desk, server: Telegram) -> None:
    codes(server, ways=["app", "sms"], timeout=1)
    done = log_in(desk, "resend", CODE)
    assert (done.status, done.errors) == (0, [])
    assert done.err.splitlines() == [
        FIRST_WAY,
        TO_SMS.format(1),
        "waiting 1 s until another code can be requested.",
        "the code was sent by SMS (5 digits).",
        "logged in as Nadia (…45).",
    ]
    assert server.calls("auth.resendCode") == 1


def test_script_that_would_wait_for_hours_ends_immediately(desk: Desk, server: Telegram) -> None:
    codes(server, ways=["app", "sms"], timeout=7200)
    done = log_in(desk, "resend", CODE)
    assert (done.status, len(done.errors)) == (4, 1)
    assert "another code can be requested only in 7200 s" in done.errors[0]
    assert "waiting" not in done.err


def test_user_who_asks_too_early_can_still_enter_the_code(desk: Desk, server: Telegram) -> None:
    screen = desk.on_terminal(
        "login", "--phone", PHONE, typed=[("Code:", "resend"), ("then.\r\nCode:", CODE)], COLUMNS="80"
    )
    assert screen.replace("\r", "").splitlines() == [
        FIRST_WAY,
        TO_SMS.format(60),
        "Code: resend",
        'another code can be requested in 60 s: type "resend" then.',
        f"Code: {CODE}",
        "logged in as Nadia (…45).",
        NEXT,
    ]
    assert server.calls("auth.resendCode") == 0


def test_user_gets_the_code_by_the_next_method(desk: Desk, server: Telegram) -> None:
    codes(server, ways=["app", "call"], timeout=0)
    typed = [("Code:", "Resend"), ("reads out the code (5 digits).\r\nCode:", CODE)]
    screen = desk.on_terminal("login", "--phone", PHONE, typed=typed)
    assert 'if it has not arrived, type "resend" to get it by phone call.' in screen
    assert screen.rstrip().endswith(f"logged in as Nadia (…45).\r\n{NEXT}")
    assert server.calls("auth.resendCode") == 1


def test_code_stays_valid_when_the_server_has_no_other_method(desk: Desk, server: Telegram) -> None:
    codes(server, timeout=0)
    server.order("fault", spec="auth.resendCode:rpc(406,SEND_CODE_UNAVAILABLE)")
    done = log_in(desk, "resend", CODE)
    assert (done.status, done.errors) == (0, [])
    assert "the server has no other method left to send a code; the one already sent is still valid." in done.err


# no code


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ways": ["set_up_email"]}, "no code was sent: this account must set up a login e-mail first."),
        ({"instead": "payment"}, "no code was sent: SMS to this number are expensive"),
        ({"ways": ["firebase"]}, "the server offers only an SMS that official apps can request."),
    ],
)
def test_no_prompt_for_a_code_that_cannot_arrive(
    desk: Desk, server: Telegram, fields: dict[str, Any], said: str
) -> None:
    codes(server, **fields)
    screen = desk.on_terminal("login", "--phone", PHONE)
    assert "Code:" not in screen
    done = log_in(desk, CODE)
    assert (done.status, len(done.errors), said in done.errors[0]) == (4, 1, True)
    assert server.calls("auth.signIn") == 0


def test_logged_in_session_prompts_for_nothing(desk: Desk, server: Telegram) -> None:
    codes(server, instead="success")
    done = log_in(desk)
    assert (done.status, done.err) == (0, "logged in as Nadia (…45).\n")
    assert desk.do("login").err == "already logged in as Nadia (…45).\n"


@pytest.mark.parametrize(
    "refusal",
    [
        (400, "PHONE_NUMBER_BANNED", 4, "that phone number is banned."),
        (400, "PHONE_NUMBER_FLOOD", 4, "too many codes were requested for that number."),
        (406, "PHONE_NUMBER_INVALID", 4, "the server does not accept that phone number."),
        (400, "PHONE_NUMBER_UNOCCUPIED", 4, "no account has that phone number."),
        (406, "PHONE_PASSWORD_FLOOD", 4, "too many wrong passwords or logins."),
        (400, "API_ID_INVALID", 2, "the server does not accept telegram.api_id and telegram.api_hash."),
        (400, "API_ID_PUBLISHED_FLOOD", 2, "this api_id was published somewhere and no longer works."),
        (420, "FLOOD_WAIT_4000", 5, "Run `telekeep login` again in 4001 s"),
    ],
)
def test_each_refusal_is_one_line_and_its_exit_status(
    desk: Desk, server: Telegram, refusal: tuple[int, str, int, str]
) -> None:
    code, name, status, said = refusal
    server.order("refuse_phone", phone=PHONE, code=code, name=name)
    done = log_in(desk, CODE)
    assert (done.status, len(done.err.splitlines()), said in done.err) == (status, 1, True)
    assert name not in done.err


def test_flood_wait_is_kept_so_that_the_next_login_does_not_ask(desk: Desk, server: Telegram) -> None:
    server.order("refuse_phone", phone=PHONE, code=420, name="FLOOD_WAIT_4000")
    assert [log_in(desk, CODE).status for _ in range(2)] == [5, 5]
    assert server.calls("auth.sendCode") == 1


def test_no_account_is_created_and_an_expired_code_is_rejected(desk: Desk, server: Telegram) -> None:
    codes(server, signs_up=True)
    done = log_in(desk, CODE)
    assert (done.status, "terms of service" in done.errors[0]) == (4, True)
    codes(server, lifetime=-1.0)
    done = log_in(desk, CODE)
    assert (done.status, "the login code has expired." in done.errors[0]) == (4, True)


# who it is


def test_accounts_shows_each_owner_and_only_two_digits_of_the_number(desk: Desk) -> None:
    desk.environment["TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__REQUESTS_PER_SECOND"] = "0"
    assert log_in(desk, CODE).status == 0
    second = desk.do("login", "-vv", "--account", "second", "--phone", GUARDED, stdin=f"{GUARDED_CODE}\n{PASSWORD}\n")
    assert second.err.splitlines()[-1] == "logged in as Test (…77)."
    rows = orjson.loads(desk.do("accounts", "--json").out)
    assert [(row["account"], row["first_name"], row["phone_end"]) for row in rows] == [
        ("default", "Nadia", "45"),
        ("second", "Test", "77"),
    ]
    assert [line.split("\t")[-1] for line in desk.do("accounts").out.splitlines()] == ["Nadia (…45)", "Test (…77)"]
    assert "Nadia (…45)" in desk.on_terminal("accounts")
    for path in desk.archive.rglob("*"):
        for number in (PHONE, GUARDED):
            assert not path.is_file() or number[5:].encode() not in path.read_bytes(), path


def test_refusal_of_a_named_account_says_which_and_how_it_logs_in(desk: Desk) -> None:
    desk.environment["TELEKEEP_TELEGRAM__ACCOUNTS__SECOND__REQUESTS_PER_SECOND"] = "0"
    done = desk.run("login", "--account", "second", "--phone", PHONE, stdin="11111\n22222\n33333\n")
    assert done.status == 4
    assert done.errors[-1].startswith("telekeep: account second: the code was wrong.")
    assert "`telekeep login --account second`" in done.errors[-1]


@pytest.mark.parametrize("variable", [False, True])
def test_api_hash_in_the_place_of_the_api_id_is_not_shown(desk: Desk, variable: bool) -> None:
    typed = "feedc0dedeadbeeffeedc0dedeadbee0"
    desk.secrets.append(typed)
    if variable:
        desk.environment["TELEKEEP_TELEGRAM__API_ID"] = typed
    else:
        desk.settle(api_id=f'api_id = "{typed}"')
    done = desk.run("login")
    assert (done.status, done.out, len(done.errors)) == (2, "", 1)
    assert "telegram.api_id in" in done.err
    _, traceback = desk.start("login", "--debug").communicate(timeout=LIMIT)
    assert typed.encode() not in traceback


# the terminal


@pytest.mark.parametrize(("key", "ends"), [("\x03", "^C\r\n"), ("\x04", "the login was not finished")])
@pytest.mark.parametrize("at", ["Phone", "Code", "Password"])
def test_interrupted_prompt_ends_its_line_and_prints_one_message(desk: Desk, at: str, key: str, ends: str) -> None:
    answers = [("Phone number with country code:", GUARDED), ("Code:", GUARDED_CODE), ("Password (hint: a word):", "")]
    known = next(number for number, (prompt, _) in enumerate(answers) if prompt.startswith(at))
    typed = [*answers[:known], (answers[known][0], key)]
    screen = desk.on_terminal("login", typed=typed).replace("\r\n", "\n")
    after = screen.partition(answers[known][0])[2]
    assert "Traceback" not in screen
    assert len([line for line in after.splitlines() if line.strip(" ^CD\b")]) == 1
    assert ends.replace("\r\n", "") in after or at == "Password"  # where nothing is echoed


def test_empty_line_at_a_terminal_is_asked_again(desk: Desk) -> None:
    typed = [("Code:", ""), ("Code: \r\nCode:", CODE)]
    screen = desk.on_terminal("login", "--phone", PHONE, typed=typed)
    assert screen.rstrip().endswith(f"logged in as Nadia (…45).\r\n{NEXT}")


def test_undecodable_answer_is_one_line(desk: Desk) -> None:
    process = desk.start("login", "--phone", PHONE, stdin=subprocess.PIPE)
    out, err = process.communicate(b"\xff\xfe\n", LIMIT)
    assert (process.returncode, out, b"is not UTF-8 text" in err) == (4, b"", True)
    closed = f"import os; os.close(0); os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'archiver', 'login'])"
    done = desk.end(desk.start(args=[sys.executable, "-c", closed], stdin=None))
    assert (done.status, len(done.errors)) == (4, 1)
