"""The man pages say what the help says, and the programs that show them have nothing to complain about."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archiver.cli.parsing.command import load
from archiver.cli.table import COMMANDS
from scripts.manpages import PAGES, render, write


def test_stored_pages_are_those_of_the_help() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in PAGES.iterdir()}
    assert stored == render(), "run: .venv/bin/python scripts/commands.py"


def test_every_command_has_a_page_with_each_of_its_options_and_examples() -> None:
    pages = render()
    for name in COMMANDS:
        command = load(COMMANDS, name)
        page = re.sub(r"\\f[BR]", "", pages[f"telekeep-{name}.1"])
        page = page.replace(r"\-", "-").replace(r"\(aq", "'").replace(r"\(ti", "~").replace(r"\e", "\\")
        for option in command.parameters:
            assert all(flag in page for flag in option.flags), (name, option.flags)
        for example in command.manual.examples:
            assert example in page, example


def test_pages_of_commands_that_are_gone_are_removed(tmp_path: Path) -> None:
    (tmp_path / "telekeep-gone.1").touch()
    (tmp_path / "other.1").touch()
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*render(), "other.1"}


@pytest.mark.parametrize("program", ["man", "mandoc"])
def test_program_that_shows_pages_has_no_complaint(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    pages = sorted(map(str, PAGES.iterdir()))
    command = (
        ["mandoc", "-Tlint", "-W", "warning"] if program == "mandoc" else ["man", "--warnings", "-l", "-Tutf8", "-Z"]
    )
    done = subprocess.run([*command, *pages], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert program == "man" or not done.stdout
