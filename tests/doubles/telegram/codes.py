"""How an account's login codes go: by which ways, how long they hold, and what is answered instead of one.

https://core.telegram.org/api/auth. `account.codes.ways = ["app", "sms"]` sends the first by auth.sendCode and each next
one by auth.resendCode; after the last comes SEND_CODE_UNAVAILABLE.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from telethon.tl import types

WAYS = {
    "app": lambda code, _: types.auth.SentCodeTypeApp(len(code)),
    "sms": lambda code, _: types.auth.SentCodeTypeSms(len(code)),
    "call": lambda code, _: types.auth.SentCodeTypeCall(len(code)),
    "flash_call": lambda _, says: types.auth.SentCodeTypeFlashCall(says.get("pattern", "+4477*")),
    "missed_call": lambda code, says: types.auth.SentCodeTypeMissedCall(says.get("prefix", "+4477"), len(code)),
    "email": lambda code, says: types.auth.SentCodeTypeEmailCode(says.get("email", "n***a@example.org"), len(code)),
    "set_up_email": lambda *_: types.auth.SentCodeTypeSetUpEmailRequired(),
    "fragment": lambda code, says: types.auth.SentCodeTypeFragmentSms(
        says.get("url", "https://fragment.com/login/1"), len(code)
    ),
    "firebase": lambda code, _: types.auth.SentCodeTypeFirebaseSms(len(code)),
    "word": lambda code, _: types.auth.SentCodeTypeSmsWord(code[:1]),
    "phrase": lambda code, _: types.auth.SentCodeTypeSmsPhrase(code[:2]),
}
NEXT = {
    "sms": types.auth.CodeTypeSms,
    "word": types.auth.CodeTypeSms,
    "phrase": types.auth.CodeTypeSms,
    "firebase": types.auth.CodeTypeSms,
    "call": types.auth.CodeTypeCall,
    "flash_call": types.auth.CodeTypeFlashCall,
    "missed_call": types.auth.CodeTypeMissedCall,
    "fragment": types.auth.CodeTypeFragmentSms,
}


@dataclass
class Codes:
    """Of one account; every field may be changed at any time."""

    ways: list[str] = field(default_factory=lambda: ["app", "sms", "call"])
    says: dict[str, str] = field(default_factory=dict)  # pattern, prefix, email, url
    timeout: int | None = 60
    lifetime: float = 300.0  # seconds of the world until PHONE_CODE_EXPIRED
    attempts: int = 5  # wrong codes until PHONE_CODE_EXPIRED
    instead: str | None = None  # of a code: "payment", "success", "password" (what a known logout token brings)
    signs_up: bool = False  # signIn answers auth.authorizationSignUpRequired, as for a number that nobody has

    def sent(self, code: str, turn: int, code_hash: str) -> types.auth.SentCode:
        following = self.ways[turn + 1] if turn + 1 < len(self.ways) else None
        return types.auth.SentCode(
            WAYS[self.ways[turn]](code, self.says),
            code_hash,
            next_type=NEXT[following]() if following in NEXT else None,
            timeout=self.timeout,
        )


@dataclass
class Pending:
    """A code that was sent to one key and awaits its answer."""

    code_hash: str
    turn: int
    sent_at: float
    wrong: int = 0


def payment_required(code_hash: str) -> types.auth.SentCodePaymentRequired:
    return types.auth.SentCodePaymentRequired(
        store_product="org.example.premium",
        phone_code_hash=code_hash,
        support_email_address="sms@example.org",
        support_email_subject="sms fee",
        premium_days=7,
        currency="USD",
        amount=99,
    )


def sign_up_required() -> types.auth.AuthorizationSignUpRequired:
    terms = types.help.TermsOfService(types.DataJSON('"1"'), "Be kind.", [], min_age_confirm=16)
    return types.auth.AuthorizationSignUpRequired(terms)


def is_right(way: str, code: str, request: Any) -> bool:
    """Whether auth.signIn brings the code, in the field that its way asks for."""
    if way == "email":
        return getattr(request.email_verification, "code", None) == code
    return bool(request.phone_code == code)
