"""Telegram's objects to records: pure, complete, never fatal.

`message` is the way in; `media`, `files` and `poll` hold what hangs on a message, `text` its marks, `rich` its blocks,
`markup` its buttons, `peers` the names; `plain` turns anything else into JSON without loss; `content` says what counts
as another content. Telethon's types are known here and in `archiver.telegram` only.
"""

from __future__ import annotations

from archiver.convert.channel import convert_channel
from archiver.convert.event import convert_difference_event
from archiver.convert.message import convert_message, convert_stub, is_empty
from archiver.convert.peers import Peers

__all__ = ["Peers", "convert_channel", "convert_difference_event", "convert_message", "convert_stub", "is_empty"]
