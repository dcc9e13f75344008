"""`verify` reads most messages in one pass; what is wrong with them is what the whole conversion finds wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from archiver.convert import Peers, convert_message
from archiver.convert.stored import derive, read_payload
from archiver.evidence import message as checking
from archiver.evidence.findable import check_blocks
from archiver.evidence.messages import RangeCheck
from archiver.evidence.search_lines import check_part
from archiver.evidence.task_result import TaskResult, VerifyTask
from archiver.model.fault import Fault
from archiver.model.record import Message
from archiver.store.verify import search_blocks, search_rows
from archiver.store.verify.checked import HIGHEST, LOWEST
from archiver.store.verify.limits import check_search_values
from tests.capturing import START, capture
from tests.importing import CHANNEL_ID
from tests.tiers import examples
from tests.unit.test_quick_post import service_message, usual_post
from tests.unit.tl_random import through_bytes

_TEXTS = ("the bridge is open", "мост открыт", "الجسر مفتوح #خبر", "桥开放了 https://a.example/", "")
_TABLES = {
    "message": "channel_id, message_id",
    "media": "channel_id, message_id, slot",
    "search_document": "docid",
    "search_block": "block",
    "search_channel_range": "channel, block",
}


def _captured(number: int) -> Message:
    random = Random(number)
    obj = service_message(random) if number % 7 == 0 else usual_post(random)
    obj.id, obj.peer_id = number, types.PeerChannel(CHANNEL_ID)
    obj.date = datetime.fromtimestamp(START + 3600 * number, UTC)
    if number % 3 == 0 and number % 7:
        obj.message, obj.entities = random.choice(_TEXTS), None
    obj, raw = through_bytes(obj)
    return convert_message(obj, raw, channel_id=CHANNEL_ID, peers=Peers(), layer=229)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of 120 messages, ten of which were shown twice."""
    directory = tmp_path_factory.mktemp("ways")
    messages = [_captured(number) for number in range(1, 121)]
    capture(directory, messages[::-1], messages[:10], proven=(1, 120))
    return directory / "archive.db"


def _faults(conn: sqlite3.Connection) -> list[Fault]:
    """What the check of the messages finds; read once more, as each task of a verification is."""
    done = TaskResult()
    RangeCheck(conn).check(VerifyTask("messages", CHANNEL_ID, LOWEST, HIGHEST), done)
    conn.text_factory = str
    return done.faults


def _is_never_sound(*_: object) -> bool:
    return False


def _damage(conn: sqlite3.Connection, table: str, random: Random) -> tuple[str, Any]:
    """Change one value in one row of a table, in the middle of a transaction that is rolled back."""
    names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
    key = _TABLES[table].split(", ")
    name = random.choice([one for one in names if one not in key])
    (count,) = conn.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    query = f"SELECT {', '.join(key)}, {name} FROM {table} ORDER BY {', '.join(key)} LIMIT 1 OFFSET ?"  # noqa: S608
    *place, value = conn.execute(query, (random.randrange(count),)).fetchone()
    changed = _changed(value, random)
    where = " AND ".join(f"{one} = ?" for one in key)
    try:
        conn.execute(f"UPDATE {table} SET {name} = ? WHERE {where}", (changed, *place))  # noqa: S608
        if name == "raw" and random.random() < 0.7:  # a payload that says something else, with its own hash
            conn.execute(f"UPDATE {table} SET payload_sha256 = ? WHERE {where}", (sha256(changed).digest(), *place))  # noqa: S608
    except sqlite3.IntegrityError:
        return name, value  # SQLite refuses it, and its own check would find it
    return name, changed


def _changed(value: Any, random: Random) -> Any:
    match value:
        case None:
            return random.choice([0, 1, "", "en", b"\0"])
        case int():
            return random.choice([None, value + 1, value ^ 1 << random.randrange(31), -value, 0])
        case str():
            return random.choice([None, f"{value} ", value[1:], "{}", "[]", value.upper()])
        case bytes():
            at = random.randrange(len(value))
            flipped = value[:at] + bytes([value[at] ^ 1 << random.randrange(8)]) + value[at + 1 :]
            return random.choice([flipped, flipped, flipped, value[:at], value + b"\0\0\0\0"])
    return value


def test_nothing_is_wrong_with_an_archive_as_it_was_written(archive: Path) -> None:
    with closing(sqlite3.connect(archive, isolation_level=None)) as conn:
        assert _faults(conn) == []


@settings(max_examples=examples(150), deadline=None)
@given(seed=st.integers(0, 2**32), table=st.sampled_from(["message", "message", "message", "media", "search_document"]))
def test_both_ways_find_the_same_faults(archive: Path, seed: int, table: str) -> None:
    with closing(sqlite3.connect(archive, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        what = _damage(conn, table, Random(seed))
        quick = _faults(conn)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(checking, "is_sound_post", _is_never_sound)
            whole = _faults(conn)
        conn.execute("ROLLBACK")
    assert quick == whole, what


def test_a_text_that_is_no_utf8_is_a_fault_also_where_the_payload_has_the_same_bytes(archive: Path) -> None:
    with closing(sqlite3.connect(archive, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        query = "SELECT message_id, raw FROM message WHERE text = ? AND kind = 'message' ORDER BY message_id LIMIT 1"
        message_id, raw = conn.execute(query, (_TEXTS[0],)).fetchone()
        text = b"\xff" + _TEXTS[0].encode()[1:]
        raw = raw.replace(_TEXTS[0].encode(), text)
        said = derive(read_payload(raw), raw, channel_id=CHANNEL_ID, layer=229, peers=Peers())
        conn.execute(
            "UPDATE message SET raw = ?, payload_sha256 = ?, content_hash = ?, text = CAST(? AS TEXT)"
            " WHERE message_id = ?",
            (raw, said.payload_sha256, said.content_hash, text, message_id),
        )
        assert "text does not match its payload" in [fault.wrong for fault in _faults(conn)]
        conn.execute("ROLLBACK")


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 2**32), table=st.sampled_from(["search_document", "search_block", "search_channel_range"]))
def test_comparing_blocks_in_sqlite_finds_what_comparing_all_rows_finds(archive: Path, seed: int, table: str) -> None:
    every = (0, 1 << 62)
    with closing(sqlite3.connect(archive, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        what = _damage(conn, table, Random(seed))
        if not [*check_search_values(conn)]:  # else that check has found it
            found = [fault.wrong for fault in check_part(conn, *every, lines=False)[0]]
            rows = search_rows.list_rows(conn, search_rows.Docids(*every))
            blocks, ranges = search_blocks.list_blocks(conn, *every), search_blocks.list_channel_ranges(conn, *every)
            assert found == [*check_blocks(rows, blocks, ranges)], what
        conn.execute("ROLLBACK")
