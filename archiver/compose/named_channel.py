"""Resolve a channel given on the command line, by its current or former name, its title or id."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.address import ChannelRef, echo, fold_name, parse_channel
from archiver.compose.remarks import Remarks
from archiver.errors import NotFound, UsageError
from archiver.model.row import ChannelName
from archiver.reading.find_channel import get_named_channel
from archiver.store.database import Connection, read
from archiver.store.rows import list_once_named


async def find_typed(conn: Connection, word: str, known: Sequence[ChannelName], *, remarks: Remarks) -> ChannelName:
    """The channel given by this word. Raises NotFound, and UsageError that quotes the word."""
    try:
        ref = parse_channel(word)
    except UsageError as error:
        titled = [channel for channel in known if fold_name(channel.title) == fold_name(word)]
        if len(titled) == 1:
            return titled[0]
        raise UsageError(f"{echo(word)}: {error.args[0]}", hint=error.hint) from None
    return await find_named(conn, ref, known, remarks=remarks)


async def find_named(
    conn: Connection, ref: ChannelRef, known: Sequence[ChannelName], *, remarks: Remarks
) -> ChannelName:
    """The channel with this name, or else the one that once had it, with a remark. Raises NotFound, UsageError."""
    try:
        return get_named_channel(ref, known)
    except NotFound:
        once = set(await read(conn, list_once_named, ref.name)) if ref.name else set()
        found = [channel for channel in known if channel.channel_id in once]
        if not found:
            raise
    if len(found) > 1:
        ways = ", ".join(f"{channel.channel_id} ({channel.name})" for channel in found)
        raise UsageError(f"{ref} is ambiguous; it is a former name of {ways}.", hint="Use one of these ids.")
    remarks.note(f"{ref} is a former name of {found[0].name}.")
    return found[0]
