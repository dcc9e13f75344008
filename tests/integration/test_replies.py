"""The replies of a message are found however much later they came; where there are too many, that is said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from archiver.ids import ChannelId, MessageId
from archiver.store.messages import replies
from archiver.store.messages.replies import find_replies
from tests.sample import OTHER, build, connect, make_message

LATE = 50_000
TOPIC = '{"reply_to_msg_id":1,"forum_topic":true}'


def reply(number: int, header: str, *, to: int = 1, channel_id: int = 1001) -> object:
    return make_message(number, f"reply {number}", channel_id=channel_id, reply_to=header, reply_to_msg_id=to)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    own = [make_message(1, "the bridge is open"), reply(LATE, '{"reply_to_msg_id":1}'), reply(7, TOPIC)]
    elsewhere = '{"reply_to_msg_id":1,"reply_to_peer_id":{"type":"channel","id":1001}}'
    stranger = '{"reply_to_msg_id":1,"reply_to_peer_id":{"type":"user","id":1001}}'
    others = [
        make_message(1, "another one", channel_id=1002),
        reply(2, '{"reply_to_msg_id":1}', channel_id=1002),
        reply(3, elsewhere, channel_id=1002),
        reply(4, stranger, channel_id=1002),
    ]
    build(tmp_path, own)
    build(tmp_path, others, channel=OTHER)
    with closing(connect(tmp_path)) as found:
        yield found


def keys(conn: sqlite3.Connection, channel_id: int) -> list[tuple[int, int]]:
    return sorted(one[:2] for one in find_replies(conn, ChannelId(channel_id), MessageId(1)).replies)


def test_replies_are_found_however_late_and_in_the_channel_they_are_of(conn: sqlite3.Connection) -> None:
    assert keys(conn, 1001) == [(1001, LATE), (1002, 3)]
    assert keys(conn, 1002) == [(1002, 2)]
    found = find_replies(conn, ChannelId(1001), MessageId(1))
    assert found.whole


def test_they_are_found_by_the_index_and_without_sorting(conn: sqlite3.Connection) -> None:
    queries = {"message_reply": replies._HERE, "message_reply_elsewhere": replies._ELSEWHERE}
    for index, query in queries.items():
        plan = [row[-1] for row in conn.execute(f"EXPLAIN QUERY PLAN {query}", (1001, 1, 200, 10))]
        assert len(plan) == 1
        assert f"USING INDEX {index} (" in plan[0]


def test_a_program_that_trusts_no_schema_can_read_the_archive(conn: sqlite3.Connection) -> None:
    conn.execute("PRAGMA trusted_schema = OFF")
    assert conn.execute("SELECT count(*) FROM message WHERE reply_to_msg_id = 1").fetchone() == (5,)


def test_more_replies_than_are_looked_at_are_not_said_to_be_all(
    conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "MOST", 1)  # of two that name it in its channel, one only names it as the topic
    found = find_replies(conn, ChannelId(1001), MessageId(1))
    assert not found.whole
    assert [one[:2] for one in found.replies] == [(1002, 3)]
