"""Who is logged in, reduced to the fields that are stored. An unreadable user object does not make a login fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telethon.tl import functions, types

from archiver.errors import Error, LoginNeeded, UnreadableObject
from archiver.telegram.answers import read_object
from archiver.telegram.connection import Connection

_LONGEST_NAME = 64
_SHORTEST_NUMBER = 5
"""Digits; the last two of a shorter number would reveal too much of it."""
_NATIONAL = 7
"""Minimum digits to recognise a number typed without its country code."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Just enough to tell one's own accounts apart."""

    first_name: str
    """As the account's owner wrote it: untrusted text."""
    phone_end: str
    """The last two digits of the phone number; empty if the server does not give it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """Result of a login."""

    new: bool
    """False: the session was logged in already."""
    identity: Identity | None
    other_number: bool = False
    """The session belongs to another number than the one given."""
    relogin_days: int | None = None
    """Days that the next login by SMS may have to wait, unless a second password is set."""


def read_authorization(body: bytes) -> LoggedIn:
    """Parse an auth.Authorization. Raises LoginNeeded if the number has no account: telekeep never signs up."""
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
    """The owner of the session, and whether its number is `given` (digits), as far as the server says."""
    user = await _find_user(connection)
    number = _digits(user.phone) if user else ""
    same = given is None or not number or number == given or _is_end(given.lstrip("0"), number)
    return LoggedIn(new=False, identity=_identity(user), other_number=not same)


async def find_identity(connection: Connection) -> Identity | None:
    """The owner of the session; None if the server does not say."""
    return _identity(await _find_user(connection))


async def _find_user(connection: Connection) -> types.User | None:
    request = functions.users.GetUsersRequest([types.InputUserSelf()])
    try:
        users = await connection.invoke(request, method="getUsers")
    except Error:
        return None  # only the name is lost; the login itself was checked separately
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
