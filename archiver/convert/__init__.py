"""Converts Telegram's TL objects to records: pure, complete, never fatal.

`message` is the entry point. `text`, `media` (with `files`, `webpage`, `poll`), `rich`, `markup` and `action` convert
the content of a message, `context` and `peers` its origin, replies and names, `plain` anything else without loss;
`content` defines when content has changed. Telethon's types are used here and in `archiver.telegram` only.
"""

from __future__ import annotations

from archiver.convert.channel import convert_channel
from archiver.convert.event import convert_difference_event
from archiver.convert.message import convert_message, convert_stub, is_empty
from archiver.convert.peers import Peers

__all__ = ["Peers", "convert_channel", "convert_difference_event", "convert_message", "convert_stub", "is_empty"]
