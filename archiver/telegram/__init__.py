"""The one Telethon client: transport, login and TL types; every private call of Telethon's is in this package.

`address` says whom, `session` keeps the key, `client` is Telethon's, `connection` asks on it, `answers` reads what came
with its exact bytes, `faults` names errors, `source` fulfils `archiver.source.Source`, `login` signs in.
https://docs.telethon.dev, https://core.telegram.org/mtproto
"""

from __future__ import annotations

from archiver.telegram.address import Address
from archiver.telegram.connection import SERVICE, Connection, Patience
from archiver.telegram.login import Prompts, log_in
from archiver.telegram.session import has_session
from archiver.telegram.source import TelegramSource

__all__ = ["SERVICE", "Address", "Connection", "Patience", "Prompts", "TelegramSource", "has_session", "log_in"]
