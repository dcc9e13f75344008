"""Every error that people may see; each says what is wrong, what it means and what to do.

Error                       exit 2   failure with a sentence for the user; no traceback
├── UsageError              exit 2   the command or the settings are wrong
├── NotFound                exit 2   no such channel, message or archive
├── LoginNeeded             exit 4   no session, or the server no longer accepts it
├── FloodWait               exit 5   the server ordered a pause; `seconds`
├── Unreachable             exit 2   the server cannot be reached or does not answer
├── ChannelError                     one channel cannot be mirrored; the others go on
│   ├── ChannelInaccessible exit 2   private, or this account is shut out
│   ├── ChannelGone         exit 2   banned, deleted, or no such name
│   ├── StaleAccess         exit 2   the access hash is not this account's: resolve again
│   └── LostState           exit 2   the server no longer knows the pts: walk the history again
├── MessageRefused          exit 2   the server will not give one message; asking again does not help
├── UnreadableObject        exit 2   an object of a newer layer than this version knows
├── ServerFault             exit 2   the server failed; trying again later may help
│   └── Implausible         exit 2   the answer claims what cannot be; nothing of it is stored
├── Busy                    exit 2   another process holds the archive or the session
└── IntegrityError          exit 6   something stored is not what was stored
"""

from __future__ import annotations

from archiver.duration import in_words, moment
from config.accounts import DEFAULT

_LONG = 600
"""Seconds from which a wait is said in words too."""


class Error(Exception):
    """A failure with a sentence for the user; `hint` says what to do."""

    exit_status = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message} {self.hint}" if self.hint else message


class UsageError(Error):
    """The command or the settings are wrong."""


class NotFound(Error):
    """No such channel, message or archive."""


class LoginNeeded(Error):
    """No session, or the server no longer accepts it."""

    exit_status = 4


class FloodWait(Error):
    """The server ordered a pause of `seconds`."""

    exit_status = 5

    def __init__(self, seconds: int, *, method: str, now: float | None = None, ordered: float | None = None) -> None:
        """`now`: unix time, to say until when; `ordered`: seconds, where the order is longer than it is obeyed."""
        words = f" ({in_words(seconds)}, until {moment(now + seconds)})" if now and seconds >= _LONG else ""
        obeyed = f" (it ordered {in_words(ordered)}; it is asked again then)" if ordered else ""
        super().__init__(
            f"the server asks to wait {seconds} s{words} before more {method} calls{obeyed}.",
            hint=f"Nothing is lost: run the same command again in {seconds} s and it goes on where it stopped.",
        )
        self.seconds = seconds
        self.method = method


class Unreachable(Error):
    """The server cannot be reached or does not answer."""


class ChannelError(Error):
    """One channel cannot be mirrored; the others go on."""


class ChannelInaccessible(ChannelError):
    """The channel is private, or this account is shut out."""


class ChannelGone(ChannelError):
    """The channel is banned or deleted, or the name belongs to nobody."""


class StaleAccess(ChannelError):
    """The access hash is not this account's."""


class LostState(ChannelError):
    """The server no longer knows the channel's pts."""


class MessageRefused(Error):
    """The server will not give one message, for the reason that it names."""


class UnreadableObject(Error):
    """The answer holds an object of a newer layer than this version knows."""

    def __init__(self, constructor_id: int, raw: bytes = b"") -> None:
        super().__init__(f"the server sent an object that this version cannot read ({constructor_id:08x}).")
        self.constructor_id = constructor_id
        self.raw = raw


class ServerFault(Error):
    """The server failed; trying again later may help."""


class Implausible(ServerFault):
    """The answer claims what cannot be; nothing of it is stored."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the server {what}; nothing of that answer was stored.", hint="Try again later.")


class Busy(Error):
    """Another process holds the archive or the session; `holder` is its command, where that is known."""

    def __init__(self, message: str, *, hint: str | None = None, holder: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.holder = holder


class IntegrityError(Error):
    """Something stored is not what was stored."""

    exit_status = 6


def say_whose(error: Error, account: str) -> Error:
    """The same error, which says of which account it speaks, and how that one logs in."""
    if not str(error).startswith(f"account {account}"):
        error.args = (f"account {account}: {error.args[0]}", *error.args[1:])
        error.hint = error.hint and error.hint.replace("`telekeep login`", f"`{login_command(account)}`")
    return error


def login_command(account: str) -> str:
    """What logs the account in."""
    return "telekeep login" if account == DEFAULT else f"telekeep login --account {account}"
