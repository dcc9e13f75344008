"""Translates Telethon's errors to ours by a table of class names; any other error is a ServerFault."""

from __future__ import annotations

from collections.abc import Callable

from telethon import errors as tl

from archiver.convert.canonical import snake_name
from archiver.errors import (
    ChannelGone,
    ChannelInaccessible,
    Error,
    LoginNeeded,
    LostState,
    ServerFault,
    StaleAccess,
    UsageError,
)
from archiver.telegram.unpacking import GARBLED, TOO_LARGE, UNPACKED_MB

LOGIN_AGAIN = "Run `telekeep login`; the archive is not affected."

_NEW_CODE = "Run `telekeep login` again for a new one. Telegram cancels a code as soon as you send it in a chat."
_SIGN_UP = "Sign up with an official app first; telekeep creates no accounts."
_USE_APP = "Log in with an official app first and resolve it there."

_TABLE: dict[str, Callable[[], Error]] = {
    "ChannelPrivateError": lambda: ChannelInaccessible("the channel is private, or this account is banned from it."),
    "ChatForbiddenError": lambda: ChannelInaccessible("the channel is closed to this account."),
    "ChatAdminRequiredError": lambda: ChannelInaccessible("this account lacks the rights to read the channel."),
    "UserBannedInChannelError": lambda: ChannelInaccessible("this account is banned from the channel."),
    "ChannelBannedError": lambda: ChannelGone("Telegram has banned the channel."),
    "ChannelPublicGroupNaError": lambda: ChannelGone("the channel no longer exists."),
    "ChatRestrictedError": lambda: ChannelInaccessible("the channel is restricted for this account."),
    "UsernameNotOccupiedError": lambda: ChannelGone(
        "no channel has that username.", hint="Check the spelling; the channel may have changed its username."
    ),
    "UsernameInvalidError": lambda: ChannelGone(
        "that is not a valid username.", hint="Check its spelling in an app or at t.me/name."
    ),
    "ChannelInvalidError": lambda: StaleAccess("the server does not accept this account's access hash for it."),
    "PeerIdInvalidError": lambda: StaleAccess("the server does not accept this account's access hash for it."),
    "MsgIdInvalidError": lambda: StaleAccess("the server does not accept this account's access hash for it."),
    "PersistentTimestampInvalidError": lambda: LostState("the server does not accept the channel's pts."),
    "PersistentTimestampEmptyError": lambda: LostState("the server does not accept the channel's pts."),
    "AuthKeyUnregisteredError": lambda: LoginNeeded("the session is logged out.", hint=LOGIN_AGAIN),
    "AuthKeyNotFound": lambda: LoginNeeded("the server does not know this session.", hint=LOGIN_AGAIN),
    "AuthKeyInvalidError": lambda: LoginNeeded("the server does not accept this session.", hint=LOGIN_AGAIN),
    "AuthKeyPermEmptyError": lambda: LoginNeeded("the session is logged out.", hint=LOGIN_AGAIN),
    "SessionRevokedError": lambda: LoginNeeded("the session was ended from another device.", hint=LOGIN_AGAIN),
    "SessionExpiredError": lambda: LoginNeeded("the session has expired.", hint=LOGIN_AGAIN),
    "SessionPasswordNeededError": lambda: LoginNeeded("the login was not finished.", hint=LOGIN_AGAIN),
    "AuthKeyDuplicatedError": lambda: LoginNeeded(
        "the session was used in two places at once and is no longer valid.",
        hint="Use a session in one place only, then run `telekeep login`.",
    ),
    "UserDeactivatedError": lambda: LoginNeeded("the account was deleted.", hint="Log in with another account."),
    "UserDeactivatedBanError": lambda: LoginNeeded("the account was banned.", hint="Log in with another account."),
    "FrozenMethodInvalidError": lambda: LoginNeeded(
        "the account is frozen by the server.", hint="Open an official app with this account to see why."
    ),
    "FrozenParticipantMissingError": lambda: LoginNeeded(
        "the account is frozen by the server.", hint="Open an official app with this account to see why."
    ),
    "PeerFloodError": lambda: LoginNeeded(
        "the account is limited by the server for too many requests.", hint="Do not use it for a few days."
    ),
    "PhoneNumberInvalidError": lambda: LoginNeeded(
        "the server does not accept that phone number.", hint="Include the country code, as in +49..."
    ),
    "PhoneNumberUnoccupiedError": lambda: LoginNeeded("no account has that phone number.", hint=_SIGN_UP),
    "PhoneNotOccupiedError": lambda: LoginNeeded("no account has that phone number.", hint=_SIGN_UP),
    "PhoneNumberAppSignupForbiddenError": lambda: LoginNeeded("no account has that phone number.", hint=_SIGN_UP),
    "PhoneNumberBannedError": lambda: LoginNeeded("that phone number is banned.", hint="Use another account."),
    "PhoneNumberFloodError": lambda: LoginNeeded("too many codes were requested for that number.", hint="Wait a day."),
    "PhonePasswordFloodError": lambda: LoginNeeded("too many wrong passwords or logins.", hint="Wait a day."),
    "PhonePasswordProtectedError": lambda: LoginNeeded(
        "that phone number is protected by a password; no code is sent to it.", hint=_USE_APP
    ),
    "PhoneCodeExpiredError": lambda: LoginNeeded("the login code has expired.", hint=_NEW_CODE),
    "PhoneCodeHashEmptyError": lambda: LoginNeeded("the login code has expired.", hint=_NEW_CODE),
    "PhoneHashExpiredError": lambda: LoginNeeded("the login code has expired.", hint=_NEW_CODE),
    "CodeHashInvalidError": lambda: LoginNeeded("the login code has expired.", hint=_NEW_CODE),
    "EmailVerifyExpiredError": lambda: LoginNeeded("the code sent by e-mail has expired.", hint=_NEW_CODE),
    "EmailHashExpiredError": lambda: LoginNeeded("the code sent by e-mail has expired.", hint=_NEW_CODE),
    "EmailUnconfirmedError": lambda: LoginNeeded("the account's login e-mail is not confirmed.", hint=_USE_APP),
    "EmailInvalidError": lambda: LoginNeeded("the account's login e-mail is not valid.", hint=_USE_APP),
    "SendCodeUnavailableError": lambda: LoginNeeded(
        "the server has no other way to send a code to that number.", hint="Wait a few hours, then try again."
    ),
    "SmsCodeCreateFailedError": lambda: LoginNeeded("the server could not send an SMS.", hint="Try again later."),
    "SignInFailedError": lambda: ServerFault("the server failed to log this account in.", hint="Try again later."),
    "AuthRestartError": lambda: ServerFault("the server keeps restarting the login.", hint="Try again later."),
    "ApiIdInvalidError": lambda: UsageError(
        "the server does not accept telegram.api_id and telegram.api_hash.",
        hint="Get your own at my.telegram.org, under API development tools.",
    ),
    "ApiIdPublishedFloodError": lambda: UsageError(
        "this api_id was published somewhere and no longer works.", hint="Get your own at my.telegram.org."
    ),
    "UpdateAppToLoginError": lambda: UsageError(
        "the server requires a newer client for logins.", hint="Upgrade telekeep."
    ),
}
"""Name of Telethon's error class -> our error. By name, because classes come and go between its versions."""

_UNPACKABLE = {
    TOO_LARGE: (f"the server sent an answer of more than {UNPACKED_MB} MB unpacked.", "It was discarded unread."),
    GARBLED: ("the server sent an answer that cannot be unpacked.", "Nothing of it is stored; try again later."),
}

_FOR_APPS_ONLY = ("RECAPTCHA_CHECK_", "INTEGRITY_CHECK_", "APNS_VERIFY_CHECK_")
"""Error names that ask an official app to prove itself before the call is answered."""

MIGRATIONS = (tl.PhoneMigrateError, tl.NetworkMigrateError, tl.UserMigrateError)
"""The account, or the owner of that phone number, belongs to another data centre."""

_TRANSIENT = ("ServerError", "TimedOutError", "RpcCallFailError", "RpcMcgetFailError", "InterdcCallErrorError")

_ON_CONNECTION = (
    "ConnectionNotInitedError",
    "ConnectionLayerInvalidError",
    "ConnectionAppVersionEmptyError",
    "ConnectionDeviceModelEmptyError",
    "ConnectionLangPackInvalidError",
    "ConnectionSystemEmptyError",
    "ConnectionSystemLangCodeEmptyError",
    "InputLayerInvalidError",
    "MsgWaitFailedError",
)


def concerns_connection(error: BaseException) -> bool:
    """Whether the server lost or refused the first message of the connection: every other call on it will fail too."""
    return type(error).__name__ in _ON_CONNECTION


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed a little later: an internal server error, except for 501, which is final."""
    if isinstance(error, (tl.ServerError, tl.TimedOutError)):
        return True
    code = getattr(error, "code", None)
    return type(error).__name__ in _TRANSIENT or (
        isinstance(code, int) and ((code >= 500 and code != 501) or code == -503)
    )


def flood_seconds(error: BaseException) -> int | None:
    """Seconds that the server orders us to wait; None if this is not a flood wait."""
    if isinstance(error, (tl.FloodWaitError, tl.FloodPremiumWaitError, tl.FloodTestPhoneWaitError)):
        return max(int(error.seconds), 1)
    return None


def server_name(error: BaseException) -> str:
    """The server's own name of this error, such as `RPC_CALL_FAIL`; never the name of a Telethon class."""
    # Telethon's specific classes keep only the category in `message`; the generic ones have nothing else.
    nameless = type(error).__module__.endswith("rpcbaseerrors")
    said = str(getattr(error, "message", None) or "") if nameless else ""
    return said or snake_name(type(error).__name__.removesuffix("Error")).upper()


def translate(error: BaseException) -> Error:
    """Our error for one of Telethon's; an error that is not in the table becomes a ServerFault with its name."""
    for cls in type(error).__mro__:
        if make := _TABLE.get(cls.__name__):
            return make()
    name = server_name(error)
    if name in (TOO_LARGE, GARBLED):
        message, hint = _UNPACKABLE[name]
        return ServerFault(message, hint=hint)
    if isinstance(error, tl.UnauthorizedError):
        return LoginNeeded(f"the server does not treat this session as logged in ({name[:80]}).", hint=LOGIN_AGAIN)
    if name.startswith(_FOR_APPS_ONLY):
        return LoginNeeded(
            "the server demands proof that this is an official app.",
            hint="Log in with an official app first, or try again later.",
        )
    # Never the error's whole text: Telethon includes the request, with its peers.
    return ServerFault(f"the server answered {name[:80]}.")
