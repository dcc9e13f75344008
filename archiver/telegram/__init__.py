"""The one Telethon client: transport, login and TL types; every private call of Telethon's is in this package.

`address` says whom, `session` keeps the keys, `client` is Telethon's; `data_centres` and `route` know where the servers
are, `dialling` connects, `line` keeps the client, `attempts` repeats calls, `moves` follows the account by `tickets`,
`connection` is the door to all that; `answers` and `pushes` read what comes, `unpacking` limits what that may cost,
`faults` and `losses` name errors, `timeouts` says how long, `source` fulfils `archiver.mirror.source.Source`; `takeout`
is a session for reading much; `login` signs in: `sent_code` says where its code comes, `second_password` and
`authorization` finish it.
https://docs.telethon.dev, https://core.telegram.org/mtproto
"""

from __future__ import annotations

from archiver.telegram.authorization import Identity, LoggedIn
from archiver.telegram.connection import Callbacks, Connection
from archiver.telegram.data_centres import DcAddress
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
