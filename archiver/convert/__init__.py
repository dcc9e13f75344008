"""Telegram's objects to records: pure, complete, never fatal.

`message` is the way in. `text`, `media` (with `files`, `webpage`, `poll`), `rich`, `markup` and `action` turn what a
message holds, `context` and `peers` what stands around it, `plain` anything else without loss; `content` says what
counts as another content. Telethon's types are known here and in `archiver.telegram` only.
"""

from __future__ import annotations

from archiver.convert.channel import convert_channel
from archiver.convert.event import convert_difference_event
from archiver.convert.message import convert_message, convert_stub, is_empty
from archiver.convert.peers import Peers

__all__ = ["Peers", "convert_channel", "convert_difference_event", "convert_message", "convert_stub", "is_empty"]
