"""The second password, proved without sending it. https://core.telegram.org/api/srp"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon import errors
from telethon.password import compute_check
from telethon.tl import functions, types

from archiver.errors import LoginNeeded, ServerFault, UsageError
from archiver.pacing.scheduler import Priority
from archiver.telegram.authorization import LoggedIn, read_authorization
from archiver.telegram.connection import Connection

if TYPE_CHECKING:
    from archiver.telegram.login import Prompts

ATTEMPTS = 3
"""Wrong passwords before the login ends: the server counts them too."""
_OLD = (errors.SrpIdInvalidError, errors.SrpPasswordChangedError)
_CHALLENGES = 3
"""Challenges for one typed password: one is too old when the typing took long."""


async def give_password(connection: Connection, prompts: Prompts) -> LoggedIn:
    """Ask for the password until it is right. Raises LoginNeeded after `ATTEMPTS` wrong ones."""
    for left in reversed(range(ATTEMPTS)):
        challenge = await _challenge(connection)
        password = prompts.password(challenge.hint or None)
        try:
            return await _prove(connection, challenge, password)
        except errors.PasswordHashInvalidError as exc:
            if not left:
                hint = "Run `telekeep login` again; an official app can reset a forgotten password."
                raise LoginNeeded("the password was wrong.", hint=hint) from exc
            prompts.wrong("password")
    raise AssertionError("the loop returns or raises")


async def _prove(connection: Connection, challenge: Any, password: str) -> LoggedIn:
    for _ in range(_CHALLENGES):
        try:
            body = await connection.call(
                functions.auth.CheckPasswordRequest(_answer(challenge, password)),
                method="checkPassword",
                priority=Priority.LIVE,
                raw_errors=(*_OLD, errors.PasswordHashInvalidError, errors.AuthRestartError),
            )
            return read_authorization(body)
        except _OLD:
            challenge = await _challenge(connection)
    raise ServerFault("the server takes no answer to its password challenge.", hint="Try again later.")


async def _challenge(connection: Connection) -> Any:
    challenge = await connection.invoke(
        functions.account.GetPasswordRequest(), method="getPassword", raw_errors=(errors.AuthRestartError,)
    )
    if not getattr(challenge, "current_algo", None):
        raise ServerFault("the server asks for a second password, but none is set.", hint="Run `telekeep login` again.")
    if isinstance(challenge.current_algo, types.PasswordKdfAlgoUnknown):
        raise UsageError("this account's second password needs a newer client.", hint="Upgrade telekeep.")
    return challenge


def _answer(challenge: Any, password: str) -> Any:
    try:
        return compute_check(challenge, password)
    except ValueError:
        # `from None`: nothing about a password is ever shown, not even by --debug.
        raise ServerFault(
            "the server's password challenge is not valid, so nothing was sent.", hint="Check whose server it is."
        ) from None
