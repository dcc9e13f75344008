"""How a channel stands, in a line for people: what keeps it from being read, and what brings what is lacking."""

from __future__ import annotations

from pathlib import Path

from archiver.lock import find_holder
from archiver.model.row import iso
from archiver.store.channel import Mirrored
from archiver.store.channel_details import ChannelStatus
from archiver.store.rich import PartCount

_MEANING = {
    "inaccessible": "it cannot be read now; it is private, or this account is shut out",
    "banned": "it was banned or deleted, or nobody holds its name",
    "needs_newer_layer": "it holds what this version cannot read; a newer telekeep can",
    "removed": "it is not mirrored any more",
}


def state_word(channel: Mirrored, now: float) -> str:
    """The state for a column of a table; `set aside` for an active channel that is left in peace for a while."""
    return "set aside" if channel.state == "active" and is_aside(channel, now) else channel.state


def is_aside(channel: Mirrored, now: float) -> bool:
    """Whether the channel is left in peace at present, after failures."""
    return channel.retry_at is not None and channel.retry_at > now


def state_note(channel: Mirrored, standing: ChannelStatus, now: float) -> str | None:
    """What keeps the channel from being mirrored, since when and until when; None when nothing does."""
    aside = f"set aside until {iso(channel.retry_at)}" if is_aside(channel, now) else ""
    reason = standing.last_error if aside else None
    if channel.state == "active":
        times = f" after {channel.failures} failures in a row" if channel.failures > 1 else ""
        return f"{channel.name}: {aside}{times}: {reason or 'it failed'}" if aside else None
    since = f" since {iso(standing.state_since)}" if standing.state_since is not None else ""
    why = channel.state_reason or reason or _MEANING[channel.state]
    return (
        f"{channel.name}: {channel.state}{since}{f', {aside}' if aside else ''}: {why.rstrip('.')}; what is held stays"
    )


def describe_parts(count: PartCount) -> str:
    """How many messages are held in part, and what becomes of them."""
    refused = f", {count.refused} of them refused by the server" if count.refused else ""
    rest = "" if count.refused == count.partial else "; `telekeep run` and `telekeep sync` ask for the rest"
    return f"{count.partial} partial (only the beginning of a rich message is held{refused}){rest}"


def how_to_fetch(channel: Mirrored, directory: Path, *, certain: bool = True) -> str:
    """What brings what was not fetched yet into the archive in the directory, as a sentence. `certain`: the channel
    has, or had, something there."""
    holder = find_holder(directory)
    who = "the service, which runs," if holder and holder.command == "run" else "`telekeep sync`"
    if channel.state == "removed":
        return f"The channel is not mirrored any more; `telekeep add {channel.name}` takes it up again."
    if channel.state in ("inaccessible", "banned"):
        return f"The channel is {channel.state}: {who} fetches it if that changes."
    return f"{who[0].upper()}{who[1:]} fetches it{'' if certain else ', if there is such a message by now'}."
