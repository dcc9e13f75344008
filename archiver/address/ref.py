"""References to a channel or a message, as typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from archiver.errors import UsageError
from archiver.ids import ChannelId, MessageId

# Telegram assigns names of 4 letters and more; whether a shorter one exists is for the server to say.
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
NUMBER = re.compile(r"[0-9]+")
MARKED = re.compile(r"-(?:100[0-9]+|1[0-9]{12})")
_MARK = 10**12
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """A channel as typed: by id or by name."""

    channel_id: ChannelId | None = None
    """Bare positive id."""
    name: str | None = None
    """A username or an alias, without @."""
    public: bool = False
    """Whether the name can only be a username: typed with @ or as a link."""

    def __str__(self) -> str:
        if self.channel_id is not None:
            return str(self.channel_id)
        return f"@{self.name}" if self.public else str(self.name)

    @property
    def may_be_username(self) -> bool:
        """Whether the name is a syntactically valid username."""
        return self.name is not None and USERNAME.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message as typed."""

    channel: ChannelRef
    message_id: MessageId


class ParsedAddress(NamedTuple):
    """A parsed address: a channel, or one message of it."""

    channel: ChannelRef
    message_id: MessageId | None = None
    other: str | None = None
    """What it refers to, if neither the channel nor a message: "a story"."""


def read_channel_id(digits: str) -> ChannelId:
    """The bare id of a bare or marked one. Raises UsageError."""
    number = int(digits[:25])  # a longer one is out of range anyway, and slow to parse
    if number < 0:
        # The marked id is -(10^12 + id); for ids of ten digits it looks like -100 and the id, and people shorten it so.
        number = -number - _MARK if -number > _MARK else int(digits[:25].removeprefix("-100"))
    if not 0 < number <= _MAX_ID:
        raise UsageError(f"{digits[:25]} is not a valid channel id.")
    return ChannelId(number)


def read_message_id(digits: str) -> MessageId:
    """The message's id. Raises UsageError if no message can have it."""
    number = int(digits[:25])
    if not 0 < number < 2**31:
        raise UsageError(f"{digits[:25]} is not a valid message id: those go from 1 to {2**31 - 1}.")
    return MessageId(number)
