"""Exports of an archive whose file is damaged have what can be read, and say what they lack."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from archiver.export.claims import find_fault
from archiver.export.damaged import Damaged
from archiver.export.verify import check
from tests.exporting import append_as, export_as
from tests.sample import build, make_message

PAGE = 4096
LONG = 31
COUNT = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty messages, one of which has several pages for itself."""
    messages = [make_message(number, f"short {number}" * 20) for number in range(1, COUNT + 1) if number != LONG]
    messages.append(make_message(LONG, "رتل\0" + "".join(f"{number:06}" for number in range(2000)) + "tail"))
    made = build(tmp_path_factory.mktemp("damaged") / "archive", messages, covered=[(1, COUNT)])
    with sqlite3.connect(made / "archive.db") as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    return made


@pytest.fixture
def archive(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return shutil.copytree(whole, tmp_path / "archive")


def zero(archive: Path, *marks: bytes) -> None:
    """Zero the pages that have these bytes."""
    path = archive / "archive.db"
    data = bytearray(path.read_bytes())
    for mark in marks:
        at = data.index(mark) // PAGE * PAGE
        data[at : at + PAGE] = bytes(PAGE)
    path.write_bytes(data)


def export(archive: Path, out: Path, name: str = "jsonl", **more: Any) -> tuple[Damaged, Any]:
    damaged = Damaged()
    export_as(name, archive, out, job={"damaged": damaged}, **more)
    [channel] = orjson.loads((out.parent / "manifest.json").read_bytes())["channels"]
    assert not [one.fault for one in check(out.parent / "manifest.json") if one.fault]
    return damaged, channel


def read_ids(path: Path) -> Sequence[int]:
    return [orjson.loads(line)["message_id"] for line in path.read_bytes().splitlines()]


def test_a_long_message_with_zeros_is_the_only_one_left_out(archive: Path, tmp_path: Path) -> None:
    assert export(archive, tmp_path / "whole/out")[0].__len__() == 0
    assert read_ids(tmp_path / "whole/out") == list(range(1, COUNT + 1))
    zero(archive, b"001500001501")
    damaged, channel = export(archive, tmp_path / "out/out")
    assert (len(damaged), channel["completeness"]["damaged_ids"]) == (1, [[LONG, LONG]])
    assert read_ids(tmp_path / "out/out") == [number for number in range(1, COUNT + 1) if number != LONG]
    assert channel["completeness"]["reasons"] == ["1 message cannot be read: the archive's file is damaged"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"damaged": 2}, "lists a number of damaged ids that differs from its count"),
        ({"damaged": "1"}, "is missing or invalid"),
        ({"damaged_ids": [LONG]}, "is missing or invalid"),
        ({"damaged_ids": [[LONG, LONG + 1]]}, "lists a number of damaged ids that differs from its count"),
    ],
)
def test_a_wrong_number_of_damaged_messages_in_the_manifest_is_found(
    archive: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    zero(archive, b"001500001501")
    export(archive, tmp_path / "out/out")
    claims = orjson.loads((tmp_path / "out/manifest.json").read_bytes())
    assert find_fault(claims) is None
    claims["channels"][0]["completeness"].update(change)
    assert said in str(find_fault(claims))


def test_an_unreadable_page_costs_only_its_own_messages(archive: Path, tmp_path: Path) -> None:
    zero(archive, b"short 20short 20")
    damaged, channel = export(archive, tmp_path / "out/out")
    lost = [number for lo, hi in channel["completeness"]["damaged_ids"] for number in range(lo, hi + 1)]
    assert 20 in lost
    assert 1 < len(lost) == len(damaged) < COUNT // 2
    assert sorted([*read_ids(tmp_path / "out/out"), *lost]) == list(range(1, COUNT + 1))


@pytest.mark.parametrize("name", ["html", "markdown", "atom"])
def test_formats_for_reading_mention_the_damage(archive: Path, tmp_path: Path, name: str) -> None:
    zero(archive, b"001500001501")
    out = tmp_path / "out/out"
    damaged = Damaged()
    export_as(name, archive, out, job={"damaged": damaged})
    said = (out / "index.html" if name == "html" else out).read_text()
    assert "1 message cannot be read" in said


@pytest.mark.parametrize(
    "do",
    [
        lambda archive, out: append_as("jsonl", archive, out),
        lambda archive, out: export_as("sqlite", archive, out),
        lambda archive, out: export_as("jsonl", archive, out),
    ],
)
@pytest.mark.parametrize("mark", [b"001500001501", b"short 20short 20"])
def test_exports_that_need_every_message_refuse_and_write_nothing(
    archive: Path, tmp_path: Path, do: Callable[[Path, Path], object], mark: bytes
) -> None:
    zero(archive, mark)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        do(archive, tmp_path / "out.jsonl")
    assert caught.value.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]
