"""A login as the server leads it: every way of the code, what comes instead of one, and each refusal."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from archiver.errors import Error, FloodWait, LoginNeeded, ServerFault, UsageError
from archiver.pacing.scheduler import Scheduler
from archiver.telegram import Connection, Identity, ServerAddress, log_in
from tests.doubles.telegram import faults
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import Account, World
from tests.integration.dcs_rig import PATIENT
from tests.integration.rig import LeapingClock

SEND, RESEND, SIGN_IN, CHECK = "auth.sendCode", "auth.resendCode", "auth.signIn", "auth.checkPassword"


@dataclass
class Person:
    """Answers in this order, and keeps what was said."""

    phone_number: str
    answers: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    patient: bool = True

    def phone(self) -> str:
        return self.phone_number

    def code(self) -> str:
        if not self.answers:
            raise LoginNeeded("no answer.")
        return self.answers.pop(0)

    def password(self, hint: str | None) -> str:
        self.said.append(f"hint {hint}")
        return self.code()

    def wrong(self, what: str) -> None:
        self.said.append(f"wrong {what}")

    def say(self, message: str) -> None:
        self.said.append(message)

    def hold(self, seconds: int) -> bool:
        self.said.append(f"hold {seconds}")
        return self.patient


@pytest.fixture
async def connection(server: Server, account: Account, tmp_path: Path) -> AsyncIterator[Connection]:
    """Nobody is logged in."""
    account.codes.timeout = 0
    address = ServerAddress(api_id=1, api_hash="hash", dc=2, host="127.0.0.1", port=server.port)
    scheduler = Scheduler(0, clock=LeapingClock(server))
    made = Connection(address, tmp_path / "session", scheduler, timeouts=PATIENT)
    yield made
    await made.close()


async def refused(connection: Connection, person: Person) -> Error:
    with pytest.raises(Error) as raised:
        await log_in(connection, person)
    assert len(str(raised.value).splitlines()) == 1
    return raised.value


WAYS = {
    "app": "22222",
    "sms": "2 2222",
    "call": "22-222",
    "email": "22222",
    "fragment": "22222",
    "flash_call": "+44 77 00 90 01 23",
    "missed_call": "+44 77 00 22 222",
    "word": "horse",
    "phrase": "horse  battery",
}
CODES = {"flash_call": "447700900123", "word": "horse", "phrase": "horse battery"}


@pytest.mark.parametrize("way", WAYS)
async def test_code_of_every_way_leads_in(connection: Connection, account: Account, way: str) -> None:
    account.codes.ways, account.code = [way], CODES.get(way, "22222")
    person = Person(account.phone, [WAYS[way]])
    done = await log_in(connection, person)
    assert (done.new, done.identity) == (True, Identity("Test", "45"))
    assert len(person.said) == 1
    assert not (await log_in(connection, Person(""))).new


async def test_resend_goes_on_to_each_next_way_and_says_when_there_is_none(
    connection: Connection, server: Server, account: Account
) -> None:
    account.codes.ways = ["app", "sms", "call"]
    person = Person(account.phone, ["resend", " `Resend` ", "resend", "resend", "22222"])
    assert (await log_in(connection, person)).new
    assert [len(server.called(method)) for method in (SEND, RESEND, SIGN_IN)] == [1, 2, 1]
    none_left = "there is no other way to get a code; the one already sent is still valid."
    assert [line for line in person.said if "digits" in line or "no other way" in line] == [
        "the code was sent to the Telegram app on your other devices (5 digits).",
        "the code was sent by SMS (5 digits).",
        "a phone call is coming: a voice reads out the code (5 digits).",
        none_left,
        none_left,
    ]


async def test_code_is_asked_for_again_only_after_the_timeout(
    connection: Connection, server: Server, account: Account
) -> None:
    account.codes.timeout = 1
    hasty = Person(account.phone, ["resend", "22222"], patient=False)
    assert (await log_in(connection, hasty)).new
    assert "hold 1" in hasty.said
    assert server.called(RESEND) == []
    await connection.forget_session()
    begun = time.monotonic()
    assert (await log_in(connection, Person(account.phone, ["resend", "22222"]))).new
    assert (len(server.called(RESEND)), time.monotonic() - begun >= 1) == (1, True)


async def test_script_does_not_wait_for_hours(connection: Connection, account: Account) -> None:
    account.codes.timeout = 86_400
    assert "only in 86400 s" in str(await refused(connection, Person(account.phone, ["resend"])))


async def test_resending_and_asking_have_an_end(connection: Connection, server: Server, account: Account) -> None:
    account.codes.ways = ["sms", "call"] * 10
    failure = await refused(connection, Person(account.phone, ["resend"] * 50))
    assert (failure.exit_status, len(server.called(RESEND))) == (4, 5)
    account.codes.ways = ["sms"]
    assert "no code was given" in str(await refused(connection, Person(account.phone, ["resend"] * 50)))


async def test_server_without_another_way_leaves_the_code_that_it_sent(
    connection: Connection, server: Server, account: Account
) -> None:
    server.faults.add(RESEND, faults.rpc(406, "SEND_CODE_UNAVAILABLE"))
    person = Person(account.phone, ["resend", "resend", "22222"])
    assert (await log_in(connection, person)).new
    assert len(server.called(RESEND)) == 1
    assert "the server has no other method left to send a code; the one already sent is still valid." in person.said


async def test_sms_of_official_apps_is_passed_over(connection: Connection, server: Server, account: Account) -> None:
    account.codes.ways, account.codes.timeout = ["firebase", "sms"], 60
    person = Person(account.phone, ["22222"])
    assert (await log_in(connection, person)).new
    assert person.said == [
        "the server offers an SMS that only official apps can request (Firebase).",
        "requesting the code by SMS instead.",
        "the code was sent by SMS (5 digits).",
    ]
    assert [len(server.called(method)) for method in (SEND, RESEND)] == [1, 1]


@pytest.mark.parametrize("ways", [["firebase"], ["firebase"] * 20])
async def test_server_that_offers_nothing_else_is_one_line(
    connection: Connection, account: Account, ways: list[str]
) -> None:
    account.codes.ways = ways
    assert (await refused(connection, Person(account.phone))).exit_status == 4


@pytest.mark.parametrize(("way", "said"), [("set_up_email", "login e-mail"), ("payment", "Premium")])
async def test_no_code_is_asked_for_where_none_was_sent(
    connection: Connection, account: Account, way: str, said: str
) -> None:
    if way == "payment":
        account.codes.instead = way
    else:
        account.codes.ways = [way]
    failure = await refused(connection, Person(account.phone, ["22222"]))
    assert (failure.exit_status, said in str(failure)) == (4, True)


async def test_server_that_knows_us_already_needs_no_code(connection: Connection, account: Account) -> None:
    account.codes.instead = "success"
    done = await log_in(connection, Person(account.phone))
    assert (done.new, done.identity) == (True, Identity("Test", "45"))
    assert await connection.is_logged_in()


@pytest.mark.parametrize("wrong", [[], ["nonsense"], ["nonsense", "more"]])
async def test_server_that_wants_the_password_at_once_gets_it(
    connection: Connection, world: World, wrong: list[str]
) -> None:
    guarded = world.add_account("+9996612399", password="horse battery")
    guarded.codes.instead = "password"
    person = Person(guarded.phone, [*wrong, "horse battery"])
    assert (await log_in(connection, person)).identity == Identity("Test", "99")
    assert person.said.count("wrong password") == len(wrong)


async def test_challenge_that_grew_old_is_replaced_for_the_same_password(
    connection: Connection, server: Server, world: World
) -> None:
    guarded = world.add_account("+9996612399", password="horse battery")
    server.faults.add(CHECK, faults.rpc(400, "SRP_ID_INVALID"), times=2)
    person = Person(guarded.phone, ["22222", "horse battery"])
    assert (await log_in(connection, person)).new
    assert (len(server.called(CHECK)), person.answers) == (3, [])
    await connection.forget_session()
    server.faults.add(CHECK, faults.rpc(400, "SRP_ID_INVALID"))
    assert isinstance(await refused(connection, Person(guarded.phone, ["22222", "horse battery"])), ServerFault)
    assert len(server.called(CHECK)) == 6


async def test_three_wrong_passwords_end_it(connection: Connection, server: Server, world: World) -> None:
    guarded = world.add_account("+9996612399", password="horse battery")
    failure = await refused(connection, Person(guarded.phone, ["22222", "a", "b", "c", "horse battery"]))
    assert (failure.exit_status, len(server.called(CHECK))) == (4, 3)


@pytest.mark.parametrize("step", [SEND, SIGN_IN, CHECK])
async def test_restart_begins_again_once(connection: Connection, server: Server, world: World, step: str) -> None:
    guarded = world.add_account("+9996612399", password="horse battery")
    server.faults.add(step, faults.rpc(500, "AUTH_RESTART"), times=1)
    answers = {SEND: [], SIGN_IN: ["22222"], CHECK: ["22222", "horse battery"]}[step]
    person = Person(guarded.phone, [*answers, "22222", "horse battery"])
    assert (await log_in(connection, person)).new
    assert (len(server.called(SEND)), person.said.count("the server asks to start again with a new code.")) == (2, 1)
    await connection.forget_session()
    server.faults.add(step, faults.rpc(500, "AUTH_RESTART"))
    failure = await refused(connection, Person(guarded.phone, [*answers, *answers]))
    assert (failure.exit_status, len(server.called(SEND))) == (2, 4)


async def test_answer_that_was_lost_with_the_line_is_no_failed_login(
    connection: Connection, server: Server, account: Account
) -> None:
    server.faults.add(SIGN_IN, faults.half(4), times=1)
    done = await log_in(connection, Person(account.phone, ["22222"]))
    assert (done.new, done.identity) == (True, Identity("Test", "45"))
    assert len(server.called(SIGN_IN)) == 2


async def test_code_grows_old(connection: Connection, server: Server, account: Account) -> None:
    account.codes.lifetime = -1
    failure = await refused(connection, Person(account.phone, ["22222"]))
    assert (failure.exit_status, "expired" in str(failure), len(server.called(SIGN_IN))) == (4, True, 1)


async def test_nobody_is_signed_up(connection: Connection, server: Server, account: Account) -> None:
    account.codes.signs_up = True
    failure = await refused(connection, Person(account.phone, ["22222"]))
    assert (failure.exit_status, "creates no accounts" in str(failure)) == (4, True)
    assert server.called("auth.signUp") == []
    assert not await connection.is_logged_in()


REFUSALS = [
    (SEND, 406, "PHONE_NUMBER_INVALID", LoginNeeded, "country code"),
    (SEND, 400, "PHONE_NUMBER_BANNED", LoginNeeded, "banned"),
    (SEND, 400, "PHONE_NUMBER_FLOOD", LoginNeeded, "Wait a day"),
    (SEND, 400, "PHONE_NUMBER_UNOCCUPIED", LoginNeeded, "no account has that phone number"),
    (SEND, 400, "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN", LoginNeeded, "Sign up with an official app"),
    (SEND, 406, "PHONE_PASSWORD_FLOOD", LoginNeeded, "Wait a day"),
    (SEND, 400, "PHONE_PASSWORD_PROTECTED", LoginNeeded, "protected by a password"),
    (SEND, 400, "SMS_CODE_CREATE_FAILED", LoginNeeded, "SMS"),
    (SEND, 406, "SEND_CODE_UNAVAILABLE", LoginNeeded, "no other way"),
    (SEND, 400, "API_ID_INVALID", UsageError, "my.telegram.org"),
    (SEND, 400, "API_ID_PUBLISHED_FLOOD", UsageError, "my.telegram.org"),
    (SEND, 406, "UPDATE_APP_TO_LOGIN", UsageError, "Upgrade"),
    (SEND, 403, "RECAPTCHA_CHECK_signup__6Lc-key", LoginNeeded, "official app"),
    (SEND, 420, "FLOOD_WAIT_86000", FloodWait, "again in 86001 s for a new code"),
    (SIGN_IN, 400, "PHONE_CODE_EXPIRED", LoginNeeded, "expired"),
    (SIGN_IN, 400, "PHONE_NUMBER_UNOCCUPIED", LoginNeeded, "no account"),
    (SIGN_IN, 400, "EMAIL_VERIFY_EXPIRED", LoginNeeded, "e-mail"),
    (SIGN_IN, 400, "EMAIL_UNCONFIRMED_6", LoginNeeded, "e-mail"),
    (SIGN_IN, 406, "UPDATE_APP_TO_LOGIN", UsageError, "Upgrade"),
    (SIGN_IN, 500, "SIGN_IN_FAILED", ServerFault, "failed to log this account in"),
    (SIGN_IN, 401, "USER_DEACTIVATED_BAN", LoginNeeded, "banned"),
    (SIGN_IN, 420, "FLOOD_WAIT_3600", FloodWait, "again in 3601 s for a new code"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal[0]} {refusal[2]}")
async def test_each_refusal_is_asked_once_and_said_in_words(
    connection: Connection, server: Server, account: Account, refusal: tuple[str, int, str, type[Error], str]
) -> None:
    step, code, name, kind, said = refusal
    server.faults.add(step, faults.rpc(code, name))
    failure = await refused(connection, Person(account.phone, ["22222"]))
    assert (type(failure), len(server.called(step))) == (kind, 1)
    assert said in str(failure)
    assert not any(words in str(failure) for words in (name, "Error", account.phone))


@pytest.mark.parametrize("name", ["PHONE_CODE_INVALID", "PHONE_CODE_EMPTY", "CODE_INVALID"])
async def test_wrong_code_is_asked_for_again_and_three_end_it(
    connection: Connection, server: Server, account: Account, name: str
) -> None:
    server.faults.add(SIGN_IN, faults.rpc(400, name), times=2)
    assert (await log_in(connection, Person(account.phone, ["11111", "33333", "22222"]))).new
    await connection.forget_session()
    server.faults.add(SIGN_IN, faults.rpc(400, name))
    failure = await refused(connection, Person(account.phone, ["11111", "33333", "44444", "22222"]))
    assert (failure.exit_status, len(server.called(SIGN_IN))) == (4, 6)


async def test_frozen_account_keeps_its_session(connection: Connection, server: Server, account: Account) -> None:
    await log_in(connection, Person(account.phone, ["22222"]))
    server.faults.add("updates.getState", faults.rpc(420, "FROZEN_METHOD_INVALID"))
    assert "frozen" in str(await refused(connection, Person(account.phone)))
    server.faults.clear("updates.getState")
    assert not (await log_in(connection, Person(account.phone))).new
