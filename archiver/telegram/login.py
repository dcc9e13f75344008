"""Signing in: phone number, code, and the second password where the account has one.

By code only: logins by QR code and with fresh or rented numbers are what gets accounts banned. Nothing of what is
typed here is logged or kept; what stays is the session's key. https://core.telegram.org/api/auth
"""

from __future__ import annotations

from typing import Any, Protocol

from telethon import errors, utils
from telethon.password import compute_check
from telethon.tl import functions, types

from archiver.errors import LoginNeeded
from archiver.telegram.connection import Connection

ATTEMPTS = 3
"""Wrong codes or passwords before the login ends: the server counts them too."""


class Prompts(Protocol):
    """Whom to ask. Each raises LoginNeeded when nobody answers."""

    def phone(self) -> str:
        """The account's phone number, with country code."""
        ...

    def code(self) -> str:
        """The code that the server has sent to the account's devices."""
        ...

    def password(self, hint: str | None) -> str:
        """The account's second password."""
        ...

    def wrong(self, what: str) -> None:
        """Say that the code or password was wrong, before it is asked for again."""
        ...


async def log_in(connection: Connection, prompts: Prompts) -> bool:
    """Sign in; False when the session was logged in already. Raises LoginNeeded, FloodWait, Unreachable, UsageError."""
    try:
        if await connection.is_logged_in():
            return False
    except LoginNeeded:
        # The key is dead (another server, revoked, used twice): only a new one can log in.
        await connection.forget_session()
    typed = prompts.phone()
    phone = utils.parse_phone(typed) or typed
    sent = await _send_code(connection, phone)
    for attempt in range(ATTEMPTS):
        code = prompts.code()
        try:
            await connection.invoke(
                functions.auth.SignInRequest(phone, sent.phone_code_hash, code),
                method="signIn",
                raw_errors=(
                    errors.PhoneCodeInvalidError,
                    errors.PhoneCodeEmptyError,
                    errors.SessionPasswordNeededError,
                ),
            )
            return True
        except errors.SessionPasswordNeededError:
            await _give_password(connection, prompts)
            return True
        except (errors.PhoneCodeInvalidError, errors.PhoneCodeEmptyError) as exc:
            if attempt == ATTEMPTS - 1:
                raise LoginNeeded("the code was wrong.", hint="Run `telekeep login` again for a new one.") from exc
            prompts.wrong("code")
    raise AssertionError("the loop returns or raises")


async def _send_code(connection: Connection, phone: str) -> Any:
    return await connection.invoke(
        functions.auth.SendCodeRequest(phone, connection.api_id, connection.api_hash, types.CodeSettings()),
        method="sendCode",
    )


async def _give_password(connection: Connection, prompts: Prompts) -> None:
    for attempt in range(ATTEMPTS):
        # Each try has a challenge of its own.
        challenge = await connection.invoke(functions.account.GetPasswordRequest(), method="getPassword")
        password = prompts.password(challenge.hint or None)
        try:
            await connection.invoke(
                functions.auth.CheckPasswordRequest(compute_check(challenge, password)),
                method="checkPassword",
                raw_errors=(errors.PasswordHashInvalidError,),
            )
            return
        except errors.PasswordHashInvalidError as exc:
            if attempt == ATTEMPTS - 1:
                raise LoginNeeded("the password was wrong.", hint="Run `telekeep login` again.") from exc
            prompts.wrong("password")
