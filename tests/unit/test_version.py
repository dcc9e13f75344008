from __future__ import annotations

import tomllib
from pathlib import Path

from archiver.version import version

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version() == project["version"]
