"""Whether an export that does not say its channel's id is of the channel that was typed: an import cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

import archiver.store.messages.message as messages
from archiver.address import fold_name
from archiver.compose.import_channel import ImportChannel
from archiver.errors import UsageError
from archiver.imports.import_file import HashedSource
from archiver.imports.source import Chat, ChatSource, Flaw, ImportedMessage
from archiver.imports.stopping import each
from archiver.model.compare_import import compare_import
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database, Reader
from archiver.store.imports.import_source import find_import

_PAGE: Final = 500
_ENOUGH: Final = 2000
"""Messages that both have, after which it is clear."""
_FEW: Final = 2
"""Fewer differing messages than this may just have been edited."""
_ALL: Final = 3
"""This many messages are unlikely to be all edited."""
_NAMED: Final = 3


def is_beside(again: ChatSource, chat: Chat, chosen: ImportChannel) -> bool:
    """Whether another chat of the source is this channel, by its id, or by its title if several have no id.

    Raises UsageError if they cannot be told apart. `again`: the source, opened a second time.
    """
    chats = [one for one in each(again.chats()) if isinstance(one, Chat) and one.refused is None]
    several = [one for one in chats if one.channel_id is None]
    title = None if chosen.made is not None else chosen.title
    if len(several) > 1 and title and [_is_named(one, title) for one in several].count(True) == 1:
        return not _is_named(chat, title)
    if len(several) > 1:
        named = sorted({f'"{one.title}"' if one.title else "one without a name" for one in several})
        raise UsageError(
            f"{len(several)} of its chats have no id ({', '.join(named[:_NAMED])}), so they cannot be told apart.",
            hint="Put each into a separate file and import it with its channel id: `--channel 1234567890`. Or `telekeep"
            " add` the channel first: the chat with its title is then taken.",
        )
    return any(one.channel_id == chosen.channel_id for one in chats)


def _is_named(chat: Chat, title: str) -> bool:
    return fold_name(chat.title or "") == fold_name(title)


async def is_doubtful(database: Database, chosen: ImportChannel, hashed: HashedSource) -> bool:
    """Whether only its messages can show that a chat without an id is this channel: it was not imported before."""
    if chosen.made is not None:
        return False
    known = await database.read(find_import, chosen.channel_id, hashed.sha256, hashed.source.format)
    return known is None or known.finished_at is None


async def expect_same_channel(database: Database, again: ChatSource, chat: Chat, chosen: ImportChannel) -> None:
    """Compare the shared messages. `again`: the source, opened a second time. Raises UsageError if most differ."""
    held = await database.read(find_channel, chosen.channel_id)
    is_named = held is not None and fold_name(chat.title or "") == fold_name(held.title)
    seen = _Compared()
    entries = _entries_of(again, chat, chosen)
    while seen.shared < _ENOUGH and (page := list(islice(entries, _PAGE))):
        seen += await database.read(_compare, chosen, page)
    if not seen.is_other(is_named=is_named):
        return
    title = f'"{chat.title}"' if chat.title else "another channel"
    differing = seen.either if not is_named else max(seen.both, seen.words)
    raise UsageError(
        f"the export is of {title}, and {differing:,} of the {seen.shared:,} messages also in {chosen.name} have"
        " other words or dates: it may be another channel. Nothing was imported.",
        hint="Give its own id with --channel; for dates, check --tz.",
    )


class _Compared(NamedTuple):
    """Number of messages in both, and how many of them differ."""

    shared: int = 0
    words: int = 0
    both: int = 0
    """Messages that differ in words and date: edits never change dates, nor time zones words."""
    either: int = 0

    def __add__(self, other: object) -> _Compared:
        assert isinstance(other, _Compared)
        return _Compared(*map(sum, zip(self, other, strict=True)))

    def is_other(self, *, is_named: bool) -> bool:
        """Whether it is another channel. `is_named`: the titles are the same."""
        if not is_named:
            return self.either >= _FEW and self.either * 2 > self.shared
        return (self.both >= _FEW and self.both * 2 > self.shared) or self.words == self.shared >= _ALL


def _entries_of(again: ChatSource, chat: Chat, chosen: ImportChannel) -> Iterator[ImportedMessage]:
    for one in each(again.chats()):
        if isinstance(one, Flaw) or one.refused is not None or (one.title, one.channel_id) != (chat.title, None):
            continue
        for entry in one.read(chosen.channel_id):
            if isinstance(entry, ImportedMessage):
                yield entry
        return


def _compare(conn: Reader, chosen: ImportChannel, page: Sequence[ImportedMessage]) -> _Compared:
    ids = sorted({one.message.message_id for one in page})
    read = messages.read_messages_of(conn, chosen.channel_id, ids)  # type: ignore[arg-type]
    held = {one.message_id: one for one in read if one.kind != "stub"}
    shared = [one.message for one in page if one.message.message_id in held]
    decided = [compare_import(one, held[one.message_id]) for one in shared]
    words, dates = [one.revises for one in decided], ["date" in one.other for one in decided]
    both = [one and other for one, other in zip(words, dates, strict=True)]
    either = [one or other for one, other in zip(words, dates, strict=True)]
    return _Compared(len(decided), sum(words), sum(both), sum(either))
