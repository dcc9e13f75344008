"""What the server sends unasked: read for the channels it is about, never kept, never in the way of an answer.

Telethon puts each push into a queue that nobody here would empty.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

log = logging.getLogger(__name__)

Hint = Callable[[int], None]
"""Told the id of a channel in which something may have happened."""


class UpdateQueue:
    """Stands in for Telethon's queue of updates: channels are told of, nothing is kept or applied."""

    def __init__(self, hint: Hint | None) -> None:
        self._hint = hint

    def put_nowait(self, pushed: Any) -> None:
        """Never fails: it runs where answers are received."""
        if self._hint is None:
            return
        try:
            for channel_id in set(named_channels(pushed)):
                self._hint(channel_id)
        except Exception as exc:  # noqa: BLE001  # a hint that is lost costs nothing: the probe comes by anyway
            log.debug("a push could not be read: %s", type(exc).__name__)


def named_channels(pushed: Any) -> Iterator[int]:
    """The channels that Updates, UpdatesCombined or UpdateShort say something about."""
    for update in getattr(pushed, "updates", None) or (getattr(pushed, "update", None),):
        message_peer = getattr(getattr(update, "message", None), "peer_id", None)
        for place in (update, message_peer, getattr(update, "peer", None)):
            channel_id = getattr(place, "channel_id", None)
            if isinstance(channel_id, int):
                yield channel_id
