"""Two archives of one channel, filled through the real ingest from one history; their readers see parts of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from telethon.tl import types
from telethon.tl.alltlobjects import LAYER

from archiver.convert.stored import derive, read_payload
from archiver.evidence.names import StoredNames
from archiver.evidence.run import verify
from archiver.imports.merging.merge import merge_channels
from archiver.imports.merging.merged import MergedChannel
from archiver.mirror.ingest import Ingest
from archiver.model.record import Deleted, Difference, Edited, Event, HistoryPage, Message, Posted
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database
from archiver.store.merging.foreign import open_foreign
from search.exact import writer as exact
from tests.sample import CHANNEL, START

CHANNEL_ID = CHANNEL.channel_id


def make_post(
    message_id: int, text: str, *, edited: int | None = None, views: int = 1, photo: int | None = None
) -> Message:
    """A post as a server sends it."""
    sent = types.Message(
        id=message_id,
        peer_id=types.PeerChannel(CHANNEL_ID),
        date=datetime.fromtimestamp(START + message_id, UTC),
        message=text,
        edit_date=None if edited is None else datetime.fromtimestamp(edited, UTC),
        views=views,
        forwards=0,
        post=True,
        media=None if photo is None else types.MessageMediaPhoto(photo=_make_photo(photo)),
    )
    raw = bytes(sent)
    return derive(read_payload(raw), raw, channel_id=CHANNEL_ID, layer=LAYER, peers=StoredNames())


def _make_photo(number: int) -> types.Photo:
    sizes = [types.PhotoSize(type="y", w=1280, h=800, size=9000)]
    date = datetime.fromtimestamp(START, UTC)
    return types.Photo(id=number, access_hash=1, file_reference=b"", date=date, sizes=sizes, dc_id=2)


@dataclass
class History:
    """What happens in the channel. Time passes with every event and every look."""

    now: int = START + 1_000_000
    pts: int = 1
    posts: dict[int, Message] = field(default_factory=dict)
    top: int = 0
    events: list[tuple[int, Event]] = field(default_factory=list)

    def tick(self) -> int:
        self.now += 10
        return self.now

    def happen(self, event: Event, message: Message | None = None) -> None:
        self.pts += 1
        self.events.append((self.pts, event))
        if message is not None:
            self.posts[message.message_id] = message

    def post(self) -> None:
        self.top += 1
        message = make_post(self.top, f"words {self.top}")
        self.tick()
        self.happen(Posted(message), message)

    def edit(self, message_id: int, text: str) -> None:
        if message_id in self.posts:
            message = make_post(message_id, text, edited=self.tick())
            self.happen(Edited(message, self.pts + 1), message)

    def count(self, message_id: int) -> None:
        if message_id in self.posts:
            old = self.posts[message_id]
            edited = int(old.edit_date.timestamp()) if old.edit_date else None
            self.posts[message_id] = make_post(message_id, old.text, edited=edited, views=(old.views or 0) + 5)

    def delete(self, message_id: int) -> None:
        if self.posts.pop(message_id, None):
            self.tick()
            self.happen(Deleted((message_id,)))


@dataclass
class Reader:
    """An archive that looks at the history now and then."""

    directory: Path
    history: History
    channel = CHANNEL

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Database, Ingest]]:
        async with await Database.open(self.directory) as database:
            await database.write(exact.create)
            yield database, Ingest(database, layer=LAYER, clock=lambda: self.history.now)

    async def look(self, kind: str, lo: int = 1, hi: int = 1_000) -> None:
        async with self.opened() as (database, ingest):
            self.history.tick()
            if await database.read(find_channel, CHANNEL_ID) is None:
                await ingest.add_channel(CHANNEL)
            channel = await database.read(find_channel, CHANNEL_ID)
            assert channel is not None
            if kind == "page":
                await self._page(ingest, channel, lo, min(hi, self.history.top))
            elif channel.pts is not None:
                await ingest.store_difference(channel, self._difference(channel.pts))

    async def _page(self, ingest: Ingest, channel: Any, lo: int, hi: int) -> None:
        seen = tuple(post for number, post in sorted(self.history.posts.items(), reverse=True) if lo <= number <= hi)
        if not seen:
            return
        page = HistoryPage(messages=seen, empty_ids=(), pts=self.history.pts, count=len(self.history.posts), exact=True)
        first = channel.pts is None
        await ingest.store_page(
            channel,
            page,
            proven=(lo, hi),
            reading="history" if first else "audit",
            pts=self.history.pts if first else None,
            top_id=hi,
        )

    def _difference(self, pts: int) -> Difference:
        events = [(at, event) for at, event in self.history.events if at > pts]
        posted = [event for _, event in events if isinstance(event, Posted)]
        shown = [
            Posted(self.history.posts[event.message.message_id])
            for event in posted
            if event.message.message_id in self.history.posts
        ]
        rest: Sequence[Event] = [event for _, event in events if not isinstance(event, Posted)]
        return Difference(events=(*shown, *rest), pts=self.history.pts, final=True)


def copy_archive(source: Path, target: Path) -> Path:
    """The archive under another name, as a colleague would get it."""
    shutil.copytree(source, target)
    return target


async def merge(source: Path, target: Path, *, now: int, dry_run: bool = False) -> list[MergedChannel]:
    """Take over one archive into another."""
    async with await Database.open(target) as database:
        await database.write(exact.create)
        with open_foreign(source, target) as archive:
            _, done = await merge_channels(database, archive, dry_run=dry_run, clock=lambda: now)
            return done


def tell(directory: Path) -> dict[str, Any]:
    """What an archive knows of the messages, in a form in which two can be compared."""
    conn = sqlite3.connect(directory / "archive.db")
    try:
        messages = conn.execute(
            "SELECT message_id, hex(content_hash), first_seen, last_seen, origin, missing_since, missing_how, seen_pts,"
            " views FROM message ORDER BY 1"
        ).fetchall()
        revisions = {
            (row[0], row[1]) for row in conn.execute("SELECT message_id, hex(content_hash) FROM revision").fetchall()
        }
        absences = conn.execute(
            "SELECT message_id, noticed_at, how, last_seen, returned_at FROM absence ORDER BY 1, 2"
        ).fetchall()
        return {"messages": messages, "revisions": revisions, "absences": absences}
    finally:
        conn.close()


def list_faults(directory: Path) -> list[str]:
    """What `telekeep verify` would say."""
    return [f"{fault.what}: {fault.wrong}" for fault in verify(directory / "archive.db", deep=True).faults]
