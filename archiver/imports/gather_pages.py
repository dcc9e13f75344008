"""Gathers the messages of a source into pages: of one chat, or of many whose messages are mixed, in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.import_page import PAGE
from archiver.imports.quick_message import QuickMessage
from archiver.imports.source import Entry, Flaw, ImportedMessage
from archiver.model.imported import is_possible
from archiver.store.messages.message import DATE

_PAGE_BYTES: Final = 4 << 20
"""Pieces of one page: long messages make shorter pages."""
_WHOLE: Final = 4
"""Memory of a whole record, in usual messages stored as columns."""
_MOST: Final = 2_500
"""Maximum number of messages in unfinished pages; beyond it, the longest pages are written early."""
_MOST_BYTES: Final = 8 << 20

_CLOCKS: Final = 86_400
"""Seconds by which clocks may differ."""
FUTURE: Final = "its date is in the future: the export may have been altered"

Page: TypeAlias = list[ImportedMessage]
"""Messages of one chat, each once."""
Pages: TypeAlias = list[tuple[int, Page]]
"""Pages that are written together: the place of the chat, and its messages."""


class _Waiting:
    """The page of a chat that is not full yet."""

    __slots__ = ("ids", "page", "size", "weight")

    def __init__(self) -> None:
        self.page: Page = []
        self.ids: set[int] = set()
        self.size = self.weight = 0

    def take(self, one: ImportedMessage, number: int, size: int) -> bool:
        """Add a message; False if the page is full or already has it."""
        if number in self.ids or self.weight >= PAGE or self.size > _PAGE_BYTES:
            return False
        self.page.append(one)
        self.weight += 1 if isinstance(one, QuickMessage) else _WHOLE
        self.ids.add(number)
        self.size += size
        return True


def gather_pages(entries: Iterator[tuple[int, Entry]], outcomes: Sequence[ImportOutcome]) -> Iterator[Pages]:
    """Pages with each message once; flaws are counted in the outcome of their chat."""
    waiting: dict[int, _Waiting] = {}
    messages = octets = 0
    latest = time.time() + _CLOCKS
    for place, entry in entries:
        if isinstance(entry, QuickMessage):
            number, size = entry.message_id, len(entry.columns[-1])
        elif (found := _find_flaw(entry)) is not None:
            outcomes[place].add_flaw(found)
            continue
        else:
            assert isinstance(entry, ImportedMessage), "the other kind of entry"
            number, size = entry.message_id, len(entry.raw)
        one = waiting.get(place) or waiting.setdefault(place, _Waiting())
        if not one.take(entry, number, size):
            messages, octets = messages - len(one.page), octets - one.size
            yield [_ended(place, one, outcomes)]
            one = waiting[place] = _Waiting()
            one.take(entry, number, size)
        messages, octets = messages + 1, octets + size
        if (entry.columns[DATE] if isinstance(entry, QuickMessage) else entry.message.date.timestamp()) > latest:
            outcomes[place].add_flaw(Flaw(f"message {number}", FUTURE, note=True))
        if len(waiting) > 1 and (messages > _MOST or octets > _MOST_BYTES):
            full = [_ended(*one, outcomes) for one in _take_longest(waiting, messages // 2)]
            messages, octets = _sum_up(waiting)
            yield full
    if waiting:
        yield [_ended(place, one, outcomes) for place, one in waiting.items()]


def _ended(place: int, one: _Waiting, outcomes: Sequence[ImportOutcome]) -> tuple[int, Page]:
    """Take a page out to be written, and count the ids that it repeated."""
    outcomes[place].repeated += outcomes[place].read.add(one.ids)
    return place, one.page


def _find_flaw(entry: Entry) -> Flaw | None:
    if isinstance(entry, Flaw):
        return entry
    if is_possible(entry.message):
        return None
    return Flaw(f"message {entry.message.message_id}", "no message can have its id or date")


def _take_longest(waiting: dict[int, _Waiting], messages: int) -> list[tuple[int, _Waiting]]:
    """Remove the longest pages until they hold at least this many messages; return them."""
    taken: list[tuple[int, _Waiting]] = []
    for place in sorted(waiting, key=lambda one: -len(waiting[one].page)):
        if messages <= 0:
            break
        taken.append((place, waiting.pop(place)))
        messages -= len(taken[-1][1].page)
    return taken


def _sum_up(waiting: dict[int, _Waiting]) -> tuple[int, int]:
    return sum(len(one.page) for one in waiting.values()), sum(one.size for one in waiting.values())
