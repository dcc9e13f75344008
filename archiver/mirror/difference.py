"""Asking what happened since a pts, and believing only what can have happened.

https://core.telegram.org/api/updates
"""

from __future__ import annotations

from archiver.errors import Implausible, LostState
from archiver.mirror.source import Source
from archiver.model.plausible import LEAP, check_difference, told_ids
from archiver.model.record import Difference
from archiver.store.channel import Mirrored


async def ask_difference(source: Source, channel: Mirrored, access_hash: int, pts: int) -> Difference:
    """A difference that can be believed; a doubtful one is asked for a second time.

    Raises LostState where the server itself was never at our pts, Implausible.
    """
    difference = await _look(source, channel, access_hash, pts)
    if difference is None or _is_doubtful(difference, pts):
        # Was it the answer, or what it tells of?
        difference = await _look(source, channel, access_hash, pts)
    if difference is None:
        raise Implausible("answered with events that cannot have happened")
    if difference.pts < pts and not difference.too_long:
        raise LostState("the server is at an earlier state of the channel than it said before.")
    return difference


def _is_doubtful(difference: Difference, pts: int) -> bool:
    return difference.unread_posts or difference.unread_events or difference.pts < pts


async def _look(source: Source, channel: Mirrored, access_hash: int, pts: int) -> Difference | None:
    """A difference; None when it tells what cannot be. A post far above all others must be there if asked for."""
    try:
        difference = await source.get_difference(channel.channel_id, access_hash, pts=pts)
        check_difference(difference)
    except Implausible:
        return None
    top_id = max(told_ids(difference), default=0)
    if channel.top_id and top_id - channel.top_id > LEAP:
        there, _ = await source.get_messages(channel.channel_id, access_hash, (top_id,))
        return difference if there else None
    return difference
