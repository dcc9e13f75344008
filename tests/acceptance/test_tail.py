"""`telekeep tail` beside the syncs of another process: each event once, and an end when nobody reads any more."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.model.row import KEYS
from tests.acceptance.desk import LIMIT, Desk, Telegram, until

NAME = "tailed"


@pytest.fixture
def posted(desk: Desk, telegram: Telegram) -> tuple[Desk, int]:
    """A desk with a channel of three posts, and the id of the first."""
    with suppress(AssertionError):  # an earlier test made it
        telegram.order("make", title="Tailed", username=NAME)
    first = telegram.post(NAME, "convoy at the bridge")
    telegram.post(NAME, "quiet morning")
    telegram.post(NAME, "a second convoy")
    desk.do("add", f"@{NAME}")
    desk.do("sync")
    return desk, first


@contextmanager
def tail(desk: Desk, place: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The command, running, with its output in a file."""
    path = place / "tail.out"
    with path.open("wb") as file:
        process = desk.start("tail", *arguments, stdout=file)
    try:
        yield process, path
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def lines(path: Path) -> list[Any]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]


def test_new_edited_and_deleted_posts_come_each_once_as_other_processes_commit_them(
    posted: tuple[Desk, int], telegram: Telegram, tmp_path: Path
) -> None:
    desk, first = posted
    with tail(desk, tmp_path, "convoy", "-n", "1", "-c", NAME, "--jsonl") as (process, path):
        until(lambda: lines(path), what="the last post")
        for number in range(3):
            telegram.post(NAME, f"convoy number {number}")
            telegram.post(NAME, f"rain number {number}")
            desk.do("sync")
        telegram.order("edit", channel=NAME, id=first, text="convoy across the bridge")
        desk.do("sync")
        telegram.order("delete", channel=NAME, ids=[first])
        desk.do("sync")
        until(lambda: lines(path)[-1]["event"] == "deleted", what="the deletion")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LIMIT)
        found = lines(path)
    assert (process.returncode, said.decode().splitlines()[-1]) == (130, "stopped; nothing was changed.")
    assert said.decode().count("nothing is mirroring now") == 1
    assert [(row["event"], row["text"]) for row in found] == [
        ("new", "a second convoy"),
        *(("new", f"convoy number {number}") for number in range(3)),
        ("edited", "convoy across the bridge"),
        ("deleted", "convoy across the bridge"),
    ]
    assert all(set(KEYS) <= set(row) and row["at"].endswith("Z") for row in found)


def test_since_starts_with_posts_archived_since_then(posted: tuple[Desk, int], tmp_path: Path) -> None:
    desk, _ = posted
    with tail(desk, tmp_path, "--since", "1h") as (_, path):
        until(lambda: b"second convoy" in path.read_bytes(), what="the third post")
        told = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    held = desk.query("SELECT count(*) FROM message")[0][0]
    assert len(told) == held
    assert {(len(cells), cells[4]) for cells in told} == {(7, "new")}


def test_it_ends_with_its_reader_even_without_new_posts(posted: tuple[Desk, int]) -> None:
    desk, _ = posted
    reading, writing = os.pipe()
    process = desk.start("tail", "-n", "1", stdout=writing)
    os.close(writing)
    assert os.read(reading, 65536)
    os.close(reading)
    _, said = process.communicate(timeout=LIMIT)
    assert (process.returncode, b"stopped" in said) == (0, False)


def test_a_terminal_gets_a_card_with_the_event_above(posted: tuple[Desk, int]) -> None:
    desk, _ = posted
    screen = desk.on_terminal("tail", "second", "-n", "1", typed=[("convoy", "\x03")])
    assert screen.index("new  ") < screen.index(f"{NAME}/")
