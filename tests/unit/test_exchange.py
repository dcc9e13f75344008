from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.export import exchange as module
from archiver.export.exchange import exchange


def one_step(directory: int, one: str, two: str) -> None:
    if not module._in_one_step(directory, one, two):
        pytest.skip("no renameat2 here")


@pytest.mark.parametrize("swap", [exchange, one_step, module._by_renaming])
def test_two_directories_change_their_names(tmp_path: Path, swap: Callable[[int, str, str], None]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "was").write_text(name)
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        swap(directory, "a", "b")
    finally:
        os.close(directory)
    assert [(tmp_path / name / "was").read_text() for name in ("a", "b")] == ["b", "a"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_failure_leaves_both_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(FileNotFoundError):
            exchange(directory, "missing", "b")
    finally:
        os.close(directory)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
