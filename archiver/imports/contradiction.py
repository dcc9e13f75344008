"""Refuse an export that contradicts most of the archive before writing it: an import cannot be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from archiver.errors import UsageError
from archiver.imports.import_target import ImportTarget
from archiver.imports.plan_page import plan_page
from archiver.imports.source import Chat, Flaw, ImportedMessage
from archiver.model.compare_import import has_other_date
from archiver.store.database import Database, Reader

_ENOUGH: Final = 2000
"""Number of shared messages that settle the question."""
_FEW: Final = 2
_KEEP: Final = (
    "Nothing shows which is right. To compare them, import it into a separate archive (another"
    " `dir` in [archive]); if its chat is another one, correct the `id` in a copy of the file."
)


class Contradicted(UsageError):
    """Most shared messages differ in words and date. `why`: the reason, without the name of the chat."""

    def __init__(self, message: str, *, why: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.why = why


class Compared(NamedTuple):
    """Number of shared messages, and of those with other words and another date, time zones allowed for."""

    shared: int = 0
    contradicted: int = 0
    reworded: int = 0
    """Messages with other words, regardless of date."""

    @property
    def is_other(self) -> bool:
        """Whether it is another channel: edits do not change dates, nor time zones words."""
        return self.contradicted >= _FEW and self.contradicted * 2 > self.shared


class ContradictionCheck:
    """Compares the pages of an import with the archive until it is clear that the channel is the same."""

    def __init__(self, database: Database | None, targets: Sequence[ImportTarget | None]) -> None:
        """`targets`: where the chats go, None if nothing is held there. `database`: None if nothing is held at all."""
        self._database = database
        self._targets = list(targets)
        self._found = [Compared() for _ in targets]

    def exclude(self, begun: Mapping[int, ImportTarget]) -> None:
        """Leave out what this import itself brought: an export that contradicts itself says nothing of the archive."""
        for place, target in begun.items():
            if self._targets[place] is not None:
                self._targets[place] = target

    async def look(self, place: int, page: Sequence[ImportedMessage]) -> Compared:
        """Compare a page of a chat; return the sums so far."""
        target, found = self._targets[place], self._found[place]
        if self._database is not None and target is not None and found.shared < _ENOUGH:
            here = await self._database.read(_compare, target, page)
            found = Compared(*map(sum, zip(found, here, strict=True)))
            self._found[place] = found
        return found


def _compare(conn: Reader, target: ImportTarget, page: Sequence[ImportedMessage]) -> Compared:
    plan = plan_page(conn, target, page)
    known = [
        decision for _, held, decision in plan.known if held.kind != "stub" and held.message_id not in plan.repeated
    ]
    other = [one for one in known if one.revises]
    return Compared(len(known), sum(map(has_other_date, other)), len(other))


def refuse(chat: Chat, found: Compared, *, is_dry_run: bool) -> Contradicted:
    """Why a chat is not imported at all."""
    of = f'"{chat.title}" in the export' if chat.title else "the export"
    why = (
        f"contradicts the archive: {found.contradicted:,} of the {found.shared:,} shared messages differ in both words"
        " and dates, and Telegram never changes dates."
    )
    done = "would be imported" if is_dry_run else "was imported"
    return Contradicted(f"{of} {why} Nothing {done}.", why=f"it {why} {_KEEP}", hint=_KEEP)


def stop_at(page: Sequence[ImportedMessage], found: Compared) -> Flaw:
    """Why a chat is not imported from here on."""
    return Flaw(
        f"message {page[0].message_id}",
        f"{found.contradicted:,} of {found.shared:,} messages differ from the archive in words and"
        " dates; nothing from here on is imported",
        fatal=True,
    )
