"""Login: phone number, code, and the second password if the account has one.

By code only: QR code logins and fresh or rented numbers get accounts banned. Nothing that is typed is logged or stored;
only the session's key is kept. https://core.telegram.org/api/auth
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from dataclasses import replace
from typing import Protocol

from telethon import errors
from telethon.tl import TLRequest, functions, types

from archiver.errors import FloodWait, LoginNeeded
from archiver.pacing.scheduler import Priority
from archiver.telegram.authorization import LoggedIn, find_identity, find_login, read_authorization
from archiver.telegram.connection import Connection
from archiver.telegram.faults import translate
from archiver.telegram.second_password import ATTEMPTS, give_password
from archiver.telegram.sent_code import SentCode, clean, read_sent_code, remark_on

RESEND = "resend"
"""Typed instead of the code: send it again, by the next method."""
MAX_RESENDS = 5
MAX_ANSWERS = 30
"""Maximum lines read at the prompt for the code."""
LONGEST_HOLD = 600
"""Maximum seconds that a scripted login waits before it may request another code."""

_WRONG = (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError, errors.CodeInvalidError, errors.CodeEmptyError)
_EXPIRED = (errors.PhoneCodeExpiredError, errors.CodeHashInvalidError, errors.EmailVerifyExpiredError)
_ANY_TIME = (errors.SessionPasswordNeededError, errors.AuthRestartError)
"""Errors that any call of a login may return to direct the next step."""


class _MovedError(Exception):
    """The account's new home does not know the code sent by the old one."""


class Prompts(Protocol):
    """Asks the user. Each question raises LoginNeeded if there is no answer."""

    def phone(self) -> str:
        """The account's phone number, with country code."""
        ...

    def code(self) -> str:
        """The code sent by the server, as typed, or `RESEND`."""
        ...

    def password(self, hint: str | None) -> str:
        """The account's second password."""
        ...

    def wrong(self, what: str) -> None:
        """Report a wrong code or password, before asking again."""
        ...

    def say(self, message: str) -> None:
        """Show a message."""
        ...

    def hold(self, seconds: int) -> bool:
        """Report that another code can be requested only in this many seconds; return whether to wait for that."""
        ...


async def log_in(connection: Connection, prompts: Prompts, *, number: str | None = None) -> LoggedIn:
    """Sign in, unless the session is logged in already; then `number` (digits) is compared with its number.

    Raises LoginNeeded, FloodWait, Unreachable, ServerFault, UsageError.
    """
    if await _is_logged_in(connection):
        return await find_login(connection, number)
    phone = re.sub(r"\D", "", prompts.phone())
    try:
        return await _log_in_with(connection, prompts, phone)
    except FloodWait as exc:
        exc.hint = f"Run `telekeep login` again in {exc.seconds} s for a new code; trying earlier would not help."
        raise


async def _log_in_with(connection: Connection, prompts: Prompts, phone: str) -> LoggedIn:
    try:
        return await _Login(connection, prompts, phone).run()
    except errors.AuthRestartError:
        prompts.say("the server asks to start again with a new code.")
    try:
        return await _Login(connection, prompts, phone).run()
    except errors.AuthRestartError as exc:
        raise translate(exc) from exc


async def _is_logged_in(connection: Connection) -> bool:
    try:
        return await connection.is_logged_in()
    except LoginNeeded as exc:
        if type(exc.__cause__).__name__.startswith("Frozen"):
            raise  # the key is good
        # The key is dead (another server, revoked, used twice): only a new one can log in.
        await connection.forget_session()
        return False


class _Login:
    """The login of one phone number, from sending the code. Raises AuthRestartError if it must start over."""

    def __init__(self, connection: Connection, prompts: Prompts, phone: str) -> None:
        self._connection = connection
        self._prompts = prompts
        self._phone = phone
        self._resends = 0
        self._sent_at = 0.0

    async def run(self) -> LoggedIn:
        try:
            sent = await self._send_code()
            return sent if isinstance(sent, LoggedIn) else await self._sign_in(sent)
        except errors.SessionPasswordNeededError:
            return await give_password(self._connection, self._prompts)

    async def _send_code(self) -> SentCode | LoggedIn:
        api_id, api_hash = self._connection.api_id, self._connection.api_hash
        request = functions.auth.SendCodeRequest(self._phone, api_id, api_hash, types.CodeSettings())
        return await self._take(await self._call(request, "sendCode"))

    async def _sign_in(self, sent: SentCode | LoggedIn) -> LoggedIn:
        wrong, again = 0, ""
        for _ in range(MAX_ANSWERS):
            if isinstance(sent, LoggedIn):
                return sent
            typed, again = again or self._prompts.code(), ""
            if is_resend(typed):
                sent = await self._send_again(sent)
                continue
            if remark := remark_on(sent.delivery, clean(sent.delivery, typed)):
                self._prompts.say(f"{remark} It was not sent: type the code again.")
                continue
            try:
                return await self._offer(sent, typed)
            except _MovedError:
                self._prompts.say("the account has moved to another data centre, which also sends a code.")
                sent, again = await self._send_code(), typed  # usually the same code
            except _WRONG as exc:
                wrong += 1
                if wrong == ATTEMPTS:
                    raise LoginNeeded("the code was wrong.", hint="Run `telekeep login` again for a new one.") from exc
                self._prompts.wrong("code")
        raise LoginNeeded("no code was given.", hint="Run `telekeep login` again when you have it.")

    async def _offer(self, sent: SentCode, typed: str) -> LoggedIn:
        """Sign in with the typed code."""
        code = clean(sent.delivery, typed)
        proof = (
            {"email_verification": types.EmailVerificationCode(code)}
            if sent.delivery.by_email
            else {"phone_code": code}
        )
        request = functions.auth.SignInRequest(self._phone, sent.code_hash, **proof)
        dc = self._connection.dc
        try:
            return read_authorization(await self._call(request, "signIn", *_WRONG, *_EXPIRED, errors.SignInFailedError))
        except (*_EXPIRED, errors.SignInFailedError) as exc:
            # If an answer is lost, the call is repeated, and the code is used up by then.
            if identity := await find_identity(self._connection):
                return LoggedIn(new=True, identity=identity)
            if self._connection.dc != dc:
                raise _MovedError from exc
            raise translate(exc) from exc

    async def _send_again(self, sent: SentCode) -> SentCode | LoggedIn:
        """Request the code by the next method; return the current one if there is none, or not yet."""
        if sent.next_delivery is None:
            self._prompts.say("there is no other way to get a code; the one already sent is still valid.")
            return sent
        left = math.ceil(self._sent_at + sent.timeout - time.monotonic())
        if left > 0:
            if not self._prompts.hold(left):
                return sent
            if left > LONGEST_HOLD:
                raise LoginNeeded(
                    f"another code can be requested only in {left} s.", hint="Run `telekeep login` again then."
                )
            await asyncio.sleep(left)
        return await self._resend(sent)

    async def _resend(self, sent: SentCode) -> SentCode | LoggedIn:
        self._resends += 1
        if self._resends > MAX_RESENDS:
            raise LoginNeeded("too many codes were requested.", hint="Wait an hour, then run `telekeep login` again.")
        request = functions.auth.ResendCodeRequest(self._phone, sent.code_hash)
        try:
            body = await self._call(request, "resendCode", errors.SendCodeUnavailableError)
        except errors.SendCodeUnavailableError as exc:
            if sent.delivery.official_only:
                raise translate(exc) from exc
            self._prompts.say(
                "the server has no other method left to send a code; the one already sent is still valid."
            )
            return replace(sent, next_delivery=None)
        return await self._take(body)

    async def _take(self, body: bytes) -> SentCode | LoggedIn:
        """Report how the code is delivered, and skip a method that does not work here."""
        if int.from_bytes(body[:4], "little") == types.auth.SentCodeSuccess.CONSTRUCTOR_ID:
            return read_authorization(body[4:])
        sent = read_sent_code(body)
        self._sent_at = time.monotonic()
        self._prompts.say(sent.delivery.where)
        if not sent.delivery.official_only:
            if sent.next_delivery is not None:
                after = f" after {sent.timeout} s" if sent.timeout else ""
                self._prompts.say(f'if it has not arrived{after}, type "{RESEND}" to get it {sent.next_delivery}.')
            return sent
        if sent.next_delivery is None:
            raise LoginNeeded(
                "the server offers only an SMS that official apps can request.",
                hint="Log in with an official app first: the code then comes to that app.",
            )
        self._prompts.say(f"requesting the code {sent.next_delivery} instead.")
        return await self._resend(sent)

    async def _call(self, request: TLRequest, method: str, *raw_errors: type[Exception]) -> bytes:
        return await self._connection.call(
            request, method=method, priority=Priority.LIVE, raw_errors=(*_ANY_TIME, *raw_errors)
        )


def is_resend(typed: str) -> bool:
    """Whether this requests another code rather than being one."""
    return typed.strip().strip("\"'`").casefold() == RESEND
