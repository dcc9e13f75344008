"""Exports of an archive that is written to meanwhile: one state in all parts of them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from archiver.errors import Busy
from archiver.export.earlier_exports import find_earlier_folder
from archiver.export.exchange import exchange
from tests.exporting import append_as, export_as
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


def test_an_export_that_another_replaces_meanwhile_is_an_export(archive: Path, tmp_path: Path) -> None:
    export_as("html", archive, tmp_path / "pages")
    parent = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    ended = threading.Event()

    def replace() -> None:
        while not ended.is_set():
            shutil.copytree(tmp_path / "pages", tmp_path / "new")
            exchange(parent, "pages", "new")
            shutil.rmtree(tmp_path / "new")

    replacing = threading.Thread(target=replace)
    replacing.start()
    try:
        found = [find_earlier_folder(tmp_path / "pages") for _ in range(200)]
    finally:
        ended.set()
        replacing.join()
        os.close(parent)
    assert [one for one in found if not isinstance(one, str)] == []


def test_two_that_begin_a_series_at_the_same_time_do_not_suggest_to_replace_it(archive: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as exports:
        begun = [exports.submit(append_as, "jsonl", archive, tmp_path / "all.jsonl", force=False) for _ in range(3)]
    refused = [one.exception() for one in begun]
    assert None in refused
    assert {type(one) for one in refused} <= {type(None), Busy}


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
