"""The channel an import goes to, as typed and as the file says; an unknown one is created here."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from archiver.address import ChannelRef, fold_name
from archiver.address.ref import USERNAME
from archiver.compose.named_channel import find_typed, read_channel
from archiver.compose.remarks import Remarks
from archiver.errors import NotFound, UsageError
from archiver.ids import AccessHash, ChannelId, label_channel
from archiver.imports.source import Chat
from archiver.model.imported import BY_IMPORT
from archiver.model.record import Channel
from archiver.model.row import ChannelName
from archiver.store.channels import channel as channels
from archiver.store.channels.checkpoint import find_checkpoint
from archiver.store.database import Database, Reader, Writer
from archiver.store.imports.imported_channel import is_unaccounted, set_given_name, set_imported_only
from archiver.store.messages.rows import list_names

NAMING: Final = (
    "`--channel @name` if the archive has the channel, else `--channel 1234567890`, its id"
    " (docs/imports.md says where to find that)"
)
"""How to name the channel of an export that does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChannel:
    """The channel of an import."""

    channel_id: ChannelId
    name: str
    """What it is or will be called."""
    made: Channel | None = None
    """To be made: the archive does not know it."""
    alias: str | None = None
    title: str | None = None
    learned: str | None = None
    """The @name given for a channel known only from exports: its first, or one that corrects an earlier one."""

    known_by_imports: bool = False
    """Whether the archive knows it, but only from imports."""
    username: str | None = None
    """Its @name, if it is known only from imports."""

    @property
    def label(self) -> str:
        """What people read: its name; the title of one that has only an id."""
        return label_channel(self.name, self.title)

    @property
    def names(self) -> ChannelName:
        """Those that the channel will have."""
        username = self.learned if self.made is None else self.made.username
        return ChannelName(self.channel_id, username, self.alias, self.title or "")


async def choose_channel(
    database: Database | None, chat: Chat, typed: str | None, *, beside: Sequence[ImportChannel] = (), remarks: Remarks
) -> ImportChannel:
    """The channel that a chat goes to. `beside`: those chosen for other chats, not yet made. Raises UsageError."""
    chosen = await _choose(database, chat, typed, beside=beside, remarks=remarks)
    if database is None or chosen.made is not None:
        return chosen
    held = await database.read(_find_unaccounted, chosen.channel_id)
    return chosen if held is None else replace(chosen, known_by_imports=True, username=chosen.learned or held.username)


async def _choose(
    database: Database | None, chat: Chat, typed: str | None, *, beside: Sequence[ImportChannel], remarks: Remarks
) -> ImportChannel:
    # Other channels matter only for names: an account's thousands of chats are not compared with each other.
    only = chat.channel_id if typed is None and chat.username is None else None
    known = await database.read(list_names, only) if database is not None else []
    new = {one.channel_id: one.names for one in beside if one.made is not None or one.learned is not None}
    known = [*(one for one in known if one.channel_id not in new), *new.values()]
    held = await database.read(_find_unaccounted, chat.channel_id) if database is not None else None
    nameless = held is not None and held.username is None
    if typed is None:
        return _by_id(_expect_id(chat), chat, known, nameless=nameless)
    if held is not None and held.username is not None and (given := _other_name(typed, held.username, chat, known)):
        was = f"@{held.username} was given to channel {held.channel_id} at import, and never confirmed by Telegram"
        remarks.note(f"{was}: @{given} takes its place.")
        return ImportChannel(channel_id=held.channel_id, name=given, title=held.title, learned=given)
    if database is not None:
        try:
            found = await find_typed(database.connection, typed, known, remarks=remarks)
        except NotFound:
            pass
        else:
            _expect_same(chat, found.channel_id, found.name)
            return ImportChannel(channel_id=found.channel_id, name=found.name, title=found.title)
    return _unknown(read_channel(typed), chat, known, nameless=nameless)


def _find_unaccounted(conn: Reader, channel_id: ChannelId | None) -> channels.Mirrored | None:
    """The channel, if it is known only from exports: Telegram never confirmed its @name."""
    found = None if channel_id is None else channels.find_channel(conn, channel_id)
    return found if found is not None and is_unaccounted(found) else None


def _other_name(typed: str, username: str, chat: Chat, known: list[ChannelName]) -> str | None:
    """The @name that corrects an unconfirmed one; None if it is not one, or if the archive or file has it already."""
    try:
        ref = read_channel(typed)
    except UsageError:
        return None
    taken = {fold_name(one) for known_one in known for one in (known_one.alias, known_one.title) if one}
    if chat.of_several or chat.username or not ref.public or not ref.name or fold_name(ref.name) in taken:
        return None
    return None if fold_name(ref.name) == fold_name(username) else _free_name(ref.name, known)


def _by_id(channel_id: ChannelId, chat: Chat, known: list[ChannelName], *, nameless: bool) -> ImportChannel:
    held = next((one for one in known if one.channel_id == channel_id), None)
    if held is not None:
        learned = _free_name(chat.username, known) if nameless else None
        return ImportChannel(channel_id=channel_id, name=learned or held.name, title=held.title, learned=learned)
    return _make(channel_id, chat, username=_free_name(chat.username, known))


def _unknown(ref: ChannelRef, chat: Chat, known: list[ChannelName], *, nameless: bool) -> ImportChannel:
    if ref.channel_id is not None:
        _expect_same(chat, ref.channel_id, str(ref))
        return _by_id(ref.channel_id, chat, known, nameless=nameless)
    if chat.channel_id is None:
        raise UsageError(
            f"{ref} is not in the archive, and this format does not hold the channel's id.",
            hint="Give the id, such as `--channel 1234567890`, or first `telekeep add` the channel.",
        )
    held = next((one for one in known if one.channel_id == chat.channel_id), None)
    if chat.of_several and fold_name(str(ref.name)) not in (
        fold_name(chat.title or ""),
        fold_name(chat.username or ""),
    ):
        raise UsageError(f"{chat.title} is not {ref}.")
    if held is not None and nameless and (ref.public or ref.may_be_username):
        learned = _free_name(ref.name, known)
        return ImportChannel(channel_id=held.channel_id, name=learned or held.name, title=held.title, learned=learned)
    if held is not None:
        raise UsageError(
            f"the export is of channel {held.channel_id}, which the archive has as {held.name}, not as {ref}.",
            hint=f"Use `--channel {held.name}`.",
        )
    if ref.public or ref.may_be_username:
        return _make(chat.channel_id, chat, username=ref.name)
    return _make(chat.channel_id, chat, username=_free_name(chat.username, known), alias=ref.name)


def _free_name(username: str | None, known: list[ChannelName]) -> str | None:
    """The username, unless it is invalid or another channel of the archive has it: a file may say anything."""
    if username is None or USERNAME.fullmatch(username) is None:
        return None
    taken = {name.casefold() for one in known for name in (one.username, *one.usernames) if name}
    return None if username.casefold() in taken else username


def _make(channel_id: ChannelId, chat: Chat, *, username: str | None, alias: str | None = None) -> ImportChannel:
    made = Channel(
        channel_id=channel_id,
        access_hash=AccessHash(0),
        title=_clean(chat.title or "") or username or alias or str(channel_id),
        username=username,
        usernames=(username,) if username else (),
        megagroup=bool(chat.megagroup),
    )
    name = username or alias or str(channel_id)
    title = None if made.title == name else made.title
    return ImportChannel(channel_id=channel_id, name=name, made=made, alias=alias, title=title)


def _clean(title: str) -> str:
    """A title as Telegram could have it: on one line, without control characters."""
    signs = (" " if unicodedata.category(sign) == "Cc" else sign for sign in title)
    return " ".join("".join(signs).split())


def _expect_id(chat: Chat) -> ChannelId:
    if chat.channel_id is None:
        raise UsageError("the export does not name its channel.", hint=f"Name it: {NAMING}.")
    return chat.channel_id


def _expect_same(chat: Chat, channel_id: ChannelId, name: str) -> None:
    if chat.channel_id is not None and chat.channel_id != channel_id:
        title = f' "{chat.title}"' if chat.title else ""
        other = name if name == str(channel_id) else f"{name} ({channel_id})"
        raise UsageError(
            f"the export is of channel {chat.channel_id}{title}, not of {other}.",
            hint="Leave --channel out to import it as what it is.",
        )


def make_channel(conn: Writer, chosen: ImportChannel) -> None:
    """Create the channel if the archive does not know it; it is not mirrored until `telekeep add`."""
    if chosen.learned is not None:
        _learn_name(conn, chosen.channel_id, chosen.learned)
    if chosen.made is None or find_checkpoint(conn, chosen.channel_id) is not None:
        return
    now = int(time.time())
    channels.upsert_channel(conn, chosen.made, now=now)
    channels.set_state(conn, chosen.channel_id, "removed", now=now, reason=BY_IMPORT)
    set_imported_only(conn, chosen.channel_id, only=True)
    if chosen.alias:
        channels.set_alias(conn, chosen.channel_id, chosen.alias)


def _learn_name(conn: Writer, channel_id: ChannelId, username: str) -> None:
    """Record the @name given for a channel known only from exports, unless Telegram has confirmed one by now."""
    if _find_unaccounted(conn, channel_id) is not None:
        set_given_name(conn, channel_id, username)
