"""Former names of channels in a query (`channel:old`): resolve them, and say so in one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from archiver.compose.named_channel import load_former_names
from archiver.compose.remarks import Remarks
from archiver.model.row import ChannelName
from archiver.reading.former_names import Formerly, find_formerly
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names


class FormerLookups(Mapping[str, frozenset[int]]):
    """The ids of the channels that once had each name (lower case); remembers which names were asked for."""

    def __init__(self, former: Sequence[Formerly] = (), known: Sequence[ChannelName] = ()) -> None:
        self._former = former
        self._known = known
        self._asked: dict[str, None] = {}

    @classmethod
    async def load(cls, conn: Connection) -> Self:
        """Read the former names of all channels."""
        known = await read(conn, list_names)
        channels = {channel.channel_id: channel for channel in known}
        names = await load_former_names(conn, known)
        return cls([Formerly(channels[one.channel_id], one) for one in names], known)

    def __getitem__(self, name: str) -> frozenset[int]:
        """The channels that once had this name; usernames come before titles."""
        found = self._find(name)
        if not found:
            raise KeyError(name)
        self._asked[name] = None
        return frozenset(one.channel.channel_id for one in found)

    def __iter__(self) -> Iterator[str]:
        return iter({one.lost.name.lower() for one in self._former})

    def __len__(self) -> int:
        return len({one.lost.name.lower() for one in self._former})

    def usernames(self, channel_id: int) -> list[str]:
        """The usernames that this channel once had."""
        return [one.lost.name for one in self._former if one.channel.channel_id == channel_id and not one.lost.is_title]

    def report(self, remarks: Remarks) -> None:
        """Note what each former name in the query refers to now."""
        for name in self._asked:
            for one in self._find(name):
                remarks.note(self._describe(name, one))

    def _find(self, name: str) -> list[Formerly]:
        return find_formerly(name, [one.lost for one in self._former], self._known)

    def _describe(self, name: str, one: Formerly) -> str:
        owner = next((channel for channel in self._known if name in _lower_names(channel)), None)
        if owner is None or owner.channel_id == one.channel.channel_id:
            return f"{one.describe()}."
        return f"{one.describe_owner(owner)}."


def _lower_names(channel: ChannelName) -> set[str]:
    return {name.lower() for name in (channel.username, channel.alias, channel.title, *channel.usernames) if name}
