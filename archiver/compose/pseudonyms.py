"""Open the pseudonyms of an export: the key, and which names are of channels."""

from __future__ import annotations

from pathlib import Path

from archiver.export.place import Stream
from archiver.export.pseudonyms.key import expect_apart, read_key
from archiver.export.pseudonyms.labels import Pseudonyms
from archiver.export.pseudonyms.rows import PseudonymousRows
from archiver.store.channels.former_name import list_names_seen
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names


async def open_pseudonyms(
    conn: Connection, key: Path, *, place: Path | Stream, dry_run: bool = False
) -> PseudonymousRows:
    """What rewrites rows. `key`: its file. Raises UsageError."""
    if isinstance(place, Path):
        expect_apart(key, place)
    usernames: set[str] = set()
    for name in await read(conn, list_names):
        usernames.update(name.usernames, filter(None, (name.username,)))
    for seen in await read(conn, list_names_seen):
        usernames.update(seen.usernames, filter(None, (seen.username,)))
    made = bytes(32) if dry_run and not key.exists() else read_key(key)
    return PseudonymousRows(Pseudonyms(made), usernames)
