"""Types of identifiers, so that mypy finds swapped arguments; what people call a channel that has only an id."""

from __future__ import annotations

from typing import NewType

AccessHash = NewType("AccessHash", int)
"""What one account needs, besides the channel's id, to request a channel. Valid for that account only."""

ChannelId = NewType("ChannelId", int)
"""A channel, without the -100 of a marked id."""

MessageId = NewType("MessageId", int)
"""A message's number within its channel."""


def label_channel(name: str, title: str | None) -> str:
    """A channel's name as people read it: the title, too, if the name is only its id."""
    return f"{title} ({name})" if title not in (None, "", name) and name.isascii() and name.isdecimal() else name
