"""What people type or paste for a channel or a message, taken apart. Pure; nothing is looked up here.

A channel: its alias, `@name` or `name`, a link (`t.me/name`, `t.me/s/name`, `t.me/c/ID/N`, `name.t.me`, `tg://...`,
`web.telegram.org/k/#@name`), its bare id, or the marked id `-100ID` that other tools show. A message: a channel and
`/ID`, or a message's link. Whatever else it is, the error says what. https://core.telegram.org/api/links

`pasted` takes off what a document or a chat leaves around a name, `links` reads links, `kinds` knows what is no
channel, and `parse` is the way in.
"""

from __future__ import annotations

from archiver.address.parse import parse_channel, parse_message
from archiver.address.pasted import echo, fold_name
from archiver.address.ref import ChannelRef, MessageRef

__all__ = ["ChannelRef", "MessageRef", "echo", "fold_name", "parse_channel", "parse_message"]
