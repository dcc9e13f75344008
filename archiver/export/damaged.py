"""Messages that an export leaves out because the archive's file is damaged there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from archiver.export.manifest import ChannelPart
from archiver.ids import ChannelId, MessageId


class Damaged:
    """Their ids, by channel."""

    def __init__(self) -> None:
        self._ids: dict[ChannelId, list[MessageId]] = {}

    def add(self, channel_id: ChannelId, message_id: MessageId) -> None:
        """Record a message that is left out."""
        self._ids.setdefault(channel_id, []).append(message_id)

    def __len__(self) -> int:
        """Number of messages left out."""
        return sum(map(len, self._ids.values()))

    def qualify(self, parts: Iterable[ChannelPart]) -> Sequence[ChannelPart]:
        """The channels, marked incomplete where messages are left out."""
        return [self._qualified(part) for part in parts]

    def _qualified(self, part: ChannelPart) -> ChannelPart:
        ids = self._ids.get(part.name.channel_id)
        if not ids:
            return part
        found = part.completeness
        shortfall = replace(found.shortfall, damaged=len(ids))
        return replace(part, completeness=replace(found, shortfall=shortfall, damaged_ids=tuple(sorted(ids))))
