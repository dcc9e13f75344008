"""Whether an export that does not say its channel's id is of the channel that was typed: an import cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import archiver.store.message as messages
from archiver.address import fold_name
from archiver.compose.import_channel import ImportChannel
from archiver.errors import UsageError
from archiver.imports.source import Chat, Flaw, ImportedMessage, Source
from archiver.model.compare_import import compare_import
from archiver.store.channel import find_channel
from archiver.store.database import Database, Reader

_PAGE: Final = 500
_ENOUGH: Final = 2000
"""Messages that both have, after which it is clear."""
_FEW: Final = 2
"""So many may have been edited."""


async def is_doubtful(database: Database | None, chat: Chat, chosen: ImportChannel) -> bool:
    """Whether only the messages can show that it is the right channel: the file has no id, and another title."""
    if database is None or chosen.made is not None or chat.channel_id is not None:
        return False
    held = await database.read(find_channel, chosen.channel_id)
    return held is not None and fold_name(chat.title or "") != fold_name(held.title)


async def expect_same_channel(database: Database, again: Source, chat: Chat, chosen: ImportChannel) -> None:
    """Compare the messages that both have. `again`: the source, opened once more. Raises UsageError if most differ."""
    compared = differing = 0
    entries = _entries_of(again, chat, chosen)
    while compared < _ENOUGH and (page := list(islice(entries, _PAGE))):
        both, other = await database.read(_compare, chosen, page)
        compared, differing = compared + both, differing + other
    if differing < _FEW or differing * 2 <= compared:
        return
    title = f'"{chat.title}"' if chat.title else "another channel"
    raise UsageError(
        f"the export is of {title}, and {differing:,} of the {compared:,} messages that {chosen.name} has, too, have"
        " other words or dates: it is another channel. Nothing was imported.",
        hint="Give its own id with --channel; for dates, check --tz.",
    )


def _entries_of(again: Source, chat: Chat, chosen: ImportChannel) -> Iterator[ImportedMessage]:
    for one in again.chats():
        if isinstance(one, Flaw) or one.refused is not None or (one.title, one.channel_id) != (chat.title, None):
            continue
        for entry in one.read(chosen.channel_id):
            if isinstance(entry, ImportedMessage):
                yield entry
        return


def _compare(conn: Reader, chosen: ImportChannel, page: Sequence[ImportedMessage]) -> tuple[int, int]:
    """How many of a page are held, and how many of those have other words or another date."""
    ids = sorted({one.message.message_id for one in page})
    read = messages.read_messages_of(conn, chosen.channel_id, ids)  # type: ignore[arg-type]
    held = {one.message_id: one for one in read if one.kind != "stub"}
    shared = [one.message for one in page if one.message.message_id in held]
    decided = [compare_import(one, held[one.message_id]) for one in shared]
    return len(decided), sum(one.revises or "date" in one.other for one in decided)
