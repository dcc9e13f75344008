"""Looks at messages again, right before their files are fetched: file references are good for some hours only.

Up to 100 messages of a channel with one call; requests that come together go together. What the answer shows goes
through the usual door: an edit seen here is an edit kept, and a message reported as empty is marked as missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeAlias

from archiver.convert.locations import list_locations, protect
from archiver.errors import ChannelGone, ServerFault
from archiver.ids import AccessHash, ChannelId, MessageId
from archiver.mirror.ingest import Ingest, Outdated
from archiver.mirror.source import HistorySource
from archiver.model.file_location import FileLocation
from archiver.model.media_file import FileKey, FileTask
from archiver.model.record import HistoryPage
from archiver.pacing.tasks import cancel_all
from archiver.store.channels.channel import Mirrored, find_channel
from archiver.store.database import Database, Reader
from archiver.store.media.file import list_shown
from archiver.store.messages.recent_payload import list_recent_payloads

log = logging.getLogger(__name__)

MOST = 100
"""Messages in one call: the server's limit."""
GATHER = 0.01
"""Seconds in which requests join at the beginning."""
RECENT = 600.0
"""Seconds after a message was first seen for which its references are used as they are: they are good for hours."""
TRIES = 3
"""How often an answer may be older than the archive before it is used without being stored."""

ELSEWHERE = 5
"""Maximum number of other messages to look at when one no longer shows its file."""

_CLOSED = frozenset({"removed", "banned", "inaccessible"})
"""States of channels whose files are not fetched."""

Found: TypeAlias = Mapping[str, FileLocation]
"""The files that a message shows now: key -> location."""


class MessageSource(HistorySource, Protocol):
    """Gives messages as they are now."""

    async def get_shown(
        self, channel_id: ChannelId, access_hash: AccessHash, message_ids: tuple[int, ...]
    ) -> HistoryPage:
        """The messages that exist now, and the ids reported as empty."""
        ...


class References:
    """The way of one account to the messages that show files."""

    def __init__(
        self,
        source: MessageSource,
        database: Database,
        ingest: Ingest,
        access: Callable[[Mirrored], Awaitable[AccessHash]],
    ) -> None:
        self._source = source
        self._database = database
        self._ingest = ingest
        self._access = access
        self._refused_at = 0.0
        """Unix time up to which references that were kept are not believed."""
        self._waiting: dict[ChannelId, dict[MessageId, asyncio.Future[Found]]] = {}
        self._tasks: dict[ChannelId, asyncio.Task[None]] = {}
        """One for each channel that is being asked: what is wanted meanwhile goes together with its next call."""

    async def recall(self, tasks: Iterable[FileTask], *, now: float) -> dict[FileKey, FileLocation]:
        """Where files are, by messages that were mirrored a short while ago: without asking the server again."""
        since = int(max(now - RECENT, self._refused_at))
        wanted = list(tasks)
        payloads = await self._database.read(
            list_recent_payloads, {(task.channel_id, task.message_id) for task in wanted}, since=since
        )
        shown = {place: list_locations(raw) for place, raw in payloads.items()}
        places = ((task.key, shown.get((task.channel_id, task.message_id), {})) for task in wanted)
        return {key: found[key] for key, found in places if key in found}

    def note_refused(self, *, now: float) -> None:
        """A recalled reference was refused: those of before are old, too."""
        self._refused_at = max(self._refused_at, now + 1)

    async def look(self, channel_id: ChannelId, message_id: MessageId) -> Found:
        """The files that a message shows now; none if it is gone. Raises ChannelError, ServerFault, FloodWait."""
        waiting = self._waiting.setdefault(channel_id, {})
        if message_id not in waiting:
            waiting[message_id] = asyncio.get_running_loop().create_future()
        if channel_id not in self._tasks:
            task = asyncio.create_task(self._answer_all(channel_id), name=f"file references {channel_id}")
            self._tasks[channel_id] = task
        return await asyncio.shield(waiting[message_id])

    async def close(self) -> None:
        """End what is under way."""
        await cancel_all(self._tasks.values())

    async def _answer_all(self, channel_id: ChannelId) -> None:
        """Answer what is waiting for a channel, a call after another."""
        try:
            await asyncio.sleep(GATHER)
            while waiting := self._waiting.get(channel_id):
                asked = {message_id: waiting.pop(message_id) for message_id in sorted(waiting, reverse=True)[:MOST]}
                await self._answer(channel_id, asked)
        finally:
            del self._tasks[channel_id]
            for future in self._waiting.pop(channel_id, {}).values():
                future.cancel()

    async def _answer(self, channel_id: ChannelId, asked: dict[MessageId, asyncio.Future[Found]]) -> None:
        try:
            found = await self._ask(channel_id, tuple(asked))
        except Exception as exc:  # noqa: BLE001  # all callers get it
            for future in asked.values():
                future.set_exception(exc)
                future.exception()  # nobody may be left to see it
        except BaseException:
            for future in asked.values():
                future.cancel()
            raise
        else:
            for message_id, future in asked.items():
                future.set_result(found.get(message_id, {}))

    async def _ask(self, channel_id: ChannelId, message_ids: tuple[MessageId, ...]) -> dict[MessageId, Found]:
        channel = await self._database.read(find_channel, channel_id)
        if channel is None:
            raise ChannelGone("the channel is not in the archive.")
        access_hash = await self._access(channel)
        for tries in range(TRIES):
            page = await self._get_shown(channel_id, access_hash, message_ids)
            try:
                await self._keep(channel, page)
                break
            except Outdated:
                channel = await self._database.read(find_channel, channel_id) or channel
                if tries == TRIES - 1:
                    log.info("channel %s: the archive is newer than an answer; it is not stored", channel.name)
        found: dict[MessageId, Found] = {one.message_id: list_locations(one.raw) for one in page.messages}
        if page.channel is not None and page.channel.noforwards:
            return {message_id: protect(files) for message_id, files in found.items()}
        return found

    async def _get_shown(
        self, channel_id: ChannelId, access_hash: AccessHash, message_ids: tuple[int, ...]
    ) -> HistoryPage:
        """An answer that shows at least one message: an inaccessible channel looks empty, too."""
        page = await self._source.get_shown(channel_id, access_hash, message_ids)
        if not page.messages:
            newest = (await self._source.get_history(channel_id, access_hash, offset_id=0, limit=1)).messages
            if newest:
                asked = (*message_ids[: MOST - 1], newest[0].message_id)
                page = await self._source.get_shown(channel_id, access_hash, asked)
        if not page.messages:
            raise ServerFault("the server returned none of the messages.", hint="Try again later.")
        return page

    async def _keep(self, channel: Mirrored, page: HistoryPage) -> None:
        """Store what the answer shows. Raises Outdated."""
        if not page.pts:
            return  # without it, an old answer could undo what is known since
        await self._ingest.store_page(channel, replace(page, empty_ids=()), proven=None, reading="audit")
        if page.empty_ids:
            await self._ingest.store_absence(channel, page.empty_ids, reading="audit")


class Others(NamedTuple):
    """Messages of this account's channels that show a file."""

    places: list[tuple[ChannelId, MessageId]]
    """Some of them."""
    foreign: bool
    """Whether channels of other accounts show it."""
    more: bool
    """Whether there are more of them."""
    shut: bool
    """Whether channels show it that were removed or forbid saving."""


def list_others(conn: Reader, task: FileTask, account: str) -> Others:
    """Other messages that show a file, as far as its channel's files may be fetched there."""
    place = task.channel_id, task.message_id
    shown = [(one.channel_id, one.message_id) for one in list_shown(conn, task.key, limit=10 * ELSEWHERE)]
    rows = conn.execute("SELECT channel_id, account IS NOT ?, noforwards, state FROM channel", (account,)).fetchall()
    foreign = {row[0] for row in rows if row[1]}
    is_protected = any(row[2] for row in rows if row[0] == task.channel_id)
    may_save = task.protected and is_protected
    shut = {row[0] for row in rows if row[3] in _CLOSED or (row[2] and not may_save)}
    if may_save or not is_protected:
        shut.discard(task.channel_id)
    mine = dict.fromkeys(one for one in shown if one[0] not in foreign | shut and one != place)
    return Others(
        list(mine)[:ELSEWHERE],
        any(one[0] in foreign for one in shown),
        len(mine) > ELSEWHERE,
        any(one[0] in shut for one in shown),
    )
