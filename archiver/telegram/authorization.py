"""Who is logged in: the little of it that is kept. A person whom this version cannot read is logged in all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telethon.tl import functions, types

from archiver.errors import Error, LoginNeeded, UnreadableObject
from archiver.telegram.answers import read_object
from archiver.telegram.connection import Connection

_LONGEST_NAME = 64
_SHORTEST_NUMBER = 5
"""Digits; of a shorter one two would be half of it."""
_NATIONAL = 7
"""Digits from which a number's end is taken for the number, typed as at home."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Enough to tell one's own accounts apart, and no more."""

    first_name: str
    """As the account's owner wrote it: a stranger's text."""
    phone_end: str
    """The last two digits of the number; empty when the server does not say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """What came of a login."""

    new: bool
    """False: the session was logged in already."""
    identity: Identity | None
    other_number: bool = False
    """The session is of another number than the one that was given."""
    relogin_days: int | None = None
    """The server wants a second password to be set; without one the next login by SMS may have to wait so long."""


def read_authorization(body: bytes) -> LoggedIn:
    """An auth.Authorization. Raises LoginNeeded when the number has no account: nobody is signed up here."""
    constructor = int.from_bytes(body[:4], "little")
    if constructor == types.auth.AuthorizationSignUpRequired.CONSTRUCTOR_ID:
        raise LoginNeeded(
            "no account has that phone number.",
            hint="Sign up with an official app and accept the terms of service there; telekeep creates no accounts.",
        )
    if constructor != types.auth.Authorization.CONSTRUCTOR_ID:
        raise UnreadableObject(constructor, body)
    try:
        authorization = read_object(body)
    except UnreadableObject:
        return LoggedIn(new=True, identity=None)
    days = authorization.otherwise_relogin_days if authorization.setup_password_required else None
    return LoggedIn(new=True, identity=_identity(authorization.user), relogin_days=days)


async def find_login(connection: Connection, given: str | None) -> LoggedIn:
    """Whose session this is, and whether of the number `given` (digits), as far as the server says."""
    user = await _find_user(connection)
    number = _digits(user.phone) if user else ""
    same = given is None or not number or number == given or _is_end(given.lstrip("0"), number)
    return LoggedIn(new=False, identity=_identity(user), other_number=not same)


async def find_identity(connection: Connection) -> Identity | None:
    """Whose session this is; None when the server does not say."""
    return _identity(await _find_user(connection))


async def _find_user(connection: Connection) -> types.User | None:
    request = functions.users.GetUsersRequest([types.InputUserSelf()])
    try:
        users = await connection.invoke(request, method="getUsers")
    except Error:
        return None  # a name only; whether we are logged in was another question
    return next((one for one in users if isinstance(one, types.User)), None) if isinstance(users, list) else None


def _identity(user: Any) -> Identity | None:
    if not isinstance(user, types.User):
        return None
    digits = _digits(user.phone)
    return Identity(
        (user.first_name or "")[:_LONGEST_NAME].strip(), digits[-2:] if len(digits) >= _SHORTEST_NUMBER else ""
    )


def _digits(phone: str | None) -> str:
    return "".join(digit for digit in phone or "" if digit.isdecimal())


def _is_end(given: str, number: str) -> bool:
    """Whether the number was typed without its country code."""
    return len(given) >= _NATIONAL and number.endswith(given)
