"""Every way of a login code that the TL layer knows is named, and what people type becomes the code."""

from __future__ import annotations

import inspect
import struct
from typing import Any

import pytest
from telethon.tl import types

from archiver.errors import LoginNeeded, UnreadableObject
from archiver.telegram.sent_code import (
    NEXT_DELIVERIES,
    CodeDelivery,
    clean,
    delivery_of,
    next_delivery_of,
    read_sent_code,
    remark_on,
)

HASH = "6e2f1a9bc4d7708833"
FIELDS = {
    "length": 5,
    "pattern": "+4477*",
    "prefix": "+4477",
    "email_pattern": "n***a@example.org",
    "url": "https://fragment.com/login/1",
    "beginning": "ho",
    "reset_available_period": 86_400,
}
SAID = {
    "SentCodeTypeApp": "the code was sent to the Telegram app on your other devices (5 digits).",
    "SentCodeTypeSms": "the code was sent by SMS (5 digits).",
    "SentCodeTypeSmsWord": 'the code was sent by SMS: a word that begins with "ho".',
    "SentCodeTypeSmsPhrase": 'the code was sent by SMS: a phrase that begins with "ho".',
    "SentCodeTypeCall": "a phone call is coming: a voice reads out the code (5 digits).",
    "SentCodeTypeFlashCall": "a flash call is coming, which ends immediately: the code is the calling number (+4477*).",
    "SentCodeTypeMissedCall": (
        "a missed call is coming from +4477…: the code is the last 5 digits of the calling number."
    ),
    "SentCodeTypeEmailCode": (
        "the code was sent by e-mail to n***a@example.org (5 digits)."
        " No access to it? An official app can reset the login e-mail."
    ),
    "SentCodeTypeFragmentSms": (
        "the code is on Fragment (5 digits): log in there as the owner of this anonymous number."
        " https://fragment.com/login/1"
    ),
    "SentCodeTypeFirebaseSms": "the server offers an SMS that only official apps can request (Firebase).",
}


def classes(prefix: str) -> dict[str, Any]:
    return {name: cls for name, cls in inspect.getmembers(types.auth, inspect.isclass) if name.startswith(prefix)}


def made(cls: Any) -> Any:
    wanted = inspect.signature(cls.__init__).parameters
    return cls(**{name: value for name, value in FIELDS.items() if name in wanted})


def sent(kind: Any, **fields: Any) -> bytes:
    return bytes(types.auth.SentCode(kind, HASH, **fields))


@pytest.mark.parametrize("name", sorted(classes("SentCodeType")))
def test_every_delivery_method_of_the_layer_has_a_sentence(name: str) -> None:
    kind = made(classes("SentCodeType")[name])
    if name == "SentCodeTypeSetUpEmailRequired":
        with pytest.raises(LoginNeeded, match=r"no code was sent.*Settings > Privacy and Security > Login Email"):
            read_sent_code(sent(kind))
    else:
        assert read_sent_code(sent(kind)).delivery.where == SAID[name]


@pytest.mark.parametrize("name", sorted(name for name in classes("SentCodeType") if name in SAID))
def test_a_delivery_without_details_is_still_a_sentence(name: str) -> None:
    cls = classes("SentCodeType")[name]
    empty = {
        key: "" if isinstance(FIELDS[key], str) else 0
        for key in inspect.signature(cls.__init__).parameters
        if key in FIELDS
    }
    said = delivery_of(cls(**empty)).where
    assert not any(sign in said for sign in ("None", '""', "  ", "()", " 0 ", " ,"))


@pytest.mark.parametrize("name", sorted(classes("CodeType")))
def test_every_next_method_of_the_layer_has_words(name: str) -> None:
    assert NEXT_DELIVERIES[name] == next_delivery_of(classes("CodeType")[name]())


def test_timeout_and_next_method_come_from_the_server() -> None:
    app = types.auth.SentCodeTypeApp(5)
    code = read_sent_code(sent(app, next_type=types.auth.CodeTypeCall(), timeout=120))
    assert (code.code_hash, code.next_delivery, code.timeout) == (HASH, "by phone call", 120)
    assert (read_sent_code(sent(app)).next_delivery, read_sent_code(sent(app, timeout=-5)).timeout) == (None, 0)


def test_what_a_server_says_of_a_way_is_cut_when_it_is_long() -> None:
    said = delivery_of(types.auth.SentCodeTypeFragmentSms("https://x/" + "a" * 100_000, 5)).where
    assert len(said) < 200


@pytest.mark.parametrize("fields", [{}, {"timeout": 60}, {"next_type": types.auth.CodeTypeSms(), "timeout": 60}])
@pytest.mark.parametrize("inside", [b"", b"\x07\0\0\0", b"\x0ba text first\x0b\0\0\0\0"[:16]])
def test_an_unknown_delivery_method_still_allows_login(fields: dict[str, Any], inside: bytes) -> None:
    known = types.auth.SentCodeTypeApp(5)
    body = sent(known, **fields).replace(bytes(known), struct.pack("<I", 0xDECAFBAD) + inside)
    code = read_sent_code(body)
    assert (code.code_hash, code.timeout, code.delivery.style) == (HASH, fields.get("timeout", 0), "any")
    assert "this version does not know" in code.delivery.where
    assert (code.next_delivery is None) == ("next_type" not in fields)


def test_an_unknown_next_method_hides_nothing_of_the_current_one() -> None:
    following = types.auth.CodeTypeSms()
    body = sent(types.auth.SentCodeTypeCall(5), next_type=following, timeout=60)
    code = read_sent_code(body.replace(bytes(following), struct.pack("<I", 0xDECAFBAD)))
    assert (code.delivery.where, code.next_delivery, code.timeout) == (SAID["SentCodeTypeCall"], "in another way", 60)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 40,
        sent(types.auth.SentCodeTypeApp(5))[:14],
        bytes(types.auth.LoggedOut()),
        struct.pack("<IiI", types.auth.SentCode.CONSTRUCTOR_ID, 6, 0xDECAFBAD),
    ],
)
def test_an_invalid_sent_code_is_reported_as_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableObject):
        read_sent_code(body)


def test_payment_is_said_with_whom_to_ask() -> None:
    sms = types.auth.SentCodePaymentRequired("store", HASH, "sms@example.org", "subject", 7, "USD", 99)
    with pytest.raises(LoginNeeded, match=r"no code was sent: .*Premium.*official app.*sms@example\.org"):
        read_sent_code(bytes(sms))


DIGITS, NUMBER, WORDS = (
    CodeDelivery(where="", length=5),
    CodeDelivery(where="", style="number", length=5),
    CodeDelivery(where="", style="words"),
)


@pytest.mark.parametrize(
    ("delivery", "typed", "code"),
    [
        (DIGITS, "12345", "12345"),
        (DIGITS, " 12 345 ", "12345"),
        (DIGITS, "12-345", "12345"),
        (DIGITS, "12\u2011345", "12345"),
        (DIGITS, "\u200e12345\u202c", "12345"),
        (DIGITS, "١٢٣٤٥", "12345"),
        (DIGITS, "۱۲ ۳۴۵", "12345"),
        (DIGITS, "ab 12", "ab 12"),
        (NUMBER, "+44 7700 912345", "12345"),
        (NUMBER, "12345", "12345"),
        (CodeDelivery(where="", style="number"), "+44 7700 912345", "447700912345"),
        (WORDS, " two   words ", "two words"),
        (WORDS, "12-34", "12-34"),
        (CodeDelivery(where="", style="any"), "12 345", "12345"),
    ],
)
def test_code_is_taken_as_people_type_it(delivery: CodeDelivery, typed: str, code: str) -> None:
    assert clean(delivery, typed) == code


@pytest.mark.parametrize(
    ("delivery", "code", "remark"),
    [
        (DIGITS, "12345", None),
        (DIGITS, "1234", "that is 4 digits; the code has 5."),
        (DIGITS, "1", "that is 1 digit; the code has 5."),
        (DIGITS, "horse", "a code of this kind is digits only."),
        (CodeDelivery(where=""), "1234567", None),
        (WORDS, "horse", None),
        (CodeDelivery(where="", style="any", length=5), "1234", None),
    ],
)
def test_code_of_another_shape_gets_a_remark(delivery: CodeDelivery, code: str, remark: str | None) -> None:
    assert remark_on(delivery, code) == remark
