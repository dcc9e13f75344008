"""What is in the tree is in what people install: the tests run from the tree and would not miss it."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
CODE = [
    path
    for top in ("archiver", "config", "search")
    for path in (ROOT / top).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
]


def package(path: Path) -> str:
    return ".".join(path.parent.relative_to(ROOT).parts)


def test_every_package_is_installed() -> None:
    assert sorted(SETUP["packages"]) == sorted({package(path) for path in CODE})


def test_every_data_file_is_installed() -> None:
    data = [path for path in CODE if path.suffix != ".py"]
    assert len(data) > 5
    missing = [
        path.name
        for path in data
        if not any(fnmatch(path.name, pattern) for pattern in SETUP["package-data"].get(package(path), []))
    ]
    assert missing == []
