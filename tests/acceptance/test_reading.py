"""The reading commands as people run them: the command as a process of its own, over a real archive."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.cli.table import COMMANDS
from tests.acceptance.reading import ROOT, Run, archive, clean_environment, run
from tests.sample import START

__all__ = ["archive", "run"]


def test_help_lists_every_command_and_version_answers(run: Run) -> None:
    helped = run("--help")
    assert helped.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", helped.stdout)
    assert run("--version").stdout.startswith("telekeep ")
    assert run("--version").stdout == run("-q", "--version").stdout


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_of_a_command_begins_with_examples_and_ends_with_its_exit_statuses(run: Run, name: str) -> None:
    helped = run(name, "--help")
    assert helped.returncode == 0, helped.stderr
    assert helped.stdout.index("Examples:") < helped.stdout.index("Options:") < helped.stdout.index("Exit status:")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serch"], "Did you mean `telekeep search`?"),
        (["search"], "QUERY"),
        (["--nope"], "--nope"),
        (
            ["search", "-toll bridge"],
            "Put -- before a query that starts with -, as in: telekeep search -- -toll bridge",
        ),
        (["search", "has:vdeo"], "Did you mean has:video?"),
        (["search", "x", "--since", "then"], "is not a date"),
        (["search", "x", "--tz", "Asia/Bagdad"], "Asia/Baghdad"),
        (["search", "x", "-c", "nightbrige"], "Did you mean NightBridge or bridge?"),
        (["search", "x", "--fuzzy"], "--fuzzy needs Meilisearch, which is not configured"),
        (["search", "x", "--engine", "meilisearch"], "--engine meilisearch needs Meilisearch"),
        (["search", "x", "--facet", "colour"], "Available: channel, day, month"),
        (["show", "NightBridge"], "names no message"),
        (["show", "NightBridge/35"], "is not fetched yet"),
        (["show", "NightBridge/999"], "the highest known id"),
        (["show", "t.me/+abcdef"], "invite link"),
        (["gaps", "nobody"], "is not in the archive"),
        (["export"], "--output"),
        (["export", "-o", "x.jsonl", "--excel"], "--excel needs CSV"),
        (["export", "-o", "/proc/none/x.jsonl"], "cannot be created"),
        (["verify", "."], "no export manifest"),
        (["verify", "./not/there.csv"], "not/there.csv does not exist"),
        (["--config", "none.toml", "status"], "there is no settings file none.toml, which --config names"),
    ],
)
def test_wrong_usage_is_one_error_line_with_exit_2(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(run: Run) -> None:
    assert "Traceback" in run("show", "NightBridge/10", "--debug").stderr


def test_unknown_setting_is_one_line_with_exit_2(run: Run) -> None:
    done = run("status", TELEKEEP_ARCHIVE__DIRR="x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "TELEKEEP_ARCHIVE__DIR?" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["search", "x"],
        ["show", "a/1"],
        ["history", "a/1"],
        ["changes"],
        ["gaps", "a"],
        ["export", "-o", "x"],
    ],
)
def test_without_an_archive_it_says_what_to_run(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, directory=tmp_path / "nothing")
    assert done.returncode == 2
    assert "telekeep add" in done.stderr
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("arguments", [["status"], ["channels"], ["search", "x"], ["changes"]])
def test_older_archive_is_distinguished_from_a_damaged_one(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    with sqlite3.connect(tmp_path / "archive.db") as older:
        older.executescript((ROOT / "archiver/store/sql/0001_archive.sql").read_text(encoding="utf-8"))
    older.close()
    done = run(*arguments, directory=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Run `telekeep sync` or" in done.stderr
    repaired = run("repair", "search", directory=tmp_path)
    assert repaired.returncode == 0
    assert "upgrading the archive of an older version" in repaired.stderr
    assert "older version" not in run(*arguments, directory=tmp_path).stderr


@pytest.mark.parametrize(
    "arguments",
    [["search", "bridge"], ["show", "bridge/1"], ["history", "bridge/1"], ["changes"], ["status"], ["gaps", "bridge"]],
)
def test_reading_commands_import_no_unneeded_sdk(archive: Path, arguments: list[str]) -> None:
    script = (
        "import sys; from archiver.cli.__main__ import run; status = run(sys.argv[1:]); "
        "assert not {'telethon', 'meilisearch', 'requests'} & sys.modules.keys(); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=clean_environment(archive),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0)


def test_dates_of_the_sample_are_what_the_tests_say() -> None:
    assert datetime.fromtimestamp(START, UTC).isoformat() == "2021-12-16T00:00:00+00:00"
