from __future__ import annotations

import sqlite3

import pytest

from search.exact.tables import Memory, Tables


@pytest.fixture
def conn() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.execute("CREATE TABLE search_channel (number, channel_id)")
    made.execute("INSERT INTO search_channel VALUES (1, 1001)")
    return made


def channels(conn: sqlite3.Connection, memory: Memory, *, is_settled: bool) -> dict[int, int]:
    return dict(Tables(conn, memory.within(conn, is_settled=is_settled)).channels([1]))


def test_the_cache_of_a_rolled_back_transaction_is_discarded(conn: sqlite3.Connection) -> None:
    memory = Memory()
    assert channels(conn, memory, is_settled=True) == {1: 1001}
    conn.execute("BEGIN")
    conn.execute("UPDATE search_channel SET channel_id = 2002")
    assert channels(conn, memory, is_settled=False) == {1: 2002}
    conn.execute("ROLLBACK")
    assert channels(conn, memory, is_settled=True) == {1: 1001}
    conn.close()


def test_a_read_only_transaction_uses_the_cache(conn: sqlite3.Connection) -> None:
    memory = Memory()
    channels(conn, memory, is_settled=True)
    known = memory.channels
    conn.execute("BEGIN")
    assert memory.within(conn, is_settled=False) is memory
    channels(conn, memory, is_settled=False)
    assert memory.channels is known
    conn.close()
