"""The search tables can be made anew from the archive, and come out the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from archiver.mirror.rebuild_search import prepare_search
from archiver.model.document import to_document
from archiver.store.database import Writer
from archiver.store.messages.message import read_messages
from search.exact import writer as exact
from search.exact.changes import WriteCounts
from tests.doubles.telegram.demo import demo
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.world import World
from tests.integration.rig import Rig, mirror_of, query

FOUND = """
    SELECT c.channel_id, d.message_id, d.date, d.flags, d.views, d.forwards, d.fingerprint
    FROM search_document AS d JOIN search_channel AS c ON c.number = d.channel ORDER BY 1, 2
"""


async def test_what_is_read_back_gives_the_same_documents(tmp_path: Path) -> None:
    def write_again(conn: Writer) -> list[WriteCounts]:
        return [
            exact.upsert(
                conn, [to_document(message) for message in read_messages(conn, channel_id, after=0, limit=999)]
            )
            for (channel_id,) in conn.execute("SELECT channel_id FROM channel").fetchall()
        ]

    async with _demo(tmp_path) as rig:
        assert await rig.database.write(write_again) == [WriteCounts()] * 3


async def test_outdated_search_tables_are_rebuilt_completely(tmp_path: Path) -> None:
    async with _demo(tmp_path) as rig:
        assert await prepare_search(rig.database) is None
        gone = query(tmp_path, "SELECT channel_id, message_id FROM message ORDER BY random() LIMIT 9")
        keys = [(int(channel_id), int(message_id)) for channel_id, message_id in gone]
        for channel_id, message_id in keys:
            await rig.database.write(_lose(channel_id, message_id))
        before = query(tmp_path, FOUND)
        await rig.database.write(lambda conn: conn.execute("UPDATE search_layout SET norm = norm - 1"))
        assert await prepare_search(rig.database) == len(before) == 1199
        assert query(tmp_path, FOUND) == before
        assert await prepare_search(rig.database) is None


def _lose(channel_id: int, message_id: int) -> Callable[[Writer], None]:
    def act(conn: Writer) -> None:
        conn.execute(
            "UPDATE message SET missing_since = 1, missing_how = 'audit' WHERE channel_id = ? AND message_id = ?",
            (channel_id, message_id),
        )
        exact.mark_missing(conn, [(channel_id, message_id)])

    return act


@asynccontextmanager
async def _demo(directory: Path) -> AsyncIterator[Rig]:
    """A mirror of the demo world."""
    world = World()
    account = world.add_account()
    demo(world, 1)
    async with Server(world) as server, mirror_of(server, account, directory) as rig:
        for channel in list(world.channels.values()):
            await rig.add(channel)
            await rig.sync(channel)
        yield rig
