"""The report of an import names the file that was read, and puts damage down to the file, not to a channel in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.cli.view.import_flaws import report_flaws
from archiver.cli.view.import_report import report_read
from archiver.imports.import_file import open_hashed
from archiver.imports.import_outcome import ImportOutcome
from archiver.imports.source import Flaw
from tests.importing import chat, entry, write_json


def outcome() -> ImportOutcome:
    found = ImportOutcome()
    found.add_flaw(Flaw("trunc.jsonl, line 271", "the file ends in the middle of a row", fatal=True))
    found.add_flaw(Flaw("message 5", "its file is not imported"))
    found.add_flaw(Flaw("", "it lacks something"))
    return found


def test_damage_of_a_file_with_several_channels_is_put_down_to_none_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    report_flaws("@night", outcome(), "trunc.jsonl")
    assert capsys.readouterr().err.splitlines() == [
        "telekeep: trunc.jsonl, line 271: the file ends in the middle of a row.",
        "telekeep: @night: message 5: its file is not imported.",
        "telekeep: trunc.jsonl: it lacks something.",
    ]


def test_damage_of_a_file_with_one_channel_is_named_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    report_flaws("@night", outcome())
    assert all(line.startswith("telekeep: @night: ") for line in capsys.readouterr().err.splitlines())


def test_the_file_that_is_read_from_a_directory_is_named_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_json(tmp_path / "result.json", chat([entry(1, "a")]))
    (tmp_path / "messages.html").write_text("<html>")
    report_read(tmp_path, open_hashed(tmp_path, None))
    report_read(path, open_hashed(path, None))  # named by who typed it
    assert capsys.readouterr().err == f"reading result.json in {tmp_path} (desktop-json)\n"


def test_what_is_not_read_of_a_directory_is_named_with_the_way_to_import_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(tmp_path / "result.json", chat([entry(1, "a")]))
    for name in ("a b.jsonl", "c.csv", "d.csv", "e.csv"):
        (tmp_path / name).touch()
    report_read(tmp_path, open_hashed(tmp_path, None))
    [_, told] = capsys.readouterr().err.splitlines()
    assert told.startswith("telekeep: not read, but possibly exports: a b.jsonl, c.csv, d.csv and 1 more.")
    assert told.endswith(f"`telekeep import '{tmp_path}/a b.jsonl'`.")
