"""Fetch the difference since a pts, and reject implausible ones. https://core.telegram.org/api/updates"""

from __future__ import annotations

from archiver.errors import Implausible, LostState
from archiver.ids import AccessHash
from archiver.mirror.source import Source
from archiver.model.plausible import LEAP, check_difference, shown_ids
from archiver.model.record import Difference
from archiver.store.channels.channel import Mirrored


async def ask_difference(source: Source, channel: Mirrored, access_hash: AccessHash, pts: int) -> Difference:
    """Fetch a plausible difference; a doubtful one is fetched twice.

    Raises LostState if the server itself has not reached our pts, Implausible.
    """
    difference = await _fetch_plausible(source, channel, access_hash, pts)
    if difference is None or _is_doubtful(difference, pts):
        # A second answer shows whether the first one was faulty, or the events really are so.
        difference = await _fetch_plausible(source, channel, access_hash, pts)
    if difference is None:
        raise Implausible("answered with impossible events")
    if difference.pts < pts and not difference.too_long:
        raise LostState("the server's state of the channel is older than one it reported before.")
    return difference


def _is_doubtful(difference: Difference, pts: int) -> bool:
    return difference.unread_posts or difference.unread_events or difference.pts < pts


async def _fetch_plausible(source: Source, channel: Mirrored, access_hash: AccessHash, pts: int) -> Difference | None:
    """A difference; None if it is implausible. A post far above all others must exist when requested by id."""
    try:
        difference = await source.get_difference(channel.channel_id, access_hash, pts=pts)
        check_difference(difference)
    except Implausible:
        return None
    top_id = max(shown_ids(difference), default=0)
    if channel.top_id and top_id - channel.top_id > LEAP:
        there, _ = await source.get_messages(channel.channel_id, access_hash, (top_id,))
        return difference if there else None
    return difference
