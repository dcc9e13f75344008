"""Import the requested chats of an export, each into its channel; count or name the others."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archiver.cli import interrupted, output
from archiver.cli.view.figures import count
from archiver.cli.view.import_flaws import describe_flaw
from archiver.cli.view.import_report import ImportedChat, describe_kept
from archiver.cli.view.progress import Progress
from archiver.compose.import_channel import ImportChannel, choose_channel, make_channel
from archiver.compose.same_channel import expect_same_channel, is_beside, is_doubtful
from archiver.errors import UsageError
from archiver.imports.contradiction import Contradicted
from archiver.imports.import_file import HashedSource
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.repeats import PlannedChat, count_repeats
from archiver.imports.run_import import Importer
from archiver.imports.source import Chat, ChatSource, Flaw, MixedSource
from archiver.imports.stopping import each, in_thread
from archiver.imports.store_pages import ImportJob
from archiver.store.database import Database

if TYPE_CHECKING:
    from datetime import tzinfo

    from archiver.cli.commands.import_ import ImportOrder


class ImportedChats(NamedTuple):
    """Outcome for each chat of an export."""

    done: list[ImportedChat]
    refused: Counter[str]
    """Chats that telekeep does not archive, by kind."""
    broken: list[str]
    """Damage between the chats, and why chats were left out."""


async def import_all(
    database: Database | None, directory: Path, hashed: HashedSource, order: ImportOrder
) -> ImportedChats:
    """Import the requested chats."""
    unit = "bytes" if hasattr(hashed.source, "passed") else "messages"
    with Progress("import", unit=unit) as progress:
        importer = Importer(
            database, hashed, archive=directory, zone=order.zone, progress=partial(_advance, progress, hashed)
        )
        interrupted.count_kept(partial(_describe_stop, importer, order))
        return await _ChatImport(database, hashed, importer, order).run()


class _ChatImport:
    """Imports the chats one by one."""

    def __init__(self, database: Database | None, hashed: HashedSource, importer: Importer, order: ImportOrder) -> None:
        self._database = database
        self._hashed = hashed
        self._importer = importer
        self._order = order
        self._found = ImportedChats([], Counter(), [f"{flaw.where}: {flaw.what}" for flaw in hashed.flaws])
        self._between = ImportOutcome()
        """Damage between the chats: so much that it is counted."""
        self._mixed: list[tuple[ImportChannel, ImportJob]] = []
        """Chats of a source that mixes their messages, until all are known."""
        self._others: list[UsageError | None] = []
        """Why each other chat was not imported; None if it was not requested."""
        self._at = -1
        self._places: list[int] = []
        """Which of the source's chats are in `_mixed`."""
        self._planned: list[PlannedChat] = []

    async def run(self) -> ImportedChats:
        """Import them. Raises UsageError if none can be."""
        for chat in each(self._hashed.source.chats()):
            if isinstance(chat, Flaw):
                self._note(chat)
                continue
            self._at += 1
            if chat.refused is not None:
                self._refuse(chat, chat.refused)
            else:
                await self._take(chat)
        await self._import()
        self._found.broken.extend(map(describe_flaw, self._between.flaws.values()))
        if self._planned and self._importer.repeats.has_any:
            again = await in_thread(self._open_again)
            await count_repeats(self._database, self._hashed, again, self._importer, self._planned)
        if not self._found.done and self._others:
            raise self._say_none()
        return self._found

    def _note(self, flaw: Flaw) -> None:
        if flaw.note:
            output.note(flaw.what)
        else:
            self._between.add_flaw(flaw)

    def _refuse(self, chat: Chat, what: str) -> None:
        if self._order.channel is not None and chat.of_several:
            self._others.append(None)  # not requested
        else:
            self._found.refused[what] += 1

    async def _take(self, chat: Chat) -> None:
        """Import a chat, or record why not, so that a bad one does not affect the others."""
        order, beside = self._order, [one for one, _ in self._mixed]
        try:
            chosen = await choose_channel(self._database, chat, order.channel, beside=beside, remarks=output)
        except UsageError as exc:
            if order.channel is None and (self._found.done or chat.of_several):
                self._leave_out(chat, exc)
            self._others.append(exc)
            return
        try:
            is_right = await self._is_right(chat, chosen)
        except UsageError as exc:
            self._leave_out(chat, exc)
            self._others.append(exc)
            return
        if not is_right:
            self._others.append(None)
            return
        file = self._hashed.describe(chat, chosen.channel_id)
        self._places.append(self._at)
        self._mixed.append((chosen, ImportJob(chat, chosen.channel_id, file, partial(make_channel, chosen=chosen))))
        if not isinstance(self._hashed.source, MixedSource):  # chats come one after another
            await self._import()

    def _leave_out(self, chat: Chat, exc: UsageError) -> None:
        name = f'"{chat.title}"' if chat.title else "a chat without a name"
        why = exc.why if isinstance(exc, Contradicted) else str(exc)
        self._found.broken.append(f"{name} is left out: {why.rstrip('.')}")

    async def _import(self) -> None:
        if not self._mixed:
            return
        chosen = [one for one, _ in self._mixed]
        run = self._importer.plan if self._order.is_dry_run else self._importer.run
        try:
            outcomes = await run([job for _, job in self._mixed])
        except Contradicted as exc:
            if len(chosen) > 1 or not self._mixed[0][1].chat.of_several:
                raise
            self._leave_out(self._mixed[0][1].chat, exc)
            self._others.append(exc)
            self._mixed.clear()
            self._places.clear()
            return
        self._found.done.extend(map(ImportedChat, chosen, outcomes))
        if self._order.is_dry_run:
            jobs = [job for _, job in self._mixed]
            self._planned += map(PlannedChat, self._places, jobs, outcomes)
        self._mixed.clear()
        self._places.clear()

    async def _is_right(self, chat: Chat, chosen: ImportChannel) -> bool:
        """Whether a chat belongs to this channel. Raises UsageError if it has no id and may belong to another."""
        if chat.channel_id is not None:
            return True
        if await in_thread(self._is_beside, chat, chosen):
            return False
        if self._database is not None and await is_doubtful(self._database, chosen, self._hashed):
            await expect_same_channel(self._database, self._open_again(), chat, chosen)
        return True

    def _is_beside(self, chat: Chat, chosen: ImportChannel) -> bool:
        return is_beside(self._open_again(), chat, chosen)

    def _open_again(self) -> ChatSource:
        return self._hashed.open_again(self._order.path, _zone(self._order.zone))

    def _say_none(self) -> UsageError:
        """Why no chat was imported."""
        why = [one for one in self._others if one is not None]
        if self._order.channel is None or len(self._others) == 1 or self._found.broken:
            return why[0] if why else UsageError("it contains no channel.")
        return UsageError(
            f"the export has no channel {self._order.channel}.",
            hint="Give the id or the title of one of them.",
        )


def _zone(name: str | None) -> tzinfo | None:
    from search.query.dates import parse_zone

    return None if name is None else parse_zone(name)


def _describe_stop(importer: Importer, order: ImportOrder) -> str:
    if order.is_dry_run:
        return "nothing was changed."
    return describe_kept(importer.passed, is_begun=importer.is_begun)


def _advance(progress: Progress, hashed: HashedSource, messages: int) -> None:
    """Show how much of the file was read, where the source knows; else how many messages."""
    passed = getattr(hashed.source, "passed", None)
    if passed is None:
        progress.advance(messages)
    else:
        counted, more = count(messages, "message"), {"messages": messages}
        progress.advance(passed, hashed.bytes_inside, amount=messages, counted=counted, more=more)
