"""The one Telethon client: transport, login and TL types; all uses of Telethon's private API are in this package.

Connecting: `server_address`, `data_centres` and `route` know the servers, `session` stores the keys, `client` is
Telethon's, `dialling` connects, `reconnecting` supervises; `connection_errors` and `transport_errors` explain failures.
Calling: `connection` is the entry point, `attempts` retries, `timeouts` sets limits, `faults` translates errors, and
`migration` follows the account to another data centre with an `exported_authorization`.
Reading: `answers`, `vectors` and `pushes` parse, `packets` and `unpacking` limit sizes, `source` implements
`archiver.mirror.source.Source`, `takeout` is an export session; `files` gets parts of files, over `file_connections`.
Login: `login` signs in, `sent_code` describes the code, `second_password` and `authorization` finish it.
https://docs.telethon.dev, https://core.telegram.org/mtproto
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archiver.telegram.authorization import Identity, LoggedIn
    from archiver.telegram.connection import Callbacks, Connection
    from archiver.telegram.data_centres import DcAddress
    from archiver.telegram.files import FileServers
    from archiver.telegram.login import Prompts, log_in
    from archiver.telegram.pushes import Hint
    from archiver.telegram.server_address import ServerAddress
    from archiver.telegram.session import has_session
    from archiver.telegram.source import TelegramSource
    from archiver.telegram.takeout import Takeout
    from archiver.telegram.timeouts import SERVICE, Timeouts

__all__ = [
    "SERVICE",
    "Callbacks",
    "Connection",
    "DcAddress",
    "FileServers",
    "Hint",
    "Identity",
    "LoggedIn",
    "Prompts",
    "ServerAddress",
    "Takeout",
    "TelegramSource",
    "Timeouts",
    "has_session",
    "log_in",
]

_PLACES = {
    "Identity": "authorization",
    "LoggedIn": "authorization",
    "Callbacks": "connection",
    "Connection": "connection",
    "DcAddress": "data_centres",
    "FileServers": "files",
    "Prompts": "login",
    "log_in": "login",
    "Hint": "pushes",
    "ServerAddress": "server_address",
    "has_session": "session",
    "TelegramSource": "source",
    "Takeout": "takeout",
    "SERVICE": "timeouts",
    "Timeouts": "timeouts",
}
"""The module of each name: imported when it is asked for, since `verify` needs none of them."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    return found
