"""Every error that users may see: each says what is wrong, what it means and what to do.

Error                       exit 2   failure with a sentence for the user; no traceback
├── UsageError              exit 2   the command or the settings are wrong
│   └── NotConfigured       exit 2   a setting is missing without which the command cannot work
├── NotFound                exit 2   no such channel, message or archive
│   └── NoArchive           exit 2   there is no archive where the settings say
│   └── KnownAbsent         exit 1   an answer of the server proved that there was no such message
├── LoginNeeded             exit 4   no session, or the server no longer accepts it
├── FloodWait               exit 5   the server ordered a pause; `seconds`
├── Unreachable             exit 2   the server cannot be reached or does not answer
├── ChannelError                     one channel cannot be mirrored; the others continue
│   ├── ChannelInaccessible exit 2   private, or this account is banned from it
│   ├── ChannelGone         exit 2   banned or deleted, or no channel has the username
│   ├── StaleAccess         exit 2   the access hash belongs to another account: resolve the username again
│   └── LostState           exit 2   the server no longer knows the pts: read the history again
├── MessageRefused          exit 2   the server refuses one message; retrying does not help
├── UnreadableObject        exit 2   an object of a newer TL layer than this version knows
├── ServerFault             exit 2   the server failed; retrying later may help
│   ├── Implausible         exit 2   the answer cannot be true; nothing of it is stored
│   ├── ReferenceExpired    exit 2   a file is asked for with a reference that no longer counts
│   ├── PartRefused         exit 2   the server does not give parts of this size
│   └── FileRefused         exit 2   the server refuses a file, and names the reason
├── Busy                    exit 2   another process holds the archive or the session
└── IntegrityError          exit 6   stored data differs from what was written
"""

from __future__ import annotations

import sys
from pathlib import Path

from archiver.duration import in_words, moment
from config.accounts import DEFAULT

_LONG = 600
"""Shortest wait, in seconds, that is also given in words."""


class Error(Exception):
    """A failure with a sentence for the user; `hint` says what to do."""

    exit_status = 2
    depends_on_settings = False
    """Whether to add which settings file was read."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message} {self.hint}" if self.hint else message


class UsageError(Error):
    """The command or the settings are wrong."""


class BlockedPath(UsageError):
    """A link or something else is in the place of one stored file or its directory; others are not concerned."""


class NotFound(Error):
    """No such channel, message or archive."""


class KnownAbsent(NotFound):
    """A server answer proved that the message did not exist."""

    exit_status = 1


class NotConfigured(UsageError):
    """A setting is missing without which the command cannot work."""

    depends_on_settings = True


class NoArchive(NotFound):
    """There is no archive in the configured directory."""

    depends_on_settings = True

    def __init__(self, directory: object) -> None:
        super().__init__(
            f"there is no archive in {directory}.",
            hint="Set archive.dir to where it is, or start one: `telekeep login`, then `telekeep add CHANNEL`;"
            " or `telekeep import PATH`.",
        )


class LoginNeeded(Error):
    """No session, or the server no longer accepts it."""

    exit_status = 4


class FloodWait(Error):
    """The server ordered to wait `seconds` before the next call of `method`."""

    exit_status = 5

    def __init__(self, seconds: int, *, method: str, now: float | None = None, ordered: float | None = None) -> None:
        """`now`: unix time, to name the end; `ordered`: seconds, if the server ordered more than is obeyed."""
        words = f" ({in_words(seconds)}, until {moment(now + seconds)})" if now and seconds >= _LONG else ""
        obeyed = f" (it ordered {in_words(ordered)}; it is retried then)" if ordered else ""
        super().__init__(
            f"the server asks to wait {seconds} s{words} before more {method} calls{obeyed}.",
            hint=f"Nothing is lost: run the same command again in {seconds} s and it continues where it stopped.",
        )
        self.seconds = seconds
        self.method = method


class Unreachable(Error):
    """The server cannot be reached or does not answer."""


class ChannelError(Error):
    """One channel cannot be mirrored; the others continue."""


class ChannelInaccessible(ChannelError):
    """The channel is private, or this account is banned from it."""


class ChannelGone(ChannelError):
    """The channel is banned or deleted, or no channel has the username."""


class StaleAccess(ChannelError):
    """The access hash belongs to another account."""


class LostState(ChannelError):
    """The server no longer knows the channel's pts."""


class MessageRefused(Error):
    """The server refuses one message, and names the reason."""


class UnreadableObject(Error):
    """The answer contains an object of a newer TL layer than this version knows."""

    def __init__(self, constructor_id: int, raw: bytes = b"") -> None:
        super().__init__(f"the server sent an object that this version cannot read ({constructor_id:08x}).")
        self.constructor_id = constructor_id
        self.raw = raw


class ServerFault(Error):
    """The server failed; retrying later may help."""


class Implausible(ServerFault):
    """The answer cannot be true; nothing of it is stored."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the server {what}; nothing of that answer was stored.", hint="Try again later.")


class ReferenceExpired(ServerFault):
    """The file reference no longer counts: look at the message again."""


class PartRefused(ServerFault):
    """The server does not give parts of this size or at this place."""


class FileRefused(ServerFault):
    """The server refuses a file; `name` is its own name for the reason."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the server refuses the file ({name}).")
        self.name = name


class Busy(Error):
    """Another process holds the archive or the session; `holder` is its command, if known."""

    def __init__(self, message: str, *, hint: str | None = None, holder: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.holder = holder


class IntegrityError(Error):
    """Stored data differs from what was written."""

    exit_status = 6


def name_account(error: Error, account: str) -> Error:
    """Name the account in the error's message, and in its login command."""
    if not str(error).startswith(f"account {account}"):
        error.args = (f"account {account}: {error.args[0]}", *error.args[1:])
        error.hint = error.hint and error.hint.replace("`telekeep login`", f"`{login_command(account)}`")
    return error


def install_command(extra: str) -> str:
    """How to install an extra: from the clone, since no package is published, and as telekeep itself was installed."""
    installer = "pipx install --force" if "pipx" in Path(sys.prefix).parts else "pip install"
    return f"{installer} '.[{extra}]' in telekeep's clone"


def login_command(account: str) -> str:
    """The command that logs the account in."""
    return "telekeep login" if account == DEFAULT else f"telekeep login --account {account}"
