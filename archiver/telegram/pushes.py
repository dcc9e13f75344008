"""Pushed updates: read only for the channels they concern, never stored, never in the way of an answer.

Telethon puts each update into a queue that nothing here would empty.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from archiver.ids import ChannelId

log = logging.getLogger(__name__)

Hint = Callable[[ChannelId], None]
"""Called with the id of a channel that may have changed."""


class UpdateQueue:
    """Replaces Telethon's queue of updates: passes on the channel ids and drops the updates."""

    def __init__(self, hint: Hint | None) -> None:
        self._hint = hint

    def put_nowait(self, pushed: Any) -> None:
        """Pass on the channels of an update. Never raises: it runs in the loop that receives answers."""
        if self._hint is None:
            return
        try:
            for channel_id in set(named_channels(pushed)):
                self._hint(channel_id)
        except Exception as exc:  # noqa: BLE001  # a lost hint costs nothing: the probe finds the change
            log.debug("unreadable push: %s", type(exc).__name__)


def named_channels(pushed: Any) -> Iterator[ChannelId]:
    """The channels that an Updates, UpdatesCombined or UpdateShort concerns."""
    for update in getattr(pushed, "updates", None) or (getattr(pushed, "update", None),):
        message_peer = getattr(getattr(update, "message", None), "peer_id", None)
        for place in (update, message_peer, getattr(update, "peer", None)):
            channel_id = getattr(place, "channel_id", None)
            if isinstance(channel_id, int):
                yield ChannelId(channel_id)
