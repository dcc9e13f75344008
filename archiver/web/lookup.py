"""What an address names: a channel, with remarks about its name, and dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from archiver.address import parse_message
from archiver.compose.named_channel import find_posted, find_typed
from archiver.compose.read_archive import When, get_mirrored
from archiver.errors import NotFound, UsageError
from archiver.model.row import ChannelName
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names
from archiver.web.site import Asked
from search.errors import DateError
from search.query.dates import Bounds


@dataclass(slots=True)
class KeptRemarks:
    """Collects remarks to show on the page."""

    lines: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep information."""
        self.lines.append(text)

    def warn(self, text: str) -> None:
        """Keep a problem."""
        self.lines.append(text)


def read_bounds(asked: Asked, now: datetime, remarks: KeptRemarks) -> Bounds:
    """The period of `?since=`, `?until=`, `?on=`, in the zone of the reader. Raises DateError."""
    when = When(asked.get("since") or None, asked.get("until") or None, asked.get("on") or None, asked.times.name)
    try:
        return when.resolve(now, remarks=remarks)
    except DateError as error:
        if error.empty is None:
            raise
        begin, end = (asked.times.text(one.timestamp()) for one in error.empty)
        raise DateError(f"The period is empty: it begins at {begin} and ends before {end}.", hint=error.hint) from None


class FoundChannel(NamedTuple):
    """A channel, and all others by id."""

    name: ChannelName
    mirrored: Mirrored
    known: dict[int, ChannelName]
    remarks: list[str]


async def find_channel(conn: Connection, word: str, message_id: int | None = None) -> FoundChannel:
    """The channel that the word names, the one that has or had this message if several bore it. Raises NotFound."""
    known, remarks = await read(conn, list_names), KeptRemarks()
    try:
        if message_id is None:
            name = await find_typed(conn, word, known, remarks=remarks)
        else:
            name = await find_posted(conn, parse_message(f"{word}/{message_id}"), known, remarks=remarks)
    except UsageError as error:
        raise NotFound(str(error.args[0]), hint=error.hint) from None
    mirrored = await get_mirrored(conn, name.channel_id)
    return FoundChannel(name, mirrored, {one.channel_id: one for one in known}, remarks.lines)
