"""Parses what people type or paste for a channel or a message. Pure; nothing is looked up.

A channel: its alias, `@name` or `name`, a link (`t.me/name`, `t.me/s/name`, `t.me/c/ID`, `name.t.me`, `tg://...`,
`web.telegram.org/k/#@name`), its bare id, or the marked id `-100ID` that other tools show. A message: a channel and
`/ID`, or a message's link; it is never taken for its channel, except by `parse_address`, for `add`. For anything else
the error says what it is. https://core.telegram.org/api/links

`parse` is the entry point; `pasted` strips what surrounds a pasted name, `links` parses links, `kinds` names links and
words that are not channels.
"""

from __future__ import annotations

from archiver.address.parse import names_message, parse_address, parse_channel, parse_message
from archiver.address.pasted import echo, fold_name
from archiver.address.ref import ChannelRef, MessageRef

__all__ = [
    "ChannelRef",
    "MessageRef",
    "echo",
    "fold_name",
    "names_message",
    "parse_address",
    "parse_channel",
    "parse_message",
]
