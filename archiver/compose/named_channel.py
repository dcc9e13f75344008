"""Resolve a channel given on the command line, by its current or former name, its title or id; never over the network.

A name that passed from one archived channel to another means the one that has it now, and a remark says which other one
had it; a post's address means the former owner where only that one can have such a post.
"""

from __future__ import annotations

from collections.abc import Sequence

from archiver.address import ChannelRef, MessageRef, echo, fold_name, parse_channel, parse_message
from archiver.address.ref import read_message_id
from archiver.compose.remarks import Remarks
from archiver.errors import NotFound, UsageError
from archiver.model.row import ChannelName
from archiver.reading.find_channel import get_named_channel
from archiver.reading.former_names import Formerly, FormerName, find_formerly, list_former_names
from archiver.store.channels.channel import find_channel
from archiver.store.channels.former_name import list_names_seen, list_once_named
from archiver.store.database import Connection, read
from archiver.store.messages.rows import get_messages


def read_channel(word: str) -> ChannelRef:
    """The channel that the word names. Raises UsageError that quotes the word."""
    try:
        return parse_channel(word)
    except UsageError as error:
        raise UsageError(f"{echo(word)}: {error.args[0]}", hint=error.hint) from None


def read_post(typed: str, known: Sequence[ChannelName]) -> MessageRef:
    """The message that is named, its channel also by the title. Raises UsageError."""
    try:
        return parse_message(typed)
    except UsageError:
        title, _, number = typed.rpartition("/")
        titled = _titled(title, known) if number.isascii() and number.isdecimal() else None
        if titled is None:
            raise
        return MessageRef(ChannelRef(channel_id=titled.channel_id), read_message_id(number))


def choose_known(word: str, known: Sequence[ChannelName]) -> ChannelName:
    """The one of these channels that has this name, id or title now. Raises NotFound, UsageError."""
    try:
        ref = read_channel(word)
    except UsageError:
        if (titled := _titled(word, known)) is not None:
            return titled
        raise
    return _get_current(ref, known)


async def find_typed(conn: Connection, word: str, known: Sequence[ChannelName], *, remarks: Remarks) -> ChannelName:
    """The channel given by this word. Raises NotFound, and UsageError that quotes the word."""
    try:
        ref = read_channel(word)
    except UsageError:
        titled = _titled(word, known) or await _once_titled(conn, word, known, remarks=remarks)
        if titled is not None:
            return titled
        raise
    return await find_named(conn, ref, known, remarks=remarks)


async def find_named(
    conn: Connection, ref: ChannelRef, known: Sequence[ChannelName], *, remarks: Remarks
) -> ChannelName:
    """The channel with this name, or else the one that once had it, with a remark. Raises NotFound, UsageError."""
    try:
        current = _get_current(ref, known)
    except NotFound:
        found = await _list_formerly(conn, ref, known)
        if not found:
            raise
        remarks.note(f"{_only(ref, found).describe()}.")
        return found[0].channel
    for other in await _list_other_owners(conn, ref, current, known):
        remarks.note(f"{other.describe_owner(current)}.")
    return current


async def find_posted(
    conn: Connection, wanted: MessageRef, known: Sequence[ChannelName], *, remarks: Remarks
) -> ChannelName:
    """The channel of a post's address, as `find_named`: of several owners of its name one that can have the post."""
    ref, number = wanted.channel, wanted.message_id
    try:
        current = _get_current(ref, known)
    except NotFound:
        found = await _list_formerly(conn, ref, known)
        if not found:
            raise
        chosen = _only(ref, [one for one in found if await _holds(conn, one, number)] or found)
        remarks.note(f"{chosen.describe()}.")
        return chosen.channel
    others = [one for one in await _list_other_owners(conn, ref, current, known) if await _can_have(conn, one, number)]
    if not others:
        return current
    held = await read(conn, get_messages, [(current.channel_id, number)])
    former = [one for one in others if await _holds(conn, one, number)]
    if held or len(former) != 1:
        for other in others:
            remarks.note(f"{other.describe_owner(current, number)}.")
        return current
    remarks.note(f"{former[0].describe_post(current, number)}.")
    return former[0].channel


async def load_former_names(conn: Connection, known: Sequence[ChannelName]) -> list[FormerName]:
    """All former names of these channels."""
    return list_former_names(await read(conn, list_names_seen), known)


def _get_current(ref: ChannelRef, known: Sequence[ChannelName]) -> ChannelName:
    """The channel with this name, alias or id, else with this title. Raises NotFound, UsageError."""
    try:
        return get_named_channel(ref, known)
    except NotFound:
        titled = None if ref.public or not ref.name else _titled(ref.name, known)
        if titled is None:
            raise
        return titled


def _titled(word: str, known: Sequence[ChannelName]) -> ChannelName | None:
    """The only channel with this title."""
    found = [channel for channel in known if fold_name(channel.title) == fold_name(word)]
    return found[0] if len(found) == 1 else None


async def _once_titled(
    conn: Connection, word: str, known: Sequence[ChannelName], *, remarks: Remarks
) -> ChannelName | None:
    """The only channel that once had this title, with a remark."""
    found = find_formerly(word, await load_former_names(conn, known), known)
    if len(found) != 1:
        return None
    remarks.note(f"{found[0].describe()}.")
    return found[0].channel


async def _list_formerly(conn: Connection, ref: ChannelRef, known: Sequence[ChannelName]) -> list[Formerly]:
    if not ref.name:
        return []
    return find_formerly(ref.name, await load_former_names(conn, known), known, titles=not ref.public)


async def _list_other_owners(
    conn: Connection, ref: ChannelRef, current: ChannelName, known: Sequence[ChannelName]
) -> list[Formerly]:
    """The other channels that once had the username by which `current` was found."""
    if not ref.name or fold_name(ref.name) not in map(fold_name, filter(None, (current.username, *current.usernames))):
        return []
    if not set(await read(conn, list_once_named, ref.name)) - {current.channel_id}:
        return []
    found = find_formerly(ref.name, await load_former_names(conn, known), known, titles=False)
    return [one for one in found if one.channel.channel_id != current.channel_id]


def _only(ref: ChannelRef, found: Sequence[Formerly]) -> Formerly:
    if len(found) > 1:
        ways = ", ".join(f"{one.channel.channel_id} ({one.channel.name})" for one in found)
        raise UsageError(f"{ref} is ambiguous; it is a former name of {ways}.", hint="Use one of these ids.")
    return found[0]


async def _holds(conn: Connection, former: Formerly, number: int) -> bool:
    """Whether the former owner's post is archived, from the time when it had the name."""
    key = (former.channel.channel_id, number)
    held = (await read(conn, get_messages, [key])).get(key)
    return held is not None and held[0].date < former.lost.until


async def _can_have(conn: Connection, former: Formerly, number: int) -> bool:
    """Whether a link by that name may mean the former owner's post: archived from that time, or its time unknown."""
    key = (former.channel.channel_id, number)
    if (await read(conn, get_messages, [key])).get(key) is not None:
        return await _holds(conn, former, number)
    mirrored = await read(conn, find_channel, former.channel.channel_id)
    return mirrored is not None and number <= mirrored.top_id
