"""Why a message is not archived, in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from archiver.ids import MessageId
from archiver.reading.coverage_report import iter_runs
from archiver.store.channels.channel import Mirrored
from archiver.store.database import Connection
from archiver.store.imports.imported_channel import is_unaccounted

WhyState: TypeAlias = Literal["beyond", "absent", "outside", "not fetched", "not imported"]


class NotArchived(NamedTuple):
    """What is known about an id that is not archived."""

    state: WhyState
    """`beyond`: above the highest known id."""
    why: str
    """As the end of a sentence."""


async def find_why_not_archived(
    conn: Connection,
    channel: Mirrored,
    message_id: MessageId,
    *,
    moment: Callable[[float], str],
    day: Callable[[float], str],
) -> NotArchived:
    """Find out why the message is not in the archive. `moment`, `day`: how to write a time."""
    if is_unaccounted(channel):
        return NotArchived("not imported", "no import has it.")
    if message_id > channel.top_id:
        known = f"the highest known id of the channel is {channel.top_id}."
        if channel.last_sync_at:
            known = f"the highest known id of the channel at {moment(channel.last_sync_at)} is {channel.top_id}."
        return NotArchived("beyond", known)
    run = next(await iter_runs(conn, channel, lo=message_id, hi=message_id))
    if run.state == "absent":
        return NotArchived("absent", _describe_absent(moment(run.noticed) if run.noticed else None))
    if run.state == "outside":
        if channel.window_start:
            return NotArchived(
                "outside", f"it is older than the mirrored window, which begins {day(channel.window_start)}."
            )
        return NotArchived("outside", "it is older than the mirrored window.")
    if channel.imported_only:
        return NotArchived("not fetched", "the archive that was imported had not fetched it.")
    return NotArchived("not fetched", "it is not fetched yet.")


def _describe_absent(noticed: str | None) -> str:
    """In whole sentences, since each is translated."""
    if noticed is None:
        return "the channel had no such message; it never existed, or was deleted before it was seen."
    return (
        f"the channel had no such message when it was read ({noticed});"
        " it never existed, or was deleted before it was seen."
    )
