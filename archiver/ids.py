"""Types of identifiers, so that mypy finds swapped arguments."""

from __future__ import annotations

from typing import NewType

AccessHash = NewType("AccessHash", int)
"""What one account needs, besides the channel's id, to request a channel. Valid for that account only."""

ChannelId = NewType("ChannelId", int)
"""A channel, without the -100 of a marked id."""

MessageId = NewType("MessageId", int)
"""A message's number within its channel."""
