"""Writes pages of an import, in transactions; the first one of a chat also makes its channel and records the import."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from archiver.ids import ChannelId
from archiver.imports.gather_pages import Page, Pages
from archiver.imports.import_counts import ImportCounts
from archiver.imports.import_page import WRITTEN, store_page
from archiver.imports.import_target import ImportTarget
from archiver.imports.page_files import Files
from archiver.imports.ready import Ready
from archiver.imports.source import Chat
from archiver.store.channels.channel import find_channel
from archiver.store.database import Writer
from archiver.store.imports.import_source import ImportFile, ImportRecord, start_import
from archiver.version import version

_WRITTEN_BYTES: Final = 3 << 19
"""Pieces of one transaction: the words of long messages take thirty times as much memory until they are written."""


class ImportJob(NamedTuple):
    """A chat, and where it goes."""

    chat: Chat
    channel_id: ChannelId
    file: ImportFile
    prepare: Callable[[Writer], None]
    """Makes the channel; called in the transaction that stores the first message."""


class PagePart(NamedTuple):
    """A part of a page that is written in one transaction."""

    place: int
    page: Page
    files: Files
    ready: Ready


class Begun(NamedTuple):
    """An import whose first messages are stored."""

    record: ImportRecord
    target: ImportTarget


def divide(pages: Pages) -> Iterator[Pages]:
    """Split the pages into what is written in one transaction each."""
    parts: Pages = []
    messages = octets = 0
    for place, page in pages:
        begin = 0
        for at, one in enumerate(page):
            size = len(one.raw)
            if messages == WRITTEN or (messages and octets + size > _WRITTEN_BYTES):
                if begin < at:
                    parts.append((place, page[begin:at]))
                yield parts
                parts, messages, octets, begin = [], 0, 0, at
            messages, octets = messages + 1, octets + size
        parts.append((place, page[begin:]))
    if parts:
        yield parts


def store_parts(
    conn: Writer,
    jobs: Sequence[ImportJob],
    targets: Mapping[int, ImportTarget],
    parts: Sequence[PagePart],
    *,
    zone: str | None,
    zone_used: bool,
) -> tuple[dict[int, Begun], list[ImportCounts]]:
    """Write parts in one transaction; begin the imports that have no target yet: no channel is left without a message.

    `zone`: that of the order; `zone_used`: whether a date needed it so far.
    """
    now = int(time.time())
    new = dict.fromkeys(one.place for one in parts if one.place not in targets)
    begun = {place: _begin(conn, jobs[place], zone, now=now) for place in new}
    aimed = {**targets, **{place: one.target for place, one in begun.items()}}
    counts = []
    for one in parts:
        target = aimed[one.place]._replace(zone=zone if zone_used else None)
        counts.append(store_page(conn, target, one.page, one.files, one.ready, now=now))
    return begun, counts


def _begin(conn: Writer, job: ImportJob, zone: str | None, *, now: int) -> Begun:
    job.prepare(conn)
    record = start_import(conn, job.file, now=now, version=version())
    channel = find_channel(conn, job.channel_id)
    assert channel is not None, "it was made before"
    return Begun(record, aim(job.file, record, channel.generation, zone))


def aim(file: ImportFile, record: ImportRecord, generation: int, zone: str | None) -> ImportTarget:
    """Where an import goes that is recorded, and which zone it corrects."""
    before = min(record.newest or record.at, record.at)
    corrects = None if record.finished_at is not None and record.zone == zone else record.zone
    if zone is None or corrects is None:
        return ImportTarget(
            file.channel_id,
            record.import_id,
            generation,
            before,
            record.at,
            file.format,
            seen_before=before,
            is_altered=file.is_altered,
        )
    seen = min(file.newest or record.at, record.at)
    return ImportTarget(
        file.channel_id,
        record.import_id,
        generation,
        seen,
        record.at,
        file.format,
        corrects=corrects,
        seen_before=before,
        is_altered=file.is_altered,
    )
