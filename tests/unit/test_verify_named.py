"""Each kind of damage in the rows of a message is found, and named as what it is."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from telethon.tl import types

from archiver.errors import Error
from archiver.evidence import processes
from archiver.evidence.processes import running
from archiver.evidence.run import verify
from archiver.evidence.task_result import VerifyTask
from tests.capturing import START, assert_sound, capture, captured

DOUBLED = """
    INSERT INTO search_document SELECT docid + 9, channel, message_id, date, flags, views, forwards, fingerprint
    FROM search_document WHERE message_id = 4
"""
FORWARD = types.MessageFwdHeader(date=datetime.fromtimestamp(START, UTC), from_name="Far")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four messages, of which one was edited, and one forwarded."""
    archive = tmp_path_factory.mktemp("whole") / "archive"
    edited = captured(2, "two, edited", edit_date=datetime.fromtimestamp(START + 999, UTC))
    shown = [captured(4, "four"), captured(3, "three", fwd_from=FORWARD), captured(2, "two"), captured(1, "one")]
    capture(archive, shown, [edited])
    assert_sound(archive)
    return archive


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        (DOUBLED, "search: it has more than one row"),
        ("UPDATE message SET message_id = 99 WHERE message_id = 1", "its payload is that of another message"),
        ("UPDATE message SET layer = 201 WHERE message_id = 1", "its layer is not that of its payload"),
        ("UPDATE message SET layer = 228 WHERE message_id = 4", "its layer matches no answer in the log"),
        ("INSERT INTO counter VALUES (1001, 4, 5, 7, 7, 7, NULL)", "recorded counters match no answer in the log"),
        ("UPDATE revision SET revision = 2", "counts 1 revisions; kept are: 2"),
        ("DELETE FROM search_revision", "search: it has no row"),
        ("DELETE FROM search_document WHERE message_id = 1", "search: terms refer to 1 missing rows"),
        ("DELETE FROM search_text_idx", "the word index is contradictory"),
        ("UPDATE search_origin SET name = 'Near'", "search: its forward origin is recorded wrongly"),
    ],
)
def test_damage_in_the_rows_of_a_message_is_found_and_named(
    whole: Path, tmp_path: Path, damage: str, wrong: str
) -> None:
    shutil.copytree(whole, tmp_path / "archive")
    with closing(sqlite3.connect(tmp_path / "archive" / "archive.db")) as conn, conn:
        assert conn.execute(damage).rowcount > 0
    assert wrong in [one.wrong for one in verify(tmp_path / "archive" / "archive.db").faults]


def test_a_verification_whose_process_was_killed_says_nothing_of_the_rest(whole: Path) -> None:
    with running() as begun:
        pipe = begun.start(whole / "archive.db")
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        for go_on in (partial(processes._receive, pipe), partial(processes._send, pipe, VerifyTask("index"))):
            with pytest.raises(Error, match="a verification process was killed"):
                go_on()
