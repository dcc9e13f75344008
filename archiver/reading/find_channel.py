"""Finds the mirrored channel that a user refers to. Pure: takes the parsed reference and the channels."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from archiver.address import ChannelRef, fold_name
from archiver.errors import NotFound, UsageError
from archiver.model.row import ChannelName


def get_named_channel(ref: ChannelRef, channels: Sequence[ChannelName]) -> ChannelName:
    """Return the channel that the reference names. Raises NotFound with similar names, UsageError if ambiguous."""
    if ref.channel_id is not None:
        found = [channel for channel in channels if channel.channel_id == ref.channel_id]
        # An alias may be a number too; the id takes precedence.
        found = found or [channel for channel in channels if channel.alias == str(ref.channel_id)]
    else:
        wanted = str(ref.name).casefold()
        found = [channel for channel in channels if wanted in _names(channel, public=ref.public)]
    if len(found) > 1:
        candidates = ", ".join(f"{channel.channel_id} ({_shown(channel)})" for channel in found)
        raise UsageError(f"{ref} is ambiguous: it names {candidates}.", hint="Use one of these ids.")
    if not found:
        raise _unknown(ref, channels)
    return found[0]


def _names(channel: ChannelName, *, public: bool) -> set[str]:
    names = [channel.username, *channel.usernames]
    if not public and channel.alias:
        names += [channel.alias, fold_name(channel.alias)]
    return {name.casefold() for name in names if name}


def _shown(channel: ChannelName) -> str:
    return f"@{channel.username}" if channel.username else channel.alias or channel.title


def _unknown(ref: ChannelRef, channels: Sequence[ChannelName]) -> NotFound:
    if not channels:
        return NotFound(
            f"{ref} is not in the archive, which has no channels yet.", hint="Add one: `telekeep add @name`."
        )
    known = {name.casefold(): name for channel in channels for name in (channel.username, channel.alias) if name}
    # Ids are copied, not typed: a similar one belongs to an unrelated channel.
    near = get_close_matches(ref.name.casefold(), known, n=3, cutoff=0.5) if ref.name else []
    # People may remember the title but not the username.
    titled = [channel.label for channel in channels if str(ref.name or "").casefold() in channel.title.casefold()]
    names = list(dict.fromkeys([*(known[name] for name in near), *(titled if ref.name else [])]))[:3]
    hint = (
        f"Did you mean {' or '.join(names)}?" if names else "See `telekeep channels`, or add it: `telekeep add @name`."
    )
    return NotFound(f"{ref} is not in the archive.", hint=hint)
