"""Shared by reading commands: open the archive, which may have a writer, and resolve channels."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from archiver.compose.named_channel import find_typed
from archiver.compose.privacy import check_permissions
from archiver.compose.remarks import Remarks
from archiver.errors import NotFound, UsageError
from archiver.ids import ChannelId
from archiver.model.iso_time import iso
from archiver.model.row import ChannelName
from archiver.store.channels import channel as channels
from archiver.store.channels.channel import Mirrored
from archiver.store.database import ARCHIVE_NAME, Connection, Database, read
from archiver.store.medium import is_export
from archiver.store.messages.rows import list_names
from search.query.dates import Bounds, parse_bounds, parse_since, parse_until, parse_zone


def older_archive(directory: Path) -> UsageError:
    """The error for an archive that a writing command has to migrate first."""
    if is_export(directory / ARCHIVE_NAME):
        return UsageError(
            f"{directory / ARCHIVE_NAME} is an export by an older version, and exports are never changed.",
            hint="Read it with that version or any SQLite program, or export again.",
        )
    if os.access(directory, os.W_OK):
        hint = "Run `telekeep sync` or, without an account, `telekeep repair search`; nothing is lost."
    else:
        hint = "It cannot be written to: copy it, set archive.dir to the copy, and run `telekeep repair search`."
    return UsageError(
        f"the archive in {directory} was written by an older version and must be upgraded first.", hint=hint
    )


@asynccontextmanager
async def open_archive(directory: Path, *, remarks: Remarks) -> AsyncIterator[Database]:
    """Open the archive read-only. Raises NotFound with a hint, and UsageError for an older archive."""
    check_permissions(directory, close=False, remarks=remarks)
    async with await Database.open_readonly(directory) as database:
        if not await Database.is_current(directory):
            raise older_archive(directory)
        if database.remark:
            remarks.note(database.remark)
        yield database


async def choose_channels(conn: Connection, typed: Sequence[str], *, remarks: Remarks) -> tuple[ChannelName, ...]:
    """The channels given, by default all, sorted by id and without repetitions."""
    known = await read(conn, list_names)
    if not typed:
        return tuple(known)
    chosen = {await find_typed(conn, word, known, remarks=remarks) for word in typed}
    return tuple(sorted(chosen, key=lambda channel: channel.channel_id))


async def get_mirrored(conn: Connection, channel_id: ChannelId) -> Mirrored:
    """The row of the channel. Raises NotFound."""
    found = await read(conn, channels.find_channel, channel_id)
    if found is None:
        raise NotFound(f"channel {channel_id} is not archived.")
    return found


class When(NamedTuple):
    """--since, --until, --on and --tz as given."""

    since: str | None = None
    until: str | None = None
    on: str | None = None
    tz: str = "UTC"

    def resolve(self, now: datetime, *, remarks: Remarks, write: Callable[[int], str | None] = iso) -> Bounds:
        """Resolve them to instants, with a remark, since days depend on the time zone. `write`: how to write one."""
        bounds = parse_bounds(since=self.since, until=self.until, on=self.on, tz=parse_zone(self.tz), now=now)
        if bounds.since is not None or bounds.until is not None:
            since = "" if bounds.since_unix is None else f"from {write(bounds.since_unix)}"
            ends = "until before" if write is iso else "until"
            until = "on" if bounds.until_unix is None else f"{ends} {write(bounds.until_unix)}"
            remarks.note(f"{since} {until}{self._describe_last(now)}".strip())
        return bounds

    def _describe_last(self, now: datetime) -> str:
        """What --until includes, if it names more than an instant."""
        if self.until is None:
            return ""
        zone = parse_zone(self.tz)
        is_instant = parse_since(self.until, zone, now) == parse_until(self.until, zone, now)
        return "" if is_instant else f" (up to and including {self.until.strip()[:40]})"
