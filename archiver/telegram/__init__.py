"""The one Telethon client: transport, login and TL types; every private call of Telethon's is in this package.

`session` keeps the key, `answers` reads what came with its exact bytes, `faults` names errors, `source` fulfils
`archiver.source.Source`, `login` signs in. https://docs.telethon.dev, https://core.telegram.org/mtproto
"""

from __future__ import annotations

from archiver.telegram.source import TelegramSource

__all__ = ["TelegramSource"]
