"""What the workers see of the network: the protocol that `telegram` fulfils.

Terminology: a *page* is one answer of the history, newest first; *pts* is a channel's event counter; a *difference*
is what happened since a pts; *too long* means that the server will not tell it all.

Contract of every method: it returns within its time limit or raises; it never joins, marks as read or counts a view;
a flood wait is raised as `FloodWait` after the server's order has been made known to the pacer; a lost connection is
mended inside, a few times, before `Unreachable` is raised. Calling twice is harmless.
"""

from __future__ import annotations

from typing import Protocol

from archiver.record import Channel, Difference, HistoryPage, Message


class Source(Protocol):
    """The network as the workers see it; see the module for the contract."""

    async def resolve_username(self, username: str) -> Channel:
        """The channel that holds a public name now. Scarce: a few a day. Raises ChannelGone, ChannelInaccessible."""
        ...

    async def get_channel(self, channel_id: int, access_hash: int) -> Channel:
        """The channel's present attributes, `about` and counts included. Raises ChannelError."""
        ...

    async def get_history(self, channel_id: int, access_hash: int, *, offset_id: int, limit: int = 100) -> HistoryPage:
        """Messages with an id below `offset_id` (0: from the newest), newest first. Raises ChannelError."""
        ...

    async def get_difference(self, channel_id: int, access_hash: int, *, pts: int, limit: int = 100) -> Difference:
        """What happened since `pts`. Raises ChannelError."""
        ...

    async def get_messages(
        self, channel_id: int, access_hash: int, message_ids: tuple[int, ...]
    ) -> tuple[tuple[Message, ...], frozenset[int]]:
        """Those of the messages that exist now, and the ids that the server names as empty. Raises ChannelError."""
        ...
