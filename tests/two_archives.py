"""Random pairs of archives of one channel, of captures and exports that contradict each other; and what they know."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from telethon.tl import types

from archiver.imports.merging.merge import merge_channels
from archiver.imports.merging.merge_files import MergedFiles, merge_files
from archiver.imports.merging.merged import MergedChannel
from archiver.media.blob_store import BlobStore
from archiver.mirror.ingest import Ingest
from archiver.mirror.rebuild_search import prepare_search
from archiver.model.media_file import FileKey
from archiver.model.record import HistoryPage, Message
from archiver.store.channels.channel import find_channel
from archiver.store.database import Database
from archiver.store.media.file import settle_downloaded
from archiver.store.merging.foreign import ForeignArchive, open_foreign
from tests.capturing import START, captured, rows
from tests.desktop_pages import DesktopPages
from tests.importing import CHANNEL_ID, chat, entry, import_into, write_json
from tests.sample import CHANNEL

DAY: Final = 86_400
NOW: Final = START + 2_000 * DAY
PICTURES: Final = {77: b"picture", 78: b"another", 79: b"a third one"}
NOT_INCLUDED: Final = "(File not included. Change data exporting settings to download.)"


class Content(NamedTuple):
    day: int
    text: str
    photo: int | None


class Export(NamedTuple):
    path: Path
    zone: ZoneInfo | None


def shown_photo(number: int) -> types.MessageMediaPhoto:
    size = types.PhotoSize(type="y", w=3, h=4, size=len(PICTURES[number]))
    date = datetime.fromtimestamp(START, UTC)
    photo = types.Photo(id=number, access_hash=1, file_reference=b"", date=date, sizes=[size], dc_id=2)
    return types.MessageMediaPhoto(photo=photo)


def mirror(archive: Path, posts: list[Message], top: int, now: int) -> None:
    """Read the whole history at this moment."""

    async def run() -> None:
        async with await Database.open(archive) as database:
            await prepare_search(database)
            ingest = Ingest(database, layer=229, clock=lambda: now)
            await ingest.add_channel(CHANNEL)
            channel = await database.read(find_channel, CHANNEL.channel_id)
            assert channel is not None
            latest_first = tuple(sorted(posts, key=lambda one: -one.message_id))
            page = HistoryPage(messages=latest_first, empty_ids=(), pts=now, count=len(posts), exact=False)
            await ingest.store_page(channel, page, proven=(1, top), pts=now, top_id=top)

    asyncio.run(run())


def store_file(archive: Path, key: str, data: bytes) -> None:
    blobs, digest = BlobStore(archive), hashlib.sha256(data).hexdigest()
    blobs.prepare()
    with os.fdopen(blobs.open_partial("one.data"), "wb") as file:
        file.write(data)
    blobs.adopt("one.data", sha256=digest, size=len(data))

    async def run() -> None:
        async with await Database.open(archive) as database:
            await database.write(
                lambda conn: settle_downloaded(conn, FileKey(key), sha256=digest, size=len(data), now=START)
            )

    asyncio.run(run())


def merge_all(source: Path, target: Path) -> bool:
    """Take over one archive into another, with its files; return whether anything changed. A dry run said the same."""

    async def run(database: Database, archive: ForeignArchive, *, dry_run: bool) -> tuple[list[MergedChannel], object]:
        _, done = await merge_channels(database, archive, dry_run=dry_run, clock=lambda: NOW)
        files = await merge_files(database, archive, dry_run=dry_run, clock=lambda: NOW)
        assert not files.left_out
        return done, files

    async def run_both() -> tuple[list[MergedChannel], object]:
        async with await Database.open(target) as database:
            await prepare_search(database)
            with open_foreign(source, target) as archive:
                said, said_of_files = await run(database, archive, dry_run=True)
                done, files = await run(database, archive, dry_run=False)
        assert said_of_files == files
        assert said == [replace(one, import_id=None) for one in done]
        return done, files

    done, files = asyncio.run(run_both())
    return files != MergedFiles() or any(one.is_change for one in done)


@dataclass
class Channel:
    """What happened in a channel, and who wrote what down of it."""

    random: Random
    work: Path
    posts: dict[int, list[Content]] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    """On which day a post was deleted."""
    exports: list[Export] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        for number in range(1, self.random.choice((1, 2)) + 1):
            photo = self.random.choice((None, None, 77, 78))
            contents = [Content(0, f"post {number}", photo)]
            if self._may(0.5):
                other = photo if self._may(0.7) else self.random.choice((None, 79))
                contents.append(Content(10, f"post {number} edited", other))
            if self._may(0.25):
                contents.append(Content(30, f"post {number} edited again", contents[-1].photo))
            self.posts[number] = contents
            if self._may(0.3):
                self.gone[number] = 40

    def fill(self, archive: Path) -> None:
        """Import and capture, in any order."""
        day = 0
        for _ in range(self.random.randint(1, 3)):
            if self._may(0.3):
                day = self.random.choice([at for at in (3, 12, 28, 33, 45, 50) if at >= day])
                self.capture(archive, day)
            else:
                shared = self.random.choice(self.exports) if self.exports and self._may(0.35) else self.export()
                import_into(archive, shared.path, str(CHANNEL_ID), zone=shared.zone)

    def capture(self, archive: Path, day: int) -> None:
        self.looks += 1
        posts = []
        for number, one in self._shown_on(day).items():
            edited = {"edit_date": datetime.fromtimestamp(START + one.day * DAY, UTC)} if one.day else {}
            media = None if one.photo is None else shown_photo(one.photo)
            posts.append(captured(number, one.text, views=day, forwards=0, media=media, **edited))
        mirror(archive, posts, len(self.posts), START + day * DAY + 10 * self.looks)
        for one in self._shown_on(day).values():
            if one.photo is not None and self._may(0.3):
                store_file(archive, f"photo/{one.photo}", PICTURES[one.photo])

    def export(self) -> Export:
        day = self.random.choice((5, 15, 25, 35, 45))
        folder = self.work / f"export {len(self.exports)}"
        (folder / "photos").mkdir(parents=True)
        shown = {number: one for number, one in self._shown_on(day).items() if self._may(0.85)}
        if self._may(0.25):
            pages = DesktopPages("Night Bridge", zone="UTC")
            for number, one in shown.items():
                pages.add(number, START + 60 * number, text=one.text)
            pages.add(100 + day, START + day * DAY, text="the newest post")
            made = Export(pages.write(folder), ZoneInfo("UTC"))
        else:
            entries = [self._entry(folder, number, one) for number, one in shown.items()]
            newest = entry(100 + day, "the newest post", date_unixtime=str(START + day * DAY))
            made = Export(
                write_json(folder / "result.json", chat([*entries, *([newest] if self._may(0.5) else [])])), None
            )
        self.exports.append(made)
        return made

    def _entry(self, folder: Path, number: int, one: Content) -> dict[str, Any]:
        text = one.text
        more: dict[str, Any] = {}
        if one.day:
            edited = START + one.day * DAY
            more |= {"edited": datetime.fromtimestamp(edited, UTC).isoformat()[:19], "edited_unixtime": str(edited)}
        if one.photo is not None:
            more |= {"photo": NOT_INCLUDED, "width": 3, "height": 4}
            if self._may(0.8):
                more["photo_file_size"] = len(PICTURES[one.photo])
            if "photo_file_size" in more and self._may(0.7):
                more["photo"] = f"photos/{one.photo}.jpg"
                (folder / more["photo"]).write_bytes(PICTURES[one.photo])
        for name, values in (
            ("date_unixtime", [str(START + 60 * number + apart) for apart in (3600, 7)]),
            ("author", ["Ann", "Bob"]),
            ("reply_to_message_id", [1, 5]),
            ("forwarded_from", ["Someone", "Else"]),
            ("from_id", ["user5", "user6"]),
        ):
            if self._may(0.13):
                more[name] = self.random.choice(values)
        return entry(number, text + (" forged" if self._may(0.1) else ""), **more)

    def _shown_on(self, day: int) -> dict[int, Content]:
        found = {number: [one for one in contents if one.day <= day][-1] for number, contents in self.posts.items()}
        return {number: one for number, one in found.items() if day < self.gone.get(number, day + 1)}

    def _may(self, chance: float) -> bool:
        return self.random.random() < chance


_COLUMNS: Final = (
    *("text", "date", "edit_date", "layer", "kind", "sender", "post_author", "reply_to_msg_id", "fwd_from"),
    *("payload_sha256", "media_kind", "first_seen", "last_seen", "origin", "missing_since", "missing_how", "seen_pts"),
)
_PIECES: Final = """
    SELECT i.message_id, s.sha256, i.payload_sha256, differs -> '$.other', i.raw IS NOT NULL
        OR i.payload_sha256 IN (SELECT payload_sha256 FROM message AS m WHERE m.message_id = i.message_id)
        OR i.payload_sha256 IN (SELECT payload_sha256 FROM revision AS r WHERE r.message_id = i.message_id)
    FROM imported AS i JOIN import_source AS s USING (import_id)
"""


def list_facts(archive: Path) -> dict[tuple[object, ...], object]:
    """What an archive knows, in a form in which two can be compared.

    Left out: words of an import beside the same words that Telegram showed (numbers do not change, so they stay where
    they were), how large a file is that nobody has, and what was held when an import was compared.
    """
    facts: dict[tuple[object, ...], object] = {}
    stored = dict(rows(archive, "SELECT file_key, sha256 FROM file WHERE status = 'downloaded'"))
    facts["sent by Telegram",] = {row[0] for row in rows(archive, "SELECT file_key FROM file WHERE reason IS NULL")}
    facts["bytes",] = {row[0] for row in rows(archive, "SELECT sha256 FROM blob WHERE state = 'present'")}
    now = {
        row[0]: dict(zip(_COLUMNS, row[1:], strict=True))
        for row in rows(archive, f"SELECT message_id, {', '.join(_COLUMNS)} FROM message")  # noqa: S608
    }
    for number, values in now.items():
        facts[number,] = values
    for number, slot, *file in rows(archive, "SELECT message_id, slot, kind, id, sha256, status, extra FROM media"):
        facts[number, "slot", slot] = file
    kept: dict[int, set[tuple[object, ...]]] = {}
    for number, text, layer, edited, media in rows(
        archive, "SELECT message_id, text, layer, edit_date, media FROM revision"
    ):
        slots = [(one["kind"], one["id"], stored.get(f"photo/{one['id']}")) for one in json.loads(media)]
        kept.setdefault(number, set()).add((text, layer, edited, *slots))
    for number, contents in kept.items():
        shown = {text for text, layer, *_ in contents if layer}
        shown |= {now[number]["text"]} if now[number]["layer"] else set()
        facts[number, "earlier"] = {one for one in contents if one[1] or one[0] not in shown or len(one) > 3}
    for number, *absence in rows(archive, "SELECT message_id, noticed_at, how, last_seen, returned_at FROM absence"):
        facts[number, "absence", absence[0]] = absence
    for number, file, digest, other, has_bytes in rows(archive, _PIECES):
        assert has_bytes, "a piece is nowhere"
        claims = {name: both.get("imported") for name, both in json.loads(other or "{}").items()}
        facts[number, file, digest] = {name: said for name, said in claims.items() if said != now[number].get(name)}
    return facts
