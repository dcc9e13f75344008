"""What the workers see of the network: the protocol that `telegram` fulfils.

Terminology: a *page* is one answer of the history, newest first; *pts* is a channel's event counter; a *difference*
is what happened since a pts; *too long* means that the server will not tell it all.

Contract of every method: it returns within its time limit or raises; it never joins, marks as read or counts a view;
a flood wait is obeyed, or raised as `FloodWait` when it is too long; a lost connection is mended inside. Calling twice,
and from several tasks at the same time, is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

from archiver.model.record import Channel, Difference, HistoryPage, Message, PeerState
from archiver.pacing.scheduler import Priority


class Source(Protocol):
    """The network as the workers see it; see the module for the contract."""

    @property
    def at_once(self) -> int:
        """Pages of the history that may be asked for at the same time to some use."""
        ...

    def at(self, priority: Priority) -> Self:
        """The same source, whose calls are that urgent."""
        ...

    async def resolve_username(self, username: str) -> Channel:
        """The channel that holds a public name now. Scarce: a few a day. Raises ChannelGone, ChannelInaccessible."""
        ...

    async def get_channel(self, channel_id: int, access_hash: int) -> Channel:
        """The channel's present attributes, `about` and counts included. Raises ChannelError."""
        ...

    async def get_history(
        self, channel_id: int, access_hash: int, *, offset_id: int, before: int | None = None, limit: int = 100
    ) -> HistoryPage:
        """Messages with an id below `offset_id` (0: from the newest), newest first. Raises ChannelError.

        `before` (unix seconds), with `offset_id` 0: from the newest that the server counts as older than that.
        """
        ...

    async def get_difference(self, channel_id: int, access_hash: int, *, pts: int, limit: int = 100) -> Difference:
        """What happened since `pts`. Raises ChannelError."""
        ...

    async def get_messages(
        self, channel_id: int, access_hash: int, message_ids: tuple[int, ...]
    ) -> tuple[tuple[Message, ...], frozenset[int]]:
        """Those of the messages that exist now, and the ids that the server names as empty. Raises ChannelError."""
        ...

    async def get_rich_message(self, channel_id: int, access_hash: int, message_id: int) -> Message:
        """A message with the whole of its rich message, of which histories and differences may show only a part.

        Raises MessageRefused where asking again does not help, ServerFault and UnreadableObject where it may,
        ChannelError.
        """
        ...

    async def get_states(self, peers: Sequence[tuple[int, int]]) -> dict[int, PeerState]:
        """The state of up to 100 channels, given as (channel_id, access_hash), in one call: the probe.

        A channel of which the server says nothing is not in it. Raises ChannelError for the whole of it when one of
        the channels is shut to the account, UnreadableObject when it cannot be read.
        """
        ...
