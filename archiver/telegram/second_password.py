"""Login with the second password, by a proof that does not send it. https://core.telegram.org/api/srp"""

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
"""Wrong passwords after which the login ends: the server counts them, too."""
_OLD = (errors.SrpIdInvalidError, errors.SrpPasswordChangedError)
_CHALLENGES = 3
"""Maximum challenges for one typed password: a challenge expires if typing takes long."""


async def give_password(connection: Connection, prompts: Prompts) -> LoggedIn:
    """Ask for the password until it is correct. Raises LoginNeeded after `ATTEMPTS` wrong ones."""
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
    raise ServerFault("the server accepts no answer to its password challenge.", hint="Try again later.")


async def _challenge(connection: Connection) -> Any:
    challenge = await connection.invoke(
        functions.account.GetPasswordRequest(), method="getPassword", raw_errors=(errors.AuthRestartError,)
    )
    if not getattr(challenge, "current_algo", None):
        raise ServerFault(
            "the server asks for a second password, but the account has none.", hint="Run `telekeep login` again."
        )
    if isinstance(challenge.current_algo, types.PasswordKdfAlgoUnknown):
        raise UsageError("this account's second password requires a newer client.", hint="Upgrade telekeep.")
    return challenge


def _answer(challenge: Any, password: str) -> Any:
    try:
        return compute_check(challenge, password)
    except ValueError:
        # `from None`: nothing about a password is ever shown, not even with --debug.
        raise ServerFault(
            "the server's password challenge is not valid, so nothing was sent.", hint="Check which server this is."
        ) from None
