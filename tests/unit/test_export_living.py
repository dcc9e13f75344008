"""Exports of an archive that is written to meanwhile: one state in all parts of them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.exporting import export_as
from tests.sample import START, build, connect, make_message

ROUNDS = 3


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return build(tmp_path / "archive", [make_message(1, "bridge")], covered=[(1, 1)])


@contextmanager
def being_mirrored(archive: Path) -> Iterator[None]:
    """Meanwhile, one message after the other comes, each in a transaction with what says that its id was read."""
    ended = threading.Event()

    def mirror() -> None:
        with closing(connect(archive)) as conn:
            columns = [row[1] for row in conn.execute("PRAGMA table_info(message)")]
            copied = ", ".join({"message_id": "?1", "date": "?2"}.get(name, name) for name in columns)
            insert = f"INSERT INTO message ({', '.join(columns)}) SELECT {copied} FROM message WHERE message_id = 1"  # noqa: S608
            for number in count(2):
                if ended.wait(0.002):
                    return
                conn.execute("BEGIN IMMEDIATE")
                conn.execute(insert, (number, START + 60 * number))
                conn.execute("UPDATE coverage SET hi = ?", (number,))
                conn.execute("UPDATE channel SET top_id = ?", (number,))
                conn.execute("COMMIT")

    writing = threading.Thread(target=mirror)
    writing.start()
    try:
        yield
    finally:
        ended.set()
        writing.join()


def test_the_small_archive_has_each_message_that_it_says_was_read(archive: Path, tmp_path: Path) -> None:
    with being_mirrored(archive):
        made = [export_as("sqlite", archive, tmp_path / f"{number}/small.db") for number in range(ROUNDS)]
    for one in made:
        assert one.manifest is not None
        [part] = one.manifest.channels
        with closing(sqlite3.connect(f"file:{one.data_path}?immutable=1", uri=True)) as conn:
            [read] = conn.execute("SELECT hi FROM coverage").fetchone()
            [held] = conn.execute("SELECT count(*) FROM message").fetchone()
        assert (read, held) == (one.rows, one.rows)
        assert part.completeness.hi == one.rows


def test_no_entry_of_a_feed_is_newer_than_the_feed(archive: Path, tmp_path: Path) -> None:
    from lxml import etree

    space = "{http://www.w3.org/2005/Atom}"
    with being_mirrored(archive):
        for number in range(ROUNDS):
            export_as("atom", archive, tmp_path / f"{number}.atom")
    for number in range(ROUNDS):
        feed = etree.parse(tmp_path / f"{number}.atom").getroot()
        entries = [one.text or "" for one in feed.iter(f"{space}updated")]
        assert entries[0] == max(entries)
