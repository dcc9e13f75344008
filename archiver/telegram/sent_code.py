"""How a login code is delivered, what it looks like, and how to get it by another method, as text for the user.

https://core.telegram.org/api/auth: the server chooses the method, gives the length of the code, the next method and the
seconds after which it may be requested. Its details of the method (an address, a number) are untrusted text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from telethon.tl import types

from archiver.errors import LoginNeeded, UnreadableObject
from archiver.telegram.answers import read_object

CodeStyle: TypeAlias = Literal["digits", "number", "words", "any"]
"""Kind of code: digits; digits of the calling number; words; unknown."""

_LONGEST = 80
"""Maximum characters shown of the server's details of a method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDelivery:
    """How a code is delivered, as a sentence, and what it looks like."""

    where: str
    style: CodeStyle = "digits"
    length: int | None = None
    by_email: bool = False
    """Must be returned to the server as an e-mail code."""
    official_only: bool = False
    """Only delivered if an official app requests it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCode:
    """A code that was sent; `code_hash` identifies it to the server."""

    delivery: CodeDelivery
    code_hash: str
    next_delivery: str | None = None
    """How it is delivered if requested again; None: there is no other method."""
    timeout: int = 0
    """Seconds before it may be requested again."""


def read_sent_code(body: bytes) -> SentCode:
    """Parse the answer to auth.sendCode and auth.resendCode. Raises LoginNeeded for methods that cannot work here."""
    try:
        sent = read_object(body)
    except UnreadableObject:
        return _read_newer(body)
    if isinstance(sent, types.auth.SentCodePaymentRequired):
        raise _payment_needed(sent)
    if not isinstance(sent, types.auth.SentCode):
        raise UnreadableObject(sent.CONSTRUCTOR_ID, body)
    if isinstance(sent.type, types.auth.SentCodeTypeSetUpEmailRequired):
        raise LoginNeeded(
            "no code was sent: this account must set up a login e-mail first.",
            hint="Log in with an official app, which asks for it (or Settings > Privacy and Security > Login Email),"
            " then run `telekeep login` again.",
        )
    return SentCode(
        delivery=delivery_of(sent.type),
        code_hash=sent.phone_code_hash,
        next_delivery=sent.next_type and next_delivery_of(sent.next_type),
        timeout=max(sent.timeout or 0, 0),
    )


def delivery_of(kind: Any) -> CodeDelivery:
    """The delivery that this SentCodeType describes."""
    make = DELIVERIES.get(type(kind).__name__)
    return make(kind) if make else _unknown()


def next_delivery_of(kind: Any) -> str:
    """The method that this CodeType names, as in "get the code by SMS"."""
    return NEXT_DELIVERIES.get(type(kind).__name__, "in another way")


def _sms(kind: Any) -> CodeDelivery:
    return CodeDelivery(where=f"the code was sent by SMS{_digits(kind)}.", length=kind.length)


def _secret(kind: Any, what: str) -> CodeDelivery:
    beginning = f' that begins with "{_shown(kind.beginning)}"' if kind.beginning else ""
    return CodeDelivery(where=f"the code was sent by SMS: a {what}{beginning}.", style="words")


def _email(kind: Any) -> CodeDelivery:
    address = f" to {_shown(kind.email_pattern)}" if kind.email_pattern else ""
    reset = " No access to it? An official app can reset the login e-mail." if kind.reset_available_period else ""
    where = f"the code was sent by e-mail{address}{_digits(kind)}.{reset}"
    return CodeDelivery(where=where, length=kind.length, by_email=True)


def _missed_call(kind: Any) -> CodeDelivery:
    caller = f" from {_shown(kind.prefix)}…" if kind.prefix else ""
    end = f"last {count_digits(kind.length)}" if kind.length else "last digits"
    where = f"a missed call is coming{caller}: the code is the {end} of the calling number."
    return CodeDelivery(where=where, style="number", length=kind.length)


def _flash_call(kind: Any) -> CodeDelivery:
    pattern = f" ({_shown(kind.pattern)})" if kind.pattern else ""
    where = f"a flash call is coming, which ends immediately: the code is the calling number{pattern}."
    return CodeDelivery(where=where, style="number")


def _fragment(kind: Any) -> CodeDelivery:
    where = f"the code is on Fragment{_digits(kind)}: log in there as the owner of this anonymous number."
    return CodeDelivery(where=f"{where} {_shown(kind.url)}".rstrip(), length=kind.length)


def _unknown() -> CodeDelivery:
    return CodeDelivery(
        where="the code was sent in a way that this version does not know: check the app, SMS and e-mail.", style="any"
    )


DELIVERIES: dict[str, Callable[[Any], CodeDelivery]] = {
    "SentCodeTypeApp": lambda kind: CodeDelivery(
        where=f"the code was sent to the Telegram app on your other devices{_digits(kind)}.", length=kind.length
    ),
    "SentCodeTypeSms": _sms,
    "SentCodeTypeSmsWord": lambda kind: _secret(kind, "word"),
    "SentCodeTypeSmsPhrase": lambda kind: _secret(kind, "phrase"),
    "SentCodeTypeCall": lambda kind: CodeDelivery(
        where=f"a phone call is coming: a voice reads out the code{_digits(kind)}.", length=kind.length
    ),
    "SentCodeTypeFlashCall": _flash_call,
    "SentCodeTypeMissedCall": _missed_call,
    "SentCodeTypeEmailCode": _email,
    "SentCodeTypeFragmentSms": _fragment,
    "SentCodeTypeFirebaseSms": lambda _: CodeDelivery(
        where="the server offers an SMS that only official apps can request (Firebase).", official_only=True
    ),
}
"""Name of the SentCodeType -> delivery; SentCodeTypeSetUpEmailRequired sends nothing and is an error."""

NEXT_DELIVERIES = {
    "CodeTypeSms": "by SMS",
    "CodeTypeCall": "by phone call",
    "CodeTypeFlashCall": "by flash call",
    "CodeTypeMissedCall": "by missed call",
    "CodeTypeFragmentSms": "on Fragment",
}
"""Name of the CodeType -> how the code is delivered."""


def clean(delivery: CodeDelivery, typed: str) -> str:
    """The code as the server expects it: people add spaces and dashes, and use the digits of their own script."""
    # Invisible marks come along when a code is copied out of a chat.
    visible = "".join(letter for letter in typed if unicodedata.category(letter) != "Cf")
    plain = unicodedata.normalize("NFC", " ".join(visible.split()))
    if delivery.style == "words":
        return plain
    digits = re.sub(r"[\s().+_-]|[\u2010-\u2015]", "", ascii_digits(plain))
    if not digits.isdecimal():
        return plain
    # For a missed call, the end of the number is the code; some type the whole number.
    return digits[-delivery.length :] if delivery.style == "number" and delivery.length else digits


def remark_on(delivery: CodeDelivery, code: str) -> str | None:
    """A remark on an unusual code, which may still be right."""
    if delivery.style not in {"digits", "number"}:
        return None
    if not code.isdecimal():
        return "a code of this kind is digits only."
    if delivery.length and len(code) != delivery.length:
        return f"that is {count_digits(len(code))}; the code has {delivery.length}."
    return None


def ascii_digits(text: str) -> str:
    """The text with the decimal digits of all scripts as 0 to 9."""
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)


def count_digits(number: int) -> str:
    """For example "5 digits"."""
    return f"{number} digit{'' if number == 1 else 's'}"


def _digits(kind: Any) -> str:
    return f" ({count_digits(kind.length)})" if kind.length else ""


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _payment_needed(sent: types.auth.SentCodePaymentRequired) -> LoginNeeded:
    support = f" (questions: {_shown(sent.support_email_address)})" if sent.support_email_address else ""
    return LoginNeeded(
        "no code was sent: SMS to this number are expensive, and the server requires a Premium subscription first.",
        hint=f"Log in with an official app, where it can be bought{support}, then run `telekeep login` again.",
    )


def _read_newer(body: bytes) -> SentCode:
    """Parse a code with a delivery of a newer layer: its hash is the string before the fields of fixed size."""
    flags, end = int.from_bytes(body[4:8], "little"), len(body)
    timeout = 0
    if int.from_bytes(body[:4], "little") != types.auth.SentCode.CONSTRUCTOR_ID:
        raise UnreadableObject(int.from_bytes(body[:4], "little"), body)
    if flags & 4:
        end -= 4
        timeout = max(int.from_bytes(body[end : end + 4], "little", signed=True), 0)
    if flags & 2:
        end -= 4
    try:
        delivery = delivery_of(read_object(body[8:]))
    except UnreadableObject:
        delivery = _unknown()
    next_delivery = "in another way" if flags & 2 else None
    return SentCode(delivery=delivery, code_hash=_text_before(body, end), next_delivery=next_delivery, timeout=timeout)


def _text_before(body: bytes, end: int) -> str:
    """The short TL string that ends at `end`: a length, that many bytes, and zeros up to a multiple of four."""
    for start in range(end - 4, 8, -4):
        length = body[start]
        text, rest = body[start + 1 : start + 1 + length], body[start + 1 + length : end]
        if 0 < length < end - start and len(rest) < 4 and not any(rest) and text.isascii():
            return text.decode("ascii")
    raise UnreadableObject(int.from_bytes(body[8:12], "little"), body)
