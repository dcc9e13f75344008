"""How an extra is installed: as telekeep itself was."""

from __future__ import annotations

import pytest

from archiver.errors import install_command


@pytest.mark.parametrize(
    ("prefix", "command"),
    [("/home/a/telekeep-venv", "pip install"), ("/home/a/.local/share/pipx/venvs/telekeep", "pipx install --force")],
)
def test_an_extra_is_installed_as_telekeep_was(monkeypatch: pytest.MonkeyPatch, prefix: str, command: str) -> None:
    monkeypatch.setattr("sys.prefix", prefix)
    assert install_command("web") == f"{command} '.[web]' in telekeep's clone"
