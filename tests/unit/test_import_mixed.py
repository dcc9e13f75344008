"""Exports of many channels whose rows are mixed: read once, in bounded memory, nothing lost between channels."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.view.import_report import ImportedChat, ImportReport, report_import
from archiver.compose.import_channel import ImportChannel
from archiver.ids import ChannelId
from archiver.imports import gather_pages
from archiver.imports.detect import open_source
from archiver.imports.import_file import HashedSource
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.source import Flaw, ImportedMessage
from archiver.imports.sources import csv_rows, jsonl
from tests.capturing import assert_sound, rows
from tests.exporting import export_as
from tests.importing import import_chats
from tests.sample import build, make_channel, make_message

CHANNELS = 24
EACH = 6
HELD = "SELECT channel_id, count(*), count(DISTINCT message_id), min(text), max(text) FROM message GROUP BY channel_id"
EXPECTED = [(1001 + at, EACH, EACH, f"{at} 1", f"{at} {EACH}") for at in range(CHANNELS)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Messages of many channels by date, so that no two of one channel follow each other."""
    directory = tmp_path_factory.mktemp("mixed")
    for at in range(CHANNELS):
        posts = [make_message(number, f"{at} {number}", channel_id=1001 + at) for number in range(1, EACH + 1)]
        build(directory / "archive", posts, channel=make_channel(1001 + at))

    def write(name: str) -> Path:
        path = directory / f"all.{name}"
        if not path.exists():
            export_as(name, directory / "archive", path)
        return path

    return write


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_a_file_of_many_channels_is_read_as_often_as_one_of_few(
    written: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    module, opened = {"jsonl": jsonl, "csv": csv_rows}[name], Counter[str]()
    real = module.open_regular

    def count(root: Path, path: Path) -> Any:
        opened[path.name] += 1
        return real(root, path)

    monkeypatch.setattr(module, "open_regular", count)
    outcomes = import_chats(tmp_path / "a", written(name), most=None)
    assert (len(outcomes), {one.counts.new for one in outcomes}, {len(one.flaws) for one in outcomes}) == (
        CHANNELS,
        {EACH},
        {0},
    )
    assert opened[f"all.{name}"] < 6
    assert rows(tmp_path / "a", HELD) == EXPECTED
    assert_sound(tmp_path / "a")


def test_pages_that_wait_are_written_before_they_are_too_many(
    written: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather_pages, "_MOST", 20)
    waiting, most = gather_pages._sum_up, []

    def watch(pages: Any) -> tuple[int, int]:
        found = waiting(pages)
        most.append(found[0])
        return found

    monkeypatch.setattr(gather_pages, "_sum_up", watch)
    import_chats(tmp_path / "a", written("jsonl"), most=None)
    assert max(most) <= 20
    assert len(most) >= CHANNELS * EACH // 20 - 1
    assert rows(tmp_path / "a", HELD) == EXPECTED


def test_pages_that_were_written_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather_pages, "_MOST", 100)
    entries = ((number % 3, _Entry(message=make_message(number))) for number in range(1, 600))
    alive = 0
    for pages in gather_pages.gather_pages(entries, [ImportOutcome() for _ in range(3)]):
        gc.collect()
        alive = max(alive, sum(isinstance(one, _Entry) for one in gc.get_objects()))
        pages.clear()
    assert 100 < alive < 120, "those that wait, and those that are written"


class _Entry(ImportedMessage):
    """Counted."""


def test_a_file_that_ends_early_finishes_none_of_its_channels(written: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_bytes(written("jsonl").read_bytes()[:-100])
    outcomes = import_chats(tmp_path / "a", path, most=None)
    assert [one.is_flawed for one in outcomes] == [True] + [False] * (CHANNELS - 1)
    assert rows(tmp_path / "a", "SELECT count(*), count(finished_at) FROM import_source") == [(CHANNELS, 0)]
    [one] = import_chats(tmp_path / "b", path, str(1000 + CHANNELS), most=None)
    assert one.is_flawed
    assert rows(tmp_path / "b", "SELECT channel_id, finished_at FROM import_source") == [(1000 + CHANNELS, None)]
    assert rows(tmp_path / "b", "SELECT count(*) FROM message") == [(EACH - 1,)]


def test_of_two_channels_that_say_the_same_name_the_first_has_it(
    written: Callable[[str], Path], tmp_path: Path
) -> None:
    path = tmp_path / "same.jsonl"
    path.write_bytes(re.sub(rb"channel_10\d\d", b"channel_same", written("jsonl").read_bytes()))
    import_chats(tmp_path / "a", path, most=None)
    [named, *others] = rows(tmp_path / "a", "SELECT username FROM channel ORDER BY username IS NULL")
    assert (named, set(others)) == (("channel_same",), {(None,)})


def test_of_many_channels_the_first_are_named_and_the_others_summed_up(
    written: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = import_chats(tmp_path / "a", written("jsonl"), most=None)
    outcomes[-1].add_flaw(Flaw("line 9", "it is broken"))
    chats = [
        ImportedChat(ImportChannel(channel_id=ChannelId(1001 + at), name=f"channel_{1001 + at}"), one)
        for at, one in enumerate(outcomes)
    ]
    hashed = HashedSource(open_source(written("jsonl"), None))
    report_import(ImportReport(written("jsonl"), hashed, None, False, chats, Counter(), []))
    lines = capsys.readouterr().err.splitlines()
    assert lines[19:] == [
        "channel_1020: 6 messages new",
        f"4 further channels: {4 * EACH} messages new; `--json` names each",
        "telekeep: line 9: it is broken.",
    ]
