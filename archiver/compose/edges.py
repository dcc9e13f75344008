"""Open what finds the edges of networks: the channels of the archive, by all names that they have or had."""

from __future__ import annotations

from archiver.export.edges.edge import EdgeKind
from archiver.export.edges.find import EdgeFinder
from archiver.store.channels.former_name import list_names_seen
from archiver.store.database import Connection, read
from archiver.store.messages.rows import list_names


async def open_edges(conn: Connection, kind: EdgeKind) -> EdgeFinder:
    """What finds them. A username is that of the channel that has it now, else of the last one that had it."""
    channels = await read(conn, list_names)
    usernames: dict[str, int] = {}
    for seen in sorted(await read(conn, list_names_seen), key=lambda one: one.observed_at):
        for name in (*seen.usernames, seen.username):
            usernames.update({name.lower(): seen.channel_id} if name else {})
    for channel in channels:
        for name in (*channel.usernames, channel.username):
            usernames.update({name.lower(): channel.channel_id} if name else {})
    return EdgeFinder(kind, {int(one.channel_id): one for one in channels}, usernames)
