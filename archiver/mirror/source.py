"""The network as the workers see it: a protocol, implemented by `telegram`.

Terminology: a *page* is one answer of the history, newest first; *pts* is a channel's event counter; a *difference*
is the list of events since a pts; *too long* is the server's refusal to list them all.

Contract of every method: it returns within its time limit or raises; it never joins a channel, marks messages as read
or counts as a view; it obeys flood waits, and raises `FloodWait` for one that is too long; it reconnects by itself.
Calls may be repeated, and made from several tasks at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

from archiver.ids import AccessHash, ChannelId, MessageId
from archiver.model.record import Channel, Difference, HistoryPage, Message, PeerState
from archiver.pacing.scheduler import Priority


class HistorySource(Protocol):
    """Gives pages of histories. The contract is in the module's docstring."""

    async def get_history(
        self,
        channel_id: ChannelId,
        access_hash: AccessHash,
        *,
        offset_id: int,
        before: int | None = None,
        limit: int = 100,
    ) -> HistoryPage:
        """Messages with ids below `offset_id` (0: from the newest), newest first. Raises ChannelError.

        `before` (unix seconds) requires `offset_id` 0: start at the newest message the server considers older.
        """
        ...


class Source(HistorySource, Protocol):
    """The network as the workers see it. The contract is in the module's docstring."""

    @property
    def at_once(self) -> int:
        """How many history pages are worth requesting concurrently."""
        ...

    def at(self, priority: Priority) -> Self:
        """The same source with calls of this priority."""
        ...

    async def resolve_username(self, username: str) -> Channel:
        """Resolve a public name: rationed to a few dozen calls a day. Raises ChannelGone, ChannelInaccessible."""
        ...

    async def get_channel(self, channel_id: ChannelId, access_hash: AccessHash) -> Channel:
        """The channel's current attributes, including `about` and counts. Raises ChannelError."""
        ...

    async def get_difference(
        self, channel_id: ChannelId, access_hash: AccessHash, *, pts: int, limit: int = 100
    ) -> Difference:
        """The events since `pts`. Raises ChannelError."""
        ...

    async def get_messages(
        self, channel_id: ChannelId, access_hash: AccessHash, message_ids: tuple[int, ...]
    ) -> tuple[tuple[Message, ...], frozenset[int]]:
        """The requested messages that exist, and the ids the server reports as empty. Raises ChannelError."""
        ...

    async def get_rich_message(self, channel_id: ChannelId, access_hash: AccessHash, message_id: MessageId) -> Message:
        """A message with its complete rich content; histories and differences may show only a part.

        Raises MessageRefused if a retry is pointless, ServerFault or UnreadableObject if it may help, ChannelError.
        """
        ...

    async def get_states(self, peers: Sequence[tuple[ChannelId, AccessHash]]) -> dict[ChannelId, PeerState]:
        """Probe up to 100 channels, given as (channel_id, access_hash), in one call.

        Channels the server does not report are left out. Raises ChannelError for all of them if the account cannot
        access one, UnreadableObject if the answer cannot be read.
        """
        ...
