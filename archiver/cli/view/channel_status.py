"""Describe the state of a channel: why it is not being mirrored, and how to fetch what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from archiver.cli.view.figures import name_few, number
from archiver.cli.view.moments import Moments
from archiver.lock import find_holder
from archiver.model.imported import BY_IMPORT, how_to_mirror
from archiver.store.channels.channel import Mirrored
from archiver.store.channels.channel_details import ChannelStatus
from archiver.store.medium import ARCHIVE_NAME, is_export
from archiver.store.messages.rich import PartCount

_MEANING = {
    "inaccessible": "the channel is private, or this account is banned from it",
    "banned": "the channel was banned or deleted, or no channel has its username",
    "needs_newer_layer": "the channel has content that needs a newer version of telekeep",
    "removed": "no longer mirrored",
}


def state_word(channel: Mirrored, now: float) -> str:
    """Return the state as scripts know it: its names never change. `set aside`: active, and waiting for a retry."""
    return "set aside" if channel.state == "active" and is_backing_off(channel, now) else channel.shown_state


def state_name(channel: Mirrored, now: float) -> str:
    """The state in a table for people; `retrying`: an active channel that waits for a retry."""
    backing_off = channel.state == "active" and is_backing_off(channel, now)
    return "retrying" if backing_off else channel.shown_state.replace("_", " ")


def is_backing_off(channel: Mirrored, now: float) -> bool:
    """Whether the channel waits for a retry after failures."""
    return channel.retry_at is not None and channel.retry_at > now


def state_note(channel: Mirrored, standing: ChannelStatus, moments: Moments) -> str | None:
    """Why the channel is not being mirrored, since when and until when; None if it is."""
    waits = channel.retry_at is not None and is_backing_off(channel, moments.now)
    retry = f"retrying at {moments.at(channel.retry_at)}" if waits and channel.retry_at is not None else ""
    reason = standing.last_error if retry else None
    if channel.state == "active":
        times = f" after {channel.failures:,} failures in a row" if channel.failures > 1 else ""
        return f"{channel.label}: {retry}{times}: {(reason or 'it failed').rstrip('.')}" if retry else None
    since = f" since {moments.at(standing.state_since)}" if standing.state_since is not None else ""
    why = channel.state_reason or reason or _MEANING[channel.state]
    word = channel.shown_state.replace("_", " ")
    if channel.imported_only:  # without a remark that its archive is kept: it was never mirrored
        if why == BY_IMPORT:
            why = f"known only from imports; {how_to_mirror(channel.username)}"
        return f"{channel.label}: {word}{since}: {why.rstrip('.')}"
    return f"{channel.label}: {word}{since}{f', {retry}' if retry else ''}: {why.rstrip('.')}; its archive is kept"


def list_state_notes(channels: Sequence[tuple[Mirrored, ChannelStatus]], moments: Moments) -> Iterator[str]:
    """Notes on channels; channels known only from imports share one line."""
    alone = [one.label for one, _ in channels if _is_import_alone(one)]
    for channel, standing in channels:
        if len(alone) > 1 and _is_import_alone(channel):
            continue
        if note := state_note(channel, standing, moments):
            yield note
    if len(alone) > 1:
        how = how_to_mirror(None, "mirrors one")
        yield f"{name_few(alone)} ({number(len(alone))} channels) are known only from imports; {how}"


def _is_import_alone(channel: Mirrored) -> bool:
    return channel.imported_only and channel.state == "removed" and channel.state_reason == BY_IMPORT


def describe_start(window_start: int, moments: Moments) -> str:
    """The start of a window: the day if that begins then, else the time."""
    is_midnight = moments.clock(window_start).startswith("00:00")
    return moments.date(window_start) if is_midnight else moments.at(window_start)


def describe_parts(count: PartCount) -> str:
    """The number of partial messages, and whether they can be completed."""
    refused = f", {count.refused:,} of them refused by the server" if count.refused else ""
    rest = "" if count.refused == count.partial else "; `telekeep run` and `telekeep sync` fetch the rest"
    return f"{count.partial:,} partial (only the beginning of a rich message is archived{refused}){rest}"


def how_to_fetch(channel: Mirrored, directory: Path, *, certain: bool = True) -> str:
    """Say how to fetch what is missing. `certain`: the channel has, or had, such a message."""
    if is_export(directory / ARCHIVE_NAME):
        return "This archive is an export: the archive that it was made from may have it."
    holder = find_holder(directory)
    who = "the running service" if holder and holder.command == "run" else "`telekeep sync`"
    if channel.imported_only:
        return f"The channel is known only from imports; {how_to_mirror(channel.username)}."
    if channel.state == "removed":
        return f"The channel is no longer mirrored; `telekeep add {channel.name}` resumes mirroring."
    if channel.state in ("inaccessible", "banned"):
        return f"The channel is {channel.state}: {who} fetches it if that changes."
    return f"{who[0].upper()}{who[1:]} fetches it{'' if certain else ', if it exists'}."
