"""Unit tests see no TELEKEEP_* variable: neither a developer's own nor those of scripts/test."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TELEKEEP_")]:
        monkeypatch.delenv(name)
