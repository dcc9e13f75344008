"""How far a channel is mirrored, as each page needs it. Reading only."""

from __future__ import annotations

from typing import NamedTuple

from archiver.ids import ChannelId
from archiver.store.channels.channel import ChannelState
from archiver.store.database import Reader


class Checkpoint(NamedTuple):
    """Whether a channel is mirrored, and how far."""

    generation: int
    pts: int | None
    state: ChannelState


def find_checkpoint(conn: Reader, channel_id: ChannelId) -> Checkpoint | None:
    """The channel's current generation, pts and state; None for an unknown channel."""
    query = "SELECT generation, pts, state FROM channel WHERE channel_id = ?"
    return next((Checkpoint(*row) for row in conn.execute(query, (channel_id,))), None)
