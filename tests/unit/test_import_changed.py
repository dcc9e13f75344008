"""A file that is written to while it is imported: nothing is said to be from a file that it is not from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.errors import UsageError
from archiver.imports import import_file, import_page
from archiver.imports.detect import open_source
from archiver.imports.import_file import HashedSource, open_hashed
from tests.capturing import assert_sound, export_of, rows
from tests.importing import entry, import_into


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An export of seven messages."""
    return export_of(tmp_path, *(entry(at, f"text {at}") for at in range(1, 8)))


def replaced(path: Path) -> None:
    """As programs save: another file under the same name."""
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes().replace(b"text", b"lies"))
    other.replace(path)


def rewritten(path: Path) -> None:
    """In place, as large as before."""
    path.write_bytes(path.read_bytes().replace(b"text", b"lies"))


def removed(path: Path) -> None:
    """Gone."""
    path.unlink()


CHANGES = [replaced, rewritten, removed]


@pytest.mark.parametrize("page", [2, 7])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_read_after_a_change_is_not_imported_as_from_the_file_that_was_hashed(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], page: int
) -> None:
    monkeypatch.setattr("archiver.imports.gather_pages.PAGE", page)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    real = import_page.store_page

    def store_and_change(*given: Any, **more: Any) -> Any:
        stored = real(*given, **more)
        change(path)
        return stored

    monkeypatch.setattr("archiver.imports.store_pages.store_page", store_and_change)
    outcome = import_into(tmp_path / "a", path)
    [flaw] = outcome.flaws.values()
    assert (flaw.fatal, flaw.places, "changed while it was read" in flaw.what) == (True, ["result.json"], True)
    assert rows(tmp_path / "a", "SELECT text FROM message") == [(f"text {at}",) for at in range(1, page + 1)]
    assert rows(tmp_path / "a", "SELECT sha256, finished_at FROM import_source") == [(digest, None)]
    assert_sound(tmp_path / "a")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_before_the_first_page_ends_the_import_with_nothing_written(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    real = HashedSource.describe

    def describe_and_change(*given: Any) -> Any:
        change(path)
        return real(*given)

    monkeypatch.setattr(HashedSource, "describe", describe_and_change)
    with pytest.raises(UsageError, match=r"changed while it was read|cannot be read"):
        import_into(tmp_path / "a", path)
    assert rows(tmp_path / "a", "SELECT count(*) FROM channel") == [(0,)]


def test_an_import_that_ends_early_is_not_finished(tmp_path: Path, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])
    assert import_into(tmp_path / "a", path).is_cut
    assert rows(tmp_path / "a", "SELECT count(*), count(finished_at) FROM import_source") == [(1, 0)]


def test_a_file_that_only_got_another_mode_or_name_is_the_same(tmp_path: Path, path: Path) -> None:
    hashed = HashedSource(open_source(path, None))
    path.chmod(0o640)
    os.link(path, tmp_path / "another name")
    assert hashed.find_changed() is None


def test_a_file_that_is_written_to_while_it_is_looked_at_is_opened_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [replaced]

    def open_and_change(*given: Any) -> Any:
        found = open_source(*given)
        for change in [left.pop()] if left else []:
            change(path)
        return found

    monkeypatch.setattr(import_file, "open_source", open_and_change)
    assert open_hashed(path, None).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    left += [rewritten, replaced, rewritten, replaced]
    with pytest.raises(UsageError, match="is being written to"):
        open_hashed(path, None)
