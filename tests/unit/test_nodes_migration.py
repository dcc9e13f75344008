"""An index of the time before there were several nodes: what is known of it goes to the first of the settings."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from archiver.index.node_workers import settle_nodes
from archiver.store.database import Database
from archiver.store.index.index_due import count_lag
from tests.sample import DDL


def before_nodes(folder: Path) -> None:
    """An archive of schema 4: two channels, an index that follows, a message that waits, a walk, a bad message."""
    folder.mkdir()
    conn = sqlite3.connect(folder / "archive.db", isolation_level=None)
    for script in sorted(DDL.glob("*.sql"))[:4]:
        conn.executescript(script.read_text(encoding="utf-8"))
    for channel_id in (1001, 1002):
        conn.execute("INSERT INTO channel (channel_id, title, megagroup, added_at) VALUES (?, '', 0, 1)", (channel_id,))
    conn.execute("UPDATE indexing SET seq = 7, state = 'following', success_at = 5")
    conn.execute("INSERT INTO outbox VALUES (1001, 1, 100, 6)")
    conn.execute("INSERT INTO index_walk VALUES ('messages', 1002, 40)")
    conn.execute("INSERT INTO index_aside VALUES (1002, 9, 5, 'invalid_document_id')")
    conn.execute("INSERT INTO index_task VALUES ('b', 'messages', 3, NULL, 0, 0, 0, 6, 1001, 1)")
    conn.close()


async def test_nothing_is_sent_again_but_what_was_under_way(tmp_path: Path) -> None:
    before_nodes(tmp_path / "archive")
    async with await Database.open(tmp_path / "archive") as database:
        assert await database.read(count_lag, ["a:1"], "messages") > 0
        await database.write(lambda conn: settle_nodes(conn, ["a:1"], index="messages", now=10))
        assert await rows(database, "SELECT channel_id, node, phase, serves FROM index_home") == [
            (1001, "a:1", "held", 1),
            (1002, "a:1", "held", 1),
        ]
        assert await rows(database, "SELECT node, state, success_at FROM index_node") == [("a:1", "following", 5)]
        assert await rows(database, "SELECT channel_id, message_id, node, seq FROM outbox") == [(1001, 1, "", 6)]
        assert await rows(database, "SELECT node, channel_id, after_id FROM index_walk") == [("a:1", 1002, 40)]
        assert await rows(database, "SELECT node, message_id FROM index_aside") == [("a:1", 9)]
        assert await rows(database, "SELECT 1 FROM index_task") == []


async def test_an_only_node_may_have_another_address_and_one_of_several_may_not(tmp_path: Path) -> None:
    before_nodes(tmp_path / "archive")
    async with await Database.open(tmp_path / "archive") as database:
        for nodes in (["a:1"], ["b:2"]):
            await database.write(lambda conn, nodes=nodes: settle_nodes(conn, nodes, index="messages", now=10))  # type: ignore[misc]
        assert await rows(database, "SELECT DISTINCT node, phase FROM index_home") == [("b:2", "held")]
        for nodes in (["b:2", "c:3"], ["d:4"]):
            await database.write(lambda conn, nodes=nodes: settle_nodes(conn, nodes, index="messages", now=10))  # type: ignore[misc]
        found = dict(await rows(database, "SELECT node, phase FROM index_home WHERE channel_id = 1001"))
        assert found.pop("d:4") == "wanted"
        assert set(found.values()) == {"leaving"}


async def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    return await database.read(lambda conn: conn.execute(sql).fetchall())
